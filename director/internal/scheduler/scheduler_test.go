package scheduler_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/scheduler"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

var seed = flag.Uint64("seed", 0, "seed of the random histories; 0 takes another each time")

// office is a store with jobs, a clock that is set by hand, and a dispatcher whose runs end when they are told to.
type office struct {
	t       *testing.T
	store   *store.Store
	now     time.Time
	s       *scheduler.Scheduler
	runs    int
	started []record.Run
	stopped []record.RunID
	fail    error
}

func newOffice(t *testing.T) *office {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, 32), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	o := &office{t: t, store: st, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o.restart()
	return o
}

// restart forgets all that is not written, as the death of the Director does.
func (o *office) restart() {
	o.s = scheduler.New(scheduler.Options{
		Store: o.store, Dispatcher: o, Now: func() time.Time { return o.now }, Logger: hclog.NewNullLogger(),
	})
}

func (o *office) update(fn func(tx *store.Tx) error) {
	o.t.Helper()
	if err := o.store.Update(o.t.Context(), fn); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) put(j record.Job) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		if old, err := store.Jobs.Get(tx, string(j.ID)); err == nil {
			j.LastRun = old.LastRun
		}
		return store.Jobs.Put(tx, j)
	})
}

// StartJob implements scheduler.Dispatcher.
func (o *office) StartJob(ctx context.Context, id record.JobID, scope dispatch.Scope) (record.Run, error) {
	if o.fail != nil {
		return record.Run{}, o.fail
	}
	o.runs++
	r := record.Run{
		ID: record.RunID(fmt.Sprintf("run-%04d", o.runs)), Kind: record.KindBackup, Job: id, Status: record.RunRunning, Started: o.now,
		Cause: scope.Cause, StopAt: scope.StopAt,
	}
	err := o.store.Update(ctx, func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if !j.Enabled || j.LastRun != "" && store.RunsActive.Has(tx, string(j.LastRun)) {
			return fault.New(fault.Conflict, "not now")
		}
		j.LastRun, r.JobName = r.ID, j.Name
		err = errors.Join(store.Jobs.Put(tx, j), store.Runs.Put(tx, r), store.RunsActive.Add(tx, string(r.ID)),
			store.RunsOfJob.Add(tx, store.JobRunKey(id, r.ID)))
		if scope.Also == nil {
			return err
		}
		return errors.Join(err, scope.Also(tx))
	})
	if err == nil {
		o.started = append(o.started, r)
	}
	return r, err
}

// StopBecause implements scheduler.Dispatcher.
func (o *office) StopBecause(_ context.Context, id record.RunID, now bool, why string) error {
	if now || why == "" {
		o.t.Errorf("run %s was stopped at once (%v) because %q", id, now, why)
	}
	o.stopped = append(o.stopped, id)
	o.update(func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		r.Stop, r.Status = true, record.RunStopping
		return store.Runs.Put(tx, r)
	})
	return nil
}

// end ends the run of a job that goes on, if there is one.
func (o *office) end(id record.JobID, as record.RunStatus) {
	o.t.Helper()
	o.update(o.ending(id, as))
}

// runOnce has a person start a job, and ends the run.
func (o *office) runOnce(id record.JobID, as record.RunStatus) {
	o.t.Helper()
	if _, err := o.StartJob(o.t.Context(), id, dispatch.Scope{}); err != nil {
		o.t.Fatal(err)
	}
	o.started = slices.DeleteFunc(o.started, func(r record.Run) bool { return r.Job == id })
	o.end(id, as)
}

func (o *office) ending(id record.JobID, as record.RunStatus) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if err != nil || j.LastRun == "" || !store.RunsActive.Has(tx, string(j.LastRun)) {
			return err
		}
		r, err := store.Runs.Get(tx, string(j.LastRun))
		if err != nil {
			return err
		}
		r.Status, r.Ended = as, o.now
		return errors.Join(store.Runs.Put(tx, r), store.RunsActive.Remove(tx, string(r.ID)))
	}
}

// at sets the clock and lets the scheduler do what is due.
func (o *office) at(clock string) time.Time {
	o.t.Helper()
	t, err := time.Parse("2006-01-02 15:04", clock)
	if err != nil {
		o.t.Fatal(err)
	}
	o.now = t
	return o.step()
}

