package backup_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

var (
	seed   = flag.Uint64("seed", 0, "seed of the model test; 0 takes another each time")
	rounds = flag.Int("rounds", 150, "histories that the model test plays")
)

// TestAnyHistoryEndsInTheTruth changes a mailbox at random, also while it is read, fails and kills runs at any call, and
// compares the point of a last, quiet run with the mailbox.
func TestAnyHistoryEndsInTheTruth(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(*rounds) {
		s := first + i
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			t.Parallel()
			newHistory(t, s).play()
			if t.Failed() {
				t.Logf("again with -run %s -args -rounds 1 -seed %d", "TestAnyHistoryEndsInTheTruth", s)
			}
		})
	}
}

type history struct {
	t    *testing.T
	rng  *rand.Rand
	b    *box
	r    *memRepository
	next int
	runs int
	log  []string
	// begin opens a session, read returns what a point has: of the twin, or of something behind it.
	begin func() (backup.Vault, error)
	read  func(record.Point) *memPoint
	// damaged, if set, does harm to what is behind the vault before the last run.
	damaged func()
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 2)), b: newBox(seed, "A", "B", "C"), r: newMemRepository(t)}
	h.b.replays, h.b.silent, h.b.full, h.b.shy = h.chance(2), h.chance(2), h.chance(6), h.chance(2)
	h.b.pageSize = 1 + h.rng.IntN(6)
	h.begin = func() (backup.Vault, error) { return h.r.begin(), nil }
	h.read = func(record.Point) *memPoint { return h.r.last() }
	return h
}

func (h *history) chance(n int) bool { return h.rng.IntN(n) == 0 }

func (h *history) play() {
	for range 30 {
		h.change()
	}
	if h.b.silent {
		// A message that is back, unreported, in a folder where it was long ago, and whose last folder vanished or is read
		// from its beginning, is found in one run, but not always when that is killed at the wrong moment.
		h.quietRun()
	}
	for range 2 + h.rng.IntN(5) {
		h.disturbedRun()
	}
	h.b.hook = func(context.Context, string) error { return nil }
	h.r.hook = func(string) error { return nil }
	clear(h.b.poison)
	clear(h.b.locating)
	clear(h.b.expired)
	if h.damaged != nil {
		h.damaged()
	}
	h.trace("the last run")
	p, result := h.quietRun()
	if len(result.Losses) > 0 {
		h.t.Errorf("losses of the quiet run: %+v", result.Losses)
	}
	compare(h.t, h.r, p, h.b)
	if h.t.Failed() {
		for _, line := range h.log {
			h.t.Log(line)
		}
	}
}

func (h *history) nextRun() record.RunID {
	h.runs++
	return record.RunID(fmt.Sprint("run ", h.runs))
}

func (h *history) quietRun() (*memPoint, backup.Result) {
	v, err := h.begin()
	if err != nil {
		h.t.Fatal(err)
	}
	result, err := backup.Run(h.t.Context(), tracedBox{h.b, h}, tracedVault{v, h}, backup.Options{Run: h.nextRun()}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		h.t.Fatal(err)
	}
	return h.read(result.Point), result
}

// disturbedRun runs while the mailbox changes, calls fail, and perhaps everything is killed.
func (h *history) disturbedRun() {
	ctx, kill := context.WithCancel(h.t.Context())
	defer kill()
	stop := make(chan struct{})
	faults, changes := h.rng.IntN(3), h.rng.IntN(3)
	killAt, stopAt := h.rng.IntN(120), h.rng.IntN(300)
	outage := 0
	calls := 0
	step := func(call string) error { // the box's lock, or the vault's single session, keeps it from running twice
		calls++
		if calls == killAt {
			kill()
		}
		if calls == stopAt {
			close(stop)
		}
		if outage > 0 {
			outage--
			return fault.New(fault.Unavailable, "out of reach")
		}
		if faults > 0 && h.rng.IntN(25) == 0 {
			if h.chance(4) {
				outage = h.rng.IntN(10)
			}
			kind := fault.Kind(h.rng.IntN(13))
			if kind == fault.Conflict && h.b.silent {
				kind = fault.Unavailable // no enumeration anew, see play
			}
			return fault.New(kind, "fault of %s", call)
		}
		return nil
	}
	h.b.hook = func(_ context.Context, call string) error {
		h.b.rng.Uint64()
		for range changes {
			if h.chance(6) {
				h.change()
			}
		}
		return step(call)
	}
	h.r.hook = func(call string) error {
		h.b.mu.Lock()
		defer h.b.mu.Unlock()
		return step(call)
	}
	h.b.mu.Lock()
	for range h.rng.IntN(8) {
		h.change()
	}
	h.b.mu.Unlock()
	o := backup.Options{Run: h.nextRun(), Stop: stop, Parallel: 1 + h.rng.IntN(4), CommitBytes: int64(1 + h.rng.IntN(200))}
	v, err := h.begin()
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = backup.Run(ctx, tracedBox{h.b, h}, tracedVault{v, h}, o, nil)
	if closeErr := v.Close(); closeErr != nil {
		h.t.Fatal(closeErr)
	}
	h.trace("run after %d calls: %v", calls, err)
}

// change does something to the mailbox. The box's lock is held, or nobody else is there.
func (h *history) change() {
	b := h.b
	ids := slices.Sorted(maps.Keys(b.messages))
	folder := b.folders[h.rng.IntN(len(b.folders))].ID
	var id mail.MessageID
	op := h.rng.IntN(12)
	if len(ids) > 0 {
		id = ids[h.rng.IntN(len(ids))]
	} else {
		op = 0
	}
	b.partial = h.chance(2)
	switch op {
	default:
		h.next++
		id = mail.MessageID(fmt.Sprintf("m%02d", h.next))
		m := b.add(folder, id, fmt.Sprintf("body %d cid:", h.rng.IntN(10)), h.attachments()...)
		m.m.Draft = h.chance(5)
	case 3, 4:
		b.move(id, folder)
	case 5, 6:
		b.state(id, func(m *mail.Message) { m.Read = !m.Read })
	case 7:
		b.state(id, func(m *mail.Message) { m.Categories = append(slices.Clone(m.Categories), "c") })
	case 8:
		b.edit(id, func(m *boxMessage) {
			h.next++
			m.m.Subject, m.attachments = fmt.Sprint("edit ", h.next), h.attachments()
		})
	case 9:
		b.remove(id)
	case 10:
		switch h.rng.IntN(5) {
		case 0:
			b.expired[folder] = !b.silent // see play
		case 1:
			b.poison[id] = fault.New(fault.Corrupt, "poisoned")
		case 2:
			delete(b.poison, id)
		case 3:
			b.locating[id] = fault.New(fault.Unavailable, "cannot say")
		}
	case 11:
		switch {
		case b.silent:
		case len(b.folders) > 2 && h.chance(3):
			b.dropFolder(folder)
		case len(b.folders) < 6 && h.chance(2):
			h.next++
			b.addFolder(mail.FolderID(fmt.Sprint("F", h.next)))
		}
	}
	h.trace("change %d %s %s", op, id, folder)
}

func (h *history) attachments() []boxAttachment {
	var list []boxAttachment
	for i := range h.rng.IntN(3) {
		list = append(list, file(mail.AttachmentID(fmt.Sprint("a", i)), fmt.Sprint("content ", h.rng.IntN(20))))
	}
	return list
}
