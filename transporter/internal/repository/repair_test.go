package repository

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

var (
	repairSeed   = flag.Uint64("repository.repairseed", 0, "replay the damage of this seed")
	repairRounds = flag.Int("repository.repairs", 12, "how many damaged repositories are repaired")
)

// wreck is a repository with a past that is known, to be damaged.
type wreck struct {
	t    *testing.T
	rnd  *rand.Rand
	o    Options
	r    *Repository
	runs int
	ids  int
	// indexLost is set when the index was taken away.
	indexLost bool
	// unknown are points that nobody knew of when all was read last.
	unknown map[string]bool
	// now is what the mailbox has: bodies by folder and id.
	now    map[mail.FolderID]map[mail.MessageID][]byte
	points []wreckPoint
}

type wreckPoint struct {
	id   record.PointID
	want map[mail.FolderID]map[mail.MessageID][]byte
}

var wreckFolders = []mail.FolderID{"inbox", "sent"}

func newWreck(t *testing.T, seed uint64) *wreck {
	w := &wreck{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), now: map[mail.FolderID]map[mail.MessageID][]byte{}}
	w.o = Options{Path: t.TempDir(), Name: "wreck", Level: Level(w.rnd.IntN(4)), Transporter: "t1", Cost: cheap, PackSize: minPackSize}
	if w.rnd.IntN(2) == 0 {
		w.o.Secret.Passphrase = "correct horse"
	}
	w.r = mustCreate(t, w.o)
	for _, f := range wreckFolders {
		w.now[f] = map[mail.MessageID][]byte{}
	}
	for i := range 3 {
		w.change([]int{150, 20, 20}[i])
		w.backUp()
	}
	return w
}

// change adds messages to the mailbox, and takes some away.
func (w *wreck) change(n int) {
	for range n {
		f := wreckFolders[w.rnd.IntN(len(wreckFolders))]
		w.ids++
		id := mail.MessageID(fmt.Sprintf("%s-%d-%d", f, w.rnd.IntN(100), w.ids))
		body := make([]byte, 200+w.rnd.IntN(3000))
		for i := range body {
			body[i] = "abcdefgh \n"[w.rnd.IntN(10)]
		}
		w.now[f][id] = body
	}
	if len(w.points) > 0 {
		for _, f := range wreckFolders {
			for _, id := range slices.Sorted(maps.Keys(w.now[f]))[:2] {
				delete(w.now[f], id)
			}
		}
	}
}

func (w *wreck) record(f mail.FolderID, id mail.MessageID) record.Message {
	body := w.now[f][id]
	return record.Message{
		Message: mail.Message{ID: id, Folder: f, Subject: "Subject of " + string(id), Headers: []mail.Header{{Name: "X", Value: strings.Repeat("y", 600)}}},
		Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}},
	}
}

