package dispatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Scope says which mailboxes of a job are run; the zero value means all.
type Scope struct {
	Mailboxes []mail.MailboxID
	// FailedOnly takes those that the last run which had them left without a point.
	FailedOnly bool
	// Cause is what starts the run; empty for a person. StopAt is when it ends at the latest; zero for never.
	Cause  string
	StopAt time.Time
	// Also is done in the transaction that writes the run; nil for nothing.
	Also func(tx *store.Tx) error
}

// StartJob starts a run: expanded to its mailboxes now, and written whole before it returns. Conflict while another run
// of the job goes on.
func (d *Dispatcher) StartJob(ctx context.Context, id record.JobID, scope Scope) (record.Run, error) {
	notes, never, err := d.refreshNew(ctx, id)
	if err != nil {
		return record.Run{}, err
	}
	run, err := d.newRun(record.KindBackup)
	if err != nil {
		return record.Run{}, err
	}
	var tasks []record.Task
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if j.Deletion != nil {
			return fault.New(fault.Conflict, "job %s is being deleted with its backups", j.Name)
		}
		if j.Draft {
			return fault.New(fault.Conflict, "job %s is a draft; complete it first, then run it", j.Name)
		}
		if !j.Enabled {
			return fault.New(fault.Conflict, "job %s is disabled; enable it first, then run it", j.Name)
		}
		if j.LastRun != "" && store.RunsActive.Has(tx, string(j.LastRun)) {
			return fault.New(fault.Conflict, "job %s is running already", j.Name)
		}
		list, err := jobs.Expand(tx, j)
		if err != nil {
			return err
		}
		if len(list) == 0 && never != nil {
			return never
		}
		if list, err = scope.choose(tx, j, list); err != nil {
			return err
		}
		run.Notes = nil
		for _, n := range notes {
			run.Note(n)
		}
		run.Job, run.JobName, run.Title, run.Options = j.ID, j.Name, j.Name, j.Options
		run.Cause, run.StopAt = scope.Cause, scope.StopAt
		if err := addScripts(tx, &run, &j); err != nil {
			return err
		}
		tasks = tasks[:0]
		goal := j.Router()
		for n, m := range list {
			tasks = append(tasks, record.Task{
				ID: record.TaskOf(run.ID, n+1), Run: run.ID, Kind: record.KindBackup, Account: m.Account, Mailbox: m.ID,
				MailboxName: m.Name, MailboxAddress: m.Address, MailboxKind: m.Kind, Repository: goal(m.Account, m.ID),
				Status: record.TaskQueued,
			})
		}
		j.LastRun = run.ID
		if err := store.Jobs.Put(tx, j); err != nil {
			return err
		}
		if err := store.RunsOfJob.Add(tx, store.JobRunKey(j.ID, run.ID)); err != nil {
			return err
		}
		if scope.Also != nil {
			if err := scope.Also(tx); err != nil {
				return err
			}
		}
		return insert(tx, &run, tasks)
	})
	if err != nil {
		return record.Run{}, err
	}
	d.begin(run, tasks)
	return run, nil
}

func (s Scope) choose(tx *store.Tx, j record.Job, all []record.Mailbox) ([]record.Mailbox, error) {
	list := all
	if s.FailedOnly {
		left, err := failed(tx, j, list)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(m record.Mailbox) bool { return !left[mailboxKey{account: m.Account, mailbox: m.ID}] })
		if len(list) == 0 {
			return nil, fault.New(fault.Conflict, "no mailbox failed in the last run of job %s", j.Name)
		}
	}
	if len(s.Mailboxes) > 0 {
		for n, id := range s.Mailboxes {
			if !slices.ContainsFunc(list, func(m record.Mailbox) bool { return m.ID == id }) {
				return nil, fault.InvalidField(fmt.Sprintf("mailbox_ids[%d]", n), "mailbox %q is not in the job's source", id)
			}
		}
		wanted := map[mail.MailboxID]bool{}
		for _, id := range s.Mailboxes {
			wanted[id] = true
		}
		list = slices.DeleteFunc(list, func(m record.Mailbox) bool { return !wanted[m.ID] })
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Conflict, "job %s has no mailbox to back up; look at its source, and refresh the account", j.Name)
	}
	return list, nil
}

func (d *Dispatcher) newRun(kind record.RunKind) (record.Run, error) {
	id, err := record.NewID()
	return record.Run{ID: record.RunID(id), Kind: kind, Status: record.RunQueued, Started: d.Now()}, err
}

// insert writes a new run with its tasks.
func insert(tx *store.Tx, run *record.Run, tasks []record.Task) error {
	run.Tasks = int32(len(tasks))
	if err := store.Runs.Insert(tx, *run); err != nil {
		return err
	}
	for _, t := range tasks {
		if err := store.Tasks.Put(tx, t); err != nil {
			return err
		}
	}
	return store.RunsActive.Add(tx, string(run.ID))
}

// begin takes up a run that was written.
func (d *Dispatcher) begin(run record.Run, tasks []record.Task) {
	d.Logger.Info("run started", "run", run.ID, "job", run.Job, "tasks", run.Tasks)
	var known map[mailboxKey]time.Duration
	err := d.Store.View(func(tx *store.Tx) (err error) {
		known, err = usual(tx, run.Job)
		return err
	})
	if err != nil { // the run goes on all the same; only how long it takes is not foretold
		d.Logger.Error("what earlier runs took could not be read", "job", run.Job, "error", err)
	}
	d.mu.Lock()
	a := d.activate(run)
	a.pending = make([]pending, 0, len(tasks))
	for _, t := range tasks {
		a.append(t, known[keyOf(&t)])
	}
	d.mu.Unlock()
	d.poke()
}

// startOne writes and takes up a run of one task.
func (d *Dispatcher) startOne(ctx context.Context, run record.Run, task record.Task) (record.Run, error) {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Repositories.Get(tx, string(task.Repository))
		if err != nil {
			return err
		}
		if !r.Attached {
			return fault.New(fault.Conflict, "repository %s is detached; attach it first", r.Name)
		}
		return insert(tx, &run, []record.Task{task})
	})
	if err != nil {
		return record.Run{}, err
	}
	d.begin(run, []record.Task{task})
	return run, nil
}
