// Package keeper does by the clock what is done to repositories: it detaches and attaches them, and has them verified and
// their space reclaimed. A start is written before it is acted on, and taken back in the transaction that writes its end or
// its run, so that whenever the Director dies nothing is lost nor done twice:
//
//   - starts that were missed are made up for by one; of missed detaches and attaches only the last counts;
//   - what cannot be done now waits, says why, once, and is tried again when something changed that may help, up to the next
//     start of the same, which takes its place;
//   - an attach or detach that a person has overtaken is dropped: what is due is never done to a repository that somebody
//     attached or detached since.
package keeper

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Depot attaches and detaches.
type Depot interface {
	Attach(ctx context.Context, id record.RepositoryID, key record.RepositoryKey, recreate bool) (record.Repository, error)
	Detach(ctx context.Context, id record.RepositoryID) (record.Repository, error)
	// Close has a detached repository let go of by its Transporter, which perhaps was done before.
	Close(ctx context.Context, id record.RepositoryID) error
	// Busy returns Conflict while something uses the repository.
	Busy(id record.RepositoryID) error
}

// Dispatcher keeps activities.
type Dispatcher interface {
	Own(kind record.RunKind, title, cause string) (record.Run, error)
	HoldOwn(ctx context.Context, id record.RunID, why string) error
	EndOwn(tx *store.Tx, id record.RunID, status record.RunStatus, why string) error
	TellOwn(id record.RunID)
	StartByClock(ctx context.Context, b dispatch.ByClock) (record.Run, error)
}

// Options of a Keeper. All are required but Changes.
type Options struct {
	Store      *store.Store
	Depot      Depot
	Dispatcher Dispatcher
	Now        func() time.Time
	Logger     hclog.Logger
	// Changes tells that Transporters came or went; nil for never.
	Changes func() (<-chan struct{}, func())
}

// Keeper follows the schedules of repositories.
type Keeper struct {
	Options
	work sync.WaitGroup

	wake chan struct{} // there may be something to do

	mu sync.Mutex
	// atWork are the repositories that something is being done to now; true when they are to be looked at again then.
	atWork map[record.RepositoryID]bool
	// again is when what a Transporter or a disk refused is tried again.
	again map[attempt]time.Time
}

// attempt is one work on one repository.
type attempt struct {
	repository record.RepositoryID
	work       record.RepositoryWork
}

// New returns a keeper that has not begun.
func New(o Options) *Keeper {
	return &Keeper{Options: o, wake: make(chan struct{}, 1), atWork: map[record.RepositoryID]bool{}, again: map[attempt]time.Time{}}
}

const (
	// longest is how long the keeper sleeps at most: a clock that is set is noticed by then.
	longest = 30 * time.Second
	// pause is how long after one look the next is at the earliest.
	pause = 250 * time.Millisecond
	// retry is when what waits is tried again though nothing seems to have changed.
	retry = time.Minute
	// ahead is how far in the future what was considered may lie before the clock is taken to have been set back.
	ahead = time.Minute
)

// Run works until the context is done, and returns when nothing is being done any more.
func (k *Keeper) Run(ctx context.Context) error {
	defer k.work.Wait()
	for _, w := range []*store.Watch{store.Repositories.Watch(k.Store, ""), store.Runs.Watch(k.Store, ""), store.RepositoryPlans.Watch(k.Store, "")} {
		defer w.Close()
		k.work.Go(func() {
			for {
				if _, err := w.Next(ctx); err != nil {
					return // the context or the store has ended, and with it the loop below
				}
				k.poke()
			}
		})
	}
	var fleet <-chan struct{}
	if k.Changes != nil {
		c, cancel := k.Changes()
		defer cancel()
		fleet = c
	}
	for {
		next, err := k.Step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			k.Logger.Error("the schedules of repositories could not be looked through; trying again", "error", err)
			next = k.Now().Add(retry)
		}
		// Runs are written often: what they change is looked at together.
		if !k.sleep(ctx, pause, nil, nil) || !k.sleep(ctx, min(max(next.Sub(k.Now()), 0), longest), k.wake, fleet) {
			return nil
		}
	}
}

