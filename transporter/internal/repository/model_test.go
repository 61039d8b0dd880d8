package repository

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// model is what a repository should hold.
type model struct {
	t    *testing.T
	opts Options
	r    *Repository
	seed uint64

	mu      sync.Mutex
	rnd     *rand.Rand
	bodies  [][]byte // shared by messages of all mailboxes
	boxes   []*modelBox
	deleted map[record.PointID]bool
	runs    int
}

// modelBox is one mailbox.
type modelBox struct {
	key    record.BackupKey
	points []modelPoint
	now    map[string]modelMessage // what the next point will have, as far as it was committed
}

type modelMessage struct {
	subject string
	body    record.Hash
}

type modelPoint struct {
	id   record.PointID
	want map[string]modelMessage
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 11)), deleted: map[record.PointID]bool{}}
	m.opts = testOptions(t, seed%2 == 0)
	m.opts.Level = Fast
	for range 12 {
		m.bodies = append(m.bodies, m.noise(2000+m.rnd.IntN(30_000)))
	}
	for i := range 3 {
		m.boxes = append(m.boxes, &modelBox{
			key: record.BackupKey{Account: "a", Mailbox: mail.MailboxID(fmt.Sprint("m", i)), Job: "j"}, now: map[string]modelMessage{},
		})
	}
	m.r = mustCreate(t, m.opts)
	return m
}

func (m *model) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.rnd.Uint32())
	}
	return b
}

func (m *model) failf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("seed %d: %s", m.seed, fmt.Sprintf(format, args...))
}

// change is what a session is about to do, drawn beforehand so that sessions may run side by side.
type change struct {
	run      record.RunID
	messages []record.Message
	bodies   map[record.Hash][]byte
	seal     bool
}

func (m *model) draw(box *modelBox) *change {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs++
	c := &change{run: record.RunID(fmt.Sprint("run ", m.runs)), bodies: map[record.Hash][]byte{}, seal: m.rnd.IntN(5) > 0}
	ids := m.rnd.Perm(30)
	for _, id := range ids[:1+m.rnd.IntN(12)] {
		body := m.bodies[m.rnd.IntN(len(m.bodies))]
		if m.rnd.IntN(2) == 0 {
			body = m.noise(500 + m.rnd.IntN(12_000))
		}
		h := record.Sum(body)
		c.bodies[h] = body
		c.messages = append(c.messages, record.Message{
			Message: mail.Message{ID: mail.MessageID(fmt.Sprint("m", id)), Folder: "inbox", Subject: fmt.Sprintf("%s %d", c.run, id)},
			Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: h, Size: int64(len(body))}}},
		})
	}
	return c
}

