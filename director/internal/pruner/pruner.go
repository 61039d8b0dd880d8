// Package pruner applies the retention of jobs: after each run, to the mailboxes that have a new recovery point of it, and on
// demand. A policy is applied to all points of a mailbox together, in whatever repositories of the job they are: those that
// the job names, and former ones. A point that was copied between them is one point, and its copies share its fate. A
// repository that is out of reach hides points, which only makes others stay. What is still to be done is kept with the runs, so that the death of the Director or a repository that is out of
// reach delays it and loses nothing; doing it twice deletes nothing more.
package pruner

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Depot lists and deletes recovery points.
type Depot interface {
	Points(ctx context.Context, id record.RepositoryID, key depot.Key) ([]*transporterv1.Point, error)
	DeletePoints(ctx context.Context, id record.RepositoryID, points []record.PointID) error
}

// Options of a Pruner. All are required.
type Options struct {
	Store  *store.Store
	Depot  Depot
	Now    func() time.Time
	Logger hclog.Logger
}

// Pruner applies retention.
type Pruner struct {
	Options
	// failed are runs that could not be done whole.
	failed map[record.RunID]*failure
}

// failure is what is left of a run.
type failure struct {
	// next is when to try again.
	next time.Time
	// away are the repositories that could not be used, and key a backup to ask them for.
	away []record.RepositoryID
	key  depot.Key
}

// again is when what failed is tried again, and how long the pruner sleeps at most.
const again = 5 * time.Minute

// New returns a pruner that has not begun.
func New(o Options) *Pruner { return &Pruner{Options: o, failed: map[record.RunID]*failure{}} }

// Run works until the context is done.
func (p *Pruner) Run(ctx context.Context) error {
	runs := store.Runs.Watch(p.Store, "")
	defer runs.Close()
	changed := make(chan struct{}, 1)
	go func() {
		for {
			if _, err := runs.Next(ctx); err != nil {
				return // the context or the store has ended, and with it the loop below
			}
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}()
	for {
		if err := p.Step(ctx); err != nil && ctx.Err() == nil {
			p.Logger.Error("retention could not be looked through; trying again", "error", err)
		}
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-changed:
			timer.Stop()
		}
	}
}

// Step applies the retention of all runs that ended since.
func (p *Pruner) Step(ctx context.Context) error {
	var due []record.RunID
	err := p.Store.View(func(tx *store.Tx) error {
		for id := range store.RunsToPrune.All(tx, "") {
			due = append(due, record.RunID(id))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range due {
		if f := p.failed[id]; f != nil && (p.Now().Before(f.next) || !p.changed(ctx, f)) {
			continue
		}
		if f, err := p.run(ctx, id); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			f.next = p.Now().Add(again)
			p.failed[id] = &f
			p.Logger.Warn("retention could not be applied; trying again", "run", id, "kind", fault.KindOf(err).Error())
			continue
		}
		delete(p.failed, id)
		err := p.Store.Update(ctx, func(tx *store.Tx) error { return store.RunsToPrune.Remove(tx, string(id)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// changed reports whether one of the repositories that could not be used can be now, so that it is worth while to go through
// all mailboxes again.
func (p *Pruner) changed(ctx context.Context, f *failure) bool {
	for _, id := range f.away {
		if _, err := p.Depot.Points(ctx, id, f.key); err == nil || fault.KindOf(err) == fault.NotFound {
			return true
		}
	}
	f.next = p.Now().Add(again)
	return len(f.away) == 0
}

// run applies the retention of a run's job, as it is now, to the mailboxes that have a point of it. With an error it tells
// what is left.
func (p *Pruner) run(ctx context.Context, id record.RunID) (failure, error) {
	var job record.Job
	var keys []depot.Key
	err := p.Store.View(func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if job, err = store.Jobs.Get(tx, string(r.Job)); err != nil {
			return err
		}
		for t, err := range store.Tasks.All(tx, store.TaskPrefix(id)) {
			if err != nil {
				return err
			}
			if t.Point != "" {
				keys = append(keys, depot.Key{Account: t.Account, Mailbox: t.Mailbox, Job: job.ID})
			}
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return failure{}, nil // the job was deleted, and its backups stay
	}
	if err != nil {
		return failure{}, err
	}
	policy, err := job.Retention.Located()
	if err != nil || policy.Everything() || job.Deletion != nil {
		return failure{}, err
	}
	places, err := p.places(job)
	if err != nil {
		return failure{}, err
	}
	deleted := 0
	for _, key := range keys {
		n, err := p.mailbox(ctx, places, key, policy)
		deleted += n
		if err != nil {
			return failure{}, err
		}
	}
	if deleted > 0 {
		p.Logger.Info("retention applied", "job", job.ID, "run", id, "deleted", deleted)
	}
	if err := places.err(); err != nil {
		return failure{away: places.away(), key: keys[0]}, err
	}
	return failure{}, nil
}

// mailbox applies a policy to the backup of one mailbox and returns how many points it deleted. It returns the error of a
// context only; what a repository cannot do is kept with the places.
func (p *Pruner) mailbox(ctx context.Context, places *places, key depot.Key, policy retention.Policy) (int, error) {
	found, err := p.look(ctx, places, key)
	if err != nil {
		return 0, err
	}
	gone := map[record.RepositoryID][]record.PointID{}
	for _, b := range found {
		for _, d := range b.decide(policy) {
			if d.Keep() {
				continue
			}
			for _, at := range b.at[d.ID] {
				gone[at] = append(gone[at], record.PointID(d.ID))
			}
		}
	}
	deleted := 0
	for at, points := range gone {
		if err := p.Depot.DeletePoints(ctx, at, points); err != nil {
			if ctx.Err() != nil {
				return deleted, ctx.Err()
			}
			places.fail(at, err)
			continue
		}
		deleted += len(points)
	}
	return deleted, nil
}

// Apply has the retention of a job applied to the mailboxes of its last run as soon as can be. Conflict when it never ran.
func (p *Pruner) Apply(ctx context.Context, id record.JobID) error {
	return p.Store.Update(ctx, func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if j.LastRun == "" {
			return fault.New(fault.Conflict, "job %s has never run: it has no points to keep or delete", j.Name)
		}
		if err := store.RunsToPrune.Add(tx, string(j.LastRun)); err != nil {
			return err
		}
		r, err := store.Runs.Get(tx, string(j.LastRun))
		if err != nil {
			return err
		}
		return store.Runs.Put(tx, r) // wakes the pruner
	})
}
