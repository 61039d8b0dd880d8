package repository

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
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
	"holdfast/transporter/internal/repository/arrange"
)

// assorted makes a point with one folder of messages that differ in all that lists are sorted by.
func assorted(t *testing.T, r *Repository, rnd *rand.Rand, n int) (*Point, []record.Message) {
	t.Helper()
	s := begin(t, r, "r1")
	c := backup.Checkpoint{Folder: "inbox", Cursor: "c", Full: true, Done: true}
	for i := range n {
		m := testMessage(t, s, fmt.Sprint("id", i), "inbox", rnd.IntN(n))
		m.Subject = []string{"Re: ", "", "AW: Fw: ", "re:"}[rnd.IntN(4)] + []string{"Äpfel", "apples", "Birnen", "zebra", ""}[rnd.IntN(5)] + fmt.Sprint(rnd.IntN(40))
		m.From = []*mail.Address{nil, {Name: "Zoë", Address: "a@example.com"}, {Address: "b@example.com"}, {Name: "amy", Address: "c@example.com"}}[rnd.IntN(4)]
		if rnd.IntN(5) > 0 {
			m.Sent = time.Unix(rnd.Int64N(4_000_000_000)-1_000_000_000, 0).UTC()
		}
		m.Flag.Status = []mail.FlagStatus{mail.FlagNone, mail.FlagFlagged, mail.FlagComplete}[rnd.IntN(3)]
		if rnd.IntN(3) == 0 {
			item := testMessage(t, s, "inner", "inbox", 1)
			m.Attachments = []record.Attachment{
				{Attachment: mail.Attachment{ID: "a", Name: "file"}, Content: m.Body},
				{Attachment: mail.Attachment{ID: "b", Kind: mail.AttachmentItem, Name: "item"}, Item: &item},
			}
		}
		m.MIME = m.Body // which does not count to the size
		c.Messages = append(c.Messages, m)
	}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	info, err := s.Seal(t.Context(), summary("r1", "inbox", "empty"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Point(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept := make([]record.Message, 0, n)
	for m, err := range p.All(t.Context(), "inbox") {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, *m)
	}
	return p, kept
}

func plainSize(m *record.Message) int64 {
	n := m.Body.Size
	for _, a := range m.Attachments {
		n += a.Content.Size
		if a.Item != nil {
			n += plainSize(a.Item)
		}
	}
	return n
}

// plainSubject is a subject as it is compared, of those that assorted makes.
func plainSubject(s string) string {
	for _, p := range []string{"AW: ", "Fw: ", "Re: "} {
		s = strings.TrimPrefix(s, p)
	}
	return strings.ToLower(strings.NewReplacer("Ä", "a", "re:", "re ").Replace(s))
}

func plainFrom(m *record.Message) string {
	if m.From == nil {
		return ""
	}
	return strings.NewReplacer("@", " ", ".", " ", "ë", "e").Replace(strings.ToLower(cmp.Or(m.From.Name, m.From.Address)))
}

// plainly sorts by looking at everything; what it is given is in the order of receipt.
func plainly(all []record.Message, o arrange.Order, ascending bool) []record.Message {
	list := slices.Clone(all)
	slices.SortStableFunc(list, func(a, b record.Message) int {
		switch o {
		case arrange.Sent:
			return a.Sent.Compare(b.Sent)
		case arrange.Subject:
			return strings.Compare(plainSubject(a.Subject), plainSubject(b.Subject))
		case arrange.From:
			return strings.Compare(plainFrom(&a), plainFrom(&b))
		case arrange.Size:
			return cmp.Compare(plainSize(&a), plainSize(&b))
		default:
			return 0
		}
	})
	if !ascending {
		slices.Reverse(list)
	}
	return list
}

func ids(list []record.Message) (out []mail.MessageID) {
	for i := range list {
		out = append(out, list[i].ID)
	}
	return out
}

func idsOf(t *testing.T, list []Listed) (out []mail.MessageID) {
	t.Helper()
	for _, l := range list {
		if l.Err != nil {
			t.Fatal(l.Err)
		}
		out = append(out, l.Message.ID)
	}
	return out
}

var allOrders = []arrange.Order{arrange.Received, arrange.Sent, arrange.Subject, arrange.From, arrange.Size}

func TestAnyPageOfAnyOrderIsThatOfAPlainSort(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := mustCreate(t, testOptions(t, false))
	p, all := assorted(t, r, rnd, 700)
	filters := map[arrange.Filter]func(m *record.Message) bool{
		{}:                      func(*record.Message) bool { return true },
		{Text: "ÄPFEL"}:         func(m *record.Message) bool { return strings.Contains(m.Subject, "Äpfel") },
		{Text: "zoe"}:           func(m *record.Message) bool { return m.From != nil && m.From.Name == "Zoë" },
		{Text: "c@EXAMPLE"}:     func(m *record.Message) bool { return m.From != nil && m.From.Address == "c@example.com" },
		{Unread: true}:          func(m *record.Message) bool { return !m.Read },
		{Flagged: true}:         func(m *record.Message) bool { return m.Flag.Status == mail.FlagFlagged },
		{WithAttachments: true}: func(m *record.Message) bool { return len(m.Attachments) > 0 },
		{Text: "zebra", Unread: true}: func(m *record.Message) bool {
			return !m.Read && strings.Contains(m.Subject, "zebra")
		},
		{Text: "nothing like it"}: func(*record.Message) bool { return false },
	}
	for filter, fits := range filters {
		var fit []record.Message
		for i := range all {
			if fits(&all[i]) {
				fit = append(fit, all[i])
			}
		}
		for _, o := range allOrders {
			for _, ascending := range []bool{true, false} {
				want := ids(plainly(fit, o, ascending))
				for range 6 {
					l := Listing{Folder: "inbox", Order: o, Ascending: ascending, Filter: filter, From: rnd.IntN(len(want) + 3), Limit: 1 + rnd.IntN(120)}
					list, total, err := p.List(t.Context(), l)
					if err != nil {
						t.Fatal(err)
					}
					from := min(l.From, len(want))
					if part := want[from:min(len(want), from+l.Limit)]; total != int64(len(want)) || !slices.Equal(idsOf(t, list), part) {
						t.Fatalf("%+v: %d of %d,\ngot  %v\nwant %v", l, len(list), total, idsOf(t, list), part)
					}
				}
			}
		}
	}
	if list, total, err := p.List(t.Context(), Listing{Folder: "empty", Order: arrange.Size, Limit: 9}); len(list) != 0 || total != 0 || err != nil {
		t.Error(list, total, err)
	}
	if _, _, err := p.List(t.Context(), Listing{Folder: "none", Order: arrange.Size, Limit: 9}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, _, err := p.List(t.Context(), Listing{Folder: "inbox", Filter: arrange.Filter{Text: " -- "}, Limit: 9}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a filter of nothing: %v", err)
	}
}

func TestWhatCannotBeReadComesLastInAnOrder(t *testing.T) {
	o := testOptions(t, false)
	o.Level = None
	r := mustCreate(t, o)
	p, all := assorted(t, r, rand.New(rand.NewPCG(1, 1)), 600)
	victim := all[300]
	// The packs are changed under the open repository, which then has nothing in memory any more.
	packs, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range packs {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte(victim.ID), []byte("XX"+victim.ID[2:])), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.trees.forget()
	list, total, err := p.List(t.Context(), Listing{Folder: "inbox", Order: arrange.Subject, Limit: 1000})
	if err != nil || total != 600 || len(list) != 600 {
		t.Fatal(len(list), total, err)
	}
	lost := 0
	for i, l := range list {
		if l.Err != nil {
			lost++
		} else if lost > 0 {
			t.Fatalf("line %d is behind one that cannot be read", i)
		}
	}
	if lost == 0 || lost == 600 {
		t.Fatalf("%d of 600 cannot be read", lost)
	}
	if list, total, err := p.List(t.Context(), Listing{Folder: "inbox", Filter: arrange.Filter{Unread: true}, Limit: 1000}); err != nil ||
		total != int64(len(list)) || total == 0 || total > int64(600-lost) {
		t.Error(len(list), total, err)
	}
}
