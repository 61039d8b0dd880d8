// Package vaulttest is the contract of backup.Vault as tests: one for each of its sentences, and random histories against a
// model. Every implementation runs it: the repository in this process, the transfer client, twins of them.
package vaulttest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// Store is a repository behind the vaults under test. Each test gets a fresh one.
type Store struct {
	// Begin starts a session.
	Begin func(ctx context.Context, key record.BackupKey, run record.RunID) (backup.Vault, error)
	// Read returns what is in a point.
	Read func(ctx context.Context, id record.PointID) (*Contents, error)
	// Crash ends everything as if the process had been killed, and starts it again. Nil skips the tests that need it.
	Crash func()
}

// Contents is a recovery point, read back.
type Contents struct {
	Info     record.Point
	Folders  []mail.Folder
	Messages map[mail.MessageID]record.Message
	Losses   []mail.Loss
}

// Read reads a point of a repository as a whole, with all its content.
func Read(ctx context.Context, r *repository.Repository, id record.PointID) (*Contents, error) {
	p, err := r.Point(ctx, id)
	if err != nil {
		return nil, err
	}
	c := &Contents{Info: p.Info(), Messages: map[mail.MessageID]record.Message{}}
	if c.Losses, err = p.Losses(ctx); err != nil {
		return nil, err
	}
	for _, f := range p.Folders() {
		c.Folders = append(c.Folders, f.Folder)
		var n int64
		for m, err := range p.All(ctx, f.ID) {
			if err != nil {
				return nil, err
			}
			if _, twice := c.Messages[m.ID]; twice {
				return nil, fmt.Errorf("message %s is in the point twice", m.ID)
			}
			body := r.Content(ctx, m.Body)
			size, err := io.Copy(io.Discard, body)
			if closeErr := body.Close(); closeErr != nil {
				return nil, closeErr
			}
			if err != nil || size != m.Body.Size {
				return nil, fmt.Errorf("body of message %s: %d bytes, %w", m.ID, size, err)
			}
			c.Messages[m.ID] = *m
			n++
		}
		if n != f.Counts.Messages {
			return nil, fmt.Errorf("folder %s has %d messages and counts %d", f.ID, n, f.Counts.Messages)
		}
	}
	if got := int64(len(c.Messages)); got != c.Info.Counts.Messages {
		return nil, fmt.Errorf("the point has %d messages and counts %d", got, c.Info.Counts.Messages)
	}
	return c, nil
}

// Run runs the suite. Open makes a fresh store, which it cleans up by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) *Store) {
	for _, group := range [][]sentence{stateSentences, bytesSentences, lookupSentences, commitSentences, pendingSentences, enumerationSentences, sealSentences} {
		for _, s := range group {
			t.Run(s.name, func(t *testing.T) {
				s.run(&harness{t: t, store: open(t)})
			})
		}
	}
	t.Run("RandomHistoriesAgreeWithTheModel", func(t *testing.T) { random(t, open) })
}

// sentence is one sentence of the contract.
type sentence struct {
	name string
	run  func(h *harness)
}

// key is the backup of most tests.
var key = record.BackupKey{Account: "account", Mailbox: "mailbox", Job: "job"}

// harness is what a test works with. Its methods fail the test.
type harness struct {
	t     *testing.T
	store *Store
	runs  int
}

func (h *harness) ctx() context.Context { return h.t.Context() }

func (h *harness) nextRun() record.RunID {
	h.runs++
	return record.RunID(fmt.Sprint("run ", h.runs))
}

// begin starts a session in a run of its own.
func (h *harness) begin() backup.Vault {
	h.t.Helper()
	return h.beginRun(h.nextRun())
}

func (h *harness) beginRun(run record.RunID) backup.Vault {
	h.t.Helper()
	v, err := h.store.Begin(h.ctx(), key, run)
	if err != nil {
		h.t.Fatalf("begin: %v", err)
	}
	return v
}

func (h *harness) commit(v backup.Vault, c backup.Checkpoint) {
	h.t.Helper()
	if err := v.Commit(h.ctx(), c); err != nil {
		h.t.Fatalf("commit: %v", err)
	}
}

func (h *harness) close(v backup.Vault) {
	h.t.Helper()
	if err := v.Close(); err != nil {
		h.t.Fatalf("close: %v", err)
	}
}

// seal seals with the folders given and returns the point, read back.
func (h *harness) seal(v backup.Vault, folders ...string) *Contents {
	h.t.Helper()
	return h.sealSummary(v, summary(record.RunID(fmt.Sprint("sealed by ", h.runs)), folders...))
}

func (h *harness) sealSummary(v backup.Vault, s backup.Summary) *Contents {
	h.t.Helper()
	p, err := v.Seal(h.ctx(), s)
	if err != nil {
		h.t.Fatalf("seal: %v", err)
	}
	c := h.read(p.ID)
	if diff := cmp.Diff(p, c.Info); diff != "" {
		h.t.Errorf("the point that Seal returned is not the one in the catalogue (-returned +read):\n%s", diff)
	}
	return c
}

func (h *harness) read(id record.PointID) *Contents {
	h.t.Helper()
	c, err := h.store.Read(h.ctx(), id)
	if err != nil {
		h.t.Fatalf("read point %s: %v", id, err)
	}
	return c
}