func (o *office) step() time.Time {
	o.t.Helper()
	next, err := o.s.Step(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return next
}

// starts takes what was started since it was asked last.
func (o *office) starts() string {
	var list []string
	for _, r := range o.started {
		list = append(list, string(r.Job)+" "+r.Started.Format("2006-01-02 15:04"))
	}
	o.started = nil
	return strings.Join(list, ", ")
}

func (o *office) expect(want string) {
	o.t.Helper()
	if got := o.starts(); got != want {
		o.t.Errorf("at %s: started %q, want %q", o.now.Format("2006-01-02 15:04"), got, want)
	}
}

func daily(h int, end *schedule.Clock) record.Schedule {
	return record.Schedule{Zone: "UTC", Clock: schedule.Schedule{
		Kind: schedule.Weekly, Days: schedule.EveryDay, Start: schedule.Clock(h * 60), End: end,
	}}
}

func job(id string, list ...record.Schedule) record.Job {
	return record.Job{ID: record.JobID(id), Name: "Job " + id, Enabled: true, Schedules: list}
}

func TestMissedStartsAreMadeUpForOnce(t *testing.T) {
	o := newOffice(t)
	o.put(job("a", daily(22, nil)))
	if next := o.step(); !next.Equal(time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("next look at %s", next)
	}
	o.expect("") // a new job starts nothing that is past
	o.at("2026-03-01 21:59")
	o.expect("")
	o.at("2026-03-01 22:00")
	o.expect("a 2026-03-01 22:00")
	o.restart()
	o.at("2026-03-01 22:00")
	o.expect("")
	o.at("2026-03-02 22:30")
	o.expect("") // it is still running
	o.end("a", record.RunSucceeded)
	o.at("2026-03-02 23:00")
	o.expect("a 2026-03-02 23:00")
	o.end("a", record.RunSucceeded)
	o.restart()
	o.at("2026-03-09 08:00") // the Director was off for a week
	o.expect("a 2026-03-09 08:00")
	o.end("a", record.RunSucceeded)
	o.at("2026-03-09 09:00")
	o.expect("")
}

func TestAClockThatIsSetRepeatsNothing(t *testing.T) {
	o := newOffice(t)
	o.put(job("a", daily(22, nil)))
	o.step()
	o.at("2027-03-01 22:00") // a year ahead by mistake
	o.expect("a 2027-03-01 22:00")
	o.end("a", record.RunSucceeded)
	o.at("2026-03-02 10:00")
	o.expect("")
	o.at("2026-03-02 22:00")
	o.expect("a 2026-03-02 22:00")
}

func TestARunPastItsEndIsStoppedAndNotBegunAnew(t *testing.T) {
	o := newOffice(t)
	six := schedule.Clock(6 * 60)
	o.put(job("a", daily(22, &six)))
	o.step()
	o.at("2026-03-01 22:00")
	if r := o.started[0]; !r.StopAt.Equal(time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)) || !strings.Contains(r.Cause, "every day at 22:00 until 06:00") {
		t.Errorf("got %+v", r)
	}
	o.expect("a 2026-03-01 22:00")
	o.at("2026-03-02 05:59")
	if len(o.stopped) != 0 {
		t.Error("it was stopped too early")
	}
	o.restart()
	o.at("2026-03-02 06:01")
	o.step()
	if len(o.stopped) != 1 {
		t.Errorf("stopped %d times", len(o.stopped))
	}
	o.end("a", record.RunStopped)
	o.at("2026-03-05 07:00") // off over three windows, all over by now
	o.expect("")
	o.at("2026-03-05 22:10") // late, but within the window
	o.expect("a 2026-03-05 22:10")
}

func TestJobsFollowEachOther(t *testing.T) {
	o := newOffice(t)
	after := func(id string, delay time.Duration, successful, failed bool) record.Schedule {
		return record.Schedule{After: &record.AfterJob{Job: record.JobID(id), Delay: delay, Successful: successful, Failed: failed}}
	}
	o.put(job("a", daily(22, nil)))
	o.put(job("b", after("a", 10*time.Minute, true, false)))
	o.put(job("c", after("a", 0, false, true)))
	o.put(job("d", after("b", 0, true, true)))
	o.step()
	o.at("2026-03-01 22:00")
	o.expect("a 2026-03-01 22:00")
	o.now = o.now.Add(time.Hour)
	o.end("a", record.RunIncomplete)
	if next := o.step(); !next.Equal(time.Date(2026, 3, 1, 23, 10, 0, 0, time.UTC)) {
		t.Errorf("next look at %s", next)
	}
	o.expect("")
	o.restart()
	o.at("2026-03-01 23:10")
	o.expect("b 2026-03-01 23:10")
	o.end("b", record.RunFailed)
	o.step()
	o.expect("d 2026-03-01 23:10")
	o.end("d", record.RunSucceeded)
	o.step()
	o.expect("")
	o.at("2026-03-02 22:00")
	o.expect("a 2026-03-02 22:00")
	o.end("a", record.RunFailed)
	o.step()
	o.expect("c 2026-03-02 22:00")
}

func TestAStartThatFailsIsTriedAgain(t *testing.T) {
	o := newOffice(t)
	o.put(job("a", daily(22, nil)))
	o.step()
	o.fail = fault.New(fault.Unavailable, "the account cannot be read")
	if next := o.at("2026-03-01 22:00"); !next.Equal(time.Date(2026, 3, 1, 22, 1, 0, 0, time.UTC)) {
		t.Errorf("next look at %s", next)
	}
	o.fail = nil
	o.step()
	o.expect("")
	o.at("2026-03-01 22:01")
	o.expect("a 2026-03-01 22:01")
}

