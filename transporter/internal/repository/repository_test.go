package repository

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/key"
)

var testKey = record.BackupKey{Account: "a1", Mailbox: "m1", Job: "j1"}

// cheap is a key derivation for tests.
var cheap = key.Cost{Time: 1, MemoryKiB: 64, Threads: 1}

func testOptions(t *testing.T, encrypted bool) Options {
	t.Helper()
	o := Options{Path: t.TempDir(), Name: "test", Level: Balanced, Transporter: "t1", Cost: cheap, PackSize: minPackSize}
	if encrypted {
		o.Secret.Passphrase = "correct horse"
	}
	return o
}

func mustCreate(t *testing.T, o Options) *Repository {
	t.Helper()
	r, err := Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustOpen(t *testing.T, o Options) *Repository {
	t.Helper()
	r, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func begin(t *testing.T, r *Repository, run record.RunID) *Session {
	t.Helper()
	s, err := r.Begin(t.Context(), testKey, run)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testMessage puts the body of a made-up message and returns its record.
func testMessage(t *testing.T, s *Session, id, folder string, n int) record.Message {
	t.Helper()
	body := []byte(fmt.Sprintf("<p>Body of message %s, number %d, with some text that is long enough.</p>", id, n))
	h := record.Sum(body)
	if err := s.Put(t.Context(), h, body); err != nil {
		t.Fatal(err)
	}
	return record.Message{
		Message: mail.Message{
			ID: mail.MessageID(id), Folder: mail.FolderID(folder), Subject: fmt.Sprintf("Subject %d", n), ChangeKey: fmt.Sprint("ck", n),
			From: &mail.Address{Name: "A", Address: "a@example.com"}, To: []mail.Address{{Address: "b@example.com"}},
			Received: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC), Read: n%2 == 0,
			Headers: []mail.Header{{Name: "Received", Value: "from here by there"}},
		},
		Body: record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: h, Size: int64(len(body))}}},
	}
}

func summary(run record.RunID, folders ...string) backup.Summary {
	s := backup.Summary{Run: run, Time: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), Origin: record.Origin{MailboxAddress: "m@example.com"}}
	for _, f := range folders {
		s.Folders = append(s.Folders, mail.Folder{ID: mail.FolderID(f), Name: f})
	}
	return s
}

func TestWhatIsSealedIsReadBackAfterReopening(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprint("encrypted=", encrypted), func(t *testing.T) {
			o := testOptions(t, encrypted)
			r := mustCreate(t, o)
			s := begin(t, r, "r1")
			var want []record.Message
			for page := range 20 {
				c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(fmt.Sprint("c", page)), Full: true, Done: page == 19}
				for i := range 50 {
					m := testMessage(t, s, fmt.Sprintf("id-%d-%d", page, i), "inbox", page*50+i)
					c.Messages = append(c.Messages, m)
					want = append(want, m)
				}
				if err := s.Commit(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			p, err := s.Seal(t.Context(), summary("r1", "inbox"))
			if err != nil {
				t.Fatal(err)
			}
			for _, how := range []string{"closed", "crashed", "index lost"} {
				switch how {
				case "closed":
					if err := r.Close(); err != nil {
						t.Fatal(err)
					}
				case "crashed":
					r.drop()
				case "index lost":
					r.drop()
					loseIndex(t, o)
				}
				r = mustOpen(t, o)
				for _, problem := range r.Problems() {
					t.Error(how, problem)
				}
				pt, err := r.Point(t.Context(), p.ID)
				if err != nil {
					t.Fatal(how, err)
				}
				if diff := cmp.Diff(p, pt.Info()); diff != "" {
					t.Error(diff)
				}
				got, err := pt.Messages(t.Context(), "inbox", 0, 2000, false)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
				got, err = pt.Messages(t.Context(), "inbox", 10, 5, true)
				if err != nil || len(got) != 5 || got[0].ID != want[len(want)-11].ID {
					t.Error("newest first", err, len(got))
				}
				m, err := pt.Message(t.Context(), "inbox", "id-7-7")
				if err != nil || m.Subject != "Subject 357" {
					t.Error(m, err)
				}
				readBody(t, r, &want[3])
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func readBody(t *testing.T, r *Repository, m *record.Message) {
	t.Helper()
	rc := r.Content(context.Background(), m.Body)
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err != nil || int64(len(b)) != m.Body.Size {
		t.Errorf("body of %s: %d bytes, %v", m.ID, len(b), err)
	}
}
