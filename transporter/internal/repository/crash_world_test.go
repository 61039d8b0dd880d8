package repository

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// crashFolders are the folders of every mailbox.
var crashFolders = []mail.FolderID{"inbox", "sent"}

// world is what a backup holds: its points, and what a session goes on from.
type world struct {
	points  []worldPoint // oldest first
	staged  bool         // checkpoints that are in no point
	now     worldState   // of those, or of the session that is open
	session bool
	named   []mail.FolderID // by those checkpoints
	// quiet are the cursors that folders have again when the session ends without a point, because its round brought nothing.
	quiet  map[mail.FolderID]mail.Cursor
	before []worldPoint // of points being deleted any may still be there
}

type worldPoint struct {
	id  record.PointID // empty where the answer was lost
	run record.RunID
	worldState
}

type worldState struct {
	messages map[mail.MessageID]worldMessage
	cursors  map[mail.FolderID]mail.Cursor
}

type worldMessage struct {
	folder  mail.FolderID
	subject string
	body    int // in the pool
}

func (s worldState) clone() worldState {
	return worldState{maps.Clone(s.messages), maps.Clone(s.cursors)}
}

func (w *world) clone() *world {
	c := *w
	c.points = slices.Clone(w.points)
	c.now = w.now.clone()
	c.quiet = maps.Clone(w.quiet)
	return &c
}

// start is what the next session goes on from.
func (w *world) start() worldState {
	switch {
	case w.staged:
		return w.now.clone()
	case len(w.points) > 0:
		return w.points[len(w.points)-1].clone()
	default:
		return worldState{map[mail.MessageID]worldMessage{}, map[mail.FolderID]mail.Cursor{}}
	}
}

// interrupted is the world after its session or process ended.
func (w *world) interrupted() *world {
	c := w.clone()
	c.session = false
	for folder, cursor := range c.quiet {
		if c.now.cursors[folder] = cursor; cursor == "" {
			delete(c.now.cursors, folder)
		}
	}
	c.quiet = nil
	return c
}

// said notes a checkpoint of a folder that is in the journal.
func (w *world) said(folder mail.FolderID) {
	if !w.staged {
		w.named = nil
	}
	w.staged, w.named = true, append(slices.Clone(w.named), folder)
	delete(w.quiet, folder)
}

// round notes one that is not, unless an earlier one of the folder is, or was not either.
func (w *world) round(folder mail.FolderID) {
	if _, again := w.quiet[folder]; again || w.staged && slices.Contains(w.named, folder) {
		w.said(folder)
		return
	}
	if w.quiet == nil {
		w.quiet = map[mail.FolderID]mail.Cursor{}
	}
	w.quiet[folder] = w.now.cursors[folder]
}

func (w *world) point(id record.PointID) *worldPoint {
	for i := range w.points {
		if w.points[i].id == id {
			return &w.points[i]
		}
	}
	return nil
}

// observe compares a backup with what it should be. A point whose id was never told gets it.
func (w *world) observe(ctx context.Context, r *Repository, k record.BackupKey) error {
	list, err := r.Points(ctx, k)
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	if w.before != nil {
		points := slices.DeleteFunc(slices.Clone(w.before), func(p worldPoint) bool {
			return w.point(p.id) == nil && !slices.ContainsFunc(list, func(q record.Point) bool { return q.ID == p.id })
		})
		w.points, w.before = points, nil
	}
	if len(list) != len(w.points) {
		return fmt.Errorf("there are %d points (%s), want %d (%s)", len(list), runsOf(list), len(w.points), w.runs())
	}
	for i := range list {
		want := &w.points[i]
		if want.id != "" && list[i].ID != want.id || list[i].Run != want.run {
			return fmt.Errorf("point %d is %s of %s, want %s of %s", i, list[i].ID, list[i].Run, want.id, want.run)
		}
		want.id = list[i].ID
		if err := observePoint(ctx, r, want); err != nil {
			return fmt.Errorf("point %s of %s: %w", want.id, want.run, err)
		}
	}
	return nil
}

func (w *world) runs() string {
	var runs []record.RunID
	for i := range w.points {
		runs = append(runs, w.points[i].run)
	}
	return fmt.Sprint(runs)
}

func runsOf(list []record.Point) string {
	var runs []record.RunID
	for i := range list {
		runs = append(runs, list[i].Run)
	}
	return fmt.Sprint(runs)
}

