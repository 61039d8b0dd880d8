package repository

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
)

// backUp makes a point of n messages.
func backUp(t *testing.T, r *Repository, run record.RunID, n int) record.Point {
	t.Helper()
	s := begin(t, r, run)
	c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(run)}
	for i := range n {
		c.Messages = append(c.Messages, testMessage(t, s, "id-"+string(run)+"-"+string(rune('a'+i)), "inbox", i))
	}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	p, err := s.Seal(t.Context(), summary(run, "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOneOwnerAtATime(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	other := o
	other.Transporter = "t2"
	_, err := Open(t.Context(), other)
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), `Transporter "t1"`) {
		t.Errorf("opened twice: %v", err)
	}
	r.drop() // a crash leaves no lock
	r = mustOpen(t, other)
	if r.lock.Previous == nil || r.lock.Previous.Transporter != "t1" || r.Clean() {
		t.Errorf("the crash is not noticed: %+v", r.lock.Previous)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error("closed twice:", err)
	}
	r = mustOpen(t, o)
	if r.lock.Previous != nil || !r.Clean() {
		t.Error("not clean after Close")
	}
	if _, err := r.Points(t.Context(), testKey); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Begin(t.Context(), testKey, "r"); fault.KindOf(err) != fault.Unavailable {
		t.Error("begun on a closed repository:", err)
	}
}

func TestAWrongSecretIsAClearFault(t *testing.T) {
	o := testOptions(t, true)
	if err := mustCreate(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Secret{{}, {Passphrase: "wrong"}} {
		wrong := o
		wrong.Secret = s
		if _, err := Open(t.Context(), wrong); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if err := mustOpen(t, o).Close(); err != nil {
		t.Error(err)
	}
}

func TestTheDescriptorIsRefusedWhenDamagedOrNewer(t *testing.T) {
	text, err := encodeDescriptor(&pb.Descriptor{Id: make([]byte, 16), Name: "ü", Created: timestamppb.Now(), Level: 2})
	if err != nil {
		t.Fatal(err)
	}
	d, err := decodeDescriptor(text)
	if err != nil || d.GetName() != "ü" || d.GetLevel() != 2 {
		t.Fatal(d, err)
	}
	newer := bytes.Replace(text, []byte("format 1"), []byte("format 9"), 1)
	if _, err := decodeDescriptor(newer); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "upgrade") {
		t.Error(err)
	}
	for i := range text {
		for bit := range 8 {
			b := bytes.Clone(text)
			b[i] ^= 1 << bit
			if _, err := decodeDescriptor(b); err == nil {
				t.Errorf("bit %d of byte %d goes unnoticed", bit, i)
			}
		}
		if _, err := decodeDescriptor(text[:i]); err == nil {
			t.Errorf("a cut at %d goes unnoticed", i)
		}
	}
	_, err = Open(t.Context(), Options{Path: t.TempDir()})
	if fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "not a repository") {
		t.Error(err)
	}
}

func FuzzDecodeDescriptor(f *testing.F) {
	text, err := encodeDescriptor(&pb.Descriptor{Id: make([]byte, 16), Name: "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := decodeDescriptor(b); err == nil && len(d.GetId()) != 16 {
			t.Error("accepted without id")
		}
	})
}

