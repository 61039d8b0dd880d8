package repository

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// fill makes a point of n messages in each folder, whose trees have several pages and levels.
func fill(t *testing.T, r *Repository, run record.RunID, n int, folders ...string) record.Point {
	t.Helper()
	s := begin(t, r, run)
	for _, f := range folders {
		c := backup.Checkpoint{Folder: mail.FolderID(f), Cursor: mail.Cursor("cursor of " + f), Full: true, Restart: true, Done: true}
		for i := range n {
			c.Messages = append(c.Messages, longMessage(t, s, fmt.Sprintf("%s-%04d", f, i), f, i))
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Seal(t.Context(), summary(run, folders...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// longMessage is one whose record takes a fair part of a page.
func longMessage(t *testing.T, s *Session, id, folder string, n int) record.Message {
	m := testMessage(t, s, id, folder, n)
	m.Headers = append(m.Headers, mail.Header{Name: "X-Long", Value: strings.Repeat(fmt.Sprintf("%x ", n*7919), 600)})
	return m
}

// harm flips a byte in the stored form of a blob, wherever it lies.
func harm(t *testing.T, o Options, r *Repository, hash record.Hash) {
	t.Helper()
	if err := r.blobs.Sync(); err != nil {
		t.Fatal(err)
	}
	id := pack.ID(r.ring.ID(hash))
	files, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; ; {
			i := bytes.Index(b[at:], append([]byte("HFB\x01"), 0)[:4])
			if i < 0 {
				break
			}
			at += i
			if at+pack.FrameSize < len(b) && bytes.Equal(b[at+16:at+48], id[:]) {
				f, err := os.OpenFile(path, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteAt([]byte{b[at+pack.FrameSize] ^ 0x40}, int64(at+pack.FrameSize)); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				hits++
			}
			at++
		}
	}
	if hits == 0 {
		t.Fatalf("blob %s lies in no pack", id)
	}
	r.trees = newTreeStore(r.blobs) // what is in memory is not what is on disk any more
}

// reopen closes the repository and opens it again.
func reopen(t *testing.T, r *Repository, o Options) *Repository {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return mustOpen(t, o)
}

func rootOf(t *testing.T, r *Repository, id record.PointID) *root {
	t.Helper()
	p, err := parsePointID(id)
	if err != nil {
		t.Fatal(err)
	}
	ro, err := r.loadRoot(p)
	if err != nil {
		t.Fatal(err)
	}
	return ro
}

// pagesOf returns the pages of a folder and the nodes above them.
func pagesOf(t *testing.T, r *Repository, id record.PointID, folder mail.FolderID) (pages, nodes []tree.Ref) {
	t.Helper()
	ro := rootOf(t, r, id)
	var walk func(ref tree.Ref)
	walk = func(ref tree.Ref) {
		if ref.Level == 0 {
			pages = append(pages, ref)
			return
		}
		nodes = append(nodes, ref)
		children, err := tree.Children(r.trees, ref)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range children {
			walk(c)
		}
	}
	walk(*ro.folders[ro.byID[folder]].tree)
	return pages, nodes
}

// listed returns the ids of a folder's messages, with "?" for each that cannot be read.
func listed(t *testing.T, r *Repository, id record.PointID, folder mail.FolderID) []string {
	t.Helper()
	p, err := r.Point(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for m, err := range p.All(t.Context(), folder) {
		u := asUnreadable(err)
		switch {
		case u != nil:
			list = append(list, slices.Repeat([]string{"?"}, int(u.Messages()))...)
		case err != nil:
			t.Fatal(err)
		default:
			list = append(list, string(m.ID))
		}
	}
	return list
}

func asUnreadable(err error) *UnreadableError {
	var u *UnreadableError
	errors.As(err, &u)
	return u
}
