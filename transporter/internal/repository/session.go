package repository

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/journal"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// Session takes in one backup of one mailbox. It is a backup.Vault.
type Session struct {
	r      *Repository
	key    record.BackupKey
	backup index.Backup
	run    record.RunID
	base   *root // nil for a first backup
	begun  time.Time
	state  backup.State

	// gate is held for writing by Seal and Close, for reading by Keep, which goes on beside Commit. It is taken before mu.
	gate sync.RWMutex
	// mu is held for writing by Commit, Seal and Close.
	mu      sync.RWMutex
	journal *journal.Journal // nil before the first checkpoint
	stage   *stage
	records []byte // scratch of Commit
	losses  uint64 // of the store, when all that this session put was durable last
	last    [32]byte
	sealed  *record.Point
	rooted  *rooted
	ended   bool // under mu, and once the session has begun under gate too

	hold *index.Hold // on what Have and Put find
	// bases are points that the session builds on, or may yet choose to; roots those that it is about to publish. Both are
	// under the repository's lock.
	bases, roots []index.Point

	tableMu sync.Mutex
	table   *messageTable // of base

	doubt  uint64      // the last one when the session began
	found  []mail.Loss // messages of which bytes are lost
	hurtMu sync.Mutex
	hurts  map[mail.FolderID]string // see hurt
}

var (
	_ backup.Vault = (*Session)(nil)
	_ backup.Near  = (*Session)(nil)
)

// Begin starts a session for one backup, or goes on with one that was interrupted. There is one at a time for a backup
// (Conflict). If the last point cannot be read, the session starts from the newest that can; Problems says so. What else is
// lost of the point is among the State's losses, or its folder has no cursor: it is read again.
func (r *Repository) Begin(ctx context.Context, k record.BackupKey, run record.RunID) (*Session, error) {
	if err := r.changeable("back up a mailbox"); err != nil {
		return nil, err
	}
	if k.Account == "" || k.Mailbox == "" || k.Job == "" || run == "" {
		return nil, fault.New(fault.Invalid, "a backup needs account, mailbox, job and run; it has %q, %q, %q, %q", k.Account, k.Mailbox, k.Job, run)
	}
	s := &Session{r: r, key: k, backup: r.backupID(k), run: run, stage: newStage(), begun: r.opts.Now().UTC()}
	s.mu.Lock() // until it has begun
	defer s.mu.Unlock()
	s.hold = r.blobs.Hold()
	if err := r.register(ctx, s); err != nil {
		s.hold.Release()
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.ended = true // for a reclaim that waits to look at it
		s.leave()
		if s.journal != nil {
			_ = s.journal.Close() // it was only read
		}
		return nil, err
	}
	return s, nil
}

