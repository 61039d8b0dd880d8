package keeper

import (
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Start is something that is done to a repository by the clock: what waits, or what comes.
type Start struct {
	Repository record.RepositoryID
	Name       string
	Work       record.RepositoryWork
	At         time.Time
	Zone, Text string
	// Waiting is set when its time has come: why it is not done.
	Waiting string
}

// Starts lists what waits in a repository, or (id empty) in all, and then what comes, soonest first, at most limit.
// NotFound when there is no such repository.
func (k *Keeper) Starts(id record.RepositoryID, limit int) ([]Start, error) {
	var waiting, coming []Start
	err := k.Store.View(func(tx *store.Tx) error {
		if id != "" {
			r, err := store.Repositories.Get(tx, string(id))
			if err != nil {
				return err
			}
			waiting, coming, err = k.startsOf(tx, r, limit)
			return err
		}
		for r, err := range store.Repositories.All(tx, "") {
			if err != nil {
				return err
			}
			w, c, err := k.startsOf(tx, r, limit)
			if err != nil {
				return err
			}
			waiting, coming = append(waiting, w...), append(coming, c...)
		}
		return nil
	})
	byTime := func(a, b Start) int { return a.At.Compare(b.At) }
	slices.SortStableFunc(waiting, byTime)
	slices.SortStableFunc(coming, byTime)
	all := append(waiting, coming...)
	return all[:min(len(all), limit)], err
}

func (k *Keeper) startsOf(tx *store.Tx, r record.Repository, limit int) (waiting, coming []Start, err error) {
	if store.RepositoryPlans.Has(tx, string(r.ID)) {
		plan, err := store.RepositoryPlans.Get(tx, string(r.ID))
		if err != nil {
			return nil, nil, err
		}
		for _, d := range plan.Due {
			why := d.Waiting
			if why == "" {
				why = "beginning"
			}
			waiting = append(waiting, Start{Repository: r.ID, Name: r.Name, Work: d.Work, At: d.Start, Text: d.Cause, Waiting: why})
		}
	}
	for _, w := range record.RepositoryWorks {
		at := k.Now()
		for range limit {
			next, by, ok := r.Schedules.Next(w, at)
			if !ok {
				break
			}
			coming = append(coming, Start{Repository: r.ID, Name: r.Name, Work: w, At: next, Zone: by.Zone.String(), Text: by.String()})
			at = next
		}
	}
	return waiting, coming, nil
}
