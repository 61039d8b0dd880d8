package dispatch

import (
	"context"
	"fmt"
	"regexp"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// sameRefusals is from how many mailboxes in a row on, that are refused for the same reason, the others behind the same
// barrier are not tried any more in the run.
const sameRefusals = 5

// refusals counts mailboxes behind a barrier that were refused for the same reason, one after the other.
type refusals struct {
	reason string
	times  int
}

// barrier is what may refuse all mailboxes that must pass it: an account, or a repository. One of the two is empty.
type barrier struct {
	account    mail.AccountID
	repository record.RepositoryID
}

// before reports whether a pending task must pass the barrier.
func (b barrier) before(p *pending) bool {
	if b.account != "" {
		return p.key.account == b.account
	}
	return p.repository == b.repository
}

// particular is what differs between two sentences that say the same: ids, times, numbers.
var particular = regexp.MustCompile(`[0-9a-fA-F-]{8,}|[0-9]+`)

// refusal returns the reason for which a task's account was refused; empty when it was not.
func refusal(t *record.Task) string {
	if t.Kind != record.KindBackup || t.Status != record.TaskFailed || t.FaultKind != fault.Unauthorized && t.FaultKind != fault.Denied {
		return ""
	}
	return t.FaultKind.Error() + ": " + particular.ReplaceAllString(t.Error, "#")
}

// overflow returns the reason for which a task's repository took nothing more; empty when it did. What Microsoft says of a
// full mailbox has a request id and is of the mailbox alone; what a Transporter has too few of is soon there again.
func overflow(t *record.Task) string {
	if t.Kind != record.KindBackup || t.Status != record.TaskFailed || t.FaultKind != fault.Exhausted || t.RequestID != "" || !spent.MatchString(t.Error) {
		return ""
	}
	return particular.ReplaceAllString(t.Error, "#")
}

// spent is what Transporters say of a repository that takes nothing more.
var spent = regexp.MustCompile(`\bthe disk\b|\bas many packs as it can\b`)

// weigh notes how a task ended, and ends those that wait behind the same account or repository when that refused too often
// in a row: each would be refused in its turn. The run says so once.
func (d *Dispatcher) weigh(ctx context.Context, t *record.Task) {
	d.weighAt(ctx, t, barrier{account: t.Account}, refusal(t))
	d.weighAt(ctx, t, barrier{repository: t.Repository}, overflow(t))
}

func (d *Dispatcher) weighAt(ctx context.Context, t *record.Task, at barrier, reason string) {
	d.mu.Lock()
	r := d.runs[t.Run]
	if r == nil || t.Kind != record.KindBackup {
		d.mu.Unlock()
		return
	}
	was := r.refused[at]
	switch {
	case reason == "":
		delete(r.refused, at)
	case was.reason == reason:
		r.refused[at] = refusals{reason, was.times + 1}
	default:
		r.refused[at] = refusals{reason, 1}
	}
	enough := r.refused[at].times >= sameRefusals
	d.mu.Unlock()
	if !enough {
		return
	}
	for {
		batch := d.takeBehind(t.Run, at)
		if len(batch) == 0 {
			return
		}
		if err := d.refuse(ctx, t, at, batch); err != nil {
			d.giveBack(t.Run, batch)
			if ctx.Err() == nil {
				d.Logger.Error("tasks that would be refused not ended; each is tried", "run", t.Run, "account", at.account, "repository", at.repository, "error", err)
			}
			return
		}
	}
}

// told returns what the run notes of a barrier that refused a task, and what the tasks are told that are not tried.
func (b barrier) told(tx *store.Tx, t *record.Task) (note, short string, err error) {
	if b.account != "" {
		a, err := store.Accounts.Get(tx, string(b.account))
		return fmt.Sprintf("account %s was refused for %d mailboxes in a row, so the others of it were not tried: %s", a.Name, sameRefusals, t.Error),
			fmt.Sprintf("not tried: account %s is refused, see the notes of the run", a.Name), err
	}
	r, err := store.Repositories.Get(tx, string(b.repository))
	return fmt.Sprintf("repository %s took nothing more of %d mailboxes in a row, so the others that go there were not tried: %s", r.Name, sameRefusals, t.Error),
		fmt.Sprintf("not tried: repository %s is full, see the notes of the run", r.Name), err
}

// refuse ends tasks for the reason for which another behind the same barrier failed.
func (d *Dispatcher) refuse(ctx context.Context, t *record.Task, at barrier, batch []pending) error {
	var run record.Run
	ids := make([]record.TaskID, len(batch))
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		note, short, err := at.told(tx, t)
		if err != nil {
			return err
		}
		run, err = store.Runs.Get(tx, string(t.Run))
		if err != nil {
			return err
		}
		run.Note(note)
		if err := store.Runs.Put(tx, run); err != nil {
			return err
		}
		for i, p := range batch {
			ids[i] = p.id
			one, err := store.Tasks.Get(tx, string(p.id))
			if err != nil {
				return err
			}
			if one.Status.Ended() {
				continue
			}
			one.Status, one.Ended, one.FaultKind = record.TaskFailed, d.Now(), t.FaultKind
			one.Error = short
			if run, err = d.count(tx, &one); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		d.counted(run, ids...)
	}
	return err
}

// takeBehind takes those tasks behind a barrier out of a run's pending ones that no Transporter has.
func (d *Dispatcher) takeBehind(id record.RunID, at barrier) []pending {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.runs[id]
	if r == nil || r.stop {
		return nil
	}
	var batch, rest []pending
	for _, p := range r.pending {
		if p.on == "" && at.before(&p) && len(batch) < stopBatch {
			batch = append(batch, p)
		} else {
			rest = append(rest, p)
		}
	}
	r.pending = rest
	return batch
}
