package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/record"
)

// files reads everything below a folder, but for the report.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "holdfast-export.json" {
			return err
		}
		data, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(data)
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAZipHoldsWhatAFolderHolds(t *testing.T) {
	s := company(t, seedOf(t), corpus.Options{PerMailbox: 30})
	for _, format := range []export.Format{export.EML, export.Mbox, export.Maildir} {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := export.ToFolder(t.Context(), dir, s.options(format)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "out.zip")
		if _, err := export.ToZipFile(t.Context(), path, s.options(format)); err != nil {
			t.Fatal(err)
		}
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, f := range z.File {
			if strings.HasSuffix(f.Name, "/") || f.Name == "holdfast-export.json" {
				continue
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(f.Name, err)
			}
			got[f.Name] = string(data)
		}
		_ = z.Close()
		want := files(t, dir)
		if len(got) != len(want) || len(got) == 0 {
			t.Errorf("%s: %d files in the archive, %d in the folder", format, len(got), len(want))
		}
		for name, data := range want {
			if got[name] != data {
				t.Errorf("%s: %s differs", format, name)
			}
		}
		if _, err := export.ToZipFile(t.Context(), path, s.options(format)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second export over the first: %v", err)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	s := company(t, 1, corpus.Options{PerMailbox: 3})
	dir := t.TempDir() // it is there, and empty
	if _, err := export.ToFolder(t.Context(), dir, s.options(export.EML)); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	for _, to := range []string{dir, filepath.Join(dir, "holdfast-export.json")} {
		if _, err := export.ToFolder(t.Context(), to, s.options(export.EML)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v, want Conflict", to, err)
		}
	}
	if len(files(t, dir)) != len(before) || len(before) != 3 {
		t.Error("the first export has changed")
	}
	other := filepath.Join(t.TempDir(), "x")
	if err := os.MkdirAll(filepath.Join(other+".partial", "precious"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := export.ToFolder(t.Context(), other, s.options(export.EML)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a .partial of somebody else: %v", err)
	}
	if list, err := os.ReadDir(other + ".partial"); err != nil || len(list) != 1 {
		t.Errorf("the .partial of somebody else holds %v now (%v)", list, err)
	}
}

// stopping ends an export after some messages, as a person or a full disk would.
func stopping(ctx context.Context, o export.Options, after int64) (context.Context, export.Options) {
	ctx, cancel := context.WithCancel(ctx)
	o.Progress = func(p export.Progress) {
		if p.Messages >= after {
			cancel()
		}
	}
	return ctx, o
}

func TestAnInterruptedExportIsGoneOnWith(t *testing.T) {
	s := company(t, seedOf(t), corpus.Options{PerMailbox: 80, AttachmentShare: 0.4})
	broken := map[record.Hash]error{}
	for i := range s.kept {
		if a := s.kept[i].Attachments; len(a) > 0 && a[0].Content.Size > 0 {
			broken[a[0].Content.Pieces[0].Hash] = errDamaged
		}
	}
	for _, format := range []export.Format{export.EML, export.Mbox, export.Maildir} {
		options := s.options(format)
		options.Open = opened(s, broken)
		whole, dir := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "out")
		want, err := export.ToFolder(t.Context(), whole, options)
		if err != nil {
			t.Fatal(err)
		}
		for _, after := range []int64{70, 10, 40} {
			ctx, o := stopping(t.Context(), options, after)
			if _, err := export.ToFolder(ctx, dir, o); fault.KindOf(err) != fault.Canceled {
				t.Fatalf("%s: stopped after %d: %v", format, after, err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s: half an export has the name of a whole one (%v)", format, err)
			}
		}
		died(t, dir+".partial")
		other := options
		other.Selection.Shallow = true
		if _, err := export.ToFolder(t.Context(), dir, other); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: another export went on with it: %v", format, err)
		}
		got, err := export.ToFolder(t.Context(), dir, options)
		if err != nil {
			t.Fatal(err)
		}
		if got.Resumed == 0 || got.Messages != want.Messages || got.Incomplete != want.Incomplete || len(got.Missing) != len(want.Missing) || want.Incomplete == 0 {
			t.Errorf("%s: %d messages (%d resumed), %d incomplete, %d missing; want %d, %d, %d", format, got.Messages, got.Resumed,
				got.Incomplete, len(got.Missing), want.Messages, want.Incomplete, len(want.Missing))
		}
		a, b := files(t, whole), files(t, dir)
		if len(a) != len(b) {
			t.Errorf("%s: %d files, want %d", format, len(b), len(a))
		}
		for name := range a {
			if a[name] != b[name] {
				t.Errorf("%s: %s differs", format, name)
			}
		}
		if _, err := os.Stat(dir + ".partial"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the .partial stays: %v", format, err)
		}
	}
}

// died leaves what a killed process leaves: a file half written, and a line of the journal cut.
func died(t *testing.T, dir string) {
	t.Helper()
	journal, err := os.OpenFile(filepath.Join(dir, "holdfast-export.journal"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = journal.WriteString(`{"folder":"f0","message":"id-1","sub`)
	err = errors.Join(err, journal.Close(), os.WriteFile(filepath.Join(dir, "holdfast-12345.tmp"), []byte("half"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

func TestSelections(t *testing.T) {
	s := company(t, seedOf(t), corpus.Options{PerMailbox: 120})
	middle := s.kept[60].Received
	inbox := s.folder([]string{"inbox"})
	one, two := &s.kept[3], &s.kept[70]
	below := func(id mail.FolderID) bool {
		for _, f := range s.order {
			if f.ID == id && f.Parent != "" {
				return f.Parent == inbox
			}
		}
		return false
	}
	count := func(want func(m *record.Message) bool) (n int64) {
		for i := range s.kept {
			if want(&s.kept[i]) {
				n++
			}
		}
		return n
	}
	for name, c := range map[string]struct {
		selection export.Selection
		want      int64
		notFound  int
	}{
		"all":      {export.Selection{}, 120, 0},
		"since":    {export.Selection{Since: middle}, count(func(m *record.Message) bool { return !m.Received.Before(middle) }), 0},
		"until":    {export.Selection{Until: middle}, count(func(m *record.Message) bool { return m.Received.Before(middle) }), 0},
		"shallow":  {export.Selection{Folders: []mail.FolderID{inbox}, Shallow: true}, count(func(m *record.Message) bool { return m.Folder == inbox }), 0},
		"folder":   {export.Selection{Folders: []mail.FolderID{inbox}}, count(func(m *record.Message) bool { return m.Folder == inbox || below(m.Folder) }), 0},
		"messages": {export.Selection{Messages: []export.Ref{{Message: one.ID}, {Folder: two.Folder, Message: two.ID}, {Message: "none"}}}, 2, 1},
		"elsewhere": {
			export.Selection{Messages: []export.Ref{{Folder: "f0", Message: one.ID}, {Folder: one.Folder, Message: "x"}}},
			count(func(m *record.Message) bool { return m.ID == one.ID && m.Folder == "f0" }), 1,
		},
		"match": {export.Selection{Match: func(m *record.Message) bool { return m.Draft }}, count(func(m *record.Message) bool { return m.Draft }), 0},
	} {
		o := s.options(export.EML)
		o.Selection = c.selection
		report, err := export.ToZip(t.Context(), io.Discard, o)
		if err != nil {
			t.Fatal(name, err)
		}
		if report.Messages != c.want || len(report.NotFound) < c.notFound {
			t.Errorf("%s: %d messages and %v not found, want %d and %d", name, report.Messages, report.NotFound, c.want, c.notFound)
		}
	}
	for _, bad := range []export.Selection{{Folders: []mail.FolderID{"none"}}, {Messages: []export.Ref{{Folder: "none"}}}, {Since: middle, Until: middle}} {
		o := s.options(export.EML)
		o.Selection = bad
		if _, err := export.ToZip(t.Context(), io.Discard, o); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v, want Invalid", bad, err)
		}
	}
}

func TestAMIMECopyStaysByteForByte(t *testing.T) {
	s := newShelf(t)
	copied := []byte("Subject: signed\r\nStatus: RO\r\nContent-Type: text/plain\r\n\r\nFrom here\r\n>From there\r\n>>From >\r\n\r\nbye")
	m := s.message(corpus.Message{Subject: "signed", MessageID: "<1@x>", Body: "text"})
	m.MIME = s.put(copied)
	s.keep([]string{"inbox"}, m)
	s.seal()
	for _, format := range []export.Format{export.EML, export.Maildir} {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := export.ToFolder(t.Context(), dir, s.options(format)); err != nil {
			t.Fatal(err)
		}
		if all := files(t, dir); !slices.ContainsFunc(values(all), func(data string) bool { return data == string(copied) }) {
			t.Errorf("%s: %q", format, all)
		}
	}
	dir := filepath.Join(t.TempDir(), "out")
	if _, err := export.ToFolder(t.Context(), dir, s.options(export.Mbox)); err != nil {
		t.Fatal(err)
	}
	want := "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nStatus: O\nSubject: signed\nContent-Type: text/plain\n\n>From here\n>>From there\n>>>From >\n\nbye\n\n"
	if got := files(t, dir)["inbox.mbox"]; got != want {
		t.Errorf("mbox: %q, want %q", got, want)
	}
}

func values(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func TestAnArchiveSaysWhatItsTakerSays(t *testing.T) {
	s := company(t, 1, corpus.Options{PerMailbox: 20})
	if _, err := export.ToZip(t.Context(), &limited{left: 10_000}, s.options(export.EML)); !errors.Is(err, errFull) {
		t.Errorf("got %v, want the writer's own error", err)
	}
}

var errDamaged = fault.New(fault.Corrupt, "damaged for the test")

var errFull = fault.New(fault.Exhausted, "no more room")

type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}
