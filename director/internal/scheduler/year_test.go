package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/jobs"
	"holdfast/director/internal/pruner"
	"holdfast/director/internal/record"
	"holdfast/director/internal/scheduler"
	"holdfast/director/internal/store"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// year is a busy installation in 2026: the scheduler, the pruner, the job service and the store are real, the runs are made up,
// and the model beside them says from its own reading of the promises what is to happen at each minute.
type year struct {
	t     *testing.T
	seed  uint64
	rng   *rand.Rand
	walls map[string]*wall

	minute    int
	store     *store.Store
	jobs      *jobs.Service
	scheduler *scheduler.Scheduler
	pruner    *pruner.Pruner
	shelf     *yearShelf

	all              []*yearJob // in the order in which they were made
	byID             map[record.JobID]*yearJob
	made, count      int
	going            []*yearRun
	started, stopped []*yearRun // by the scheduler, in one look
	prune            []toPrune
	off, away        []span

	looks, starts, follows, stops, refusals, deletions int
}

// toPrune is a run whose retention is to be applied, not before a minute.
type toPrune struct {
	run       *yearRun
	boxes     []int
	notBefore int
}

// span is from a minute to before another.
type span struct{ from, to int }

func (s span) has(minute int) bool { return minute >= s.from && minute < s.to }

func (y *year) now() time.Time { return instant(y.minute) }