func FuzzDecodeSegment(f *testing.F) {
	f.Add(encodeSegment([32]byte{1}, []located{{sec: 1}, {sec: 2}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, entries, err := decodeSegment(b); err == nil && !bytes.Equal(encodeSegment(id, entries), b) {
			t.Error("decoded, yet not as encoded")
		}
	})
}

func TestADeletedPointStaysDeletedWhenTheIndexIsLost(t *testing.T) {
	o := testOptions(t, true)
	r := mustCreate(t, o)
	first, second := backUp(t, r, "one", 3), backUp(t, r, "two", 3)
	if err := r.DeletePoint(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.DeletePoint(t.Context(), first.ID); fault.KindOf(err) != fault.NotFound {
		t.Error("deleted twice:", err)
	}
	for _, how := range []string{"closed", "index lost"} {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if how == "index lost" {
			loseIndex(t, o)
		}
		r = mustOpen(t, o)
		points, err := r.Points(t.Context(), testKey)
		if err != nil || len(points) != 1 || points[0].ID != second.ID {
			t.Errorf("%s: %v, %v", how, points, err)
		}
		backups, err := r.Backups(t.Context())
		if err != nil || len(backups) != 1 || backups[0].Points != 1 || backups[0].Key != testKey {
			t.Errorf("%s: %+v, %v", how, backups, err)
		}
	}
	// What the deleted point shared is still read, and the next backup builds on the point that is left.
	third := backUp(t, r, "three", 2)
	if third.Counts.Messages != 8 {
		t.Errorf("the next point has %d messages", third.Counts.Messages)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCursorsComeBackWhenTheIndexIsLost(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	backUp(t, r, "one", 3)
	s := begin(t, r, "two")
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "later", Messages: []record.Message{testMessage(t, s, "x", "inbox", 1)}}); err != nil {
		t.Fatal(err)
	}
	r.drop()
	for _, damage := range []string{"lost", "cut", "garbage", "rebuilt"} {
		path := filepath.Join(o.Path, indexFile)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch damage {
		case "rebuilt":
		case "lost":
			loseIndex(t, o)
		case "cut":
			err = os.WriteFile(path, b[:len(b)/2], 0o600)
		default:
			for i := range b[:len(b)/2] {
				b[i] = 0x5a
			}
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r, err = Open(t.Context(), o); damage == "rebuilt" {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r, err = Rebuild(t.Context(), o)
		}
		if err != nil {
			t.Fatal(err)
		}
		s = begin(t, r, "two")
		if st := s.State(); !st.Resumed || len(st.Folders) != 1 || st.Folders[0].Cursor != "later" {
			t.Errorf("%s: %+v", damage, st)
		}
		if m, err := s.Lookup(t.Context(), []mail.MessageID{"x", "id-one-a"}); err != nil || m[0] == nil || m[1] == nil {
			t.Errorf("%s: %v, %v", damage, m, err)
		}
		r.drop()
	}
}

// fullFS is a disk that fills up.
type fullFS struct {
	disk.OS
	full bool
}

type fullFile struct {
	disk.File
	fs *fullFS
}

func (f *fullFS) Create(name string) (disk.File, error) {
	file, err := f.OS.Create(name)
	return &fullFile{file, f}, err
}

func (f *fullFS) Edit(name string) (disk.File, error) {
	file, err := f.OS.Edit(name)
	if err != nil {
		return nil, err
	}
	return &fullFile{file, f}, nil
}

func (f *fullFile) WriteAt(b []byte, off int64) (int, error) {
	if f.fs.full {
		n, _ := f.File.WriteAt(b[:len(b)/2], off)
		return n, &os.PathError{Op: "write", Path: "x", Err: errFull}
	}
	return f.File.WriteAt(b, off)
}

func TestAFullDiskHarmsNothing(t *testing.T) {
	fs := &fullFS{}
	o := testOptions(t, true)
	o.FS = fs
	r := mustCreate(t, o)
	p := backUp(t, r, "one", 3)
	s := begin(t, r, "two")
	kept := testMessage(t, s, "kept", "inbox", 1)
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "kept", Messages: []record.Message{kept}}); err != nil {
		t.Fatal(err)
	}
	lost := testMessage(t, s, "lost", "inbox", 2)
	fs.full = true
	err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "lost", Messages: []record.Message{lost}})
	if fault.KindOf(err) != fault.Exhausted || !strings.Contains(err.Error(), o.Path) {
		t.Errorf("commit on a full disk: %v", err)
	}
	if _, err := s.Seal(t.Context(), summary("two", "inbox")); fault.KindOf(err) != fault.Exhausted {
		t.Errorf("seal on a full disk: %v", err)
	}
	fs.full = false
	err = s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "lost", Messages: []record.Message{lost}})
	if fault.KindOf(err) != fault.Exhausted {
		t.Errorf("commit of pieces that the full disk lost: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// With room again, everything goes on where it was.
	s = begin(t, r, "two")
	if c := s.State().Folders[0].Cursor; c != "kept" {
		t.Errorf("cursor %q", c)
	}
	again := testMessage(t, s, "lost", "inbox", 2)
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "lost", Messages: []record.Message{again}}); err != nil {
		t.Fatal(err)
	}
	p2, err := s.Seal(t.Context(), summary("two", "inbox"))
	if err != nil || p2.Counts.Messages != 5 {
		t.Fatal(p2, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = mustOpen(t, o)
	for _, id := range []record.PointID{p.ID, p2.ID} {
		if _, err := r.Point(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	report, err := r.Verify(t.Context(), VerifyFull, nil)
	if err != nil || !report.Sound() {
		t.Errorf("%+v, %v", report, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyNamesTheMessagesThatDamageTouches(t *testing.T) {
	o := testOptions(t, false)
	o.Level = None
	r := mustCreate(t, o)
	p := backUp(t, r, "one", 5)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	packs, err := os.ReadDir(filepath.Join(o.Path, packsFolder))
	if err != nil {
		t.Fatal(err)
	}
	hit := false
	for _, f := range packs {
		path := filepath.Join(o.Path, packsFolder, f.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(b, []byte("Body of message id-one-c")); i > 0 {
			b[i] ^= 1
			hit = true
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !hit {
		t.Fatal("the body is nowhere")
	}
	r = mustOpen(t, o)
	quick, err := r.Verify(t.Context(), VerifyQuick, nil)
	if err != nil || !quick.Sound() || quick.Messages != 5 || quick.Points != 1 {
		t.Errorf("quick: %+v, %v", quick, err)
	}
	var last Progress
	full, err := r.Verify(t.Context(), VerifyFull, func(p Progress) { last = p })
	if err != nil || len(full.Damage) != 1 {
		t.Fatalf("full: %+v, %v", full, err)
	}
	d := full.Damage[0]
	if d.Touched != 1 || d.Touches[0].Message != "id-one-c" || d.Touches[0].Point != p.ID || d.Touches[0].Folder != "inbox" || d.Path == "" || d.Offset == 0 {
		t.Errorf("%+v", d)
	}
	if last.Phase != "verify points" || last.Done != last.Total {
		t.Errorf("%+v", last)
	}
	pt, err := r.Point(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for m, err := range pt.All(t.Context(), "inbox") {
		if err != nil {
			t.Fatal(err)
		}
		rc := r.Content(t.Context(), m.Body)
		_, err := rc.Read(make([]byte, 10))
		if (fault.KindOf(err) == fault.Corrupt) != (m.ID == "id-one-c") {
			t.Errorf("%s: %v", m.ID, err)
		}
		_ = rc.Close()
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	// Without the pack, everything else is still found and told.
	for _, f := range packs {
		if strings.HasSuffix(f.Name(), ".open") {
			continue
		}
		if err := os.Remove(filepath.Join(o.Path, packsFolder, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForeignAndMissingPacksAreReported(t *testing.T) {
	o := testOptions(t, false)
	o.Level = None
	r := mustCreate(t, o)
	s := begin(t, r, "big")
	big := make([]byte, 300_000)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	if err := s.Put(t.Context(), record.Sum(big), big); err != nil { // seals a pack
		t.Fatal(err)
	}
	m := testMessage(t, s, "m", "inbox", 1)
	m.MIME = record.Content{Size: int64(len(big)), Pieces: []record.Piece{{Hash: record.Sum(big), Size: int64(len(big))}}}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{m}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(t.Context(), summary("big", "inbox")); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	sealed, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*.pack"))
	if err != nil || len(sealed) != 1 {
		t.Fatal(sealed, err)
	}
	other := testOptions(t, false)
	if err := mustCreate(t, other).Close(); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(other.Path, packsFolder, filepath.Base(sealed[0]))
	if err := os.Rename(sealed[0], foreign); err != nil {
		t.Fatal(err)
	}
	r = mustOpen(t, other)
	if p := r.Problems(); len(p) != 1 || p[0].Path != foreign {
		t.Errorf("a foreign pack: %+v", p)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = mustOpen(t, o)
	if p := r.Problems(); len(p) != 1 || p[0].Path != sealed[0] {
		t.Errorf("a missing pack: %+v", p)
	}
	report, err := r.Verify(t.Context(), VerifyQuick, nil)
	if err != nil || len(report.Damage) != 1 || report.Damage[0].Touches[0].Message != "m" {
		t.Errorf("%+v, %v", report, err)
	}
	// What is gone is asked for again, and heals the point.
	s = begin(t, r, "again")
	if have, err := s.Have(t.Context(), []record.Hash{record.Sum(big)}); err != nil || have[0] {
		t.Errorf("%v, %v", have, err)
	}
	if err := s.Put(t.Context(), record.Sum(big), big); err != nil {
		t.Fatal(err)
	}
	if report, err = r.Verify(t.Context(), VerifyQuick, nil); err != nil || len(report.Damage) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLongMethodsHearTheContext(t *testing.T) {
	r := mustCreate(t, testOptions(t, false))
	defer r.Close()
	p := backUp(t, r, "one", 3)
	pt, err := r.Point(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, verifyErr := r.Verify(ctx, VerifyFull, nil)
	_, messagesErr := pt.Messages(ctx, "inbox", 0, 10, false)
	_, beginErr := r.Begin(ctx, testKey, "r")
	for name, err := range map[string]error{"verify": verifyErr, "messages": messagesErr, "begin": beginErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := begin(t, r, "r")
	if _, err := s.Seal(ctx, summary("r", "inbox")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := s.Seal(t.Context(), summary("r", "inbox")); err != nil {
		t.Error(err)
	}
}
