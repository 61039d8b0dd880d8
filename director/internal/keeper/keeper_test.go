package keeper_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/keeper"
	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// site is a store with a repository, a clock that is set by hand, and what is done to the repository, as a list of words.
type site struct {
	t          *testing.T
	store      *store.Store
	dispatcher *dispatch.Dispatcher
	now        time.Time
	k          *keeper.Keeper
	did        []string
	// refuse is what the Transporter answers, busy what uses the repository.
	refuse, busy error
	// dieAfter, when set, is called with the word after something was done, before its end is written.
	dieAfter func(word string)
}

func newSite(t *testing.T, s record.RepositorySchedules) *site {
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
	o := &site{t: t, store: st}
	o.clock("2026-03-01 12:00")
	o.dispatcher, err = dispatch.Open(t.Context(), dispatch.Options{Store: st, Now: func() time.Time { return o.now }, Logger: hclog.NewNullLogger()})
	if err != nil {
		t.Fatal(err)
	}
	o.edit(func(r *record.Repository) { r.ID, r.Name, r.Attached, r.Schedules = "r", "Vault", true, s })
	o.restart()
	o.step()
	return o
}

// restart forgets all that is not written, as the death of the Director does.
func (o *site) restart() {
	o.k = keeper.New(keeper.Options{Store: o.store, Depot: o, Dispatcher: o, Now: func() time.Time { return o.now }, Logger: hclog.NewNullLogger()})
}

func (o *site) clock(text string) {
	o.t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		o.t.Fatal(err)
	}
	o.now = at
}

