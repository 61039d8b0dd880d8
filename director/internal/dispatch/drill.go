package dispatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Drill is a recovery drill to be started.
type Drill struct {
	record.Drill
	// Cause is what starts it; empty for a person.
	Cause string
	// Also is done in the transaction that writes the run.
	Also func(tx *store.Tx, run record.RunID) error
}

// StartDrill starts a drill with mailboxes chosen at random of those that the job's newest points are of. Conflict when there
// is none, or the test mailbox cannot be used.
func (d *Dispatcher) StartDrill(ctx context.Context, w Drill) (record.Run, error) {
	job, err := d.jobOf(w.Job)
	if err != nil {
		return record.Run{}, err
	}
	test, err := d.target(Recovery{Account: w.Account, Mailbox: w.Mailbox}, nil)
	if err != nil {
		return record.Run{}, fmt.Errorf("the test mailbox: %w", err)
	}
	sources, err := d.drillSources(ctx, &w.Drill, job.Name)
	if err != nil {
		return record.Run{}, err
	}
	run, err := d.newRun(record.KindDrill)
	if err != nil {
		return record.Run{}, err
	}
	run.Title, run.Cause, run.DrillOf = "Recovery drill "+w.Name, w.Cause, w.ID
	run.Options.MaxTasks = 1 // they write to the same mailbox
	tasks := make([]record.Task, len(sources))
	for n, s := range sources {
		tasks[n] = record.Task{
			ID: record.TaskOf(run.ID, n+1), Run: run.ID, Kind: record.KindDrill, Account: test.Account, Mailbox: test.ID, MailboxName: test.Name,
			MailboxAddress: test.Address, MailboxKind: test.Kind, Repository: s.repository, Status: record.TaskQueued, Source: sourceOf(s.point),
			Drill: &record.DrillTask{
				Messages: cmp.Or(w.Messages, record.DefaultDrillMessages),
				Folder:   fmt.Sprintf("Holdfast drill %s %s %d", run.Started.UTC().Format(time.DateOnly), run.ID[len(run.ID)-8:], n+1),
			},
		}
	}
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(w.Also(tx, run.ID), insert(tx, &run, tasks))
	})
	if err != nil {
		return record.Run{}, err
	}
	d.begin(run, tasks)
	return run, nil
}

func (d *Dispatcher) jobOf(id record.JobID) (record.Job, error) {
	var j record.Job
	err := d.Store.View(func(tx *store.Tx) (err error) { j, err = store.Jobs.Get(tx, string(id)); return err })
	if fault.KindOf(err) == fault.NotFound {
		return j, fault.New(fault.Conflict, "the job whose backups the drill samples is not there any more; choose another one")
	}
	return j, err
}

// drillSource is a point that a drill takes messages from.
type drillSource struct {
	repository record.RepositoryID
	point      *transporterv1.Point
}

// drillSources chooses among the newest points of a job's mailboxes. A repository that cannot be asked is an error: a drill that
// passes it over would say that all is well.
func (d *Dispatcher) drillSources(ctx context.Context, w *record.Drill, job string) ([]drillSource, error) {
	all, err := d.Depot.List()
	if err != nil {
		return nil, err
	}
	newest, detached := map[depot.MailboxKey]drillSource{}, 0
	for _, r := range all {
		if !r.Attached {
			detached++
			continue
		}
		points, err := d.Depot.NewestAt(ctx, r.ID, depot.Key{Job: w.Job}, d.Now())
		if err != nil {
			return nil, fmt.Errorf("look for points in repository %s: %w", r.Name, err)
		}
		for of, p := range points {
			have, ok := newest[of]
			if p.GetCounts().GetMessages() == 0 || len(w.Of) > 0 && !slices.Contains(w.Of, of.Mailbox) ||
				ok && !p.GetTime().AsTime().After(have.point.GetTime().AsTime()) {
				continue
			}
			newest[of] = drillSource{r.ID, p}
		}
	}
	list := make([]drillSource, 0, len(newest))
	for _, s := range newest {
		list = append(list, s)
	}
	if len(list) == 0 && detached > 0 {
		return nil, fault.New(fault.Conflict, "job %s has no message in the repositories that are attached, and %d are detached; attach them", job, detached)
	}
	if len(list) == 0 && len(w.Of) > 0 {
		return nil, fault.New(fault.Conflict, "none of the mailboxes that drill %s is kept to has a recovery point with messages of job %s; choose others, or run the job first", w.Name, job)
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Conflict, "job %s has no recovery point with messages that could be sampled; run it first", job)
	}
	slices.SortFunc(list, func(a, b drillSource) int { return strings.Compare(a.point.GetId(), b.point.GetId()) })
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), cmp.Or(w.Mailboxes, record.DefaultDrillMailboxes))], nil
}

// FailDrill writes the activity of a drill that could not be started by its schedule.
func (d *Dispatcher) FailDrill(ctx context.Context, w Drill, why error) error {
	run, err := d.newRun(record.KindDrill)
	if err != nil {
		return err
	}
	run.Title, run.Cause, run.DrillOf = "Recovery drill "+w.Name, w.Cause, w.ID
	run.Status, run.Ended, run.Error = record.RunFailed, d.Now(), "it could not be started: "+why.Error()
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if d.Ended != nil {
			if err := d.Ended(tx, &run); err != nil {
				return err
			}
		}
		return errors.Join(w.Also(tx, run.ID), store.Runs.Insert(tx, run))
	})
}
