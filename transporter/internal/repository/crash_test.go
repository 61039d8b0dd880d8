package repository

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

var (
	crashSeed = flag.Uint64("repository.seed", 0, "replay the crash of this seed")
	crashes   = flag.Int("repository.crashes", 40, "how many crashes of each kind are tried")
)

// life is a scripted use of a repository that notes what was acknowledged.
type life struct {
	opts Options
	rnd  *rand.Rand
	r    *Repository

	created bool
	points  []lifePoint
	deleted map[record.PointID]bool
	// Of the session that is not sealed: what was acknowledged, and what may have been when the end came.
	now, maybe map[string]string
	cursor     string
	maybeNext  string
	sealing    bool
	runs       int
	version    int
}

type lifePoint struct {
	id   record.PointID
	want map[string]string
}

func (l *life) play(ctx context.Context) error {
	var err error
	if l.r, err = Create(ctx, l.opts); err != nil {
		return err
	}
	l.created = true
	for round := range 4 {
		for range 2 {
			s, err := l.r.Begin(ctx, testKey, l.run())
			if err != nil {
				return err
			}
			for range 3 {
				if err := l.checkpoint(ctx, s); err != nil {
					return err
				}
			}
			if l.rnd.IntN(3) == 0 {
				if err := s.Close(); err != nil {
					return err
				}
				continue
			}
			if err := l.seal(ctx, s); err != nil {
				return err
			}
		}
		if round == 1 && len(l.points) > 1 {
			id := l.points[0].id
			l.deleted[id] = true // unless the answer is lost
			if err := l.r.DeletePoint(ctx, id); err != nil {
				return err
			}
		}
		if err := l.r.Close(); err != nil {
			return err
		}
		if l.r, err = Open(ctx, l.opts); err != nil {
			return err
		}
	}
	return l.r.Close()
}

func (l *life) run() record.RunID {
	l.runs++
	return record.RunID(fmt.Sprint("run ", l.runs))
}

func (l *life) checkpoint(ctx context.Context, s *Session) error {
	l.version++
	c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(fmt.Sprint("c", l.version))}
	next := map[string]string{}
	for k, v := range l.now {
		next[k] = v
	}
	for range 6 {
		id := fmt.Sprint("m", l.rnd.IntN(40))
		if slices.ContainsFunc(c.Messages, func(m record.Message) bool { return m.ID == mail.MessageID(id) }) {
			continue
		}
		m, body := l.message(id)
		if err := s.Put(ctx, m.Body.Pieces[0].Hash, body); err != nil {
			return err
		}
		c.Messages = append(c.Messages, m)
		next[id] = m.Subject
	}
	l.maybe, l.maybeNext = next, string(c.Cursor)
	if err := s.Commit(ctx, c); err != nil {
		return err
	}
	l.now, l.cursor = next, string(c.Cursor)
	return nil
}

func (l *life) message(id string) (record.Message, []byte) {
	l.version++
	body := make([]byte, 1000+l.rnd.IntN(8000))
	for i := range body {
		body[i] = byte(l.rnd.Uint32())
	}
	return record.Message{
		Message: mail.Message{ID: mail.MessageID(id), Folder: "inbox", Subject: fmt.Sprint("v", l.version)},
		Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}},
	}, body
}

func (l *life) seal(ctx context.Context, s *Session) error {
	l.sealing = true
	p, err := s.Seal(ctx, summary(s.run, "inbox"))
	if err != nil {
		return err
	}
	l.sealing = false
	l.points = append(l.points, lifePoint{p.ID, l.now})
	return nil
}

