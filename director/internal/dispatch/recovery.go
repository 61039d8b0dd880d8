package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Recovery is what to bring back of one mailbox and where to.
type Recovery struct {
	Repository record.RepositoryID
	// Account and Mailbox to write to; both empty mean the original place.
	Account mail.AccountID
	Mailbox mail.MailboxID
	What    record.Recovery
}

// lookParallel is how many points are looked at at once before a recovery of several mailboxes starts.
const lookParallel = 8

// StartRecovery checks that what is wanted is in the points and that the places to write to are there, and starts one
// activity with a task for each part. At most maxTasks of them are worked on at once, 0 for the default; never two that write
// to the same mailbox. Faults of a part of several name their field below "mailboxes[n]".
func (d *Dispatcher) StartRecovery(ctx context.Context, parts []Recovery, maxTasks int32) (record.Run, error) {
	run, err := d.newRun(record.KindRecovery)
	if err != nil {
		return record.Run{}, err
	}
	run.Options.MaxTasks = maxTasks
	run.PlanOnly = parts[0].What.PlanOnly
	tasks := make([]record.Task, len(parts))
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(lookParallel)
	for n := range parts {
		group.Go(func() (err error) {
			tasks[n], err = d.recoveryTask(looking, &parts[n])
			if err != nil && len(parts) > 1 {
				err = inPart(n, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return record.Run{}, err
	}
	for n := range tasks {
		tasks[n].ID, tasks[n].Run = record.TaskOf(run.ID, n+1), run.ID
		parts[n].What.Task, parts[n].What.Day = tasks[n].ID, run.Started.UTC().Format(time.DateOnly)
	}
	run.Title = titleOf("Recover", "Plan recovery of", "Plan recovery into", run.PlanOnly, tasks)
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		for n := range tasks {
			r, err := store.Repositories.Get(tx, string(tasks[n].Repository))
			if err != nil {
				return err
			}
			if !r.Attached {
				return fault.New(fault.Conflict, "repository %s is detached; attach it first", r.Name)
			}
			if err := store.Recoveries.Put(tx, parts[n].What); err != nil {
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

// titleOf names what is done to one mailbox, or to several.
func titleOf(does, plansOf, plansInto string, plan bool, tasks []record.Task) string {
	switch n := len(tasks); {
	case n == 1 && plan:
		return plansInto + " " + tasks[0].MailboxName
	case n == 1:
		return does + " into " + tasks[0].MailboxName
	case plan:
		return fmt.Sprintf("%s %d mailboxes", plansOf, n)
	default:
		return fmt.Sprintf("%s %d mailboxes", does, n)
	}
}

// inPart says which part of several a fault is about.
func inPart(n int, err error) error {
	var f *fault.Fault
	if errors.As(err, &f) && f.Field != "" {
		return fault.InvalidField(fmt.Sprintf("mailboxes[%d].%s", n, f.Field), "%s", f.Message)
	}
	return fmt.Errorf("mailbox %d of the recovery: %w", n+1, err)
}

// recoveryTask returns the task of one part, without ids.
func (d *Dispatcher) recoveryTask(ctx context.Context, r *Recovery) (record.Task, error) {
	content, err := d.Depot.Folders(ctx, r.Repository, r.What.Point)
	if err != nil {
		return record.Task{}, err
	}
	if err := selected(r.What, content.GetFolders()); err != nil {
		return record.Task{}, err
	}
	point := content.GetPoint()
	target, err := d.target(*r, point)
	if err != nil {
		return record.Task{}, err
	}
	return record.Task{
		Kind: record.KindRecovery, Account: target.Account, Mailbox: target.ID, MailboxName: target.Name, MailboxAddress: target.Address,
		MailboxKind: target.Kind, Repository: r.Repository, Status: record.TaskQueued, Source: sourceOf(point),
	}, nil
}

func sourceOf(p *transporterv1.Point) *record.TaskSource {
	return &record.TaskSource{
		Account: mail.AccountID(p.GetKey().GetAccountId()), Mailbox: mail.MailboxID(p.GetKey().GetMailboxId()),
		Name: p.GetOrigin().GetMailboxName(), Address: p.GetOrigin().GetMailboxAddress(), Point: record.PointID(p.GetId()),
		Time: p.GetTime().AsTime(),
	}
}

// selected reports the first folder of a selection that is not in the point. Messages are looked up by the Transporter.
func selected(what record.Recovery, folders []*transporterv1.Folder) error {
	there := make(map[mail.FolderID]bool, len(folders))
	for _, f := range folders {
		there[mail.FolderID(f.GetId())] = true
	}
	for n, id := range what.Folders {
		if !there[id] {
			return fault.InvalidField(fmt.Sprintf("folder_ids[%d]", n), "the point has no folder %q", id)
		}
	}
	for n, m := range what.Messages {
		if !there[m.Folder] {
			return fault.InvalidField(fmt.Sprintf("messages[%d].folder_id", n), "the point has no folder %q", m.Folder)
		}
	}
	return nil
}

// target returns the mailbox to write to.
func (d *Dispatcher) target(r Recovery, point *transporterv1.Point) (record.Mailbox, error) {
	original := r.Account == "" && r.Mailbox == ""
	if original {
		r.Account, r.Mailbox = mail.AccountID(point.GetKey().GetAccountId()), mail.MailboxID(point.GetKey().GetMailboxId())
	}
	if _, err := d.Inventory.Get(r.Account); err != nil {
		if original && fault.KindOf(err) == fault.NotFound {
			return record.Mailbox{}, fault.New(fault.Conflict, "the account that the point came from is not in the inventory any more; choose an account and a mailbox to recover to")
		}
		return record.Mailbox{}, err
	}
	m, err := d.Inventory.Mailbox(r.Account, r.Mailbox)
	switch {
	case fault.KindOf(err) == fault.NotFound && original:
		// The inventory was never read since the account was added; the point knows the mailbox.
		o := point.GetOrigin()
		return record.Mailbox{
			Account: r.Account, ID: r.Mailbox, Name: o.GetMailboxName(), Address: o.GetMailboxAddress(),
			Kind: mail.MailboxKind(o.GetMailboxKind()),
		}, nil
	case err != nil:
		return record.Mailbox{}, err
	case m.Gone:
		return record.Mailbox{}, fault.New(fault.Conflict, "mailbox %s is gone from the tenant; choose another one to recover to", m.Name)
	case m.Absent != "":
		return record.Mailbox{}, fault.New(fault.Conflict, "%s has no mailbox to recover to: %s", m.Name, m.Absent)
	}
	return m, nil
}
