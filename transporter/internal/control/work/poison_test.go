package work_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// ward is a tenant of several mailboxes, all backed up into one repository by one client.
type ward struct {
	t         *testing.T
	sim       *graphsim.Server
	repo      *repository.Repository
	client    *graph.Client
	mailboxes []string
	inner     http.RoundTripper
	sees      func(*http.Request) // each request to Graph, before it is sent
}

// RoundTrip implements http.RoundTripper.
func (w *ward) RoundTrip(r *http.Request) (*http.Response, error) {
	w.sees(r)
	return w.inner.RoundTrip(r)
}

func newWard(t *testing.T, mailboxes, messages int) *ward {
	w := &ward{t: t, sees: func(*http.Request) {}}
	var err error
	if w.sim, err = graphsim.Start(graphsim.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sim.Close() })
	seeded, err := w.sim.Seed(graphsim.SeedOptions{Seed: 4, Generate: &corpus.Options{
		Mailboxes: mailboxes, PerMailbox: messages, TotalBytes: int64(mailboxes*messages) * 20_000,
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.mailboxes = seeded.Mailboxes
	w.inner = graph.NewTransport(w.sim.CAPool(), 0)
	w.client = clientOf(t, w.sim, w, graph.Limits{Backoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond, Tries: 3})
	w.repo, err = repository.Create(t.Context(), repository.Options{
		Path: filepath.Join(t.TempDir(), "vault"), Name: "Vault", Level: repository.Fast, Transporter: "tr1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// end is how the backup of one mailbox ended.
type end struct {
	result backup.Result
	err    error
}

// backUp backs all mailboxes up, a few at a time.
func (w *ward) backUp(run record.RunID) []end {
	ends := make([]end, len(w.mailboxes))
	var g errgroup.Group
	g.SetLimit(4)
	for i, id := range w.mailboxes {
		g.Go(func() error {
			session, err := w.repo.Begin(w.t.Context(), record.BackupKey{Account: "acc", Mailbox: mail.MailboxID(id), Job: "job"}, run)
			if err != nil {
				return err
			}
			defer session.Close()
			src := work.NewSource(w.client, mail.MailboxID(id), graph.FolderOptions{Hidden: true})
			ends[i].result, ends[i].err = backup.Run(w.t.Context(), src, session, backup.Options{Run: run}, nil)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		w.t.Fatal(err)
	}
	return ends
}

// same compares a mailbox with its point, except for messages by their internet message ids.
func (w *ward) same(mailbox string, point record.PointID, except map[string]bool) {
	w.t.Helper()
	want, err := w.sim.Truth(mailbox, graphsim.TruthOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := pointTruth(w.t.Context(), w.repo, point, func(m *record.Message) bool { return !except[m.InternetMessageID] })
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range graphsim.Compare(want, got, graphsim.CompareOptions{
		Ignore: uncompared, MessagesIn: func(m *graphsim.TruthMessage) bool { return !except[m.InternetMessageID] },
	}) {
		w.t.Errorf("mailbox %s: %s", mailbox, d)
	}
}

// poison makes one message of the mailbox unreadable for good and returns its internet message id.
func (w *ward) poison(mailbox string) string {
	w.t.Helper()
	lines, err := w.sim.Truth(mailbox, graphsim.TruthOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range lines {
		if l.Message == nil || !l.Message.HasAttachments || l.Message.Attachments[0].Kind != "file" {
			continue
		}
		_, err := w.sim.Control().AddFault(w.t.Context(), graphsim.Fault{
			Kind: "attachments.*", Mailbox: mailbox, Item: l.Message.InternetMessageID, Status: 500, Code: "ErrorCannotOpenFileAttachment",
		})
		if err != nil {
			w.t.Fatal(err)
		}
		return l.Message.InternetMessageID
	}
	w.t.Fatalf("mailbox %s has no message with an attachment", mailbox)
	return ""
}

// change sets a member of a user.
func (w *ward) change(mailbox string, f func(*graphsim.User)) {
	w.t.Helper()
	if _, err := w.sim.UpdateUser(mailbox, func(u *graphsim.User) error { f(u); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func TestPoisonDenialAndStormsCostWhatTheyTouchAndNothingElse(t *testing.T) {
	const poisoned = 10
	w := newWard(t, poisoned+3, 40)
	denied, gone, deleted := w.mailboxes[poisoned], w.mailboxes[poisoned+1], w.mailboxes[poisoned+2]
	except := map[string]map[string]bool{}
	for _, id := range w.mailboxes[:poisoned] {
		except[id] = map[string]bool{w.poison(id): true}
	}
	for _, f := range []graphsim.Fault{
		{Kind: "*.*", Status: 429, RetryAfter: "0.02", Count: 60},
		{Kind: "*.*", Status: 429, Probability: 0.02},
	} {
		if _, err := w.sim.Control().AddFault(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	w.change(denied, func(u *graphsim.User) { u.Denied = true })
	w.change(gone, func(u *graphsim.User) { u.Mailbox = false })
	var once sync.Once
	w.sees = func(r *http.Request) {
		if strings.Contains(r.URL.Path, deleted) && strings.HasSuffix(r.URL.Path, "/messages/delta") { // in the middle of its run
			once.Do(func() { w.change(deleted, func(u *graphsim.User) { u.Deleted = true }) })
		}
	}

	ends := w.backUp("run 1")
	for i, id := range w.mailboxes {
		e := ends[i]
		switch id {
		case denied:
			if !errors.Is(e.err, fault.Denied) {
				t.Errorf("the denied mailbox ended with %v", e.err)
			}
		case gone, deleted:
			if !errors.Is(e.err, fault.NotFound) {
				t.Errorf("the mailbox that is gone ended with %v", e.err)
			}
		default:
			if e.err != nil {
				t.Errorf("mailbox %d: %v", i, e.err)
				continue
			}
			if n := len(e.result.Losses); n != 1 || e.result.Losses[0].RequestID == "" || e.result.Point.Complete {
				t.Errorf("mailbox %d: complete %v, losses %+v", i, e.result.Point.Complete, e.result.Losses)
			}
			w.same(id, e.result.Point.ID, except[id])
		}
	}

	if err := w.sim.Control().ClearFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.change(denied, func(u *graphsim.User) { u.Denied = false })
	for i, e := range w.backUp("run 2") {
		if id := w.mailboxes[i]; id != gone && id != deleted {
			if e.err != nil || len(e.result.Losses) > 0 || !e.result.Point.Complete {
				t.Errorf("mailbox %d after the trouble: %v, losses %+v", i, e.err, e.result.Losses)
				continue
			}
			w.same(id, e.result.Point.ID, nil)
		}
	}
}
