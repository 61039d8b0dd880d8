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

// sameRefusals is from how many mailboxes in a row on, that are refused for the same reason, the others of their account are
// not tried any more in the run.
const sameRefusals = 5

// refusals counts mailboxes of an account that were refused for the same reason, one after the other.
type refusals struct {
	reason string
	times  int
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

// weigh notes how a task ended, and ends those of its account that wait when it was refused too often in a row: each would
// be refused in its turn. The run says so once.
func (d *Dispatcher) weigh(ctx context.Context, t *record.Task) {
	reason := refusal(t)
	d.mu.Lock()
	r := d.runs[t.Run]
	if r == nil || t.Kind != record.KindBackup {
		d.mu.Unlock()
		return
	}
	was := r.refused[t.Account]
	switch {
	case reason == "":
		delete(r.refused, t.Account)
	case was.reason == reason:
		r.refused[t.Account] = refusals{reason, was.times + 1}
	default:
		r.refused[t.Account] = refusals{reason, 1}
	}
	enough := r.refused[t.Account].times >= sameRefusals
	d.mu.Unlock()
	if !enough {
		return
	}
	for {
		batch := d.takeAccount(t.Run, t.Account)
		if len(batch) == 0 {
			return
		}
		if err := d.refuse(ctx, t, batch); err != nil {
			d.giveBack(t.Run, batch)
			if ctx.Err() == nil {
				d.Logger.Error("tasks of a refused account not ended; each is tried", "run", t.Run, "account", t.Account, "error", err)
			}
			return
		}
	}
}

// refuse ends tasks for the reason for which another of their account failed.
func (d *Dispatcher) refuse(ctx context.Context, t *record.Task, batch []pending) error {
	var run record.Run
	ids := make([]record.TaskID, len(batch))
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := store.Accounts.Get(tx, string(t.Account))
		if err != nil {
			return err
		}
		run, err = store.Runs.Get(tx, string(t.Run))
		if err != nil {
			return err
		}
		run.Note(fmt.Sprintf("account %s was refused for %d mailboxes in a row, so the others of it were not tried: %s", a.Name, sameRefusals, t.Error))
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
			one.Error = fmt.Sprintf("not tried: account %s is refused, see the notes of the run", a.Name)
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

// takeAccount takes those tasks of an account out of a run's pending ones that no Transporter has.
func (d *Dispatcher) takeAccount(id record.RunID, account mail.AccountID) []pending {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.runs[id]
	if r == nil || r.stop {
		return nil
	}
	var batch, rest []pending
	for _, p := range r.pending {
		if p.on == "" && p.key.account == account && len(batch) < stopBatch {
			batch = append(batch, p)
		} else {
			rest = append(rest, p)
		}
	}
	r.pending = rest
	return batch
}
