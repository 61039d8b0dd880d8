package repository

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// reclaimAll frees all that can be freed.
func reclaimAll(t *testing.T, r *Repository) *Reclaimed {
	t.Helper()
	done, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// seals makes sealed packs of the open ones.
func seals(t *testing.T, r *Repository) {
	t.Helper()
	if err := r.blobs.SealOpen(); err != nil {
		t.Fatal(err)
	}
}

// bulk is a body of its own.
func bulk(n int) (record.Hash, []byte) {
	body := []byte(rndText(20_000, 9, n))
	return record.Sum(body), body
}

// keepBulk backs up bodies, one message each, and seals the packs.
func keepBulk(t *testing.T, r *Repository, k record.BackupKey, run record.RunID, bodies ...int) record.Point {
	t.Helper()
	s, err := r.Begin(t.Context(), k, run)
	if err != nil {
		t.Fatal(err)
	}
	c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(run)}
	for _, n := range bodies {
		h, body := bulk(n)
		if err := s.Put(t.Context(), h, body); err != nil {
			t.Fatal(err)
		}
		c.Messages = append(c.Messages, bulkMessage(n))
	}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	p, err := s.Seal(t.Context(), summary(run, "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	seals(t, r)
	return p
}

func bulkMessage(n int) record.Message {
	h, body := bulk(n)
	return record.Message{
		Message: mail.Message{ID: mail.MessageID(fmt.Sprint("bulk", n)), Folder: "inbox"},
		Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: h, Size: int64(len(body))}}},
	}
}

func kept(r *Repository, n int) bool {
	h, _ := bulk(n)
	_, err := r.blobs.Get(h, nil)
	return err == nil
}

var otherKey = record.BackupKey{Account: "a1", Mailbox: "m2", Job: "j1"}

func TestWhatASessionReliesOnIsNotReclaimed(t *testing.T) {
	r := closeAtEnd(t, mustCreate(t, testOptions(t, true)))
	keepBulk(t, r, otherKey, "other", 1, 2, 3, 4)
	s := begin(t, r, "r")
	one, _ := bulk(1)
	if have, err := s.Have(t.Context(), []record.Hash{one}); err != nil || !have[0] {
		t.Fatal(have, err)
	}
	two, body := bulk(2)
	if err := s.Put(t.Context(), two, body); err != nil { // finds it
		t.Fatal(err)
	}
	five, body := bulk(5)
	if err := s.Put(t.Context(), five, body); err != nil { // is new
		t.Fatal(err)
	}
	seals(t, r)
	if err := r.DeleteBackup(t.Context(), otherKey); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		reclaimAll(t, r)
		seals(t, r)
	}
	if kept(r, 3) || kept(r, 4) {
		t.Error("what nobody relies on is still there")
	}
	three, _ := bulk(3)
	if have, err := s.Have(t.Context(), []record.Hash{three}); err != nil || have[0] {
		t.Error("what is gone is told to be there", err)
	}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{bulkMessage(1), bulkMessage(2), bulkMessage(5)}}); err != nil {
		t.Fatal(err)
	}
	// Now the journal needs them, with the session and without.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reclaimAll(t, r)
	s = begin(t, r, "r")
	reclaimAll(t, r)
	if _, err := s.Seal(t.Context(), summary("r", "inbox")); err != nil {
		t.Fatal(err)
	}
	reclaimAll(t, r)
	for _, n := range []int{1, 2, 5} {
		if !kept(r, n) {
			t.Errorf("body %d is gone", n)
		}
	}
	wantSound(t, r)
}

