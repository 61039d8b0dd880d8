package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// wrecked makes a repository with one message, damages its body and returns its path.
func wrecked(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault")
	r, err := repository.Create(t.Context(), repository.Options{Path: path, Name: "Vault"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Begin(t.Context(), record.BackupKey{Account: "a", Mailbox: "m", Job: "j"}, "run")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte("the body that will be damaged")
	h := record.Sum(body)
	if err := s.Put(t.Context(), h, body); err != nil {
		t.Fatal(err)
	}
	m := record.Message{
		Message: mail.Message{ID: "1", Folder: "inbox", Subject: "The subject"},
		Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: h, Size: int64(len(body))}}},
	}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{m}}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Seal(t.Context(), backup.Summary{
		Run: "run", Time: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC), Origin: record.Origin{MailboxAddress: "anna@contoso.com"},
		Folders: []mail.Folder{{ID: "inbox", Name: "Inbox"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(path, "packs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(string(b), string(body)); i >= 0 {
			b[i] ^= 1
			if err := os.WriteFile(p, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return path
}

func TestARepositoryIsRepairedOffline(t *testing.T) {
	path := wrecked(t)
	const says = "mailbox anna@contoso.com, the point of 2026-03-04 05:06, folder Inbox: 1 message cannot be read whole"
	out, err := run(t.Context(), "repository", "verify", "--full", path)
	if !errors.Is(err, errDamaged) || !strings.Contains(out, says) {
		t.Errorf("verify: %v, %s", err, out)
	}
	out, err = run(t.Context(), "repository", "repair", "--dry-run", path)
	if !errors.Is(err, errDamaged) || !strings.Contains(out, says) {
		t.Errorf("dry run: %v, %s", err, out)
	}
	out, err = run(t.Context(), "repository", "repair", path, "-o", "json")
	var a repairAnswer
	if !errors.Is(err, errDamaged) || json.Unmarshal([]byte(out), &a) != nil {
		t.Fatalf("repair: %v, %s", err, out)
	}
	if a.DryRun || len(a.Repaired) != 2 || !strings.Contains(a.Repaired[0], "set aside as") || a.LostBlobs != 1 || len(a.Damage) != 2 {
		t.Errorf("%+v", a)
	}
	out, err = run(t.Context(), "repository", "repair", path)
	if !errors.Is(err, errDamaged) || strings.Contains(out, "set aside as") || !strings.Contains(out, "Set aside as damaged") || !strings.Contains(out, ".damaged\n") {
		t.Errorf("again: %v, %s", err, out)
	}
	sound := filepath.Join(t.TempDir(), "sound")
	r, err := repository.Create(t.Context(), repository.Options{Path: sound, Name: "Sound"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	out, err = run(t.Context(), "repository", "repair", sound)
	if err != nil || !strings.Contains(out, "0 things stay damaged") {
		t.Errorf("%v, %s", err, out)
	}
}
