package repository

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

func TestADamagedPageHidesNoOtherMessage(t *testing.T) {
	for _, what := range []string{"page", "node"} {
		t.Run(what, func(t *testing.T) {
			o := testOptions(t, false)
			r := mustCreate(t, o)
			defer func() { r.Close() }()
			p := fill(t, r, "one", 1500, "inbox")
			want := listed(t, r, p.ID, "inbox")
			pages, nodes := pagesOf(t, r, p.ID, "inbox")
			if len(pages) < 20 || len(nodes) < 2 {
				t.Fatalf("%d pages, %d nodes", len(pages), len(nodes))
			}
			lost := pages[7]
			if what == "node" {
				lost = nodes[1]
			}
			first := slices.Index(want, listedFirst(t, r, lost))
			harm(t, o, r, lost.Hash)
			for i := range lost.Sums.Messages {
				want[first+int(i)] = "?"
			}
			if got := listed(t, r, p.ID, "inbox"); !slices.Equal(got, want) {
				t.Errorf("All: got %v, want %v", got, want)
			}
			pt, err := r.Point(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, newest := range []bool{false, true} {
				order := slices.Clone(want)
				if newest {
					slices.Reverse(order)
				}
				for from := 0; from < len(order); from += 71 {
					got, err := pt.Messages(t.Context(), "inbox", from, 50, newest)
					part := order[from:min(from+50, len(order))]
					if u := asUnreadable(err); (u != nil) != slices.Contains(part, "?") || u == nil && err != nil {
						t.Fatalf("from %d: %v", from, err)
					}
					if shown := show(got, asUnreadable(err), from); !slices.Equal(shown, part) {
						t.Errorf("from %d newest %v: got %v, want %v", from, newest, shown, part)
					}
				}
			}
			for _, id := range []string{want[0], want[700], want[len(want)-1]} {
				if id == "?" {
					continue
				}
				if m, err := pt.Message(t.Context(), "inbox", mail.MessageID(id)); err != nil || string(m.ID) != id {
					t.Errorf("%s: %v", id, err)
				}
			}
			if _, err := pt.Message(t.Context(), "inbox", "nowhere"); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("a message that may be in the lost part: %v", err)
			}
		})
	}
}

// show puts messages and gaps in their places.
func show(list []record.Message, u *UnreadableError, from int) []string {
	var out []string
	var gaps []Gap
	if u != nil {
		gaps = u.Gaps
	}
	for len(list) > 0 || len(gaps) > 0 {
		if len(gaps) > 0 && int(gaps[0].From) == from+len(out) {
			out = append(out, slices.Repeat([]string{"?"}, int(gaps[0].Count))...)
			gaps = gaps[1:]
			continue
		}
		if len(list) == 0 {
			return append(out, "a gap in the wrong place")
		}
		out = append(out, string(list[0].ID))
		list = list[1:]
	}
	return out
}

