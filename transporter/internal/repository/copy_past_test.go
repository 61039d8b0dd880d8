package repository

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/tree"
)

// past is a made-up history of several mailboxes that share some of their content.
type past struct {
	r    *Repository
	rnd  *rand.Rand
	pool [][]byte // contents
	runs int
}

func newPast(r *Repository, rnd *rand.Rand) *past {
	p := &past{r: r, rnd: rnd}
	for range 60 {
		body := make([]byte, 200+rnd.IntN(3000))
		for i := range body {
			body[i] = byte(rnd.Uint32())
		}
		p.pool = append(p.pool, body)
	}
	return p
}

func mailboxKey(n int) record.BackupKey {
	return record.BackupKey{Account: "a", Mailbox: mail.MailboxID(fmt.Sprint("box", n)), Job: "j"}
}

// point makes the next point of a mailbox: some messages new, some changed, some deleted, in three folders.
func (p *past) point(t *testing.T, key record.BackupKey, messages int) record.Point {
	t.Helper()
	p.runs++
	run := record.RunID(fmt.Sprint("run ", p.runs))
	s, err := p.r.Begin(t.Context(), key, run)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []mail.FolderID{"inbox", "sent", "archive"} {
		c := backup.Checkpoint{Folder: f, Cursor: mail.Cursor(fmt.Sprint(f, run)), Full: p.runs%5 == 0}
		used := map[mail.MessageID]bool{}
		for range messages {
			id := mail.MessageID(fmt.Sprint(f, p.rnd.IntN(4*messages)))
			if used[id] {
				continue
			}
			used[id] = true
			if p.rnd.IntN(10) == 0 {
				c.Deleted = append(c.Deleted, id)
			} else {
				c.Messages = append(c.Messages, p.message(t, s, id, f))
			}
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	sum := summary(run, "inbox", "sent", "archive")
	sum.Origin.MailboxAddress = string(key.Mailbox) + "@example.com"
	if p.rnd.IntN(2) == 0 {
		sum.Losses = []mail.Loss{{Message: "lost" + mail.MessageID(run), What: "message", Reason: "the service refused it"}}
	}
	sealed, err := s.Seal(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (p *past) message(t *testing.T, s *Session, id mail.MessageID, f mail.FolderID) record.Message {
	t.Helper()
	content := func() record.Content {
		body := p.pool[p.rnd.IntN(len(p.pool))]
		if err := s.Put(t.Context(), record.Sum(body), body); err != nil {
			t.Fatal(err)
		}
		return record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}}
	}
	m := record.Message{
		Message: mail.Message{
			ID: id, Folder: f, Subject: fmt.Sprint("subject ", p.rnd.IntN(1e6)), BodyPreview: strings.Repeat("preview ", 200),
			Received: time.Date(2026, 1, 1, 0, 0, int(crc32.ChecksumIEEE([]byte(id))>>8), 0, time.UTC),
		},
		Body: content(),
	}
	if p.rnd.IntN(3) == 0 {
		item := record.Message{Body: content()}
		m.Attachments = []record.Attachment{{Content: content()}, {Item: &item}}
	}
	return m
}

// blobsOf returns all blobs of a point with their plain lengths, found the long way.
func blobsOf(t *testing.T, r *Repository, id record.PointID) map[record.Hash]int {
	t.Helper()
	out := map[record.Hash]int{}
	need := func(h record.Hash) {
		data, err := r.blobs.Get(h, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[h] = len(data)
	}
	p, err := parsePointID(id)
	if err != nil {
		t.Fatal(err)
	}
	ro, err := r.loadRoot(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range ro.lists() {
		for _, part := range l.GetParts() {
			need(record.Hash(part))
		}
	}
	var below func(ref tree.Ref)
	below = func(ref tree.Ref) {
		need(ref.Hash)
		if ref.Level > 0 {
			children, err := tree.Children(r.trees, ref)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range children {
				below(c)
			}
		}
	}
	pt, err := r.Point(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range ro.folders {
		if f.tree != nil {
			below(*f.tree)
		}
		for m, err := range pt.All(t.Context(), f.ID) {
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range append([]record.Attachment{{Content: m.Body}}, m.Attachments...) {
				for _, piece := range a.Content.Pieces {
					need(piece.Hash)
				}
				if a.Item != nil {
					for _, piece := range a.Item.Body.Pieces {
						need(piece.Hash)
					}
				}
			}
		}
	}
	return out
}

// said is everything that a point says.
type said struct {
	Info     record.Point
	Folders  []Folder
	Losses   []mail.Loss
	Messages []record.Message
}

// readPoint reads a point with the contents of its bodies.
func readPoint(t *testing.T, r *Repository, id record.PointID) said {
	t.Helper()
	pt, err := r.Point(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := said{Info: pt.Info(), Folders: pt.Folders()}
	if out.Losses, err = pt.Losses(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range out.Folders {
		for m, err := range pt.All(t.Context(), f.ID) {
			if err != nil {
				t.Fatal(err)
			}
			out.Messages = append(out.Messages, *m)
			readBody(t, r, m)
		}
	}
	return out
}

// counted is a target that notes what is put.
type counted struct {
	Target
	mu    sync.Mutex
	put   map[record.Hash]int // how often
	bytes int64
	asked int
	calls int // of Have
}

func count(to Target) *counted { return &counted{Target: to, put: map[record.Hash]int{}} }

func (c *counted) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	c.mu.Lock()
	c.calls++
	c.asked += len(hashes)
	c.mu.Unlock()
	return c.Target.Have(ctx, hashes)
}

func (c *counted) Put(ctx context.Context, typ BlobType, hash record.Hash, data []byte) error {
	c.mu.Lock()
	c.put[hash]++
	c.bytes += int64(len(data))
	c.mu.Unlock()
	return c.Target.Put(ctx, typ, hash, data)
}

func beginCopy(t *testing.T, r *Repository) *CopySession {
	t.Helper()
	s, err := r.BeginCopy()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// copyTo copies and returns what was put.
func copyTo(t *testing.T, from, to *Repository, o CopyOptions) (*CopyReport, *counted) {
	t.Helper()
	target := count(beginCopy(t, to))
	report, err := from.Copy(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	if report.Sent != int64(len(target.put)) || report.Bytes != target.bytes || report.Asked != int64(target.asked) {
		t.Errorf("the report is %+v; put were %d blobs of %d bytes, asked for %d", report, len(target.put), target.bytes, target.asked)
	}
	return report, target
}

// lacking returns the blobs of points that a target does not have.
func lacking(t *testing.T, from, to *Repository, points []record.Point) map[record.Hash]int {
	t.Helper()
	need := map[record.Hash]int{}
	for _, p := range points {
		maps.Copy(need, blobsOf(t, from, p.ID))
	}
	hashes := slices.Collect(maps.Keys(need))
	have, err := to.blobs.Have(t.Context(), hashes)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range hashes {
		if have[i] {
			delete(need, h)
		}
	}
	return need
}

// wantPut makes sure that exactly the blobs lacking were put, each once.
func wantPut(t *testing.T, got *counted, lacking map[record.Hash]int) {
	t.Helper()
	want := map[record.Hash]int{}
	for h := range lacking {
		want[h] = 1
	}
	if diff := cmp.Diff(want, got.put); diff != "" {
		t.Errorf("%d blobs were lacking, %d put (-lacking +put):\n%.2000s", len(want), len(got.put), diff)
	}
}

func wantSound(t *testing.T, r *Repository) {
	t.Helper()
	report, err := r.Verify(t.Context(), VerifyFull, nil)
	if err != nil || !report.Sound() {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

func closeAtEnd(t *testing.T, r *Repository) *Repository {
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}
