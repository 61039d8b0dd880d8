package dispatch

import (
	"context"
	"errors"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// What the Director does itself is a run without tasks. It is listed, watched and stopped as others are; who does it
// begins it, hears from the store that it is to stop, and ends it.

// Own returns an activity of the Director's own that BeginOwn has yet to write.
func (d *Dispatcher) Own(kind record.RunKind, title, cause string) (record.Run, error) {
	r, err := d.newRun(kind)
	r.Title, r.Cause, r.Status = title, cause, record.RunRunning
	return r, err
}

// BeginOwn writes an activity of the Director's own.
func BeginOwn(tx *store.Tx, r record.Run) error {
	if !r.Kind.Own() {
		return fault.New(fault.Invalid, "run %s is not one that the Director does itself", r.ID)
	}
	return errors.Join(store.Runs.Insert(tx, r), store.RunsActive.Add(tx, string(r.ID)))
}

// HoldOwn says why an activity of the Director's own waits; empty when it goes on.
func (d *Dispatcher) HoldOwn(ctx context.Context, id record.RunID, why string) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil || r.Status.Ended() || r.Held == why {
			return err
		}
		r.Held = why
		return store.Runs.Put(tx, r)
	})
	d.touch(id)
	return err
}

// EndOwn writes the end of an activity of the Director's own, with why it did not go well, or empty. One that has ended
// stays as it is. Tell is called afterwards.
func (d *Dispatcher) EndOwn(tx *store.Tx, id record.RunID, status record.RunStatus, why string) error {
	r, err := store.Runs.Get(tx, string(id))
	if err != nil || r.Status.Ended() {
		return err
	}
	r.Status, r.Ended, r.Held = status, d.Now(), ""
	if r.Error == "" {
		r.Error = why
	}
	if d.Ended != nil {
		err = d.Ended(tx, &r)
	}
	return errors.Join(err, store.Runs.Put(tx, r), store.RunsActive.Remove(tx, string(id)))
}

// TellOwn tells watchers that an activity of the Director's own changed.
func (d *Dispatcher) TellOwn(id record.RunID) { d.touch(id) }

// ByClock is what is done to a repository by its schedules, as a task.
type ByClock struct {
	Repository record.RepositoryID
	Work       record.RepositoryWork
	Cause      string
	// Also is done in the transaction that writes the run.
	Also func(tx *store.Tx) error
}

// upkeepOf returns the kind and title of a work that is a task.
func upkeepOf(w record.RepositoryWork) (record.RunKind, string, error) {
	switch w {
	case record.WorkVerify, record.WorkVerifyFull:
		return record.KindVerify, "Verify ", nil
	case record.WorkReclaim:
		return record.KindReclaim, "Reclaim space in ", nil
	default:
		return 0, "", fault.New(fault.Invalid, "%s is not done by a Transporter", w)
	}
}

// StartByClock starts a verify or reclaim. Conflict while the same is going on in the repository, or it is detached.
func (d *Dispatcher) StartByClock(ctx context.Context, b ByClock) (record.Run, error) {
	kind, title, err := upkeepOf(b.Work)
	if err != nil {
		return record.Run{}, err
	}
	repository, err := d.Depot.Ensure(ctx, b.Repository)
	if err != nil {
		return record.Run{}, err
	}
	run, err := d.newRun(kind)
	if err != nil {
		return record.Run{}, err
	}
	run.Title, run.Cause = title+repository.Name, b.Cause
	task := record.Task{
		ID: record.TaskOf(run.ID, 1), Run: run.ID, Status: record.TaskQueued, Kind: kind, Repository: b.Repository,
		Full: b.Work == record.WorkVerifyFull,
	}
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := startable(tx, &task); err != nil {
			return err
		}
		if err := b.Also(tx); err != nil {
			return err
		}
		return insert(tx, &run, []record.Task{task})
	})
	if err != nil {
		return record.Run{}, err
	}
	d.begin(run, []record.Task{task})
	return run, nil
}

// startable returns Conflict when a task that is done to a repository has to wait.
func startable(tx *store.Tx, task *record.Task) error {
	r, err := store.Repositories.Get(tx, string(task.Repository))
	if err != nil {
		return err
	}
	if !r.Attached {
		return fault.New(fault.Conflict, "repository %s is detached; attach it first", r.Name)
	}
	for id := range store.RunsActive.All(tx, "") {
		other, err := store.Runs.Get(tx, id)
		if err != nil {
			return err
		}
		if other.Kind != task.Kind {
			continue
		}
		t, err := store.Tasks.Get(tx, string(record.TaskOf(other.ID, 1)))
		if err != nil {
			return err
		}
		if t.Repository == task.Repository {
			return fault.New(fault.Conflict, "%s is still going on, since %s", other.Title, other.Started.Format("2006-01-02 15:04 MST"))
		}
	}
	return nil
}