// register makes a session the one of its backup.
func (r *Repository) register(ctx context.Context, s *Session) error {
	for {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return fault.New(fault.Unavailable, "repository %q is closed", r.Name())
		}
		if other := r.sessions[s.backup]; other != nil {
			r.mu.Unlock()
			return fault.New(fault.Conflict, "mailbox %s is being backed up into repository %q by run %s of the same job; wait for it to end", s.key.Mailbox, r.Name(), other.run)
		}
		claimed := r.claims[stemOf(s.backup)]
		if claimed == nil {
			r.sessions[s.backup] = s
			r.mu.Unlock()
			return nil
		}
		r.mu.Unlock()
		select {
		case <-claimed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leave gives the backup free for another session.
func (s *Session) leave() {
	s.r.mu.Lock()
	if s.r.sessions[s.backup] == s {
		delete(s.r.sessions, s.backup)
	}
	s.r.mu.Unlock()
	s.hold.Release()
}

func (s *Session) path() string { return s.r.journalPath(stemOf(s.backup)) }

// stem names the journal of a backup.
type stem [16]byte

func stemOf(b index.Backup) stem { return stem(b[:16]) }

const journalEnding = ".journal"

func (r *Repository) journalPath(s stem) string {
	return r.path(stagingFolder) + "/" + hex.EncodeToString(s[:]) + journalEnding
}

func (s *Session) start(ctx context.Context) error {
	if err := s.loadBase(ctx); err != nil {
		return err
	}
	if err := s.resume(); err != nil {
		return err
	}
	s.losses, _ = s.r.blobs.Losses()
	s.r.mu.Lock()
	s.bases = nil
	if s.base != nil {
		s.bases = []index.Point{s.base.id}
	}
	s.r.mu.Unlock()
	if err := s.r.noteDoubt(); err != nil {
		return err
	}
	if err := s.inspect(ctx); err != nil {
		return err
	}
	return s.prepareState()
}

// loadBase takes the newest point that can be read.
func (s *Session) loadBase(ctx context.Context) error {
	points, err := s.candidates()
	if err != nil {
		return err
	}
	for _, p := range slices.Backward(points) {
		if err := ctx.Err(); err != nil {
			return err
		}
		ro, err := s.r.loadRoot(p.Point)
		if fault.KindOf(err) == fault.Corrupt {
			s.r.problem(s.r.path(packsFolder), err.Error()+"; the backup goes on from an older point")
			continue
		}
		if err != nil {
			return err
		}
		s.base = ro
		return nil
	}
	return nil
}

// candidates returns the points that may become the base. From now on their blobs stay, even if they are deleted.
func (s *Session) candidates() ([]index.PointRecord, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	points, err := s.r.index.Points(&s.backup)
	if err != nil {
		return nil, err
	}
	for i := range points {
		s.bases = append(s.bases, points[i].Point)
	}
	return points, nil
}

// resume goes on with the journal of an interrupted session, if there is one that still applies.
func (s *Session) resume() error {
	path := s.path()
	if err := s.r.removeSpent(path); err != nil {
		return err
	}
	j, head, err := journal.Open(s.r.opts.FS, path, s.r.ring, s.r.id, s.stage.apply)
	if fault.KindOf(err) == fault.NotFound {
		// There is none, unless the whole folder is away: then it may come back, and the journal with it.
		_, err := s.r.opts.FS.List(s.r.path(stagingFolder))
		return disk.Fault(err, "read", s.r.path(stagingFolder))
	}
	if fault.KindOf(err) == fault.Corrupt {
		// What it held is read from the mailbox again; cursors are those of the last point.
		s.stage = newStage()
		s.r.problem(path, err.Error()+"; it was set aside, the session begins anew")
		return disk.Fault(s.r.opts.FS.Rename(path, path+pack.Damaged), "rename", path)
	}
	if err != nil {
		return err
	}
	if at, n := j.Cut(); n > 0 {
		why := "a crash left them, or they were damaged"
		if j.Damaged() {
			why = "the checkpoints in them were damaged"
		}
		s.r.problem(path, fmt.Sprintf("%d bytes from %d on were no whole checkpoint: %s; what they held is read from the mailbox again", n, at, why))
	}
	session := j.Session()
	if s.base != nil && string(s.base.pb.GetSession()) == string(session[:]) && s.stage.coveredBy(s.base) {
		s.stage = newStage() // its point was sealed
		return j.Remove()
	}
	if fromKey(head.GetKey()) != s.key {
		s.stage = newStage()
		_ = j.Close()
		s.r.problem(path, "the journal belongs to another backup; it was set aside")
		return disk.Fault(s.r.opts.FS.Rename(path, path+pack.Damaged), "rename", path)
	}
	if s.stage.seq == 0 { // nothing was committed: the last point counts, which is another where that one was deleted
		return j.Remove()
	}
	if err := s.rebase(head.GetBase()); err != nil {
		if fault.KindOf(err) != fault.Corrupt {
			_ = j.Close()
			return err
		}
		s.stage = newStage()
		s.r.problem(path, err.Error()+"; the interrupted session that continued it begins anew")
		return j.Remove()
	}
	s.journal = j
	s.begun = fromTime(head.GetBegun())
	return nil
}

// spend notes a journal that its point has made needless and that could not be removed. Its point, which tells so, may be
// deleted before the next session.
func (r *Repository) spend(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spent == nil {
		r.spent = map[string]bool{}
	}
	r.spent[path] = true
}

// removeSpent removes a journal that was to go before.
func (r *Repository) removeSpent(path string) error {
	r.mu.Lock()
	spent := r.spent[path]
	r.mu.Unlock()
	if !spent {
		return nil
	}
	if err := r.opts.FS.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "remove", path)
	}
	if err := r.opts.FS.SyncDir(r.path(stagingFolder)); err != nil {
		return disk.Fault(err, "sync", r.path(stagingFolder))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.spent, path)
	return nil
}