func observePoint(ctx context.Context, r *Repository, want *worldPoint) error {
	p, err := r.Point(ctx, want.id)
	if err != nil {
		return err
	}
	got := map[mail.MessageID]worldMessage{}
	for _, folder := range crashFolders {
		for m, err := range p.All(ctx, folder) {
			if err != nil {
				return err
			}
			if _, twice := got[m.ID]; twice {
				return fmt.Errorf("message %s is in it twice", m.ID)
			}
			body := want.messages[m.ID].body
			got[m.ID] = worldMessage{m.Folder, m.Subject, body}
			if err := observeBody(ctx, r, m, body); err != nil {
				return fmt.Errorf("message %s: %w", m.ID, err)
			}
		}
	}
	if !maps.Equal(got, want.messages) {
		return fmt.Errorf("it has %v, want %v", subjects(got), subjects(want.messages))
	}
	return nil
}

// subjects says of a state what a person can read.
func subjects(messages map[mail.MessageID]worldMessage) map[mail.MessageID]string {
	short := map[mail.MessageID]string{}
	for id, m := range messages {
		short[id], _, _ = strings.Cut(m.subject, " ")
	}
	return short
}

func observeBody(ctx context.Context, r *Repository, m *record.Message, body int) error {
	rc := r.Content(ctx, m.Body)
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err == nil && !bytes.Equal(b, crashBody(body)) {
		err = fmt.Errorf("%d wrong bytes", len(b))
	}
	return err
}

// observeStart compares what a session that has just begun goes on from.
func observeStart(ctx context.Context, r *Repository, s *Session, want worldState) error {
	got := map[mail.FolderID]mail.Cursor{}
	for _, f := range s.State().Folders {
		if f.Cursor != "" {
			got[f.Folder] = f.Cursor
		}
	}
	if !maps.Equal(got, want.cursors) {
		return fmt.Errorf("the session starts from cursors %v, want %v", got, want.cursors)
	}
	ids := make([]mail.MessageID, 0, crashMessages)
	for i := range crashMessages {
		ids = append(ids, crashID(i))
	}
	found, err := s.Lookup(ctx, ids)
	if err != nil {
		return fmt.Errorf("lookup: %w", err)
	}
	for i, m := range found {
		w, ok := want.messages[ids[i]]
		switch {
		case !ok && m == nil:
		case !ok || m == nil || m.Subject != w.subject || m.Folder != w.folder:
			return fmt.Errorf("lookup of %s gives another record than %.6q", ids[i], w.subject)
		default:
			if err := observeBody(ctx, r, m, w.body); err != nil {
				return fmt.Errorf("message %s: %w", m.ID, err)
			}
		}
	}
	return nil
}

// Sizes of the mailboxes.
const (
	crashMessages = 40
	crashBodies   = 60
)

func crashID(n int) mail.MessageID { return mail.MessageID(fmt.Sprint("m", n)) }

var crashPool = func() [][]byte {
	pool := make([][]byte, crashBodies)
	for i := range pool {
		n := 100 + i*i*3 // to 10 KB
		if i%20 == 19 {
			n = 50_000
		}
		b := make([]byte, 0, n)
		for x := uint32(i + 1); len(b) < n; x = x*1664525 + 1013904223 {
			b = append(b, byte(x>>24))
		}
		pool[i] = b
	}
	return pool
}()

// crashBody returns body n of the pool. Mailboxes share them, so that a blob has several owners and loses them one by one.
func crashBody(n int) []byte { return crashPool[n] }

// tornByCrash reports whether a problem is what a write that the end tore leaves: half a frame, which was cut off.
func tornByCrash(p Problem) bool { return strings.Contains(p.Reason, "a crash left them") }

// observeDisk makes sure that nothing is wrong beside the points. A cut of power may leave unsynced stretches between whole
// blobs, which nothing names.
func observeDisk(ctx context.Context, r *Repository, cut bool) error {
	report, err := r.Verify(ctx, VerifyFull, nil)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for _, d := range report.Damage {
		if !cut || len(d.Touches) > 0 {
			return fmt.Errorf("damage: %+v", d)
		}
	}
	for _, p := range report.Problems {
		if !tornByCrash(p) && (!cut || !strings.Contains(p.Reason, "are no whole blob")) {
			return fmt.Errorf("problem: %+v", p)
		}
	}
	return nil
}
