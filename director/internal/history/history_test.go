package history_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/history"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// shelf has two repositories: one with points of some runs, one that cannot be reached.
type shelf struct{ runs []string }

func (s *shelf) List() ([]record.Repository, error) {
	return []record.Repository{{ID: "near"}, {ID: "away"}}, nil
}

func (s *shelf) Points(_ context.Context, id record.RepositoryID, _ depot.Key) ([]*transporterv1.Point, error) {
	if id == "away" {
		return nil, fault.New(fault.Unavailable, "it cannot be reached")
	}
	var list []*transporterv1.Point
	for _, r := range s.runs {
		list = append(list, &transporterv1.Point{RunId: r})
	}
	return list, nil
}

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type past struct {
	t     *testing.T
	store *store.Store
	s     *history.Service
	now   time.Time
}

func newPast(t *testing.T, d *shelf) *past {
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
	p := &past{t: t, store: st, now: now}
	p.s = history.New(history.Options{Store: st, Depot: d, Now: func() time.Time { return p.now }, Logger: hclog.NewNullLogger()})
	return p
}

func (p *past) update(fn func(tx *store.Tx) error) {
	p.t.Helper()
	if err := p.store.Update(p.t.Context(), fn); err != nil {
		p.t.Fatal(err)
	}
}

// run writes a run that ended some days ago, with tasks in a repository that made points, or (repository empty) made none.
func (p *past) run(id string, kind record.RunKind, days, tasks int, repository record.RepositoryID) {
	p.t.Helper()
	p.update(func(tx *store.Tx) error {
		r := record.Run{ID: record.RunID(id), Kind: kind, Job: "j", Status: record.RunSucceeded, Ended: now.AddDate(0, 0, -days), Tasks: int32(tasks)}
		for n := range tasks {
			t := record.Task{ID: record.TaskOf(r.ID, n+1), Run: r.ID, Kind: kind, Status: record.TaskSucceeded, Repository: repository}
			if repository != "" {
				t.Point = "p"
			}
			if err := store.Tasks.Put(tx, t); err != nil {
				return err
			}
			if err := store.Losses.Put(tx, record.Losses{Task: t.ID, Losses: []mail.Loss{{What: "message"}}}); err != nil {
				return err
			}
		}
		if err := store.RunsOfJob.Add(tx, store.JobRunKey("j", r.ID)); err != nil {
			return err
		}
		return store.Runs.Put(tx, r)
	})
}

func (p *past) left() []string {
	p.t.Helper()
	list := []string{}
	err := p.store.View(func(tx *store.Tx) error {
		for r, err := range store.Runs.All(tx, "") {
			if err != nil {
				return err
			}
			list = append(list, string(r.ID))
			if !store.RunsOfJob.Has(tx, store.JobRunKey("j", r.ID)) {
				p.t.Errorf("%s is not listed with its job", r.ID)
			}
		}
		tasks := 0
		for t, err := range store.Tasks.All(tx, "") {
			if err != nil {
				return err
			}
			if !store.Runs.Has(tx, string(t.Run)) || !store.Losses.Has(tx, string(t.ID)) {
				p.t.Errorf("task %s is one of no run, or without its losses", t.ID)
			}
			tasks++
		}
		if n := store.Losses.Count(tx); n != tasks {
			p.t.Errorf("%d losses of %d tasks", n, tasks)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

func (p *past) expect(want ...string) {
	p.t.Helper()
	slices.Sort(want)
	if got := p.left(); !slices.Equal(got, want) {
		p.t.Errorf("left are %q, want %q", got, want)
	}
}

func TestWhatIsOldGoesUnlessSomethingRefersToIt(t *testing.T) {
	p := newPast(t, &shelf{runs: []string{"pointed"}})
	p.run("old", record.KindBackup, 401, 1200, "near")
	p.run("young", record.KindBackup, 399, 2, "near")
	p.run("pointed", record.KindBackup, 800, 2, "near")
	p.run("unasked", record.KindBackup, 800, 1, "away")
	p.run("failed", record.KindBackup, 800, 1, "")
	p.run("orphan", record.KindBackup, 800, 1, "removed")
	p.run("last", record.KindBackup, 800, 1, "near")
	p.run("followed", record.KindBackup, 800, 1, "near")
	p.run("verify", record.KindVerify, 800, 1, "")
	p.run("recovery", record.KindRecovery, 800, 1, "")
	p.run("undo", record.KindUndo, 1, 1, "")
	p.run("unsettled", record.KindBackup, 800, 1, "near")
	p.run("prune", record.KindBackup, 800, 1, "near")
	p.run("active", record.KindBackup, 800, 1, "near")
	p.update(func(tx *store.Tx) error {
		undo, err := store.Tasks.Get(tx, string(record.TaskOf("undo", 1)))
		if err != nil {
			return err
		}
		undo.Undo = &record.Undo{Of: record.TaskOf("recovery", 1)}
		for _, err := range []error{
			store.Tasks.Put(tx, undo),
			store.Jobs.Put(tx, record.Job{ID: "j", LastRun: "last"}),
			store.Plans.Put(tx, record.Plan{Job: "k", Followed: map[record.JobID]record.RunID{"j": "followed"}}),
			store.TasksUnsettled.Add(tx, string(record.TaskOf("unsettled", 1))),
			store.RunsToPrune.Add(tx, "prune"),
			store.RunsActive.Add(tx, "active"),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := p.s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	stay := []string{"young", "pointed", "unasked", "last", "followed", "recovery", "undo", "unsettled", "prune", "active"}
	p.expect(stay...)
	h, err := p.s.Settings()
	if err != nil || h.Removed != 4 || !h.Swept.Equal(now) {
		t.Errorf("%+v, %v", h, err)
	}
	if _, err := p.s.Set(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	p.now = now.Add(23 * time.Hour)
	if err := p.s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.expect(stay...) // not before a day has passed
	p.now = now.Add(25 * time.Hour)
	if err := p.s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.expect(slices.DeleteFunc(stay, func(s string) bool { return s == "young" })...)
}

func TestASweepThatDiesLeavesAShorterRun(t *testing.T) {
	p := newPast(t, &shelf{})
	p.run("old", record.KindBackup, 500, 1200, "near")
	died := fmt.Errorf("died")
	commits := 0
	p.store.SetFailpoint(func(point string) error {
		if point == "commit" {
			if commits++; commits == 2 {
				return died
			}
		}
		return nil
	})
	if err := p.s.Sweep(t.Context()); err == nil {
		t.Fatal("it did not die")
	}
	p.expect("old")
	if err := p.s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.expect()
}

func TestOldReportsGo(t *testing.T) {
	p := newPast(t, &shelf{})
	p.update(func(tx *store.Tx) error {
		for n := range 1100 {
			d := record.Delivery{ID: record.DeliveryID(fmt.Sprintf("d-%04d", n)), Ended: now.AddDate(0, 0, -500)}
			if n%100 == 0 {
				d.Ended = now.AddDate(0, 0, -1)
			}
			if n == 1 {
				d.Ended = time.Time{} // still to be sent
			}
			if err := store.Deliveries.Put(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err := p.s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = p.store.View(func(tx *store.Tx) error {
		if n := store.Deliveries.Count(tx); n != 12 {
			t.Errorf("%d reports are left, want 12", n)
		}
		return nil
	})
}