// rebase makes the point that a journal continues the base, though it may have been deleted since: its blobs are there.
func (s *Session) rebase(base []byte) error {
	switch {
	case len(base) == 0:
		s.base = nil
		return nil
	case len(base) != 32:
		return fault.New(fault.Corrupt, "the journal names no point")
	case s.base != nil && string(s.base.id[:]) == string(base):
		return nil
	}
	ro, err := s.r.loadRoot(index.Point(base))
	if err != nil {
		return err
	}
	s.base = ro
	return nil
}

func (s *Session) prepareState() error {
	st := backup.State{Resumed: s.stage.seq > 0, Begun: s.begun}
	seen := map[uint32]bool{}
	if s.base != nil {
		st.Base = pointID(s.base.id)
		var err error
		if st.Losses, err = s.prepareBase(); err != nil {
			return err
		}
		for i := range s.base.folders {
			f := &s.base.folders[i]
			n := s.stage.number(f.ID)
			seen[n] = true
			st.Folders = append(st.Folders, s.folderState(f, n))
		}
	}
	for n, name := range s.stage.names {
		if s.stage.folders[uint32(n)] != nil && !seen[uint32(n)] {
			fs := backup.FolderState{Folder: name}
			s.overlay(&fs, uint32(n))
			st.Folders = append(st.Folders, fs)
		}
	}
	for _, l := range s.stage.losses {
		st.Losses = append(st.Losses, l.loss)
	}
	st.Losses = append(st.Losses, s.found...)
	s.state = st
	return nil
}

// prepareBase returns the losses of the last point and takes its removals over. Both lists name what no cursor brings again:
// where one of them is damaged, all folders are read from their beginning.
func (s *Session) prepareBase() ([]mail.Loss, error) {
	losses, err := s.r.loadLosses(s.base.pb)
	if fault.KindOf(err) == fault.Corrupt {
		s.hurtAll("the list of losses is damaged: " + err.Error())
	} else if err != nil {
		return nil, err
	}
	pending, err := s.r.loadPending(s.base.pb)
	if fault.KindOf(err) == fault.Corrupt {
		s.hurtAll("the list of removals is damaged: " + err.Error())
	} else if err != nil {
		return nil, err
	}
	var old []gone
	for _, g := range pending {
		id := mail.MessageID(g.GetMessage())
		old = append(old, gone{id: id, hash: message.HashOf(id), folder: s.stage.number(mail.FolderID(g.GetFolder()))})
	}
	s.stage.gone = append(old, s.stage.gone...)
	for i := range s.base.folders {
		if f := &s.base.folders[i]; f.enumerating && f.named != nil {
			if _, err := s.r.trees.loadList(f.named); s.met(f.ID, err) != nil {
				return nil, err
			}
		}
	}
	return losses, nil
}

// folderState returns how far a folder of the last point was read.
func (s *Session) folderState(f *folder, n uint32) backup.FolderState {
	fs := backup.FolderState{Folder: f.ID, Cursor: f.cursor, Enumerating: f.enumerating}
	s.overlay(&fs, n)
	if _, hurt := s.isHurt(f.ID); hurt && !s.stage.restarted(n) {
		fs.Cursor, fs.Enumerating = "", false
	}
	return fs
}

// overlay brings a folder's state up to the checkpoints of the session.
func (s *Session) overlay(fs *backup.FolderState, n uint32) {
	f := s.stage.folders[n]
	if f == nil {
		return
	}
	if f.cursor != "" || f.restarted {
		fs.Cursor = f.cursor
	}
	if f.told {
		fs.Enumerating = f.enumerating
	}
}

