package backup_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// memRepository is the twin of the repository: one backup, in memory, strict about the contract of Vault.
type memRepository struct {
	t       testing.TB
	mu      sync.Mutex
	durable map[record.Hash][]byte
	points  []*memPoint
	staging *memStaging // of the open or an interrupted session
	open    *memVault
	hook    func(call string) error
}

type memPoint struct {
	point    record.Point
	summary  backup.Summary
	messages map[mail.MessageID]*record.Message
	cursors  map[mail.FolderID]backup.FolderState
	pending  map[mail.MessageID]mail.FolderID
	named    map[mail.FolderID]map[mail.MessageID]bool
}

type memStaging struct {
	seq      int
	versions map[mail.MessageID][]*memStaged
	gone     map[mail.MessageID]map[mail.FolderID]int // and in which checkpoint; 0 is the last point's
	cursors  map[mail.FolderID]backup.FolderState
	complete map[mail.FolderID]bool                    // enumerated to the end
	named    map[mail.FolderID]map[mail.MessageID]bool // by the enumeration
	losses   []mail.Loss
	begun    time.Time
}

type memStaged struct {
	by        mail.FolderID // whose checkpoint
	seq       int
	record    *record.Message // nil when deleted
	forgotten bool            // by a restart; Lookup still finds it
}

// live returns the newest version that counts for the point; false when the last point's does.
func (s *memStaging) live(id mail.MessageID) (*memStaged, bool) {
	for _, v := range slices.Backward(s.versions[id]) {
		if !v.forgotten {
			return v, true
		}
	}
	return nil, false
}

func newMemRepository(t testing.TB) *memRepository {
	return &memRepository{t: t, durable: map[record.Hash][]byte{}, hook: func(string) error { return nil }}
}

// begin opens a session; what the last one put without committing is lost, as after a crash.
func (r *memRepository) begin() *memVault {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := &memVault{r: r, put: map[record.Hash][]byte{}, resumed: r.staging != nil}
	if r.staging == nil {
		r.staging = &memStaging{
			versions: map[mail.MessageID][]*memStaged{}, gone: map[mail.MessageID]map[mail.FolderID]int{},
			cursors: map[mail.FolderID]backup.FolderState{}, complete: map[mail.FolderID]bool{},
			begun: time.Unix(1000, 0).UTC(),
			named: map[mail.FolderID]map[mail.MessageID]bool{},
		}
		if p := r.last(); p != nil {
			maps.Copy(r.staging.cursors, p.cursors)
			for id, f := range p.pending {
				r.staging.gone[id] = map[mail.FolderID]int{f: 0}
			}
			for f, named := range p.named {
				r.staging.named[f] = maps.Clone(named)
			}
		}
	}
	r.open = v
	return v
}

func (r *memRepository) last() *memPoint {
	if len(r.points) == 0 {
		return nil
	}
	return r.points[len(r.points)-1]
}

func (r *memRepository) read(c record.Content) []byte {
	var all []byte
	for _, p := range c.Pieces {
		data, ok := r.durable[p.Hash]
		if !ok || int64(len(data)) != p.Size {
			r.t.Errorf("piece %s of %d bytes is missing", p.Hash, p.Size)
		}
		all = append(all, data...)
	}
	return all
}

// memVault is a session.
type memVault struct {
	r       *memRepository
	put     map[record.Hash][]byte
	resumed bool
	sealed  *record.Point
	shared  atomic.Int32
	alone   atomic.Int32
}

func (v *memVault) enter(ctx context.Context, call string, alone bool) (func(), error) {
	if v.r.open != v {
		return nil, fault.New(fault.Conflict, "the session was replaced")
	}
	if err := v.r.hook("vault." + call); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v.shared.Add(1)
	if alone {
		v.alone.Add(1)
	}
	if n := v.shared.Load(); v.alone.Load() > 0 && n > 1 {
		v.r.t.Errorf("%s ran together with %d other calls", call, n-1)
	}
	v.r.mu.Lock()
	return func() {
		v.r.mu.Unlock()
		if alone {
			v.alone.Add(-1)
		}
		v.shared.Add(-1)
	}, nil
}