func listedFirst(t *testing.T, r *Repository, ref tree.Ref) string {
	t.Helper()
	first := ""
	err := tree.Range(t.Context(), r.trees, ref, 0, 1, false, func(e *tree.Entry) error {
		first = string(e.ID)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

// enumerate plays the engine: folders without cursor are read from the beginning, lost messages again.
func enumerate(t *testing.T, s *Session, run record.RunID, n int, folders ...string) record.Point {
	t.Helper()
	st := s.State()
	cursors := map[mail.FolderID]mail.Cursor{}
	for _, f := range st.Folders {
		cursors[f.Folder] = f.Cursor
	}
	again := func(id, f string, i int) record.Message { return longMessage(t, s, id, f, i) }
	for _, f := range folders {
		if cursors[mail.FolderID(f)] != "" {
			continue
		}
		c := backup.Checkpoint{Folder: mail.FolderID(f), Cursor: mail.Cursor("cursor of " + f), Full: true, Restart: true, Done: true}
		for i := range n {
			id := fmt.Sprintf("%s-%04d", f, i)
			old, err := s.Lookup(t.Context(), []mail.MessageID{mail.MessageID(id)})
			if err != nil {
				t.Fatal(err)
			}
			if old[0] != nil && len(old[0].Lost) == 0 {
				c.Messages = append(c.Messages, *old[0])
				continue
			}
			c.Messages = append(c.Messages, again(id, f, i))
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range st.Losses {
		var i int
		if _, err := fmt.Sscanf(strings.TrimPrefix(string(l.Message), string(l.Folder)+"-"), "%d", &i); err != nil {
			t.Fatal(err)
		}
		c := backup.Checkpoint{Folder: l.Folder, Messages: []record.Message{again(string(l.Message), string(l.Folder), i)}}
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

// mustBeSound fails where damage touches something in a point, other than those given.
func mustBeSound(t *testing.T, r *Repository, but ...record.PointID) {
	t.Helper()
	report, err := r.Verify(t.Context(), VerifyFull, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Damage {
		if slices.ContainsFunc(d.Touches, func(t Touch) bool { return !slices.Contains(but, t.Point) }) {
			t.Errorf("damage: %+v", d)
		}
	}
}

// TestTheNextSessionBringsBackWhatDamageTook damages each kind of blob that a point names, and lets a session find it.
func TestTheNextSessionBringsBackWhatDamageTook(t *testing.T) {
	const n = 400
	kinds := map[string]func(t *testing.T, o Options, r *Repository, p record.Point){
		"a page": func(t *testing.T, o Options, r *Repository, p record.Point) {
			pages, _ := pagesOf(t, r, p.ID, "inbox")
			harm(t, o, r, pages[3].Hash)
		},
		"the root node": func(t *testing.T, o Options, r *Repository, p record.Point) {
			_, nodes := pagesOf(t, r, p.ID, "inbox")
			harm(t, o, r, nodes[0].Hash)
		},
		"a body": func(t *testing.T, o Options, r *Repository, p record.Point) {
			pt, err := r.Point(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			m, err := pt.Message(t.Context(), "inbox", "inbox-0017")
			if err != nil {
				t.Fatal(err)
			}
			harm(t, o, r, m.Body.Pieces[0].Hash)
		},
		"the list of losses": func(t *testing.T, o Options, r *Repository, p record.Point) {
			harm(t, o, r, record.Hash(rootOf(t, r, p.ID).pb.GetLosses().GetParts()[0]))
		},
	}
	for name, damage := range kinds {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t, false)
			r := mustCreate(t, o)
			defer func() { r.Close() }()
			s := begin(t, r, "zero")
			sum := summary("zero", "inbox", "sent")
			sum.Losses = []mail.Loss{{Message: "inbox-0001", Folder: "inbox", What: "message", Reason: "Because."}}
			if _, err := s.Seal(t.Context(), sum); err != nil {
				t.Fatal(err)
			}
			p := sealWithLoss(t, r, n)
			before := listed(t, r, p.ID, "inbox")
			damage(t, o, r, p)
			r = reopen(t, r, o)
			full, err := r.Verify(t.Context(), VerifyFull, nil)
			if err != nil || full.Sound() {
				t.Fatalf("the damage is not found: %v, %v", full, err)
			}
			p2 := enumerate(t, begin(t, r, "two"), "two", n, "inbox", "sent")
			if p2.Counts.Messages != 2*n || !p2.Complete {
				t.Errorf("the next point: %+v", p2)
			}
			for _, id := range []record.PointID{p.ID, p2.ID} {
				if got := listed(t, r, id, "inbox"); !slices.Equal(got, before) {
					t.Errorf("point %s: %v", id, got)
				}
			}
			if name == "the list of losses" { // nobody can tell what the older point lacked
				mustBeSound(t, r, p.ID)
			} else {
				mustBeSound(t, r)
			}
			st := begin(t, r, "three").State()
			if len(st.Losses) != 0 || st.Folders[0].Cursor == "" {
				t.Errorf("the session after: %+v", st)
			}
		})
	}
}

// sealWithLoss makes a point with two folders and a loss, which the next session mends.
func sealWithLoss(t *testing.T, r *Repository, n int) record.Point {
	t.Helper()
	s := begin(t, r, "one")
	for _, f := range []string{"inbox", "sent"} {
		c := backup.Checkpoint{Folder: mail.FolderID(f), Cursor: mail.Cursor("cursor of " + f), Full: true, Restart: true, Done: true}
		for i := range n {
			c.Messages = append(c.Messages, longMessage(t, s, fmt.Sprintf("%s-%04d", f, i), f, i))
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	sum := summary("one", "inbox", "sent")
	sum.Losses = []mail.Loss{{Message: "inbox-0002", Folder: "inbox", What: "message", Reason: "Because."}}
	p, err := s.Seal(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSealingOverDamageCostsOnlyWhatItHides changes a message in a page that turns out to be unreadable.
func TestSealingOverDamageCostsOnlyWhatItHides(t *testing.T) {
	const n = 400
	o := testOptions(t, true)
	r := mustCreate(t, o)
	defer func() { r.Close() }()
	p := fill(t, r, "one", n, "inbox")
	pages, _ := pagesOf(t, r, p.ID, "inbox")
	lost := pages[5]
	s := begin(t, r, "two")
	harm(t, o, r, lost.Hash)
	// A new message falls into the range of the page.
	m := testMessage(t, s, "new", "inbox", 0)
	m.Received = message.Time(lost.First.Sec, lost.First.Nano)
	c := backup.Checkpoint{Folder: "inbox", Cursor: "later", Messages: []record.Message{m}}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	p2, err := s.Seal(t.Context(), summary("two", "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	if want := n + 1 - lost.Sums.Messages; p2.Counts.Messages != want || p2.Complete {
		t.Errorf("the point has %d messages, want %d: %+v", p2.Counts.Messages, want, p2)
	}
	r = reopen(t, r, o)
	s = begin(t, r, "three")
	if st := s.State(); st.Folders[0].Cursor != "" || len(st.Losses) != 1 || st.Losses[0].What != "folder" {
		t.Errorf("%+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestADamagedPartOfTheFolderTableCostsItsFolders damages the middle one of several parts.
func TestADamagedPartOfTheFolderTableCostsItsFolders(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	defer func() { r.Close() }()
	s := begin(t, r, "one")
	sum := summary("one")
	const folders = 3000
	for i := range folders {
		sum.Folders = append(sum.Folders, mail.Folder{ID: mail.FolderID(fmt.Sprintf("folder-%04d", i)), Name: strings.Repeat("n", 1000+i%97)})
	}
	p, err := s.Seal(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	parts := rootOf(t, r, p.ID).pb.GetFolders().GetParts()
	if len(parts) < 3 {
		t.Fatalf("the table has %d parts", len(parts))
	}
	harm(t, o, r, record.Hash(parts[1]))
	pt, err := r.Point(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	got := pt.Folders()
	if fault.KindOf(pt.Damage()) != fault.Corrupt || len(got) < folders/2 || len(got) >= folders {
		t.Errorf("%d folders, %v", len(got), pt.Damage())
	}
	lost := 0
	for i := range folders {
		id := mail.FolderID(fmt.Sprintf("folder-%04d", i))
		if f, err := pt.folder(id); err != nil {
			lost++
		} else if f.Name != sum.Folders[i].Name {
			t.Errorf("folder %s is called %q", id, f.Name)
		}
	}
	if lost != folders-len(got) || got[0].ID != "folder-0000" || got[len(got)-1].ID != "folder-2999" {
		t.Errorf("%d of %d lost, %s to %s", lost, folders, got[0].ID, got[len(got)-1].ID)
	}
	s = begin(t, r, "two")
	if len(s.State().Folders) != len(got) || s.State().Base != p.ID {
		t.Errorf("the next session has %d folders", len(s.State().Folders))
	}
}

func TestLookupMarksWhatIsLost(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	defer func() { r.Close() }()
	s := begin(t, r, "one")
	m := testMessage(t, s, "m", "inbox", 1)
	file, item := []byte("the file that is attached"), []byte("the body of an attached message")
	content := func(b []byte) record.Content {
		if err := s.Put(t.Context(), record.Sum(b), b); err != nil {
			t.Fatal(err)
		}
		return record.Content{Size: int64(len(b)), Pieces: []record.Piece{{Hash: record.Sum(b), Size: int64(len(b))}}}
	}
	m.Attachments = []record.Attachment{{Content: content(file)}, {Item: &record.Message{Body: content(item)}}}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{m}}); err != nil {
		t.Fatal(err)
	}
	harm(t, o, r, record.Sum(item))
	look := func(when string) *record.Message {
		t.Helper()
		got, err := s.Lookup(t.Context(), []mail.MessageID{"m"})
		if err != nil || got[0] == nil {
			t.Fatal(when, err)
		}
		return got[0]
	}
	if got := look("before the damage was met"); got.Attachments[1].Item.Body.Size == 0 {
		t.Error("marked although nobody has met the damage")
	}
	if _, err := r.blobs.Get(record.Sum(item), nil); fault.KindOf(err) != fault.Corrupt {
		t.Fatal(err)
	}
	got := look("after")
	if got.Body.Size == 0 || got.Attachments[0].Content.Size == 0 || got.Attachments[1].Item.Body.Size != 0 || len(got.Attachments[1].Item.Lost) != 1 || len(got.Lost) != 1 {
		t.Errorf("%+v", got)
	}
	content(item)
	if got := look("put again"); got.Attachments[1].Item.Body.Size == 0 || len(got.Attachments[1].Item.Lost) != 0 {
		t.Errorf("%+v", got)
	}
	if b, err := r.blobs.Get(record.Sum(item), nil); err != nil || !bytes.Equal(b, item) {
		t.Errorf("%q, %v", b, err)
	}
}

// TestADoubtOutlivesTheIndexAndAnInterruption takes a pack away.
func TestADoubtOutlivesTheIndexAndAnInterruption(t *testing.T) {
	for _, index := range []bool{false, true} {
		t.Run(fmt.Sprint("index lost=", index), func(t *testing.T) {
			const n = 300
			o := testOptions(t, false)
			o.Level = None
			r := mustCreate(t, o)
			p := fill(t, r, "one", n, "inbox")
			before := listed(t, r, p.ID, "inbox")
			interrupted := begin(t, r, "two")
			c := backup.Checkpoint{Folder: "inbox", Cursor: "later", Messages: []record.Message{longMessage(t, interrupted, "inbox-0300", "inbox", n)}}
			if err := interrupted.Commit(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			sealed, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*.pack"))
			if err != nil || len(sealed) < 3 {
				t.Fatal(sealed, err)
			}
			for _, path := range sealed {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			if index {
				loseIndex(t, o)
			}
			r = mustOpen(t, o)
			for range 2 { // the first is interrupted again
				s := begin(t, r, "two")
				if st := s.State(); len(st.Losses) == 0 && st.Folders[0].Cursor != "" {
					t.Errorf("nothing is read again: %+v", st)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				r = reopen(t, r, o)
			}
			p2 := enumerate(t, begin(t, r, "two"), "two", n+1, "inbox")
			if p2.Counts.Messages != n+1 || !p2.Complete {
				t.Errorf("%+v", p2)
			}
			mustBeSound(t, r)
			if _, doubtful, err := r.index.Doubtful(r.backupID(testKey)); err != nil || doubtful {
				t.Errorf("still in doubt: %v", err)
			}
			if rec, err := r.index.Point(pointBytes(t, p.ID)); err != nil {
				t.Fatal(err)
			} else if rec != nil {
				if got := listed(t, r, p.ID, "inbox"); !slices.Equal(got, before) {
					t.Errorf("the older point: %v", got)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func pointBytes(t *testing.T, id record.PointID) index.Point {
	t.Helper()
	p, err := parsePointID(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