// State implements backup.Vault.
func (s *Session) State() backup.State {
	st := s.state
	st.Folders = slices.Clone(st.Folders)
	st.Losses = slices.Clone(st.Losses)
	return st
}

// usable reports whether the session is still open. The caller holds mu or gate.
func (s *Session) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ended {
		return fault.New(fault.Conflict, "the session for mailbox %s has ended; begin another", s.key.Mailbox)
	}
	return nil
}

// Lookup implements backup.Vault. Content whose bytes were lost in the repository is not in the records; they are marked.
func (s *Session) Lookup(ctx context.Context, ids []mail.MessageID) ([]*record.Message, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	out := make([]*record.Message, len(ids))
	for i, id := range ids {
		m, err := s.lookup(ctx, id)
		if err != nil {
			return nil, err
		}
		out[i] = m
	}
	return out, nil
}

func (s *Session) lookup(ctx context.Context, id mail.MessageID) (*record.Message, error) {
	h := message.HashOf(id)
	if i := s.stage.last(h); i >= 0 {
		v := &s.stage.versions[i]
		if v.deleted {
			return nil, nil
		}
		e, err := s.journal.Record(v.off, v.length)
		if err != nil {
			return nil, err
		}
		m, err := e.Message(s.stage.names[v.folder])
		if err != nil {
			return nil, err
		}
		return m, s.r.strip(ctx, m)
	}
	m, err := s.baseMessage(ctx, h)
	if err != nil || m == nil {
		return nil, err
	}
	return m, s.r.strip(ctx, m)
}

// baseMessage returns what the last point has of a message, or nil. A message whose page cannot be read is unknown.
func (s *Session) baseMessage(ctx context.Context, h message.Hash) (*record.Message, error) {
	places, err := s.basePlaces(ctx, h)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		f := &s.base.folders[p.folder]
		e, err := tree.Find(ctx, s.r.trees, *f.tree, h, p.key.Sec)
		if err := s.met(f.ID, err); err != nil {
			return nil, err
		}
		if e == nil {
			continue
		}
		m, err := e.Message(f.ID)
		if err := s.met(f.ID, err); err != nil || m != nil {
			return m, err
		}
	}
	return nil, nil
}

// basePlace is where the last point has a message.
type basePlace struct {
	folder int // in base.folders
	key    tree.Key
}

func (s *Session) basePlaces(ctx context.Context, h message.Hash) ([]basePlace, error) {
	t, err := s.baseTable(ctx)
	if err != nil || t == nil {
		return nil, err
	}
	var places []basePlace
	for _, l := range t.find(h) {
		for i := range s.base.folders {
			if f := &s.base.folders[i]; f.tree != nil && f.short == l.folder {
				places = append(places, basePlace{i, tree.Key{Sec: l.sec, Nano: l.nano, ID: h}})
			}
		}
	}
	return places, nil
}

// baseTable returns the table of the last point's messages, nil without a last point.
func (s *Session) baseTable(ctx context.Context) (*messageTable, error) {
	if s.base == nil {
		return nil, nil
	}
	s.tableMu.Lock()
	defer s.tableMu.Unlock()
	if s.table == nil {
		t, err := s.r.loadTable(ctx, s.backup, s.base)
		if err != nil {
			return nil, err
		}
		s.table = t
	}
	return s.table, nil
}

// Close implements backup.Vault.
func (s *Session) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	s.ended = true
	s.buryLeftovers()
	s.leave()
	if s.journal == nil {
		return nil
	}
	return s.journal.Close()
}

// openJournal begins the journal with the first checkpoint.
func (s *Session) openJournal() error {
	if s.journal != nil {
		return nil
	}
	var session [16]byte
	rand.Read(session[:])
	head := &pb.JournalHead{Key: toKey(s.key), Begun: toTime(s.begun)}
	if s.base != nil {
		head.Base = s.base.id[:]
	}
	j, err := journal.Create(s.r.opts.FS, s.path(), s.r.ring, s.r.id, session, head)
	if err != nil {
		return err
	}
	s.journal = j
	return nil
}
