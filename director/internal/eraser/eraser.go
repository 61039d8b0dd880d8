// Package eraser deletes jobs with all their backups. What is to be done is kept with the job (record.Deletion), which stays
// until the last point is gone: a death of the Director, and a repository that is detached or out of reach, delay that and
// lose nothing. Deleting a point twice is deleting it once.
package eraser

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Depot lists and deletes recovery points.
type Depot interface {
	PointIDs(ctx context.Context, id record.RepositoryID, key depot.Key, most int) ([]record.PointID, error)
	DeletePoints(ctx context.Context, id record.RepositoryID, points []record.PointID) error
}

// Options of an Eraser. All are required but Changes.
type Options struct {
	Store  *store.Store
	Depot  Depot
	Now    func() time.Time
	Logger hclog.Logger
	// Changes tells that Transporters came or went; nil for never.
	Changes func() (<-chan struct{}, func())
}

// Eraser deletes what is to be deleted.
type Eraser struct {
	Options
	// failed are places that could not be worked on, with when to try again.
	failed map[place]time.Time
}

// place is a repository of a deletion.
type place struct {
	job        record.JobID
	repository record.RepositoryID
}

const (
	// again is when what failed is tried again, and how long the eraser sleeps at most.
	again = time.Minute
	// portion is how many points are deleted before that is written, and atOnce how many are listed in one go.
	portion = 500
	atOnce  = 100_000
)

// New returns an eraser that has not begun.
func New(o Options) *Eraser { return &Eraser{Options: o, failed: map[place]time.Time{}} }

// Run works until the context is done. It looks again when a job or a repository changes, or a Transporter comes back.
func (e *Eraser) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	defer watchers.Wait()
	defer cancel()
	changed := make(chan struct{}, 1)
	jobs, repositories := store.Jobs.Watch(e.Store, ""), store.Repositories.Watch(e.Store, "")
	defer jobs.Close()
	defer repositories.Close()
	watchers.Go(func() { forward(ctx, jobs.Next, changed) })
	watchers.Go(func() { forward(ctx, repositories.Next, changed) })
	var fleet <-chan struct{}
	if e.Changes != nil {
		ready, cancel := e.Changes()
		defer cancel()
		fleet = ready
	}
	for {
		if err := e.Step(ctx); err != nil && ctx.Err() == nil {
			e.Logger.Error("deletions could not be looked through; trying again", "error", err)
		}
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-fleet:
			timer.Stop()
			clear(e.failed)
		}
	}
}

// forward tells of changes until the context or the store ends.
func forward[T any](ctx context.Context, next func(context.Context) (T, error), changed chan<- struct{}) {
	for {
		if _, err := next(ctx); err != nil {
			return
		}
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// Step deletes what can be deleted now.
func (e *Eraser) Step(ctx context.Context) error {
	var due []record.Job
	err := e.Store.View(func(tx *store.Tx) error {
		for j, err := range store.Jobs.All(tx, "") {
			if err != nil {
				return err
			}
			if j.Deletion != nil {
				due = append(due, j)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, j := range due {
		for _, p := range j.Deletion.Places {
			if p.Done {
				continue
			}
			if err := e.place(ctx, j.ID, p); errors.Is(err, errEnded) {
				break
			} else if err != nil {
				return err
			}
		}
		if err := e.finish(ctx, j.ID); err != nil {
			return err
		}
	}
	return nil
}

// place deletes the points of a job in one repository, and writes why when it cannot. It returns errors of the store.
func (e *Eraser) place(ctx context.Context, job record.JobID, p record.DeletionPlace) error {
	at := place{job, p.Repository}
	why, err := e.stands(p.Repository)
	switch {
	case fault.KindOf(err) == fault.NotFound: // the repository was removed, with its points or out of our hands
		return e.note(ctx, at, func(p *record.DeletionPlace) { p.Done, p.Waiting = true, "" })
	case err != nil:
		return err
	case why != "":
		delete(e.failed, at) // attaching it wakes us
		return e.wait(ctx, at, p, why)
	case e.Now().Before(e.failed[at]):
		return nil
	}
	if err := e.empty(ctx, at); err != nil {
		if ctx.Err() != nil || errors.Is(err, errEnded) {
			return err
		}
		e.failed[at] = e.Now().Add(again)
		e.Logger.Warn("backups could not be deleted; trying again", "job", job, "repository", p.Repository, "kind", fault.KindOf(err).Error())
		return e.wait(ctx, at, p, err.Error())
	}
	delete(e.failed, at)
	return nil
}

// stands returns why a repository cannot be worked on until a person does something; empty when it can. NotFound when it is
// not there any more.
func (e *Eraser) stands(id record.RepositoryID) (why string, err error) {
	err = e.Store.View(func(tx *store.Tx) error {
		r, err := store.Repositories.Get(tx, string(id))
		if err == nil && !r.Attached {
			why = "repository " + r.Name + " is detached; attach it"
		}
		return err
	})
	return why, err
}

// wait writes why a place waits, unless that is written already.
func (e *Eraser) wait(ctx context.Context, at place, p record.DeletionPlace, why string) error {
	if p.Waiting == why {
		return nil
	}
	return e.note(ctx, at, func(p *record.DeletionPlace) { p.Waiting = why })
}

// empty deletes all points of a job in a repository.
func (e *Eraser) empty(ctx context.Context, at place) error {
	gone := map[record.PointID]bool{}
	for {
		ids, err := e.Depot.PointIDs(ctx, at.repository, depot.Key{Job: at.job}, atOnce)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return e.note(ctx, at, func(p *record.DeletionPlace) { p.Done, p.Waiting = true, "" })
		}
		for _, id := range ids { // or this would never end
			if gone[id] {
				return fault.New(fault.Corrupt, "recovery point %s was deleted and is still there; verify the repository", id)
			}
		}
		clear(gone)
		for _, id := range ids {
			gone[id] = true
		}
		for len(ids) > 0 {
			some := ids[:min(portion, len(ids))]
			ids = ids[len(some):]
			if err := e.Depot.DeletePoints(ctx, at.repository, some); err != nil {
				return err
			}
			err := e.note(ctx, at, func(p *record.DeletionPlace) { p.Deleted, p.Waiting = p.Deleted+int64(len(some)), "" })
			if err != nil {
				return err
			}
		}
	}
}

// errEnded says that a person ended the deletion.
var errEnded = errors.New("the deletion was ended")

// note changes what is written of a place; errEnded when the deletion is not there any more.
func (e *Eraser) note(ctx context.Context, at place, change func(*record.DeletionPlace)) error {
	return e.Store.Update(ctx, func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(at.job))
		if fault.KindOf(err) == fault.NotFound || err == nil && j.Deletion == nil {
			return errEnded
		}
		if err != nil {
			return err
		}
		for n := range j.Deletion.Places {
			if p := &j.Deletion.Places[n]; p.Repository == at.repository {
				change(p)
			}
		}
		return store.Jobs.Put(tx, j)
	})
}

// finish forgets a job of which nothing is left.
func (e *Eraser) finish(ctx context.Context, id record.JobID) error {
	return e.Store.Update(ctx, func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil || j.Deletion == nil || !j.Deletion.Done() {
			return err
		}
		var deleted int64
		for _, p := range j.Deletion.Places {
			deleted += p.Deleted
		}
		e.Logger.Info("job and its backups deleted", "job", id, "points", deleted)
		if err := store.ForgetPasts(tx, id); err != nil { // what an older version left
			return err
		}
		return store.Jobs.Delete(tx, string(id))
	})
}