func (v *memVault) State() backup.State {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	s := backup.State{Resumed: v.resumed, Begun: v.r.staging.begun, Losses: slices.Clone(v.r.staging.losses)}
	if p := v.r.last(); p != nil {
		s.Base, s.Losses = p.point.ID, append(s.Losses, p.summary.Losses...)
	}
	for _, c := range v.r.staging.cursors {
		s.Folders = append(s.Folders, c)
	}
	return s
}

func (v *memVault) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	leave, err := v.enter(ctx, "Have", false)
	if err != nil {
		return nil, err
	}
	defer leave()
	have := make([]bool, len(hashes))
	for i, h := range hashes {
		have[i] = v.has(h)
	}
	return have, nil
}

func (v *memVault) has(h record.Hash) bool {
	_, durable := v.r.durable[h]
	_, put := v.put[h]
	return durable || put
}

func (v *memVault) Put(ctx context.Context, hash record.Hash, data []byte) error {
	leave, err := v.enter(ctx, "Put", false)
	if err != nil {
		return err
	}
	defer leave()
	if hash != record.Sum(data) || len(data) == 0 || len(data) > record.MaxPiece {
		return fault.New(fault.Invalid, "%d bytes do not fit their hash", len(data))
	}
	v.put[hash] = slices.Clone(data)
	return nil
}

func (v *memVault) Lookup(ctx context.Context, ids []mail.MessageID) ([]*record.Message, error) {
	leave, err := v.enter(ctx, "Lookup", false)
	if err != nil {
		return nil, err
	}
	defer leave()
	found := make([]*record.Message, len(ids))
	for i, id := range ids {
		if m := v.newest(id); m != nil {
			c := *m
			found[i] = &c
		}
	}
	return found, nil
}

func (v *memVault) newest(id mail.MessageID) *record.Message {
	if versions := v.r.staging.versions[id]; len(versions) > 0 {
		return versions[len(versions)-1].record
	}
	if p := v.r.last(); p != nil {
		return p.messages[id]
	}
	return nil
}

func (v *memVault) Commit(ctx context.Context, c backup.Checkpoint) error {
	leave, err := v.enter(ctx, "Commit", true)
	if err != nil {
		return err
	}
	defer leave()
	for i := range c.Messages {
		if err := v.check(&c.Messages[i]); err != nil {
			return err
		}
	}
	maps.Copy(v.r.durable, v.put)
	s := v.r.staging
	s.seq++
	if c.Restart {
		for _, versions := range s.versions {
			for _, v := range versions {
				v.forgotten = v.forgotten || v.by == c.Folder
			}
		}
		s.complete[c.Folder] = false
		delete(s.cursors, c.Folder)
		delete(s.named, c.Folder)
	}
	if c.Folder != "" {
		f := s.cursors[c.Folder]
		f.Folder = c.Folder
		if c.Cursor != "" {
			f.Cursor = c.Cursor
		}
		if c.Full || c.Done {
			f.Enumerating = c.Full && !c.Done
		}
		s.complete[c.Folder] = s.complete[c.Folder] || c.Full && c.Done
		s.cursors[c.Folder] = f
	}
	if c.Full && s.named[c.Folder] == nil {
		s.named[c.Folder] = map[mail.MessageID]bool{}
	}
	for _, m := range c.Messages {
		for _, f := range []mail.FolderID{c.Folder, m.Folder} {
			if s.named[f] != nil {
				s.named[f][m.ID] = true
			}
		}
		s.versions[m.ID] = append(s.versions[m.ID], &memStaged{by: c.Folder, seq: s.seq, record: &m})
	}
	for _, id := range c.Gone {
		if s.gone[id] == nil {
			s.gone[id] = map[mail.FolderID]int{}
		}
		s.gone[id][c.Folder] = s.seq
	}
	for _, id := range c.Deleted {
		s.versions[id] = append(s.versions[id], &memStaged{by: c.Folder, seq: s.seq})
	}
	s.losses = append(s.losses, c.Losses...)
	return v.r.hook("vault.Committed") // an answer that is lost
}