func TestAJobThatIsEnabledStartsNothingLongPast(t *testing.T) {
	o := newOffice(t)
	j := job("a", daily(22, nil))
	j.Enabled = false
	o.put(j)
	o.step()
	o.at("2026-03-03 23:00")
	j.Enabled = true
	o.put(j)
	o.step()
	o.expect("")
	o.at("2026-03-04 22:00")
	o.expect("a 2026-03-04 22:00")
}

// TestARandomQuarter plays jobs of all kinds over some months, with a Director that dies now and then, and checks every start against
// a list of all that the schedules ask for.
func TestARandomQuarter(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", first)
	rng := rand.New(rand.NewPCG(first, 1))
	o := newOffice(t)
	begin := o.now
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}
	const jobs = 12
	wanted := map[record.JobID][]schedule.Occurrence{}
	for i := range jobs {
		s := record.Schedule{Zone: zones[rng.IntN(len(zones))], Clock: schedule.Schedule{
			Kind: schedule.Kind(1 + rng.IntN(3)), Start: schedule.Clock(rng.IntN(1440)), Days: schedule.Days(1 + rng.IntN(127)),
			Every: time.Duration(60+rng.IntN(400)) * time.Minute, Day: 1 + rng.IntN(31),
		}}
		if s.Clock.Kind != schedule.Monthly {
			s.Clock.Day = 0
		}
		if rng.IntN(2) == 0 {
			end := schedule.Clock(rng.IntN(1440))
			s.Clock.End = &end
		}
		j := job(fmt.Sprintf("j%02d", i), s)
		o.put(j)
		c, err := s.Located()
		if err != nil {
			t.Fatal(err)
		}
		for at, ok := c.Next(begin); ok && at.Start.Before(begin.AddDate(0, 5, 0)); at, ok = c.Next(at.Start) {
			wanted[j.ID] = append(wanted[j.ID], at)
		}
	}
	o.step()
	busy := map[record.JobID]bool{}
	done := map[record.JobID]time.Time{} // up to when starts were made or made up for
	checked := 0
	for o.now.Before(begin.AddDate(0, 4, 0)) {
		o.now = o.now.Add(time.Duration(1+rng.IntN(600)) * time.Minute)
		if rng.IntN(20) == 0 {
			o.now = o.now.Add(time.Duration(rng.IntN(72)) * time.Hour)
		}
		if rng.IntN(3) == 0 {
			o.restart()
		}
		o.update(func(tx *store.Tx) error {
			var errs []error
			for i := range jobs {
				if rng.IntN(2) == 0 {
					id := record.JobID(fmt.Sprintf("j%02d", i))
					errs = append(errs, o.ending(id, record.RunSucceeded)(tx))
					busy[id] = false
				}
			}
			return errors.Join(errs...)
		})
		o.step()
		got := map[record.JobID]record.Run{}
		for _, r := range o.started {
			got[r.Job] = r
		}
		o.started = nil
		for i := range jobs {
			id := record.JobID(fmt.Sprintf("j%02d", i))
			var last *schedule.Occurrence
			for k := range wanted[id] {
				if w := &wanted[id][k]; w.Start.After(done[id]) && !w.Start.After(o.now) {
					last = w
				}
			}
			due := last != nil && !busy[id] && (last.Stop.IsZero() || last.Stop.After(o.now))
			r, started := got[id]
			if due != started || started && !r.StopAt.Equal(last.Stop) {
				t.Fatalf("seed %d: at %s job %s: started %v until %s, want %v (%+v)", first, o.now, id, started, r.StopAt, due, last)
			}
			if started {
				checked++
				busy[id], done[id] = true, o.now
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d starts were checked", checked)
	}
}

func TestComingStartsAreListedInOrder(t *testing.T) {
	a, b := job("a", daily(22, nil), daily(6, nil), daily(22, nil)), job("b", daily(12, nil))
	var got []string
	for _, s := range scheduler.Starts([]record.Job{a, b}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 5) {
		got = append(got, s.JobName+" "+s.Start.Format("02 15:04"))
	}
	want := []string{"Job a 01 22:00", "Job a 02 06:00", "Job b 02 12:00", "Job a 02 22:00", "Job a 03 06:00"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTheSchedulerWorksByItself(t *testing.T) {
	o := newOffice(t)
	every := record.Schedule{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Periodic, Days: schedule.EveryDay, Every: time.Minute}}
	o.s = scheduler.New(scheduler.Options{Store: o.store, Dispatcher: o, Now: time.Now, Logger: hclog.NewNullLogger()})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	plans := store.Plans.Watch(o.store, "")
	defer plans.Close()
	go func() { ended <- o.s.Run(ctx) }()
	o.put(job("a", every)) // noticed without being told
	if keys, err := plans.Next(t.Context()); err != nil || !slices.Equal(keys, []string{"a"}) {
		t.Errorf("got %v, %v", keys, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