func TestThePointASessionBuildsOnOutlivesItsDeletion(t *testing.T) {
	r := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	p := keepBulk(t, r, testKey, "one", 1, 2, 3)
	s := begin(t, r, "two")
	if err := r.DeletePoint(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	reclaimAll(t, r)
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Deleted: []mail.MessageID{"bulk2"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // its journal still builds on the point
		t.Fatal(err)
	}
	reclaimAll(t, r)
	s = begin(t, r, "two")
	p, err := s.Seal(t.Context(), summary("two", "inbox"))
	if err != nil || p.Counts.Messages != 2 {
		t.Fatal(p, err)
	}
	reclaimAll(t, r)
	if !kept(r, 1) || kept(r, 2) || !kept(r, 3) {
		t.Error("the wrong bodies are kept")
	}
	wantSound(t, r)
}

// TestALeftoverRootNeverBecomesAPoint fails the index just when a point would be published, so that the session makes another.
func TestALeftoverRootNeverBecomesAPoint(t *testing.T) {
	o := testOptions(t, true)
	fail := false
	o.hook = func(when string) error {
		if fail && when == "before seal" {
			return errors.New("no")
		}
		return nil
	}
	r := mustCreate(t, o)
	keepBulk(t, r, otherKey, "other", 7)
	s := begin(t, r, "r")
	h, body := bulk(1)
	if err := s.Put(t.Context(), h, body); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{bulkMessage(1)}}); err != nil {
		t.Fatal(err)
	}
	fail = true
	if _, err := s.Seal(t.Context(), summary("r", "inbox")); err == nil {
		t.Fatal("sealed although the index failed")
	}
	fail = false
	leftover := s.roots[0]
	if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if buried, err := r.index.Buried(leftover); err != nil || buried {
		t.Error("a point that is about to be published is buried", err)
	}
	// The session that goes on comes to another root.
	s.roots, s.rooted = nil, nil
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = begin(t, r, "r")
	p, err := s.Seal(t.Context(), summary("r", "inbox"))
	if err != nil || p.ID == pointID(leftover) {
		t.Fatal(p, err)
	}
	seals(t, r)
	if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if buried, err := r.index.Buried(leftover); err != nil || !buried {
		t.Error("the leftover is not buried", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = Rebuild(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, r)
	if points, err := r.Points(t.Context(), testKey); err != nil || len(points) != 1 || points[0].ID != p.ID {
		t.Error(points, err)
	}
	wantSound(t, r)
}

// damageAt flips a bit in the stored bytes of one copy of a body.
func damageAt(t *testing.T, r *Repository, place index.Place) {
	t.Helper()
	f, err := os.OpenFile(r.blobs.Path(place.Pack), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	at := int64(place.Entry.Offset) + pack.FrameSize
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

func places(t *testing.T, r *Repository, n int) []index.Place {
	t.Helper()
	h, _ := bulk(n)
	var list []index.Place
	if err := r.index.FindAll(pack.ID(r.ring.ID(h)), func(p index.Place) { list = append(list, p) }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestOfTwoCopiesTheWholeOneStays(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		for damaged := range 2 {
			r := closeAtEnd(t, mustCreate(t, testOptions(t, encrypted)))
			keepBulk(t, r, testKey, "one", 1, 2)
			for range 2 {
				h, body := bulk(1)
				if err := r.blobs.PutAnew(pack.Content, pack.Piece, h, body); err != nil {
					t.Fatal(err)
				}
				seals(t, r)
			}
			list := places(t, r, 1)
			if len(list) != 3 {
				t.Fatalf("there are %d copies", len(list))
			}
			damageAt(t, r, list[damaged])
			damageAt(t, r, list[2])
			reclaimAll(t, r)
			done := reclaimAll(t, r) // the damaged copy had been taken for the one to keep
			if left := places(t, r, 1); len(left) != 1 || len(done.Left) > 0 || !kept(r, 1) {
				t.Errorf("%d copies are left, %+v", len(left), done)
			}
			wantSound(t, r)
		}
	}
}

func TestAPackWithDamageThatIsNeededIsLeftAlone(t *testing.T) {
	o := testOptions(t, true)
	r := closeAtEnd(t, mustCreate(t, o))
	keepBulk(t, r, testKey, "one", 1, 2, 3)
	keepBulk(t, r, otherKey, "other", 4, 5, 6)
	p := keepBulk(t, r, otherKey, "another", 6)
	bad := places(t, r, 1)[0]
	damageAt(t, r, bad)
	// The pack of body 1 gets garbage beside it, so that it would be rewritten.
	s := begin(t, r, "two")
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Deleted: []mail.MessageID{"bulk2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(t.Context(), summary("two", "inbox")); err != nil {
		t.Fatal(err)
	}
	points, err := r.Points(t.Context(), testKey)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.DeletePoints(t.Context(), []record.PointID{points[0].ID, p.ID, points[0].ID}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	done := reclaimAll(t, r)
	if len(done.Left) != 1 || done.Left[0].Path != r.blobs.Path(bad.Pack) || !strings.Contains(done.Left[0].Reason, bad.Entry.ID.String()) {
		t.Errorf("%+v", done)
	}
	if !r.index.HasPack(bad.Pack) || !kept(r, 3) || !kept(r, 4) {
		t.Error("what is whole is gone")
	}
	h, body := bulk(2) // still in the damaged pack, and not condemned any more
	if have, err := r.blobs.Present(t.Context(), []record.Hash{h}); err != nil || !have[0] || len(body) == 0 {
		t.Error(have, err)
	}
}

func TestDamagedTreesStopReclaimUnlessToldOtherwise(t *testing.T) {
	r := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	gone := keepBulk(t, r, otherKey, "other", 1, 2)
	p := keepBulk(t, r, testKey, "r", 3, 4)
	if err := r.DeletePoint(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	ro, err := r.loadRoot(index.Point(mustParse(t, p.ID)))
	if err != nil {
		t.Fatal(err)
	}
	spoil(t, r, ro.folders[0].tree.Hash)
	done, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil)
	if fault.KindOf(err) != fault.Corrupt || done.Freed != 0 || !kept(r, 1) {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all, DespiteDamage: true}, nil); err != nil {
		t.Fatal(err)
	}
	if kept(r, 1) || kept(r, 3) {
		t.Error("nothing was freed")
	}
	if points, err := r.Points(t.Context(), testKey); err != nil || len(points) != 1 {
		t.Error(points, err)
	}
	survey, err := r.Survey(t.Context(), nil)
	if err != nil || survey.Unreadable != 1 {
		t.Errorf("%+v, %v", survey, err)
	}
}

// createFS fails to create files when told so.
type createFS struct {
	disk.OS
	full bool
}

func (f *createFS) Create(name string) (disk.File, error) {
	if f.full {
		return nil, &os.PathError{Op: "open", Path: name, Err: errFull}
	}
	return f.OS.Create(name)
}

func TestAFullDiskIsFreedOfWhatIsWhollyDead(t *testing.T) {
	o := testOptions(t, true)
	fs := &createFS{}
	o.FS = fs
	r := closeAtEnd(t, mustCreate(t, o))
	keepBulk(t, r, testKey, "one", 1, 2, 3)
	dead := keepBulk(t, r, otherKey, "other", 4, 5, 6)
	mixed := keepBulk(t, r, otherKey, "mixed", 4, 5, 6, 1, 2, 3, 7)
	keepBulk(t, r, otherKey, "last", 7)
	if n, err := r.DeletePoints(t.Context(), []record.PointID{dead.ID, mixed.ID}); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	reclaimAll(t, r) // tombstones and small packs out of the way
	extra := keepBulk(t, r, testKey, "extra", 11, 12, 13)
	if err := r.DeletePoint(t.Context(), extra.ID); err != nil {
		t.Fatal(err)
	}
	seals(t, r)
	fs.full = true
	done, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil)
	if fault.KindOf(err) != fault.Exhausted || done.Dropped == 0 || done.Freed < 60_000 || done.Rewritten != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	fs.full = false
	wantSound(t, r)
	reclaimAll(t, r)
	wantSound(t, r)
	if !kept(r, 1) || kept(r, 11) {
		t.Error("the wrong bodies are kept")
	}
}

// several makes a repository in which a number of packs have to be rewritten.
func several(t *testing.T, o Options) *Repository {
	t.Helper()
	r := mustCreate(t, o)
	var old []record.PointID
	for i := range 6 {
		old = append(old, keepBulk(t, r, otherKey, record.RunID(fmt.Sprint("other", i)), 10*i, 10*i+1).ID)
		s, err := r.Begin(t.Context(), testKey, record.RunID(fmt.Sprint("run", i)))
		if err != nil {
			t.Fatal(err)
		}
		c := backup.Checkpoint{Folder: "inbox", Cursor: "c"}
		for n := 10*i + 1; n < 10*i+4; n++ { // the first is in the other's pack
			h, body := bulk(n)
			if err := s.Put(t.Context(), h, body); err != nil {
				t.Fatal(err)
			}
			c.Messages = append(c.Messages, bulkMessage(n))
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Seal(t.Context(), summary(s.run, "inbox")); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := r.DeletePoints(t.Context(), old); err != nil || n != len(old) {
		t.Fatal(n, err)
	}
	return r
}

func TestReclaimStopsBetweenPacksAndGoesOn(t *testing.T) {
	r := closeAtEnd(t, several(t, testOptions(t, true)))
	ctx, cancel := context.WithCancel(t.Context())
	done, err := r.Reclaim(ctx, ReclaimOptions{Share: all}, func(p Progress) {
		if p.Phase == "rewrite packs" && p.Done > p.Total/2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || done.Rewritten == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	wantSound(t, r)
	rest := reclaimAll(t, r)
	if rest.Rewritten == 0 || rest.Garbage > 0 {
		t.Errorf("%+v after %+v", rest, done)
	}
	reclaimAll(t, r) // drops tombstones, now that the roots are gone
	if again := reclaimAll(t, r); again.Freed != 0 || again.Rewritten+again.Dropped != 0 {
		t.Errorf("again: %+v", again)
	}
	wantSound(t, r)
}

func TestThereIsOneReclaimAtATimeAndCloseEndsIt(t *testing.T) {
	o := testOptions(t, false)
	r := several(t, o)
	closed := make(chan error, 1)
	first := true
	_, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, func(Progress) {
		if !first {
			return
		}
		first = false
		if _, err := r.Reclaim(t.Context(), ReclaimOptions{}, nil); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second one: %v", err)
		}
		if _, err := r.Survey(t.Context(), nil); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a survey: %v", err)
		}
		ctx := r.upkeep.ctx
		go func() { closed <- r.Close() }()
		<-ctx.Done()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := r.Reclaim(t.Context(), ReclaimOptions{}, nil); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	r = closeAtEnd(t, mustOpen(t, o))
	wantSound(t, r)
	for _, share := range []float64{-1, 1.1} {
		if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: share}, nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("share %v: %v", share, err)
		}
	}
}

func TestSmallPacksAreJoined(t *testing.T) {
	o := testOptions(t, false)
	o.PackSize = 1 << 20
	r := closeAtEnd(t, mustCreate(t, o))
	for i := range 8 {
		keepBulk(t, r, testKey, record.RunID(fmt.Sprint("run", i)), i)
	}
	if n := len(r.index.Packs()); n != 16 {
		t.Fatalf("there are %d packs", n)
	}
	done := reclaimAll(t, r)
	if n := len(r.index.Packs()); n != 2 || done.Written != 2 {
		t.Errorf("there are %d packs: %+v", n, done)
	}
	wantSound(t, r)
}

func TestDeletingABackupLeavesNothingOfIt(t *testing.T) {
	o := testOptions(t, true)
	r := mustCreate(t, o)
	keepBulk(t, r, testKey, "one", 1)
	keepBulk(t, r, otherKey, "one", 2)
	s := begin(t, r, "two")
	h, body := bulk(3)
	if err := s.Put(t.Context(), h, body); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{bulkMessage(3)}}); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteBackup(t.Context(), testKey); fault.KindOf(err) != fault.Conflict {
		t.Errorf("beside a session: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteBackup(t.Context(), testKey); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteBackup(t.Context(), testKey); fault.KindOf(err) != fault.NotFound {
		t.Errorf("again: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(o.Path, stagingFolder, "*")); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	if err := r.index.Segments(r.backupID(testKey), func([]byte) error { return errors.New("a segment") }); err != nil {
		t.Error(err)
	}
	reclaimAll(t, r)
	if kept(r, 1) || !kept(r, 2) || kept(r, 3) {
		t.Error("the wrong bodies are kept")
	}
	r.drop()
	r, err := Rebuild(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, r)
	s = begin(t, r, "three")
	if st := s.State(); st.Resumed || st.Base != "" {
		t.Errorf("%+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantSound(t, r)
}

// TestWhatWasNeverPublishedDoesNotTakeThePlaceOfADeletedPoint has a run go on after the index failed to publish its point.
func TestWhatWasNeverPublishedDoesNotTakeThePlaceOfADeletedPoint(t *testing.T) {
	o := testOptions(t, true)
	fail := true
	o.hook = func(when string) error {
		if fail && when == "before seal" {
			return errors.New("no")
		}
		return nil
	}
	r := mustCreate(t, o)
	s := begin(t, r, "r")
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(t.Context(), summary("r", "inbox")); err == nil {
		t.Fatal("sealed although the index failed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fail = false
	s = begin(t, r, "r")
	if !s.State().Resumed {
		t.Error("the session begins anew")
	}
	p, err := s.Seal(t.Context(), summary("r", "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.DeletePoint(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	r.drop()
	if r, err = Rebuild(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, r)
	if points, err := r.Points(t.Context(), testKey); err != nil || len(points) != 0 {
		t.Error(points, err)
	}
}
