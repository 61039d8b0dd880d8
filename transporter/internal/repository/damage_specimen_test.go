package repository

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
)

// specimen is a small repository with everything in it: points of two backups, one of them deleted, packs of both kinds sealed
// and open, a journal, the index, descriptor and lock. It is kept in memory, so that it can be damaged many times.
type specimen struct {
	opts    Options
	files   map[string][]byte // by path in the folder
	backups []*specimenBackup
	deleted record.PointID
}

// specimenBackup is what is in it of one backup.
type specimenBackup struct {
	key    record.BackupKey
	w      *world
	states []worldState // that the backup was in
}

// names lists the files, sorted.
func (s *specimen) names() []string {
	names := make([]string, 0, len(s.files))
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// lay writes the sample to a folder, which is made anew.
func (s *specimen) lay(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, sub := range []string{packsFolder, stagingFolder} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	for name, b := range s.files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// variants are the samples: plain and encrypted, closed in order and not.
func variants(t *testing.T) map[string]*specimen {
	t.Helper()
	list := map[string]*specimen{}
	for _, encrypted := range []bool{false, true} {
		for _, closed := range []bool{false, true} {
			list[fmt.Sprintf("encrypted=%v,closed=%v", encrypted, closed)] = makeSpecimen(t, encrypted, closed)
		}
	}
	return list
}

func makeSpecimen(t *testing.T, encrypted, closed bool) *specimen {
	t.Helper()
	s := &specimen{files: map[string][]byte{}}
	s.opts = Options{
		Path: filepath.Join(disktest.Dir(t), "repo"), Name: "sample", Level: Fast, Transporter: "t1", Cost: cheap, PackSize: minPackSize,
		Now: func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) },
	}
	if encrypted {
		s.opts.Secret.Passphrase = "correct horse"
	}
	for _, m := range []mail.MailboxID{"a", "b"} {
		w := &world{}
		w.now = w.start()
		s.backups = append(s.backups, &specimenBackup{key: record.BackupKey{Account: "x", Mailbox: m, Job: "j"}, w: w, states: []worldState{w.start()}})
	}
	a, b := s.backups[0], s.backups[1]
	r := mustCreate(t, s.opts)
	a.session(t, r, "run 1", true, map[int]int{0: 0, 1: 1, 2: 2})
	a.session(t, r, "run 2", true, map[int]int{1: 3})
	s.deleted = a.w.points[0].id
	if err := r.DeletePoint(t.Context(), s.deleted); err != nil {
		t.Fatal(err)
	}
	a.w.points = a.w.points[1:]
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = s.sealPacks(t)
	b.session(t, r, "run 3", true, map[int]int{0: 0, 3: 4})
	a.session(t, r, "run 4", true, map[int]int{4: 5, 0: 4})
	a.session(t, r, "run 5", false, map[int]int{5: 2, 2: 6}, map[int]int{6: 7})
	if closed {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	} else {
		r.drop()
	}
	s.read(t)
	return s
}

// sealPacks has the open packs sealed: they are put back beside others of their kind, and there is only one at a time.
func (s *specimen) sealPacks(t *testing.T) *Repository {
	t.Helper()
	open, err := filepath.Glob(filepath.Join(s.opts.Path, packsFolder, "*.open"))
	if err != nil || len(open) != 2 {
		t.Fatal(open, err)
	}
	for i, path := range open {
		if err := os.Rename(path, filepath.Join(filepath.Dir(s.opts.Path), fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	r := mustOpen(t, s.opts)
	s.backups[1].session(t, r, "run 2b", true, map[int]int{7: 1})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for i, path := range open {
		if err := os.Rename(filepath.Join(filepath.Dir(s.opts.Path), fmt.Sprint(i)), path); err != nil {
			t.Fatal(err)
		}
	}
	return mustOpen(t, s.opts)
}

// session commits checkpoints, each of messages and their bodies, and perhaps seals them.
func (b *specimenBackup) session(t *testing.T, r *Repository, run record.RunID, seal bool, checkpoints ...map[int]int) {
	t.Helper()
	s, err := r.Begin(t.Context(), b.key, run)
	if err != nil {
		t.Fatal(err)
	}
	b.w.now = b.w.start()
	for i, messages := range checkpoints {
		folder := crashFolders[(len(b.states)+i)%2]
		c := backup.Checkpoint{Folder: folder, Cursor: mail.Cursor(fmt.Sprint(run, " ", i))}
		b.w.now.cursors[folder] = c.Cursor
		for id := range crashMessages {
			n, ok := messages[id]
			if !ok {
				continue
			}
			body := crashBody(n)
			if err := s.Put(t.Context(), record.Sum(body), body); err != nil {
				t.Fatal(err)
			}
			m := worldMessage{folder, fmt.Sprint("subject ", run), n}
			b.w.now.messages[crashID(id)] = m
			c.Messages = append(c.Messages, record.Message{
				Message: mail.Message{ID: crashID(id), Folder: folder, Subject: m.subject, Received: time.Unix(int64(id), 0).UTC()},
				Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}},
			})
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		b.w.staged = true
		b.states = append(b.states, b.w.now.clone())
	}
	if !seal {
		return
	}
	p, err := s.Seal(t.Context(), summary(run, string(crashFolders[0]), string(crashFolders[1])))
	if err != nil {
		t.Fatal(err)
	}
	b.w.staged = false
	b.w.points = append(b.w.points, worldPoint{id: p.ID, run: run, worldState: b.w.now.clone()})
}

// read takes the folder into memory and makes sure that it is what it is meant to be.
func (s *specimen) read(t *testing.T) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(s.opts.Path), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		s.files[name], err = os.ReadFile(filepath.Join(s.opts.Path, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for name := range s.files {
		kinds[kindOfFile(name)]++
	}
	if kinds["sealed pack"] != 2 || kinds["open pack"] != 2 || kinds["journal"] != 1 || kinds["index"] != 1 || kinds["descriptor"] == 0 {
		t.Fatalf("the sample has %v", s.names())
	}
	if v := s.look(context.Background(), s.opts.Path); v.failure() != nil || len(v.reports) > 0 || len(v.missing) > 0 {
		t.Fatalf("the sample is not sound: %+v", v)
	}
}

func kindOfFile(name string) string {
	switch {
	case strings.HasSuffix(name, ".pack"):
		return "sealed pack"
	case strings.HasSuffix(name, ".open"):
		return "open pack"
	case strings.HasSuffix(name, ".journal"):
		return "journal"
	case name == indexFile:
		return "index"
	case name == indexSum:
		return "sum of the index"
	case name == lockFile:
		return "lock"
	case name == descriptorCopy:
		return "copy of the descriptor"
	case strings.HasPrefix(name, descriptorFile):
		return "descriptor"
	default:
		return "other"
	}
}
