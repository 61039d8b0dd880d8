package repository

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// history is a mailbox that changes, with the truth of every point.
type history struct {
	t       *testing.T
	rnd     *rand.Rand
	r       *Repository
	now     map[mail.MessageID]record.Message
	folders map[mail.FolderID]mail.Folder
	points  []*Point
	truth   []snapshot
	made    int
}

type snapshot struct {
	messages map[mail.MessageID]record.Message
	folders  map[mail.FolderID]mail.Folder
}

func (s snapshot) has(m *record.Message) bool {
	_, in := s.messages[m.ID]
	return in
}

func newHistory(t *testing.T, rnd *rand.Rand, r *Repository) *history {
	h := &history{t: t, rnd: rnd, r: r, now: map[mail.MessageID]record.Message{}, folders: map[mail.FolderID]mail.Folder{}}
	for i := range 4 {
		h.addFolder(i)
	}
	return h
}

func (h *history) addFolder(i int) {
	id := mail.FolderID(fmt.Sprint("f", i))
	h.folders[id] = mail.Folder{ID: id, Name: string(id)}
}

func (h *history) anyFolder() mail.FolderID {
	ids := slices.Sorted(maps.Keys(h.folders))
	return ids[h.rnd.IntN(len(ids))]
}

// message makes or changes a message.
func (h *history) message(s *Session, old *record.Message) record.Message {
	if old == nil {
		h.made++
		m := testMessage(h.t, s, fmt.Sprint("m", h.made), string(h.anyFolder()), h.rnd.IntN(1_000_000))
		m.BodyPreview = strings.Repeat("preview ", h.rnd.IntN(100))
		return m
	}
	m := *old
	m.ChangeKey += "+"
	switch h.rnd.IntN(7) {
	case 0:
		m.Read = !m.Read
	case 1:
		m.Folder = h.anyFolder()
	case 2:
		m.Categories = append(slices.Clone(m.Categories), "Red")
	case 3:
		m.Subject += "!"
	case 4:
		m.Received = m.Received.Add(time.Hour)
	case 5:
		m.Attachments = append(slices.Clone(m.Attachments), record.Attachment{Attachment: mail.Attachment{ID: mail.AttachmentID(m.ChangeKey), Name: "x"}})
	case 6: // the change key alone
	}
	return m
}

