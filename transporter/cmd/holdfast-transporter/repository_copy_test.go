package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// vault makes a repository with two points of each of two mailboxes, encrypted with the passphrase in the file it returns.
func vault(t *testing.T) (path, pass string) {
	t.Helper()
	path, pass = filepath.Join(t.TempDir(), "vault"), filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(pass, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := repository.Create(t.Context(), repository.Options{
		Path: path, Name: "Vault", Level: repository.Fast, Secret: repository.Secret{Passphrase: "open sesame"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		box := []string{"anna", "bert"}[i%2]
		run := record.RunID(fmt.Sprint("run", i))
		s, err := r.Begin(t.Context(), record.BackupKey{Account: "a", Mailbox: mail.MailboxID(box), Job: "j"}, run)
		if err != nil {
			t.Fatal(err)
		}
		body := []byte("body of " + box)
		if err := s.Put(t.Context(), record.Sum(body), body); err != nil {
			t.Fatal(err)
		}
		m := record.Message{
			Message: mail.Message{ID: "m", Folder: "f1", Subject: "To " + box},
			Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}},
		}
		if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "f1", Cursor: "c", Messages: []record.Message{m}}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Seal(t.Context(), backup.Summary{
			Run: run, Time: time.Date(2026, 5, i+1, 0, 0, 0, 0, time.UTC), Folders: []mail.Folder{{ID: "f1", Name: "Inbox"}},
			Origin: record.Origin{MailboxAddress: box + "@example.com", JobName: "Nightly"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return path, pass
}

// copied runs the command and returns its answer.
func copied(t *testing.T, args ...string) (copyAnswer, error) {
	t.Helper()
	out, err := run(t.Context(), append([]string{"repository", "copy", "-o", "json"}, args...)...)
	var a copyAnswer
	if err == nil || errors.Is(err, errDamaged) {
		if err := json.Unmarshal([]byte(out), &a); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return a, err
}

func TestPointsAreCopiedOffline(t *testing.T) {
	from, pass := vault(t)
	to := filepath.Join(t.TempDir(), "second")
	secret := []string{"--passphrase-file", pass}
	if _, err := copied(t, append(secret, from, to)...); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "--create") {
		t.Errorf("to nowhere: %v", err)
	}
	a, err := copied(t, append(secret, from, to, "--create", "--mailbox", "anna@example.com", "--newest")...)
	if err != nil || a.Copied != 1 || a.SentBlobs == 0 {
		t.Errorf("the newest of anna: %+v, %v", a, err)
	}
	a, err = copied(t, append(secret, from, to)...)
	if err != nil || a.Copied != 3 || a.Present != 1 {
		t.Errorf("the rest: %+v, %v", a, err)
	}
	out, err := run(t.Context(), "repository", "copy", "--passphrase-file", pass, from, to)
	if err != nil || !strings.Contains(out, "0 points copied, 4 were there already") {
		t.Errorf("again: %v, %s", err, out)
	}
	if out, err := run(t.Context(), "repository", "points", to); err != nil || strings.Count(out, "@example.com") != 4 {
		t.Errorf("the copy has: %v, %s", err, out)
	}
	encrypted := filepath.Join(t.TempDir(), "third")
	a, err = copied(t, to, encrypted, "--create", "--to-passphrase-file", pass)
	if err != nil || a.Copied != 4 {
		t.Errorf("back under a key: %+v, %v", a, err)
	}
	if _, err := run(t.Context(), "repository", "verify", encrypted, "--full", "--passphrase-file", pass); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{
		{from}, {from, to, "--newest", "--point", "00"}, {from, to, "--passphrase-file", "-", "--to-passphrase-file", "-"},
	} {
		if _, err := copied(t, append(secret, args...)...); !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v is no error of usage", args, err)
		}
	}
}

func TestWhatIsDamagedIsLeftOutAndNamed(t *testing.T) {
	from, pass := vault(t)
	packs, err := filepath.Glob(filepath.Join(from, "packs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	spoilt := 0
	for _, p := range packs { // the first blob of the content pack is anna's body
		f, err := os.OpenFile(p, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		kind := make([]byte, 1)
		if _, err := f.ReadAt(kind, 10); err == nil && kind[0] == 1 {
			spoilt++
			_, err = f.WriteAt([]byte{0xff}, 64+68+3)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a, err := copied(t, "--passphrase-file", pass, from, filepath.Join(t.TempDir(), "second"), "--create")
	if spoilt != 1 || !errors.Is(err, errDamaged) || a.Copied != 2 || len(a.LeftOut) != 2 {
		t.Fatalf("%d packs spoilt: %+v, %v", spoilt, a, err)
	}
	want := `mailbox anna@example.com, the point of 2026-05-01 00:00, folder Inbox, message "To anna"`
	if l := a.LeftOut[0]; l.Point.Mailbox != "anna@example.com" || len(l.Damage) != 1 || !strings.Contains(l.Damage[0], want) {
		t.Errorf("%+v", l)
	}
	out, err := run(context.Background(), "repository", "verify", from, "--full", "--passphrase-file", pass)
	if !errors.Is(err, errDamaged) || !strings.Contains(out, "damaged") {
		t.Errorf("verify: %v, %s", err, out)
	}
}
