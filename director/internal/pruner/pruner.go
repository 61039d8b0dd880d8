// Package pruner applies the retention of jobs: after each run, to the mailboxes that have a new recovery point of it, and on
// demand. What is still to be done is kept with the runs, so that the death of the Director or a repository that is out of
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
	"holdfast/pkg/mail"
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
	// failed are runs that could not be done, with when to try again.
	failed map[record.RunID]time.Time
}

// again is when what failed is tried again, and how long the pruner sleeps at most.
const again = 5 * time.Minute

// New returns a pruner that has not begun.
func New(o Options) *Pruner { return &Pruner{Options: o, failed: map[record.RunID]time.Time{}} }

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
		if p.Now().Before(p.failed[id]) {
			continue
		}
		if err := p.run(ctx, id); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.failed[id] = p.Now().Add(again)
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

// run applies the retention of a run's job, as it is now, to the mailboxes that have a point of it.
func (p *Pruner) run(ctx context.Context, id record.RunID) error {
	var job record.Job
	var tasks []record.Task
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
				tasks = append(tasks, record.Task{Account: t.Account, Mailbox: t.Mailbox, Repository: t.Repository})
			}
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil // the job was deleted, and its backups stay
	}
	if err != nil {
		return err
	}
	policy, err := job.Retention.Located()
	if err != nil {
		return err
	}
	deleted := 0
	for i := range tasks {
		t := &tasks[i]
		n, err := p.mailbox(ctx, t.Repository, depot.Key{Account: t.Account, Mailbox: t.Mailbox, Job: job.ID}, policy)
		if err != nil {
			return err
		}
		deleted += n
	}
	if deleted > 0 {
		p.Logger.Info("retention applied", "job", job.ID, "run", id, "deleted", deleted)
	}
	return nil
}

// mailbox applies a policy to the backup of one mailbox and returns how many points it deleted.
func (p *Pruner) mailbox(ctx context.Context, repository record.RepositoryID, key depot.Key, policy retention.Policy) (int, error) {
	if policy.Everything() {
		return 0, nil
	}
	decisions, err := p.decide(ctx, repository, key, policy)
	if err != nil {
		return 0, err
	}
	var gone []record.PointID
	for _, d := range decisions {
		if !d.Keep() {
			gone = append(gone, record.PointID(d.ID))
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	return len(gone), p.Depot.DeletePoints(ctx, repository, gone)
}

func (p *Pruner) decide(ctx context.Context, repository record.RepositoryID, key depot.Key, policy retention.Policy) ([]retention.Decision, error) {
	points, err := p.Depot.Points(ctx, repository, key)
	if err != nil {
		return nil, err
	}
	var list []retention.Point
	for _, pt := range points {
		list = append(list, retention.Point{ID: pt.GetId(), Time: pt.GetTime().AsTime(), Complete: pt.GetComplete()})
	}
	return retention.Decide(list, policy), nil
}

// Backup is what a policy would do to the points of one mailbox.
type Backup struct {
	Account   mail.AccountID
	Mailbox   mail.MailboxID
	Address   string
	Decisions []retention.Decision
}

// Preview tells what a policy would do to the backups of a job now, of one mailbox or (key.Mailbox empty) of all. It deletes
// nothing.
func (p *Pruner) Preview(ctx context.Context, repository record.RepositoryID, key depot.Key, policy retention.Policy) ([]Backup, error) {
	points, err := p.Depot.Points(ctx, repository, key)
	if err != nil {
		return nil, err
	}
	type of struct {
		account mail.AccountID
		mailbox mail.MailboxID
	}
	at := map[of]int{}
	var list []Backup
	byBackup := map[int][]retention.Point{}
	for _, pt := range points {
		k := of{mail.AccountID(pt.GetKey().GetAccountId()), mail.MailboxID(pt.GetKey().GetMailboxId())}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, Backup{Account: k.account, Mailbox: k.mailbox, Address: pt.GetOrigin().GetMailboxAddress()})
		}
		byBackup[i] = append(byBackup[i], retention.Point{ID: pt.GetId(), Time: pt.GetTime().AsTime(), Complete: pt.GetComplete()})
	}
	for i := range list {
		list[i].Decisions = retention.Decide(byBackup[i], policy)
	}
	return list, nil
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
