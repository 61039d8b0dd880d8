package estimate_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/estimate"
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
)

var seed = flag.Uint64("seed", 0, "seed of the random jobs; 0 takes another each time")

// random makes a job of which at least one mailbox is known, without a past of its own if fresh.
func random(r *rand.Rand, fresh bool) estimate.Work {
	w := estimate.Work{Slots: 1 + r.IntN(8), Evidence: r.IntN(4) == 0}
	for n := range 1 + r.IntN(12) {
		m := estimate.Mailbox{ID: mail.MailboxID(string(rune('a' + n)))}
		if n == 0 || r.IntN(3) > 0 {
			m.Known, m.Messages, m.Folders = true, r.Int64N(400_000), 1+r.Int64N(300)
		}
		if r.IntN(4) == 0 {
			m.Limits = record.Limits{InFlight: 1 + r.Int32N(8), PerWindow: 1 + r.Int32N(20_000), WindowSeconds: 1 + r.Int32N(1200)}
		}
		effort := func() record.Effort {
			return record.Effort{
				Ended: time.Unix(1, 0), Took: time.Duration(r.Int64N(int64(100 * time.Hour))), Messages: r.Int64N(400_000),
				BytesRead: r.Int64N(1 << 40), Requests: r.Int64N(400_000),
			}
		}
		if m.Known && !(fresh && n == 0) && r.IntN(3) == 0 {
			m.Full = effort()
		}
		if !(fresh && n == 0) && r.IntN(3) == 0 {
			m.Usual = effort()
		}
		w.Mailboxes = append(w.Mailboxes, m)
	}
	return w
}

// trials runs a property over random jobs.
func trials(t *testing.T, property func(*testing.T, *rand.Rand)) {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	for n := range uint64(2000) {
		property(t, rand.New(rand.NewPCG(s, n)))
		if t.Failed() {
			t.Fatalf("seed %d, trial %d", s, n)
		}
	}
}

func TestMoreMailNeverTakesLess(t *testing.T) {
	trials(t, func(t *testing.T, r *rand.Rand) {
		w := random(r, true)
		before := estimate.Of(w)
		w.Mailboxes[0].Messages += r.Int64N(100_000)
		after := estimate.Of(w)
		for _, p := range [][2]*estimate.Run{{before.First, after.First}, {before.Next, after.Next}} {
			a, b := p[0], p[1]
			if b.Least < a.Least || b.Likely < a.Likely || b.Most < a.Most || b.Messages < a.Messages || b.Bytes < a.Bytes || b.Requests < a.Requests {
				t.Errorf("more mail: %+v became %+v", a, b)
			}
		}
	})
}

func TestMoreSlotsNeverTakeLonger(t *testing.T) {
	trials(t, func(t *testing.T, r *rand.Rand) {
		w := random(r, false)
		before := estimate.Of(w).First
		w.Slots += 1 + r.IntN(4)
		if after := estimate.Of(w).First; after.Least > before.Least || after.Likely > before.Likely || after.Most > before.Most {
			t.Errorf("more slots: %+v became %+v", before, after)
		}
	})
}

func TestNoRunIsFasterThanMicrosoftAllows(t *testing.T) {
	trials(t, func(t *testing.T, r *rand.Rand) {
		w := random(r, false)
		got := estimate.Of(w)
		for _, run := range []*estimate.Run{got.First, got.Next} {
			if run.Least > run.Likely || run.Likely > run.Most || run.Least < 0 {
				t.Errorf("out of order: %+v", run)
			}
			for n, s := range run.Slowest {
				if s.Likely > run.Likely || n > 0 && s.Likely > run.Slowest[n-1].Likely || !s.Mailbox.Known {
					t.Errorf("slowest: %+v of %+v", s, run)
				}
			}
		}
		var bound time.Duration
		for _, m := range w.Mailboxes {
			each, length := 10_000.0, 10*time.Minute
			if m.Limits.PerWindow > 0 {
				each, length = float64(m.Limits.PerWindow), time.Duration(m.Limits.WindowSeconds)*time.Second
			}
			// What the mail costs at the very least: without attachments, folders or a repetition.
			if full := float64(m.Messages) * 0.0063; m.Known && m.Full.Messages == 0 && full > each {
				bound = max(bound, time.Duration(math.Ceil(full/each)-1)*length)
			}
		}
		if got.First.Least < bound {
			t.Errorf("the first run takes %s, and %s is Microsoft's limit", got.First.Least, bound)
		}
	})
}

func TestAFirstRunByTheNumbers(t *testing.T) {
	// 100,000 messages, 306 requests a thousand, and 3+2·10 besides: 30,623. Four at a time of 0.25 s are 1,914 s; the limit of
	// 10,000 in ten minutes needs three windows to pass: 1,800 s.
	one := estimate.Mailbox{ID: "a", Known: true, Messages: 100_000, Folders: 10}
	got := estimate.Of(estimate.Work{Mailboxes: []estimate.Mailbox{one}, Slots: 3})
	if r := got.First; r.Requests != 30_623 || r.Likely.Round(time.Second) != 1914*time.Second || r.Bytes != 7_000_000_000 || got.Slots != 1 {
		t.Errorf("got %+v", r)
	}
	// With eight in flight the limit is what counts.
	one.Limits = record.Limits{InFlight: 8}
	if r := estimate.Of(estimate.Work{Mailboxes: []estimate.Mailbox{one}, Slots: 3}).First; r.Likely != 30*time.Minute {
		t.Errorf("eight in flight: %+v", r)
	}
}

func TestEarlierRunsAreBelievedMore(t *testing.T) {
	past := record.Effort{Ended: time.Unix(1, 0), Took: time.Hour, Messages: 36_000, Requests: 9000, BytesRead: 36_000_000}
	usual := record.Effort{Ended: time.Unix(1, 0), Took: time.Minute, Messages: 36_000, Changed: 50, Requests: 30, BytesRead: 50_000}
	got := estimate.Of(estimate.Work{Slots: 1, Mailboxes: []estimate.Mailbox{
		{ID: "a", Known: true, Messages: 72_000, Full: past, Usual: usual}, {ID: "b", Known: true, Messages: 36_000}, {ID: "c"},
	}})
	// Two hours for a, which has grown; one for b at the same speed; c is like their mean of 54,000.
	if r := got.First; r.Likely.Round(time.Second) != 4*time.Hour+30*time.Minute || r.Messages != 162_000 || r.Bytes != 162_000_000 {
		t.Errorf("first: %+v", r)
	}
	if r := got.Next; r.Messages != 50+720+1080 || r.Slowest[0].Mailbox.ID != "a" && r.Slowest[0].Mailbox.ID != "b" {
		t.Errorf("next: %+v", r)
	}
	if text := strings.Join(got.Assumed, "\n"); !strings.Contains(text, "1 of 3 mailboxes") || !strings.Contains(text, "10.0 messages a second") {
		t.Errorf("assumed: %s", text)
	}
}

func TestNothingIsToldOfWhatIsNotKnown(t *testing.T) {
	got := estimate.Of(estimate.Work{Slots: 3, Mailboxes: []estimate.Mailbox{{ID: "a"}, {ID: "b"}}})
	if got.First != nil || got.Next != nil || got.Slots != 2 {
		t.Errorf("got %+v", got)
	}
}