func newYear(t *testing.T, seed uint64) *year {
	st, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, 32), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	st.SkipSync()
	y := &year{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 2026)), store: st, walls: map[string]*wall{}, byID: map[record.JobID]*yearJob{},
		shelf:  &yearShelf{points: map[string][]*transporterv1.Point{}},
		minute: int(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Sub(dawn).Minutes()),
	}
	err = st.Update(t.Context(), func(tx *store.Tx) error {
		if err := store.Accounts.Put(tx, record.Account{ID: "acc", Name: "Contoso"}); err != nil {
			return err
		}
		return store.Repositories.Put(tx, record.Repository{ID: "repo", Name: "Vault"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, zone := range yearZones {
		y.walls[zone] = watch(t, zone)
	}
	y.jobs = jobs.New(jobs.Options{Store: st, Now: y.now})
	y.restart()
	return y
}

// restart forgets all that is not written, as the death of the Director does.
func (y *year) restart() {
	y.scheduler = scheduler.New(scheduler.Options{Store: y.store, Dispatcher: y, Now: y.now, Logger: hclog.NewNullLogger()})
	y.pruner = pruner.New(pruner.Options{Store: y.store, Depot: y.shelf, Now: y.now, Logger: hclog.NewNullLogger()})
	for _, j := range y.all {
		j.refused = 0
	}
	for i := range y.prune {
		y.prune[i].notBefore = 0
	}
}

// spans returns stretches of the year, each of a length up to a bound in minutes.
func (y *year) spans(n, longest int) (all []span) {
	for range n {
		from := y.rng.IntN(365 * 1440)
		all = append(all, span{y.minute + from, y.minute + from + 1 + y.rng.IntN(longest)})
	}
	return all
}

// TestAYearOfABusyInstallation plays a year of 500 jobs with 5,000 mailboxes through, with schedules of all kinds in zones that
// change their clocks, runs of any length and end, people who edit, and a Director that is off for hours or weeks. Every start,
// every stop and every point that is deleted must be that of the model.
func TestAYearOfABusyInstallation(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", first)
	y := newYear(t, first)
	boxes := 0
	for class, n := range []int{25, 170, 150, 15, 140} {
		for range n {
			y.hire(class)
		}
	}
	for _, j := range y.all {
		boxes += j.boxes
	}
	y.off = append(append(y.spans(40, 600), y.spans(10, 48*60)...), y.spans(3, 16*1440)...)
	y.away = y.spans(20, 1440)
	people := y.minute
	end := y.minute + 365*1440
	for next := y.minute; next < end; {
		y.minute = next
		for slices.ContainsFunc(y.off, func(s span) bool { return s.has(y.minute) }) {
			y.minute++
			if next = y.minute; !slices.ContainsFunc(y.off, func(s span) bool { return s.has(next) }) {
				y.restart()
			}
		}
		for ; people <= y.minute; people += 1 + y.rng.IntN(2000) {
			y.person()
		}
		next = y.look()
	}
	t.Logf("%d mailboxes at first; %d looks, %d starts (%d after another job), %d stops, %d starts refused, %d points deleted",
		boxes, y.looks, y.starts, y.follows, y.stops, y.refusals, y.deletions)
	if len(y.all) < 400 || boxes < 5000 || y.starts < 20_000 || y.follows < 1000 || y.stops < 500 || y.refusals < 100 || y.deletions < 50_000 {
		t.Error("the year was less busy than it should be")
	}
}

// look lets the Director do what is due, compares it with the model, and returns the next minute to look at.
func (y *year) look() int {
	y.looks++
	if slices.ContainsFunc(y.going, func(r *yearRun) bool { return r.over <= y.minute }) {
		if err := y.store.Update(y.t.Context(), y.ends); err != nil {
			y.t.Fatal(err)
		}
	}
	var want []string
	for _, r := range y.going {
		if r.stop > 0 && r.stop <= y.minute && !r.stopping {
			r.stopping = true
			want = append(want, "stop "+r.name)
		}
	}
	for _, j := range y.all {
		if b, ok := j.look(y.minute, y.walls); ok {
			want = append(want, fmt.Sprint("start ", j.name, " until ", b.stop, ": ", b.cause))
		}
		if j.refused == y.minute+1 {
			y.refusals++
		}
	}
	next := y.step(want)
	if y.rng.IntN(20) == 0 {
		next = y.step(nil) // what was done is not done twice
	}
	y.retain()
	due := y.next()
	if next > due {
		y.t.Fatalf("seed %d: at %s the scheduler would sleep until %s, and something is due at %s", y.seed, y.now(), instant(next), instant(due))
	}
	for _, r := range y.going {
		due = min(due, r.over)
	}
	if y.rng.IntN(50) == 0 {
		return y.minute + 1 // nothing comes early
	}
	return max(min(next, due), y.minute+1)
}

// step lets the scheduler look once.
func (y *year) step(want []string) int {
	y.started, y.stopped = nil, nil
	next, err := y.scheduler.Step(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	var got []string
	for _, r := range y.stopped {
		got = append(got, "stop "+r.name)
	}
	for _, r := range y.started {
		cause, _, _ := strings.Cut(r.cause, ":")
		got = append(got, fmt.Sprint("start ", r.name, " until ", r.stop, ": ", cause))
		if strings.HasPrefix(r.cause, "after job ") {
			y.follows++
		}
	}
	y.starts, y.stops = y.starts+len(y.started), y.stops+len(y.stopped)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		y.t.Fatalf("seed %d: at %s (minute %d):\ngot  %q\nwant %q", y.seed, y.now(), y.minute, got, want)
	}
	return int(next.Sub(dawn).Minutes())
}

// next returns the next minute at which the model has something to start or to stop.
func (y *year) next() int {
	next := y.minute + 1440
	for _, j := range y.all {
		next = j.next(y.minute, next, y.walls)
	}
	for _, r := range y.going {
		if r.stop > y.minute && !r.stopping {
			next = min(next, r.stop)
		}
	}
	return next
}

// retain applies retention to what ended, and compares what it deletes.
func (y *year) retain() {
	if len(y.prune) == 0 {
		return
	}
	y.shelf.away = slices.ContainsFunc(y.away, func(s span) bool { return s.has(y.minute) })
	y.shelf.deleted = nil
	var want []string
	var left []toPrune
	for _, p := range y.prune {
		switch {
		case y.minute < p.notBefore:
			left = append(left, p)
		case p.run.job.gone || p.run.job.keep.everything() || len(p.boxes) == 0:
		case y.shelf.away:
			p.notBefore = y.minute + 5
			left = append(left, p)
		default:
			want = append(want, p.run.prune(p.boxes, y.walls)...)
		}
	}
	y.prune = left
	if err := y.pruner.Step(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	got := y.shelf.deleted
	y.deletions += len(got)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		y.t.Fatalf("seed %d: at %s retention deleted\n%q, want\n%q", y.seed, y.now(), got, want)
	}
}