// backUp plays the engine: it names what changed since the last point, what State has lost, and folders without cursor whole.
func (w *wreck) backUp() record.Point {
	t := w.t
	t.Helper()
	w.runs++
	run := record.RunID(fmt.Sprint("run ", w.runs))
	s := begin(t, w.r, run)
	st := s.State()
	cursors := map[mail.FolderID]mail.Cursor{}
	for _, f := range st.Folders {
		cursors[f.Folder] = f.Cursor
	}
	var last map[mail.FolderID]map[mail.MessageID][]byte
	for _, p := range w.points {
		if p.id == st.Base {
			last = p.want
		}
	}
	for _, f := range wreckFolders {
		c := backup.Checkpoint{Folder: f, Cursor: mail.Cursor(fmt.Sprint("cursor of ", w.runs)), Done: true}
		full := cursors[f] == "" || last == nil
		c.Full, c.Restart = full, full
		for _, id := range slices.Sorted(maps.Keys(w.now[f])) {
			if _, had := last[f][id]; full || !had {
				c.Messages = append(c.Messages, w.fetch(s, f, id))
			}
		}
		for id := range last[f] {
			if _, has := w.now[f][id]; !has && !full {
				c.Gone, c.Deleted = append(c.Gone, id), append(c.Deleted, id)
			}
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range st.Losses {
		if l.Message == "" || w.now[l.Folder][l.Message] == nil {
			continue
		}
		c := backup.Checkpoint{Folder: l.Folder, Messages: []record.Message{w.fetch(s, l.Folder, l.Message)}}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Seal(t.Context(), summary(run, "inbox", "sent"))
	if err != nil {
		t.Fatal(err)
	}
	point := wreckPoint{id: p.ID, want: map[mail.FolderID]map[mail.MessageID][]byte{}}
	for f := range w.now {
		point.want[f] = maps.Clone(w.now[f])
	}
	w.points = append(w.points, point)
	return p
}

// fetch returns the record of a message: the last one where that is whole, as the engine does.
func (w *wreck) fetch(s *Session, f mail.FolderID, id mail.MessageID) record.Message {
	w.t.Helper()
	old, err := s.Lookup(w.t.Context(), []mail.MessageID{id})
	if err != nil {
		w.t.Fatal(err)
	}
	if old[0] != nil && old[0].Folder == f && len(old[0].Lost) == 0 {
		return *old[0]
	}
	m := w.record(f, id)
	if err := s.Put(w.t.Context(), m.Body.Pieces[0].Hash, w.now[f][id]); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// files returns the packs.
func (w *wreck) files() []string {
	w.t.Helper()
	list, err := filepath.Glob(filepath.Join(w.o.Path, packsFolder, "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// damage does one bad thing to the packs, and says what.
func (w *wreck) damage() string {
	t := w.t
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	files := w.files()
	path := files[w.rnd.IntN(len(files))]
	b, err := os.ReadFile(path)
	must(err)
	if len(b) < 200 {
		return "nothing"
	}
	at := w.rnd.IntN(len(b))
	other := filepath.Join(filepath.Dir(path), fmt.Sprintf("%032x", w.rnd.Uint64())+".pack")
	name := filepath.Base(path)
	switch kind := w.rnd.IntN(9); kind {
	case 0, 1:
		b[at] ^= 1 << w.rnd.IntN(8)
		must(os.WriteFile(path, b, 0o600))
		return fmt.Sprintf("flip at %d of %s", at, name)
	case 2:
		end := min(len(b), at+1+w.rnd.IntN(9000))
		clear(b[at:end])
		must(os.WriteFile(path, b, 0o600))
		return fmt.Sprintf("zeros from %d to %d of %s", at, end, name)
	case 3:
		must(os.WriteFile(path, b[:at], 0o600))
		return fmt.Sprintf("cut at %d of %s", at, name)
	case 4:
		must(os.Remove(path))
		return "delete " + name
	case 5:
		must(os.WriteFile(other, b, 0o600))
		return "duplicate " + name
	case 6:
		must(os.Rename(path, other))
		return "rename " + name
	case 7:
		second := files[w.rnd.IntN(len(files))]
		b2, err := os.ReadFile(second)
		must(err)
		must(os.WriteFile(path, b2, 0o600))
		must(os.WriteFile(second, b, 0o600))
		return "swap " + name + " and " + filepath.Base(second)
	default:
		copy(b[:min(len(b), 80)], bytes.Repeat([]byte{0x5a}, 80))
		must(os.WriteFile(path, b, 0o600))
		return "garbage in the header of " + name
	}
}

// readable reads all there is of the points and compares it with the truth. It returns what cannot be read.
func (w *wreck) readable() map[string]bool {
	t := w.t
	t.Helper()
	lost := map[string]bool{}
	w.unknown = map[string]bool{}
	for _, p := range w.points {
		pt, err := w.r.Point(t.Context(), p.id)
		if fault.KindOf(err) == fault.NotFound && w.indexLost {
			w.unknown[string(p.id)] = true
			continue // with the index and its root, nobody knows of it
		}
		if fault.KindOf(err) == fault.Corrupt {
			lost[string(p.id)] = true
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range wreckFolders {
			seen := int64(0)
			for m, err := range pt.All(t.Context(), f) {
				if u := asUnreadable(err); u != nil {
					lost[string(p.id)] = true
					seen += u.Messages()
					continue
				}
				if fault.KindOf(err) == fault.NotFound && pt.Damage() != nil {
					lost[string(p.id)] = true
					seen = int64(len(p.want[f]))
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				seen++
				want, ok := p.want[f][m.ID]
				if !ok || m.Subject != "Subject of "+string(m.ID) {
					t.Fatalf("message %s of folder %s was never there", m.ID, f)
				}
				if len(m.Lost) > 0 {
					lost[string(p.id)] = true
					continue
				}
				rc := w.r.Content(context.Background(), m.Body)
				got, err := io.ReadAll(rc)
				rc.Close()
				switch {
				case fault.KindOf(err) == fault.Corrupt:
					lost[string(p.id)+" "+string(m.ID)] = true
				case err != nil:
					t.Fatal(err)
				case !bytes.Equal(got, want):
					t.Fatalf("wrong bytes for message %s", m.ID)
				}
			}
			if seen != int64(len(p.want[f])) {
				t.Errorf("point %.8s has %d messages in %s, want %d", p.id, seen, f, len(p.want[f]))
			}
		}
	}
	return lost
}

// repair repairs, sometimes after a dry run, sometimes after a repair that was killed.
func (w *wreck) repair() *Repaired {
	t := w.t
	t.Helper()
	if w.rnd.IntN(3) == 0 {
		before := w.snapshot()
		dry, err := w.r.Repair(t.Context(), RepairOptions{DryRun: true}, nil)
		if err != nil || !dry.DryRun {
			t.Fatal(err)
		}
		if !maps.Equal(before, w.snapshot()) {
			t.Error("a dry run changed something")
		}
	}
	if w.rnd.IntN(3) == 0 {
		ctx, cancel := context.WithCancel(t.Context())
		left := w.rnd.IntN(30)
		_, err := w.r.Repair(ctx, RepairOptions{}, func(Progress) {
			if left--; left < 0 {
				cancel()
			}
		})
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		w.r.drop()
		w.r = mustOpen(t, w.o)
	}
	done, err := w.r.Repair(t.Context(), RepairOptions{RemoveDamaged: w.rnd.IntN(2) == 0}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func (w *wreck) snapshot() map[string]int64 {
	sizes := map[string]int64{}
	for _, path := range w.files() {
		info, err := os.Stat(path)
		if err != nil {
			w.t.Fatal(err)
		}
		sizes[path] = info.Size()
	}
	return sizes
}

func TestAnyDamageIsMendedOrNamed(t *testing.T) {
	first, rounds := rand.Uint64(), *repairRounds
	if *repairSeed != 0 {
		first, rounds = *repairSeed, 1
	}
	for i := range rounds {
		seed := first + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Logf("replay with -repository.repairseed=%d", seed)
			w := newWreck(t, seed)
			if err := w.r.Close(); err != nil {
				t.Fatal(err)
			}
			for range 1 + w.rnd.IntN(5) {
				t.Log(w.damage())
			}
			if w.rnd.IntN(4) == 0 {
				t.Log("index lost")
				loseIndex(t, w.o)
				w.indexLost = true
			}
			w.r = mustOpen(t, w.o)
			lost := w.readable()
			unknown := w.unknown
			found, err := w.r.Verify(t.Context(), VerifyFull, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(lost) > 0 && found.Sound() {
				t.Errorf("verify does not see that %v cannot be read", lost)
			}
			done := w.repair()
			after := w.readable()
			for what := range after {
				if point, _, _ := strings.Cut(what, " "); !lost[what] && !lost[point] && !unknown[point] { // nothing hid it before
					t.Errorf("the repair lost %s", what)
				}
			}
			w.checkLeft(done, after)
			again, err := w.r.Repair(t.Context(), RepairOptions{}, nil)
			if err != nil || again.Kept > 0 || slices.ContainsFunc(again.Files, func(f RepairedFile) bool { return f.Action == Rewritten || f.Action == Adopted }) {
				t.Errorf("a second repair did %+v, %v", again, err)
			}
			w.heal()
			if err := w.r.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// checkLeft makes sure that everything which cannot be read after a repair is named, and that nothing else is wrong.
func (w *wreck) checkLeft(done *Repaired, lost map[string]bool) {
	t := w.t
	t.Helper()
	named := map[string]bool{}
	for _, d := range done.Left.Damage {
		if d.Path != "" {
			t.Errorf("still damaged: %+v", d)
		}
		for _, touch := range d.Touches {
			named[string(touch.Point)] = true
			named[string(touch.Point)+" "+string(touch.Message)] = true
		}
	}
	for _, p := range done.Left.Problems {
		t.Errorf("still a problem: %+v", p)
	}
	for what := range lost {
		if point, _, _ := strings.Cut(what, " "); !named[what] {
			if rec, err := w.r.index.Point(pointBytes(t, record.PointID(point))); err != nil || rec != nil {
				t.Errorf("%s is lost and not named: %v", what, err)
			}
		}
	}
	if len(lost) == 0 && !done.Sound() {
		t.Errorf("everything can be read, and yet: %+v", done.Left)
	}
}

// heal backs up again: the newest point is whole, and what it shares with older points is whole there too.
func (w *wreck) heal() {
	t := w.t
	t.Helper()
	p := w.backUp()
	if !p.Complete {
		t.Errorf("the next point is not complete: %+v", p)
	}
	for what := range w.readable() {
		id, message, _ := strings.Cut(what, " ")
		if id == string(p.ID) {
			t.Errorf("%s cannot be read after the next run", what)
		}
		if message == "" {
			continue
		}
		for f := range w.now {
			if body := w.now[f][mail.MessageID(message)]; body != nil {
				t.Errorf("%s was backed up again and is not whole", what)
			}
		}
	}
	s := begin(t, w.r, "after")
	if st := s.State(); len(st.Losses) > 0 {
		t.Errorf("the session after still has losses: %+v", st.Losses)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestARepairKeepsWhatABadDiskStillGives lets sectors of a pack be unreadable.
func TestARepairKeepsWhatABadDiskStillGives(t *testing.T) {
	w := newWreck(t, 3)
	if err := w.r.Close(); err != nil {
		t.Fatal(err)
	}
	var sealed []string
	for _, path := range w.files() {
		if strings.HasSuffix(path, pack.Sealed) {
			sealed = append(sealed, path)
		}
	}
	bad := &badDisk{path: sealed[1], from: 12_000, to: 20_000}
	w.o.FS = bad
	w.r = mustOpen(t, w.o)
	report, err := w.r.Verify(t.Context(), VerifyFull, nil)
	if err != nil || report.Sound() {
		t.Fatalf("%+v, %v", report, err)
	}
	done, err := w.r.Repair(t.Context(), RepairOptions{RemoveDamaged: true}, nil)
	if err != nil || len(done.Files) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	f := done.Files[0]
	if f.Kept == 0 || f.Lost == 0 || f.Now != sealed[1]+pack.Damaged {
		t.Errorf("%+v", f)
	}
	w.checkLeft(done, w.readable())
	// The disk has a better day.
	bad.path = ""
	done, err = w.r.Repair(t.Context(), RepairOptions{RemoveDamaged: true}, nil)
	if err != nil || !done.Sound() || done.Kept != f.Lost {
		t.Errorf("%+v, %v", done, err)
	}
	if len(w.readable()) > 0 {
		t.Error("still lost")
	}
	if err := w.r.Close(); err != nil {
		t.Fatal(err)
	}
}