func (o *site) step() {
	o.t.Helper()
	if _, err := o.k.Step(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.k.Wait()
	// What was done wakes the keeper, which drops what nothing names.
	if _, err := o.k.Step(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.k.Wait()
}

func (o *site) at(text string) {
	o.t.Helper()
	o.clock(text)
	o.step()
}

// expect compares what was done since it was asked last.
func (o *site) expect(want string) {
	o.t.Helper()
	if got := strings.Join(o.did, ", "); got != want {
		o.t.Errorf("at %s: did %q, want %q", o.now.Format("2006-01-02 15:04"), got, want)
	}
	o.did = nil
}

// history returns the activities as "title: status", oldest first, with why they ended so or wait.
func (o *site) history() []string {
	o.t.Helper()
	var list []string
	err := o.store.View(func(tx *store.Tx) error {
		for r, err := range store.Runs.All(tx, "") {
			if err != nil {
				return err
			}
			words := map[record.RunStatus]string{
				record.RunRunning: "running", record.RunSucceeded: "succeeded", record.RunFailed: "failed", record.RunStopped: "stopped",
			}
			list = append(list, strings.TrimSpace(r.Title+": "+words[r.Status]+" "+r.Error+r.Held))
			if !strings.HasPrefix(r.Cause, "schedule: ") {
				o.t.Errorf("%s has the cause %q", r.Title, r.Cause)
			}
			if r.Status.Ended() == store.RunsActive.Has(tx, string(r.ID)) {
				o.t.Errorf("%s: whether it goes on is not told the same everywhere", r.Title)
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

func (o *site) last() string {
	o.t.Helper()
	list := o.history()
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

func (o *site) get() (r record.Repository) {
	o.t.Helper()
	err := o.store.View(func(tx *store.Tx) (err error) { r, err = store.Repositories.Get(tx, "r"); return err })
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func (o *site) edit(change func(*record.Repository)) {
	o.t.Helper()
	err := o.store.Update(context.WithoutCancel(o.t.Context()), func(tx *store.Tx) error {
		r, err := store.Repositories.Get(tx, "r")
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		change(&r)
		return store.Repositories.Put(tx, r)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// errDied stands for the death of the Director before the end of something is written.
var errDied = errors.New("the Director died")

func (o *site) done(word string) error {
	o.did = append(o.did, word)
	if o.dieAfter != nil {
		o.dieAfter(word)
		return errDied
	}
	return nil
}

func (o *site) Attach(_ context.Context, _ record.RepositoryID, _ record.RepositoryKey, recreate bool) (record.Repository, error) {
	if o.refuse != nil {
		return record.Repository{}, o.refuse
	}
	o.edit(func(r *record.Repository) { r.Attached, r.Switched = true, o.now.Add(time.Second) })
	if recreate {
		return record.Repository{}, o.done("recreate")
	}
	return record.Repository{}, o.done("attach")
}

func (o *site) Detach(context.Context, record.RepositoryID) (record.Repository, error) {
	if o.refuse != nil {
		return record.Repository{}, o.refuse
	}
	o.edit(func(r *record.Repository) { r.Attached, r.Switched = false, o.now.Add(time.Second) })
	return record.Repository{}, o.done("detach")
}

func (o *site) Close(context.Context, record.RepositoryID) error { return o.done("close") }

func (o *site) Busy(record.RepositoryID) error { return o.busy }

func (o *site) Own(kind record.RunKind, title, cause string) (record.Run, error) {
	return o.dispatcher.Own(kind, title, cause)
}

func (o *site) HoldOwn(ctx context.Context, id record.RunID, why string) error {
	return o.dispatcher.HoldOwn(ctx, id, why)
}

func (o *site) EndOwn(tx *store.Tx, id record.RunID, status record.RunStatus, why string) error {
	return o.dispatcher.EndOwn(tx, id, status, why)
}

func (o *site) TellOwn(id record.RunID) { o.dispatcher.TellOwn(id) }

func (o *site) StartByClock(ctx context.Context, b dispatch.ByClock) (record.Run, error) {
	if o.refuse != nil {
		return record.Run{}, o.refuse
	}
	if err := o.store.Update(ctx, b.Also); err != nil {
		return record.Run{}, err
	}
	return record.Run{}, o.done(b.Work.String())
}

func daily(h int) []record.Schedule {
	return []record.Schedule{{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: schedule.Clock(h * 60)}}}
}

func rotation(recreate bool) record.RepositorySchedules {
	return record.RepositorySchedules{Detach: daily(6), Attach: daily(22), Recreate: recreate}
}

func TestARepositoryIsDetachedAndAttachedByTheClock(t *testing.T) {
	o := newSite(t, rotation(false))
	o.at("2026-03-01 21:59")
	o.expect("")
	o.at("2026-03-01 22:00") // it is attached already
	o.expect("")
	o.at("2026-03-02 06:00")
	o.expect("detach")
	o.at("2026-03-02 06:01")
	o.expect("")
	o.at("2026-03-02 22:00")
	o.expect("attach")
	got := strings.Join(o.history(), "; ")
	if want := "Attach Vault: succeeded; Detach Vault: succeeded; Attach Vault: succeeded"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOfMissedStartsTheLastIsMadeUpForOnce(t *testing.T) {
	o := newSite(t, record.RepositorySchedules{Detach: daily(6), Attach: daily(22), Verify: daily(3), Reclaim: daily(4)})
	o.restart()
	o.at("2026-03-04 12:00") // after three nights
	o.expect("detach")
	if r := o.get(); r.Attached {
		t.Error("it is attached still")
	}
	o.at("2026-03-04 22:00")
	o.expect("attach, verify, reclaim")
	o.at("2026-03-04 23:00")
	o.expect("")
}

func TestWhatIsDueIsDoneOnceHoweverTheDirectorDies(t *testing.T) {
	for _, recreate := range []bool{false, true} {
		o := newSite(t, rotation(recreate))
		o.dieAfter = func(string) {}
		o.at("2026-03-02 06:00")
		o.expect("detach")
		o.dieAfter = nil
		o.restart()
		o.at("2026-03-02 06:05") // asked again, because nobody knows whether the Transporter has let go of it
		o.expect("close")
		if got := o.last(); got != "Detach Vault: succeeded" {
			t.Errorf("after the detach: %q", got)
		}
		o.dieAfter = func(string) {}
		o.at("2026-03-02 22:00")
		o.did, o.dieAfter = nil, nil
		o.restart()
		o.at("2026-03-02 22:05")
		o.expect("") // above all, it is not deleted a second time
		if got := o.last(); !strings.HasSuffix(got, ": succeeded") {
			t.Errorf("after the attach: %q", got)
		}
	}
}

func TestWhatCannotBeDoneWaitsAndIsTold(t *testing.T) {
	o := newSite(t, rotation(true))
	o.busy = fault.New(fault.Conflict, "a run is using it")
	o.at("2026-03-02 06:00")
	if got := o.last(); got != "Detach Vault: running waiting for the end of what uses the repository" {
		t.Errorf("got %q", got)
	}
	o.busy = nil
	o.at("2026-03-02 06:30")
	o.expect("detach")
	o.refuse = fault.New(fault.Unavailable, "Transporter keep cannot be reached")
	o.at("2026-03-02 22:00")
	if got := o.last(); !strings.HasSuffix(got, ": running Transporter keep cannot be reached") {
		t.Errorf("got %q", got)
	}
	o.refuse = nil
	o.now = o.now.Add(10 * time.Second)
	o.step()
	o.expect("") // too soon
	o.now = o.now.Add(time.Minute)
	o.step()
	o.expect("recreate")
	if got := o.last(); got != "Delete all in Vault and attach it anew: succeeded" {
		t.Errorf("got %q", got)
	}
}

func TestADetachThatMeetsARunIsPassedOverByChoice(t *testing.T) {
	s := rotation(false)
	s.SkipBusy = true
	o := newSite(t, s)
	o.busy = fault.New(fault.Conflict, "a run is using it")
	o.at("2026-03-02 06:00")
	if got := o.last(); got != "Detach Vault: failed it was passed over: a run is using it" {
		t.Errorf("got %q", got)
	}
	o.busy = nil
	o.at("2026-03-02 07:00")
	o.expect("")
}

func TestTheNextStartTakesThePlaceOfOneThatWaits(t *testing.T) {
	o := newSite(t, record.RepositorySchedules{Detach: daily(6), Attach: daily(22), Verify: daily(3)})
	o.refuse = fault.New(fault.Unavailable, "Transporter keep cannot be reached")
	o.at("2026-03-02 03:00")
	o.at("2026-03-02 06:00")
	o.at("2026-03-02 22:00") // it is attached: nothing is to be done
	o.at("2026-03-03 03:00")
	o.refuse = nil
	o.at("2026-03-03 03:05")
	o.expect("verify")
	got := strings.Join(o.history(), "; ")
	want := "Attach Vault: succeeded; Detach Vault: failed it was not done before its next start: Transporter keep cannot be reached; Attach Vault: succeeded; " +
		"Verify Vault: failed it was not done before its next start: Transporter keep cannot be reached"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatAPersonDidIsNotUndone(t *testing.T) {
	o := newSite(t, rotation(true))
	o.at("2026-03-02 06:00")
	o.refuse = fault.New(fault.Unavailable, "Transporter keep cannot be reached")
	o.at("2026-03-02 22:00")
	o.did = nil
	// Somebody attaches it, backs up, and detaches it again. Then the Transporter is found.
	o.edit(func(r *record.Repository) { r.Switched = o.now.Add(time.Hour) })
	o.refuse = nil
	o.at("2026-03-03 00:00")
	o.expect("")
	if got := o.last(); got != "Delete all in Vault and attach it anew: stopped the repository was detached since it became due, and stays so" {
		t.Errorf("got %q", got)
	}
}

func TestOneThatWaitsIsStoppedAndDroppedWithItsSchedules(t *testing.T) {
	o := newSite(t, rotation(false))
	o.busy = fault.New(fault.Conflict, "a run is using it")
	o.at("2026-03-02 06:00")
	var ids []record.RunID
	err := o.store.View(func(tx *store.Tx) error {
		for run := range store.RunsActive.All(tx, "") {
			ids = append(ids, record.RunID(run))
		}
		return nil
	})
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	if err := o.dispatcher.Stop(t.Context(), ids[0], false); err != nil {
		t.Fatal(err)
	}
	o.step()
	if got := o.last(); got != "Detach Vault: stopped" {
		t.Errorf("got %q", got)
	}
	o.at("2026-03-03 06:00")
	if got := o.last(); !strings.HasPrefix(got, "Detach Vault: running") {
		t.Errorf("got %q", got)
	}
	err = o.store.Update(t.Context(), func(tx *store.Tx) error { return o.k.Anew(tx, record.Repository{ID: "r"}) })
	if err != nil {
		t.Fatal(err)
	}
	o.step()
	if got := o.last(); !strings.HasPrefix(got, "Detach Vault: stopped the schedules") {
		t.Errorf("got %q", got)
	}
	o.busy = nil
	o.at("2026-03-03 07:00")
	o.expect("")
}

func TestADetachedRepositoryIsVerifiedWhenItIsAttached(t *testing.T) {
	o := newSite(t, record.RepositorySchedules{VerifyFull: daily(3), Attach: daily(5)})
	o.edit(func(r *record.Repository) { r.Attached = false })
	o.at("2026-03-02 03:00")
	starts, err := o.k.Starts("r", 2)
	if err != nil || len(starts) != 2 || starts[0].Waiting != "repository Vault is detached until 2026-03-02 05:00 UTC" || starts[1].Work != record.WorkAttach {
		t.Errorf("got %+v, %v", starts, err)
	}
	o.at("2026-03-02 05:00")
	o.expect("attach, full verify")
}