// message puts a body and returns a record of it. The text makes it another version.
func (h *harness) message(v backup.Vault, id, folder, text string) record.Message {
	h.t.Helper()
	m, body := message(id, folder, text)
	if err := v.Put(h.ctx(), m.Body.Pieces[0].Hash, body); err != nil {
		h.t.Fatalf("put: %v", err)
	}
	return m
}

// message returns a record whose properties are all set, and its body.
func message(id, folder, text string) (record.Message, []byte) {
	body := []byte("<html><body>" + text + " of " + id + "</body></html>")
	received := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(len(id)*7+int(id[len(id)-1])) * time.Minute)
	return record.Message{
		Message: mail.Message{
			ID: mail.MessageID(id), Folder: mail.FolderID(folder), ChangeKey: "ck-" + text, Type: "eventMessageRequest",
			Subject: text + " ü 漢字", BodyPreview: text, BodyType: mail.BodyHTML,
			From: &mail.Address{Name: "From", Address: "from@example.com"}, Sender: &mail.Address{Address: "sender@example.com"},
			To: []mail.Address{{Name: "To", Address: "to@example.com"}, {Address: "to2@example.com"}}, Cc: []mail.Address{{Name: "Cc"}},
			Bcc: []mail.Address{{Address: "bcc@example.com"}}, ReplyTo: []mail.Address{{Address: "reply@example.com"}},
			Received: received, Sent: received.Add(-time.Minute), Created: received.Add(time.Second), Modified: received.Add(1500 * time.Millisecond),
			InternetMessageID: "<" + id + "@example.com>", Headers: []mail.Header{{Name: "X-A", Value: "b"}, {Name: "X-A", Value: "c"}},
			ConversationID: "conversation", ConversationIndex: []byte{1, 0, 255},
			Importance: mail.ImportanceHigh, Categories: []string{"Red", "Blau"},
			Flag: mail.Flag{Status: mail.FlagFlagged, Due: mail.FlagTime{DateTime: "2026-01-02T00:00:00.0000000", TimeZone: "UTC"}},
			Read: true, Draft: true, DeliveryReceiptWanted: true, ReadReceiptWanted: true, InferenceOther: true, HasAttachments: true,
		},
		Body: content(body),
	}, body
}

func content(b []byte) record.Content {
	return record.Content{Size: int64(len(b)), Pieces: []record.Piece{{Hash: record.Sum(b), Size: int64(len(b))}}}
}

func summary(run record.RunID, folders ...string) backup.Summary {
	s := backup.Summary{
		Run: run, Time: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		Origin: record.Origin{AccountName: "Account", Tenant: "tenant", MailboxName: "Mailbox", MailboxAddress: "mailbox@example.com", MailboxKind: mail.MailboxShared, JobName: "Job"},
	}
	for _, f := range folders {
		s.Folders = append(s.Folders, mail.Folder{ID: mail.FolderID(f), Name: "Name of " + f, Role: "inbox", Total: 3})
	}
	return s
}

// lookup returns the text of each message as Lookup finds it, "" for nil.
func (h *harness) lookup(v backup.Vault, ids ...string) []string {
	h.t.Helper()
	list := make([]mail.MessageID, len(ids))
	for i := range ids {
		list[i] = mail.MessageID(ids[i])
	}
	found, err := v.Lookup(h.ctx(), list)
	if err != nil {
		h.t.Fatalf("lookup: %v", err)
	}
	if len(found) != len(ids) {
		h.t.Fatalf("lookup of %d ids returned %d", len(ids), len(found))
	}
	texts := make([]string, len(ids))
	for i, m := range found {
		if m != nil {
			texts[i] = m.BodyPreview + " in " + string(m.Folder)
		}
	}
	return texts
}

// inPoint returns "id: text in folder" of each message, sorted.
func inPoint(c *Contents) []string {
	var list []string
	for id, m := range c.Messages {
		list = append(list, fmt.Sprintf("%s: %s in %s", id, m.BodyPreview, m.Folder))
	}
	slices.Sort(list)
	return list
}

func (h *harness) pending(v backup.Vault) []backup.Gone {
	h.t.Helper()
	list, err := v.Pending(h.ctx(), 1000)
	if err != nil {
		h.t.Fatalf("pending: %v", err)
	}
	slices.SortFunc(list, func(a, b backup.Gone) int {
		return slices.Compare([]string{string(a.Message), string(a.Folder)}, []string{string(b.Message), string(b.Folder)})
	})
	return list
}

func (h *harness) cursor(v backup.Vault, folder mail.FolderID) backup.FolderState {
	h.t.Helper()
	for _, f := range v.State().Folders {
		if f.Folder == folder {
			return f
		}
	}
	return backup.FolderState{}
}

func (h *harness) want(what string, got, want any) {
	h.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (h *harness) wantKind(what string, err error, kind fault.Kind) {
	h.t.Helper()
	if fault.KindOf(err) != kind || err == nil {
		h.t.Errorf("%s: got %v (%v), want a fault of kind %v", what, err, fault.KindOf(err), kind)
	}
}