// round changes the mailbox and makes a point of it.
func (h *history) round(changes int) {
	h.t.Helper()
	run := record.RunID(fmt.Sprint("r", len(h.points)))
	s := begin(h.t, h.r, run)
	var c backup.Checkpoint
	touched := map[mail.MessageID]bool{}
	for range changes {
		ids := slices.Sorted(maps.Keys(h.now))
		if len(ids) == 0 || h.rnd.IntN(3) == 0 {
			m := h.message(s, nil)
			touched[m.ID], h.now[m.ID] = true, m
			c.Messages = append(c.Messages, m)
			continue
		}
		id := ids[h.rnd.IntN(len(ids))]
		if touched[id] {
			continue
		}
		touched[id] = true
		if h.rnd.IntN(3) == 0 {
			delete(h.now, id)
			c.Deleted = append(c.Deleted, id)
			continue
		}
		old := h.now[id]
		m := h.message(s, &old)
		h.now[id] = m
		c.Messages = append(c.Messages, m)
	}
	if err := s.Commit(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	h.changeFolders()
	sum := summary(run)
	for _, id := range slices.Sorted(maps.Keys(h.folders)) {
		sum.Folders = append(sum.Folders, h.folders[id])
	}
	info, err := s.Seal(h.t.Context(), sum)
	if err != nil {
		h.t.Fatal(err)
	}
	p, err := h.r.Point(h.t.Context(), info.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	h.points = append(h.points, p)
	h.truth = append(h.truth, snapshot{maps.Clone(h.now), maps.Clone(h.folders)})
}

func (h *history) changeFolders() {
	id := h.anyFolder()
	f := h.folders[id]
	switch h.rnd.IntN(5) {
	case 0:
		f.Name += "x"
		h.folders[id] = f
	case 1:
		if parent := h.anyFolder(); parent != id {
			f.Parent = parent
			h.folders[id] = f
		}
	case 2:
		h.addFolder(10 + len(h.points))
	case 3:
		if len(h.folders) < 3 {
			return
		}
		delete(h.folders, id)
		for m, v := range h.now {
			if v.Folder == id {
				delete(h.now, m)
			}
		}
	}
}

func line(d Difference) string {
	id := func(f *mail.Folder) string {
		if f == nil {
			return "-"
		}
		return string(f.ID) + "/" + f.Name + "/" + string(f.Parent)
	}
	var message string
	if m := d.New; m != nil {
		message = fmt.Sprint(m.ID, " ", m.ChangeKey, " ", m.Subject)
	} else if m := d.Old; m != nil {
		message = fmt.Sprint(m.ID, " ", m.ChangeKey, " ", m.Subject)
	}
	return fmt.Sprint(d.Kind, " ", id(d.OldFolder), " ", id(d.NewFolder), " ", message, " ", d.Aspects)
}

// differences is the truth by looking at everything.
func differences(a, b snapshot) []string {
	var out []string
	folder := func(s snapshot, id mail.FolderID) *mail.Folder {
		if f, in := s.folders[id]; in {
			return &f
		}
		return nil
	}
	for id := range maps.Keys(b.folders) {
		d := Difference{Kind: FolderAdded, OldFolder: folder(a, id), NewFolder: folder(b, id)}
		if d.OldFolder != nil {
			d.Kind, d.Aspects = FolderChanged, nil
			if d.OldFolder.Name != d.NewFolder.Name {
				d.Aspects = append(d.Aspects, FolderName)
			}
			if d.OldFolder.Parent != d.NewFolder.Parent {
				d.Aspects = append(d.Aspects, FolderParent)
			}
			if d.Aspects == nil {
				continue
			}
		}
		out = append(out, line(d))
	}
	for id := range a.folders {
		if folder(b, id) == nil {
			out = append(out, line(Difference{Kind: FolderRemoved, OldFolder: folder(a, id)}))
		}
	}
	for id, n := range b.messages {
		o, in := a.messages[id]
		switch {
		case !in:
			out = append(out, line(Difference{Kind: MessageAdded, NewFolder: folder(b, n.Folder), New: &n}))
		case o.Folder != n.Folder:
			out = append(out, line(Difference{Kind: MessageMoved, OldFolder: folder(a, o.Folder), NewFolder: folder(b, n.Folder), New: &n, Aspects: messageAspects(&o, &n)}))
		case o.ChangeKey != n.ChangeKey:
			out = append(out, line(Difference{Kind: MessageChanged, OldFolder: folder(a, o.Folder), NewFolder: folder(b, n.Folder), New: &n, Aspects: messageAspects(&o, &n)}))
		}
	}
	for id, o := range a.messages {
		if _, in := b.messages[id]; !in {
			out = append(out, line(Difference{Kind: MessageRemoved, OldFolder: folder(a, o.Folder), Old: &o}))
		}
	}
	slices.Sort(out)
	return out
}

func TestDiffOfRandomHistories(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 4 {
		r := mustCreate(t, testOptions(t, false))
		h := newHistory(t, rnd, r)
		h.round(400)
		for range 6 {
			h.round(1 + rnd.IntN(60))
		}
		for i := range h.points {
			for j := range h.points {
				var got []string
				err := h.points[i].Diff(t.Context(), h.points[j], func(d Difference) error { got = append(got, line(d)); return nil })
				if err != nil {
					t.Fatal(err)
				}
				slices.Sort(got)
				if want := differences(h.truth[i], h.truth[j]); !slices.Equal(got, want) {
					t.Fatalf("points %d and %d:\ngot  %q\nwant %q", i, j, got, want)
				}
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAspectsNameWhatChanged(t *testing.T) {
	base := record.Message{Message: mail.Message{ID: "m", Subject: "s", ChangeKey: "1"}}
	for want, change := range map[Aspect]func(m *record.Message){
		Subject:     func(m *record.Message) { m.Subject = "t" },
		Body:        func(m *record.Message) { m.Body = record.Content{Size: 1, Pieces: []record.Piece{{Size: 1}}} },
		Sender:      func(m *record.Message) { m.From = &mail.Address{Address: "a@x"} },
		Recipients:  func(m *record.Message) { m.Cc = []mail.Address{{Address: "a@x"}} },
		Dates:       func(m *record.Message) { m.Sent = time.Unix(1, 0) },
		Headers:     func(m *record.Message) { m.InternetMessageID = "<1@x>" },
		Attachments: func(m *record.Message) { m.Attachments = make([]record.Attachment, 1) },
		Read:        func(m *record.Message) { m.Read = true },
		Flag:        func(m *record.Message) { m.Flag.Status = mail.FlagFlagged },
		Categories:  func(m *record.Message) { m.Categories = []string{"c"} },
		Importance:  func(m *record.Message) { m.Importance = mail.ImportanceHigh },
		Draft:       func(m *record.Message) { m.Draft = true },
		MIME:        func(m *record.Message) { m.MIME = record.Content{Size: 1, Pieces: []record.Piece{{Size: 1}}} },
		Losses:      func(m *record.Message) { m.Lost = []string{"l"} },
		Other:       func(m *record.Message) { m.ChangeKey = "2" },
	} {
		changed := base
		change(&changed)
		if got := messageAspects(&base, &changed); !slices.Equal(got, []Aspect{want}) {
			t.Errorf("%s: %v", want, got)
		}
	}
}

func TestDiffAndWalkGoOnBehindDamage(t *testing.T) {
	o := testOptions(t, false)
	o.Level = None
	r := mustCreate(t, o)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	h := newHistory(t, rand.New(rand.NewPCG(seed, 1)), r)
	h.round(600)
	h.round(40)
	want := differences(h.truth[0], h.truth[1])
	// A message of the first point that is in no other page than its own.
	var victim record.Message
	for _, id := range slices.Sorted(maps.Keys(h.truth[0].messages)) {
		victim = h.truth[0].messages[id]
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	hit := 0
	packs, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range packs {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for rest := b; ; hit++ {
			i := bytes.Index(rest, []byte(victim.Subject))
			if i < 0 {
				break
			}
			rest[i] ^= 1
			rest = rest[i:]
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if hit == 0 {
		t.Fatal("no page was damaged")
	}
	r = mustOpen(t, o)
	defer r.Close()
	var points [2]*Point
	for i := range points {
		if points[i], err = r.Point(t.Context(), h.points[i].Info().ID); err != nil {
			t.Fatal(err)
		}
	}
	var read, lost int64
	for _, f := range points[0].Folders() {
		err := points[0].Walk(t.Context(), f.ID, func(m *record.Message) error {
			if m.ID == victim.ID {
				t.Error("the damaged message was read")
			}
			read++
			return nil
		}, func(n int64, err error) error {
			if fault.KindOf(err) != fault.Corrupt {
				t.Error(err)
			}
			lost += n
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if lost == 0 || read == 0 || read+lost != int64(len(h.truth[0].messages)) {
		t.Errorf("%d read and %d lost of %d", read, lost, len(h.truth[0].messages))
	}
	told := 0
	err = points[0].Diff(t.Context(), points[1], func(d Difference) error {
		switch {
		case d.Kind == Unreadable:
		case slices.Contains(want, line(d)):
			told++
		case d.Kind == MessageAdded && h.truth[0].has(d.New), d.Kind == MessageRemoved && h.truth[1].has(d.Old):
			// It moved out of the damage, or into it.
		default:
			t.Errorf("%s is not true", line(d))
		}
		return nil
	})
	if err != nil || told == 0 {
		t.Errorf("%d of %d differences, %v", told, len(want), err)
	}
}