// sleep returns after the time, or when something has changed; false when the context is done. When Transporters came or
// went, what they refused is tried again at once.
func (k *Keeper) sleep(ctx context.Context, d time.Duration, changed, fleet <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-changed:
	case <-fleet:
		k.mu.Lock()
		defer k.mu.Unlock()
		clear(k.again)
	}
	return true
}

// poke makes Run look again.
func (k *Keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Wait returns when nothing that steps began is being done any more.
func (k *Keeper) Wait() { k.work.Wait() }

// Step writes what is due now, begins to do it, and returns when something will be due next, as far as that is known.
func (k *Keeper) Step(ctx context.Context) (time.Time, error) {
	now := k.Now()
	next := now.Add(24 * time.Hour)
	all, err := k.load()
	if err != nil {
		return next, err
	}
	named := map[record.RunID]bool{}
	for i := range all {
		at, err := k.repository(ctx, &all[i], now)
		if err != nil {
			return next, err
		}
		if at.Before(next) {
			next = at
		}
		for _, d := range all[i].plan.Due {
			named[d.Run] = true
		}
	}
	return next, k.drop(ctx, named)
}

// kept is a repository with its plan.
type kept struct {
	record.Repository
	plan record.RepositoryPlan
	// fresh is set while it has no plan.
	fresh bool
}

// load reads all repositories that have schedules, or something due.
func (k *Keeper) load() ([]kept, error) {
	var list []kept
	err := k.Store.View(func(tx *store.Tx) error {
		for r, err := range store.Repositories.All(tx, "") {
			if err != nil {
				return err
			}
			one := kept{Repository: r, plan: record.RepositoryPlan{Repository: r.ID}}
			one.fresh = !store.RepositoryPlans.Has(tx, string(r.ID))
			if one.fresh && r.Schedules.Empty() {
				continue
			}
			if !one.fresh {
				if one.plan, err = store.RepositoryPlans.Get(tx, string(r.ID)); err != nil {
					return err
				}
			}
			list = append(list, one)
		}
		return nil
	})
	return list, err
}

// repository writes what is due for one repository, begins to do it, and returns when to look again.
func (k *Keeper) repository(ctx context.Context, r *kept, now time.Time) (time.Time, error) {
	d := decide(r, now)
	if d.changed {
		if err := k.plan(ctx, r, &d); err != nil {
			return now, err
		}
	}
	if len(r.plan.Due) == 0 {
		return d.next, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, busy := k.atWork[r.ID]; busy {
		k.atWork[r.ID] = true
		return d.next, nil
	}
	k.atWork[r.ID] = false
	due, repository := r.plan.Due, r.Repository
	k.work.Go(func() {
		k.doAll(ctx, &repository, due)
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.atWork[repository.ID] {
			k.poke()
		}
		delete(k.atWork, repository.ID)
	})
	if at := now.Add(retry); at.Before(d.next) {
		return at, nil
	}
	return d.next, nil
}

// drop ends activities that no plan names any more: the schedules were changed, or the repository was removed.
func (k *Keeper) drop(ctx context.Context, named map[record.RunID]bool) error {
	var orphans []record.RunID
	err := k.Store.View(func(tx *store.Tx) error {
		for id := range store.RunsActive.All(tx, "") {
			r, err := store.Runs.Get(tx, id)
			if err != nil {
				return err
			}
			if (r.Kind == record.KindDetach || r.Kind == record.KindAttach) && !named[r.ID] {
				orphans = append(orphans, r.ID)
			}
		}
		return nil
	})
	for _, id := range orphans {
		if err == nil {
			err = k.Store.Update(ctx, func(tx *store.Tx) error {
				return k.Dispatcher.EndOwn(tx, id, record.RunStopped, "the schedules of the repository were changed, or it was removed")
			})
			k.Dispatcher.TellOwn(id)
		}
	}
	return err
}