// check reopens the repository on a sound disk and makes sure that all that was acknowledged is there.
func (l *life) check(t *testing.T) {
	ctx := context.Background()
	o := l.opts
	o.FS, o.hook = nil, nil
	r, err := Open(ctx, o)
	if !l.created && fault.KindOf(err) == fault.NotFound {
		return
	}
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	for _, p := range l.points {
		pt, err := r.Point(ctx, p.id)
		if l.deleted[p.id] && fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			t.Fatalf("point %s: %v", p.id, err)
		}
		got := map[string]string{}
		for m, err := range pt.All(ctx, "inbox") {
			if err != nil {
				t.Fatal(err)
			}
			got[string(m.ID)] = m.Subject
			readBody(t, r, m)
		}
		if fmt.Sprint(got) != fmt.Sprint(p.want) {
			t.Errorf("point %s has %v, want %v", p.id, got, p.want)
		}
	}
	s, err := r.Begin(ctx, testKey, "after")
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	cursor := ""
	for _, f := range s.State().Folders {
		cursor = string(f.Cursor)
	}
	want := l.now
	switch cursor {
	case l.cursor:
	case l.maybeNext:
		want = l.maybe
	default:
		t.Errorf("cursor is %q, want %q or %q", cursor, l.cursor, l.maybeNext)
	}
	for id, subject := range want {
		m, err := s.Lookup(ctx, []mail.MessageID{mail.MessageID(id)})
		if err != nil {
			t.Fatal(err)
		}
		if m[0] == nil || m[0].Subject != subject {
			t.Errorf("lookup of %s: %v, want %s", id, m[0], subject)
			continue
		}
		readBody(t, r, m[0])
	}
	// Life goes on.
	l.r, l.now, l.cursor = r, want, cursor
	if err := l.checkpoint(ctx, s); err != nil {
		t.Fatalf("commit: %v", err)
	}
	if err := l.seal(ctx, s); err != nil {
		t.Fatalf("seal: %v", err)
	}
	report, err := r.Verify(ctx, VerifyFull, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Damage {
		if len(d.Touches) > 0 { // a gap that the power left between blobs touches nothing
			t.Errorf("damage: %+v", d)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestACrashAtAnyOperationLosesNothing kills the process at an operation on a file or the index, or cuts the power there.
func TestACrashAtAnyOperationLosesNothing(t *testing.T) {
	for _, kind := range []string{"killed", "power cut", "power cut, index lost"} {
		t.Run(kind, func(t *testing.T) {
			first, n := rand.Uint64(), *crashes
			if *crashSeed != 0 {
				first, n = *crashSeed, 1
			}
			total := lifeLength(t)
			for i := range n {
				seed := first + uint64(i)
				crash(t, kind, seed, total)
				if t.Failed() {
					t.Fatalf("replay with -repository.seed=%d", seed)
				}
			}
		})
	}
}

func newLife(seed uint64, fs *brokenFS, path string) *life {
	o := Options{Path: path, Name: "crash", Level: Fast, PackSize: minPackSize, Cost: cheap, FS: fs, hook: fs.hook}
	if seed%2 == 0 {
		o.Secret.Passphrase = "correct horse"
	}
	return &life{opts: o, rnd: rand.New(rand.NewPCG(seed, 2)), deleted: map[record.PointID]bool{}}
}

// lifeLength counts the operations of a whole life.
func lifeLength(t *testing.T) int {
	fs := newBrokenFS(rand.New(rand.NewPCG(1, 1)), -1)
	l := newLife(1, fs, t.TempDir())
	if err := l.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	return fs.count
}

func crash(t *testing.T, kind string, seed uint64, total int) {
	rnd := rand.New(rand.NewPCG(seed, 3))
	fs := newBrokenFS(rnd, rnd.IntN(total))
	path := filepath.Join(t.TempDir(), "repo")
	l := newLife(seed, fs, path)
	err := l.play(t.Context())
	if err == nil {
		return // this life was shorter
	}
	if !errors.Is(err, errKilled) {
		t.Errorf("operation %d ended in %v", fs.left, err)
		return
	}
	if l.r != nil {
		l.r.drop()
	}
	if kind != "killed" {
		if err := fs.cutPower(); err != nil {
			t.Fatal(err)
		}
	}
	if kind == "power cut, index lost" {
		if err := os.Remove(filepath.Join(path, indexFile)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	l.check(t)
}