func (v *memVault) check(m *record.Message) error {
	contents := []record.Content{m.Body, m.MIME}
	for _, a := range m.Attachments {
		contents = append(contents, a.Content)
		if a.Item != nil {
			if err := v.check(a.Item); err != nil {
				return err
			}
		}
	}
	for _, c := range contents {
		var size int64
		for _, p := range c.Pieces {
			if !v.has(p.Hash) {
				return fault.New(fault.Invalid, "piece %s was never put", p.Hash)
			}
			size += p.Size
		}
		if size != c.Size {
			return fault.New(fault.Invalid, "content of %d bytes has pieces of %d", c.Size, size)
		}
	}
	return nil
}

func (v *memVault) Pending(ctx context.Context, limit int) ([]backup.Gone, error) {
	leave, err := v.enter(ctx, "Pending", false)
	if err != nil {
		return nil, err
	}
	defer leave()
	pending := v.pending()
	var all []backup.Gone
	for _, id := range slices.Sorted(maps.Keys(pending)) {
		if len(all) < limit {
			all = append(all, backup.Gone{Message: id, Folder: pending[id]})
		}
	}
	return all, nil
}

func (v *memVault) pending() map[mail.MessageID]mail.FolderID {
	pending := map[mail.MessageID]mail.FolderID{}
	for id, folders := range v.r.staging.gone {
		staged, ok := v.r.staging.live(id)
		for f, seq := range folders {
			switch p := v.r.last(); {
			case ok && staged.record != nil && staged.record.Folder == f && staged.seq <= seq,
				!ok && p != nil && p.messages[id] != nil && p.messages[id].Folder == f:
				pending[id] = f
			}
		}
	}
	return pending
}

func (v *memVault) Seal(ctx context.Context, s backup.Summary) (record.Point, error) {
	leave, err := v.enter(ctx, "Seal", true)
	if err != nil {
		return record.Point{}, err
	}
	defer leave()
	if v.sealed != nil {
		return *v.sealed, nil
	}
	p := &memPoint{
		summary: s, messages: map[mail.MessageID]*record.Message{}, cursors: map[mail.FolderID]backup.FolderState{},
		pending: map[mail.MessageID]mail.FolderID{}, named: map[mail.FolderID]map[mail.MessageID]bool{},
	}
	staging := v.r.staging
	if last := v.r.last(); last != nil {
		for id, m := range last.messages {
			if _, named := staging.live(id); !named && (!staging.complete[m.Folder] || staging.named[m.Folder][id]) {
				p.messages[id] = m
			}
		}
	}
	for id := range staging.versions {
		if staged, ok := staging.live(id); ok && staged.record != nil {
			p.messages[id] = staged.record
		}
	}
	known := map[mail.FolderID]bool{}
	for _, f := range s.Folders {
		known[f.ID] = true
		if c, ok := staging.cursors[f.ID]; ok {
			p.cursors[f.ID] = c
			if c.Enumerating {
				p.named[f.ID] = staging.named[f.ID]
			}
		}
	}
	for id, m := range p.messages {
		if !known[m.Folder] {
			delete(p.messages, id)
		}
	}
	for id, f := range v.pending() {
		if p.messages[id] != nil {
			p.pending[id] = f
		}
	}
	p.point = record.Point{
		ID: record.PointID(fmt.Sprint("point", len(v.r.points))), Run: s.Run, Origin: s.Origin, Time: s.Time,
		Complete: len(s.Losses) == 0,
		Counts:   record.Counts{Folders: int64(len(s.Folders)), Messages: int64(len(p.messages))},
	}
	v.r.points, v.r.staging, v.sealed = append(v.r.points, p), nil, &p.point
	return p.point, v.r.hook("vault.Sealed")
}

func (v *memVault) Close() error { return nil }

var _ backup.Vault = (*memVault)(nil)
