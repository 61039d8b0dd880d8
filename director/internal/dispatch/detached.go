package dispatch

import (
	"context"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// A backup that meets a detached repository waits for it or fails, as its job says. What waits is begun when the repository
// is attached, and ends with its run: at the run's end time, or when it is stopped.

// detached returns why a run's tasks that use a repository cannot be begun because it is detached, and whether they wait for
// it; an empty text when nothing of that kind is in the way.
func (r *activeRun) detached(repository record.Repository, now time.Time) (why string, waits bool) {
	if repository.ID == "" || repository.Attached || r.kind != record.KindBackup {
		return "", false // others say themselves why they cannot begin
	}
	return repository.Detached(now), r.options.WhenDetached == record.DetachedWait
}

// errDetached is what a mailbox fails with.
func errDetached(why string) error {
	return fault.New(fault.Conflict, "%s; attach it and run the mailboxes that failed again, or let the job wait for repositories that are detached", why)
}

// repositoriesLoop wakes the dispatcher when a repository is attached or detached.
func (d *Dispatcher) repositoriesLoop(ctx context.Context) {
	w := store.Repositories.Watch(d.Store, "")
	defer w.Close()
	attached := map[record.RepositoryID]bool{}
	for {
		all, err := d.Depot.List()
		if err != nil {
			d.Logger.Error("read which repositories are attached", "error", err)
		}
		for _, r := range all {
			if was, known := attached[r.ID]; !known || was != r.Attached {
				attached[r.ID] = r.Attached
				d.poke()
			}
		}
		if _, err := w.Next(ctx); err != nil {
			return // the context or the store has ended
		}
	}
}
