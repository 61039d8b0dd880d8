package keeper

import (
	"context"
	"fmt"
	"slices"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Anew begins the plan of a repository whose schedules were set: what they would have asked for earlier was not missed, and
// what waited is dropped.
func (k *Keeper) Anew(tx *store.Tx, r record.Repository) error {
	return store.RepositoryPlans.Put(tx, record.RepositoryPlan{Repository: r.ID, Considered: k.Now()})
}

// plan writes what became due: with the activities of what the Director does itself, and the ends of what was replaced.
func (k *Keeper) plan(ctx context.Context, r *kept, d *decision) error {
	runs := make([]record.Run, 0, len(d.due)) // of what the Director does itself
	for i := range d.due {
		if !d.due[i].Work.Switches() {
			continue
		}
		run, err := k.Dispatcher.Own(kindOf(d.due[i].Work), title(r, d.due[i].Work), d.due[i].Cause)
		if err != nil {
			return err
		}
		d.due[i].Run = run.ID
		runs = append(runs, run)
	}
	missed, err := k.missed(r, d)
	if err != nil {
		return err
	}
	var plan record.RepositoryPlan
	stale := false
	err = k.Store.Update(ctx, func(tx *store.Tx) error {
		plan, err = store.RepositoryPlans.Get(tx, string(r.ID))
		if kind := fault.KindOf(err); kind == fault.NotFound {
			plan = record.RepositoryPlan{Repository: r.ID}
		} else if err != nil {
			return err
		}
		// Somebody set the schedules, or removed it, since they were read: look again.
		if stale = !plan.Considered.Equal(r.plan.Considered) || !store.Repositories.Has(tx, string(r.ID)); stale {
			return nil
		}
		plan.Considered = d.considered
		plan.Due = slices.DeleteFunc(plan.Due, func(old record.DueWork) bool {
			return slices.ContainsFunc(d.due, func(n record.DueWork) bool { return replaces(&n, &old) })
		})
		plan.Due = append(plan.Due, d.due...)
		for _, run := range runs {
			if err := dispatch.BeginOwn(tx, run); err != nil {
				return err
			}
		}
		for _, run := range missed {
			if err := store.Runs.Put(tx, run); err != nil {
				return err
			}
		}
		for i := range d.replaced {
			if d.replaced[i].Run == "" {
				continue
			}
			if err := k.Dispatcher.EndOwn(tx, d.replaced[i].Run, record.RunFailed, missedWhy(&d.replaced[i])); err != nil {
				return err
			}
		}
		return store.RepositoryPlans.Put(tx, plan)
	})
	if err != nil || stale {
		return err
	}
	r.plan, r.fresh = plan, false
	for i := range d.replaced {
		k.Logger.Warn("what was due in a repository was not done before the next start", "repository", r.ID, "work", d.replaced[i].Work.String())
		k.Dispatcher.TellOwn(d.replaced[i].Run)
	}
	return nil
}

// missed returns a failed activity for each task that was replaced before it could begin, so that it is seen.
func (k *Keeper) missed(r *kept, d *decision) ([]record.Run, error) {
	var list []record.Run
	for i := range d.replaced {
		old := &d.replaced[i]
		if old.Run != "" {
			continue
		}
		run, err := k.Dispatcher.Own(kindOf(old.Work), title(r, old.Work), old.Cause)
		if err != nil {
			return nil, err
		}
		run.Started, run.Status, run.Ended, run.Error = old.Start, record.RunFailed, k.Now(), missedWhy(old)
		list = append(list, run)
	}
	return list, nil
}

func missedWhy(d *record.DueWork) string {
	if d.Waiting == "" {
		return "it was not begun before its next start"
	}
	return "it was not done before its next start: " + d.Waiting
}

func kindOf(w record.RepositoryWork) record.RunKind {
	switch w {
	case record.WorkDetach:
		return record.KindDetach
	case record.WorkAttach:
		return record.KindAttach
	case record.WorkReclaim:
		return record.KindReclaim
	default:
		return record.KindVerify
	}
}

func title(r *kept, w record.RepositoryWork) string {
	switch w {
	case record.WorkDetach:
		return "Detach " + r.Name
	case record.WorkAttach:
		if r.Schedules.Recreate {
			return fmt.Sprintf("Delete all in %s and attach it anew", r.Name)
		}
		return "Attach " + r.Name
	case record.WorkReclaim:
		return "Reclaim space in " + r.Name
	default:
		return "Verify " + r.Name
	}
}
