package library_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/measure/eml"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/search/library"
)

func write(t *testing.T, dir string, n int, subject, body string) {
	t.Helper()
	text := fmt.Sprintf("From: Anna <anna@contoso.example>\r\nTo: bob@contoso.example\r\nSubject: %s\r\nDate: Mon, %02d Jun 2026 10:00:00 +0000\r\n"+
		"Message-ID: <%d@x>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>%s</p>\r\n", subject, n+1, n, body)
	if err := os.MkdirAll(filepath.Join(dir, "inbox"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "inbox", fmt.Sprintf("%d.eml", n)), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func back(t *testing.T, r *repository.Repository, src backup.Source, run string) record.PointID {
	t.Helper()
	s, err := r.Begin(t.Context(), record.BackupKey{Account: "a", Mailbox: "m", Job: "j"}, record.RunID(run))
	if err != nil {
		t.Fatal(err)
	}
	done, err := backup.Run(t.Context(), src, s, backup.Options{Run: record.RunID(run)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done.Point.ID
}

func find(t *testing.T, x *search.Index, q search.Query) (ids []string) {
	t.Helper()
	_, err := x.Search(t.Context(), q, func(h *search.Hit) error {
		ids = append(ids, h.Message.Subject)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestARepositoryIsSearched(t *testing.T) {
	ctx := context.Background()
	for _, secret := range []repository.Secret{{}, {Passphrase: "open sesame"}} {
		first, later := t.TempDir(), t.TempDir()
		for n := range 5 {
			write(t, first, n, fmt.Sprint("Invoice ", n), "quarterly <b>num</b>bers")
		}
		write(t, later, 7, "Added", "quarterly numbers too")
		dir := filepath.Join(t.TempDir(), "vault")
		r, err := repository.Create(ctx, repository.Options{Path: dir, Name: "n", Secret: secret, Cost: key.Cost{Time: 1, MemoryKiB: 8 << 10, Threads: 1}})
		if err != nil {
			t.Fatal(err)
		}
		one := back(t, r, &eml.Mailbox{Dir: first}, "r1")
		x := search.New(library.Library{Repository: r}, search.Options{Dir: r.SearchFolder()})
		if err := x.Update(ctx); err != nil {
			t.Fatal(err)
		}
		two := back(t, r, &eml.Mailbox{Dir: first, Later: later}, "r2")
		if err := x.Update(ctx); err != nil {
			t.Fatal(err)
		}
		if got := find(t, x, search.Query{Text: "UMBER"}); len(got) != 6 || got[0] != "Added" {
			t.Errorf("in all points: %q", got)
		}
		if got := find(t, x, search.Query{Text: "umber", Scope: search.Scope{Point: one}}); len(got) != 5 {
			t.Errorf("in the first point: %q", got)
		}
		if got := find(t, x, search.Query{Text: `"quarterly numbers too"`, Scope: search.Scope{Point: two}}); len(got) != 1 {
			t.Errorf("a phrase in the second point: %q", got)
		}
		if got := find(t, x, search.Query{Text: "nna@cont"}); len(got) != 6 {
			t.Errorf("a part of an address: %q", got)
		}
		if s := x.Status(); s.Documents != 6 || s.Unreadable != 0 {
			t.Errorf("%+v", s)
		}
		stop, cancel := context.WithCancel(ctx)
		cancel()
		x.Run(stop, nil)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(filepath.Join(dir, "search"))
		if err != nil || len(files) < 2 {
			t.Fatal(files, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(filepath.Join(dir, "search", f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if !secret.None() && (bytes.Contains(data, []byte("quarterly")) || bytes.Contains(data, []byte("contoso"))) {
				t.Errorf("%s can be read without the passphrase", f.Name())
			}
		}
		if err := repository.Delete(ctx, repository.Options{Path: dir}); err != nil {
			t.Errorf("the index is in the way of deleting its repository: %v", err)
		}
	}
}