// backUp runs a session as a source does: it asks what is there and puts the rest.
func (m *model) backUp(ctx context.Context, box *modelBox) {
	c := m.draw(box)
	s, err := m.r.Begin(ctx, box.key, c.run)
	if err != nil {
		m.failf("begin: %v", err)
	}
	for len(c.messages) > 0 {
		n := min(len(c.messages), 4)
		m.commit(ctx, s, box, c, c.messages[:n])
		c.messages = c.messages[n:]
	}
	if !c.seal {
		if err := s.Close(); err != nil {
			m.failf("close: %v", err)
		}
		return
	}
	p, err := s.Seal(ctx, summary(c.run, "inbox"))
	if err != nil {
		m.failf("seal: %v", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	box.points = append(box.points, modelPoint{p.ID, maps.Clone(box.now)})
}

func (m *model) commit(ctx context.Context, s *Session, box *modelBox, c *change, messages []record.Message) {
	hashes := make([]record.Hash, len(messages))
	for i := range messages {
		hashes[i] = messages[i].Body.Pieces[0].Hash
	}
	have, err := s.Have(ctx, hashes)
	if err != nil {
		m.failf("have: %v", err)
	}
	for i, h := range hashes {
		if !have[i] {
			if err := s.Put(ctx, h, c.bodies[h]); err != nil {
				m.failf("put: %v", err)
			}
		}
	}
	if err := s.Commit(ctx, backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: messages}); err != nil {
		m.failf("commit: %v", err)
	}
	for i := range messages {
		box.now[string(messages[i].ID)] = modelMessage{messages[i].Subject, hashes[i]}
	}
}

// remove deletes some points, or now and then a whole backup.
func (m *model) remove(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[m.rnd.IntN(len(m.boxes))]
	if m.rnd.IntN(8) == 0 {
		err := m.r.DeleteBackup(ctx, box.key)
		if nothing := len(box.points) == 0 && len(box.now) == 0; err != nil && (!nothing || fault.KindOf(err) != fault.NotFound) {
			m.failf("delete backup: %v", err)
		}
		for _, p := range box.points {
			m.deleted[p.id] = true
		}
		box.points, box.now = nil, map[string]modelMessage{}
		return
	}
	m.removePoints(ctx, box)
}

func (m *model) removePoints(ctx context.Context, box *modelBox) {
	var ids []record.PointID
	var stay []modelPoint
	for _, p := range box.points {
		if m.rnd.IntN(2) == 0 {
			ids = append(ids, p.id)
			m.deleted[p.id] = true
		} else {
			stay = append(stay, p)
		}
	}
	if n, err := m.r.DeletePoints(ctx, ids); err != nil || n != len(ids) {
		m.failf("delete %d points: %d, %v", len(ids), n, err)
	}
	box.points = stay
}

// settle makes the model forget what no point and no journal has: the next session begins from the newest point.
func (m *model) settle(ctx context.Context, box *modelBox) {
	s, err := m.r.Begin(ctx, box.key, "look")
	if err != nil {
		m.failf("begin: %v", err)
	}
	defer s.Close()
	if s.State().Resumed {
		return
	}
	box.now = map[string]modelMessage{}
	if n := len(box.points); n > 0 {
		box.now = maps.Clone(box.points[n-1].want)
	}
}

// check compares everything that lives with the model.
func (m *model) check(ctx context.Context) {
	m.t.Helper()
	for _, box := range m.boxes {
		points, err := m.r.Points(ctx, box.key)
		if err != nil {
			m.failf("points: %v", err)
		}
		var got, want []record.PointID
		for _, p := range points {
			got = append(got, p.ID)
			if m.deleted[p.ID] {
				m.failf("deleted point %s is back", p.ID)
			}
		}
		for _, p := range box.points {
			want = append(want, p.id)
		}
		if !slices.Equal(got, want) {
			m.failf("mailbox %s has points %v, want %v", box.key.Mailbox, got, want)
		}
		for _, p := range box.points {
			m.read(ctx, p)
		}
	}
	report, err := m.r.Verify(ctx, VerifyFull, nil)
	if err != nil || !report.Sound() {
		m.failf("verify: %+v, %v", report, err)
	}
}

// read reads a point with all its bodies.
func (m *model) read(ctx context.Context, p modelPoint) {
	pt, err := m.r.Point(ctx, p.id)
	if err != nil {
		m.failf("point: %v", err)
	}
	got := map[string]modelMessage{}
	for msg, err := range pt.All(ctx, "inbox") {
		if err != nil {
			m.failf("read: %v", err)
		}
		rc := m.r.Content(ctx, msg.Body)
		body, err := io.ReadAll(rc)
		if err != nil {
			m.failf("read body: %v", err)
		}
		_ = rc.Close()
		got[string(msg.ID)] = modelMessage{msg.Subject, record.Sum(body)}
	}
	if !maps.Equal(got, p.want) {
		m.failf("point %s has %v, want %v", p.id, got, p.want)
	}
}

func (m *model) reopen(how string) {
	var err error
	switch how {
	case "crashed":
		m.r.drop()
	default:
		err = m.r.Close()
	}
	if err != nil {
		m.failf("close: %v", err)
	}
	if how == "rebuilt" {
		m.r, err = Rebuild(context.Background(), m.opts)
	} else {
		m.r, err = Open(context.Background(), m.opts)
	}
	if err != nil {
		m.failf("open, %s: %v", how, err)
	}
	for _, p := range m.r.Problems() {
		m.failf("problem: %+v", p)
	}
}

func (m *model) reclaim(ctx context.Context, share float64) *Reclaimed {
	done, err := m.r.Reclaim(ctx, ReclaimOptions{Share: share}, nil)
	if err != nil || len(done.Left) > 0 {
		m.failf("reclaim: %+v, %v", done, err)
	}
	return done
}

const all = 1e-9 // the share of garbage from which everything is rewritten

func TestWhatLivesOutlivesAnyHistory(t *testing.T) {
	first := rand.Uint64N(1 << 32)
	if *crashSeed != 0 {
		first = *crashSeed
	}
	for seed := first; seed < first+6; seed++ {
		m := newModel(t, seed)
		ctx := t.Context()
		for range 60 {
			box := m.boxes[m.rnd.IntN(len(m.boxes))]
			switch n := m.rnd.IntN(20); {
			case n < 8:
				m.backUp(ctx, box)
			case n < 12:
				m.remove(ctx)
				for _, box := range m.boxes {
					m.settle(ctx, box)
				}
			case n < 16:
				m.reclaim(ctx, []float64{0, all, 0.5}[m.rnd.IntN(3)])
				m.check(ctx)
			default:
				m.reopen([]string{"closed", "crashed", "rebuilt"}[m.rnd.IntN(3)])
				m.check(ctx)
			}
		}
		m.check(ctx)
		// With everything deleted, next to nothing stays.
		for _, box := range m.boxes {
			if err := m.r.DeleteBackup(ctx, box.key); err != nil && fault.KindOf(err) != fault.NotFound {
				m.failf("delete backup: %v", err)
			}
			box.points = nil
		}
		m.reclaim(ctx, all)
		m.reopen("rebuilt")
		m.check(ctx)
		m.reclaim(ctx, all)
		if st, err := m.r.Statistics(ctx); err != nil || st.Content.Blobs+st.Trees.Blobs > 0 {
			m.failf("an empty repository has %+v, %v", st, err)
		}
		if err := m.r.Close(); err != nil {
			m.failf("close: %v", err)
		}
	}
}

// TestReclaimGoesOnBesideSessionsAndReaders lets sessions, deletions, readers and reclaims run at once.
func TestReclaimGoesOnBesideSessionsAndReaders(t *testing.T) {
	seed := rand.Uint64N(1 << 32)
	if *crashSeed != 0 {
		seed = *crashSeed
	}
	m := newModel(t, seed)
	ctx := t.Context()
	for round := range 4 {
		var writers, others sync.WaitGroup
		stop := make(chan struct{})
		until := func(fn func()) {
			others.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						fn()
					}
				}
			})
		}
		for _, box := range m.boxes {
			writers.Go(func() {
				for range 10 {
					m.backUp(ctx, box)
					m.mu.Lock()
					m.removePoints(ctx, box)
					m.mu.Unlock()
					m.settle(ctx, box)
				}
			})
		}
		until(func() { m.reclaim(ctx, all) })
		until(func() { m.readAny(ctx) })
		until(func() {
			if report, err := m.r.Verify(ctx, VerifyFull, nil); err != nil || !report.Sound() {
				t.Errorf("seed %d: verify: %+v, %v", seed, report, err)
			}
		})
		writers.Wait()
		close(stop)
		others.Wait()
		m.check(ctx)
		m.reopen([]string{"closed", "crashed", "rebuilt"}[round%3])
		m.check(ctx)
	}
	if err := m.r.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAny reads a point that nobody deletes meanwhile.
func (m *model) readAny(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if box := m.boxes[m.rnd.IntN(len(m.boxes))]; len(box.points) > 0 {
		m.read(ctx, box.points[m.rnd.IntN(len(box.points))])
	}
}
