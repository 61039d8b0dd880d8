package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// fail ends the task with a reason of our own.
func (f *flight) fail(ctx context.Context, t *record.Task, cause error) error {
	var of *fault.Fault
	state := &transporterv1.TaskState{
		Status: transporterv1.TaskStatus_TASK_STATUS_FAILED, FaultKind: int32(fault.KindOf(cause)), Error: cause.Error(),
	}
	if errors.As(cause, &of) {
		state.RequestId = of.RequestID
	}
	f.d.mu.Lock()
	l := f.live
	f.d.mu.Unlock()
	if l.set {
		state.Phase = l.phase
	}
	return f.finish(ctx, t, state)
}

// finish records the end of the task and counts it in its run, at once and at most once, and then lets go of what it
// holds elsewhere.
func (f *flight) finish(ctx context.Context, t *record.Task, s *transporterv1.TaskState) error {
	kept := t.Progress
	f.d.mu.Lock()
	if f.live.set {
		kept = f.live.progress
	}
	f.d.mu.Unlock()
	wire.Result(t, s)
	if s.GetProgress() == nil {
		t.Progress = kept
	} else {
		t.Progress.Add(f.earlier)
	}
	t.Status, t.Ended = wire.Status(s.GetStatus()), f.d.Now()
	if s.GetAttempt() > t.Attempt {
		t.Attempt = s.GetAttempt()
	}
	if err := f.tryLater(ctx, t); err != nil {
		return err
	}
	t.Took = f.took()
	var run record.Run
	err := f.d.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := store.Tasks.Get(tx, string(t.ID))
		if err != nil {
			return err
		}
		if now.Status.Ended() {
			return errEnded
		}
		if len(s.GetLosses()) > 0 {
			losses := record.Losses{Task: t.ID, Losses: wire.Losses(s.GetLosses())}
			if err := store.Losses.Put(tx, losses); err != nil {
				return err
			}
		}
		run, err = f.d.count(tx, t)
		return err
	})
	switch {
	case errors.Is(err, errEnded), err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return errors.Join(errStore, err)
	}
	f.d.logEnd(t)
	f.d.counted(run, t.ID)
	f.d.weigh(ctx, t)
	return nil
}

// logEnd writes a line for a task that ended, which nobody wants to read of every mailbox when all is well.
func (d *Dispatcher) logEnd(t *record.Task) {
	level, keys := hclog.Debug, []any{
		"task", t.ID, "transporter", t.Transporter, "status", statusName(t.Status), "attempt", t.Attempt,
		"losses", t.Losses + t.LossesMore,
	}
	if t.Status == record.TaskFailed {
		level, keys = hclog.Warn, append(keys, "kind", t.FaultKind.Error(), "request_id", t.RequestID)
	}
	d.Logger.Log(level, "task ended", keys...)
}

// count writes an ended task and adds it to its run, which ends with its last task.
func (d *Dispatcher) count(tx *store.Tx, t *record.Task) (record.Run, error) {
	run, err := store.Runs.Get(tx, string(t.Run))
	if err != nil {
		return record.Run{}, err
	}
	if err := store.Tasks.Put(tx, *t); err != nil {
		return record.Run{}, err
	}
	if t.Transporter != "" || len(t.Transfers) > 0 {
		if err := store.TasksUnsettled.Add(tx, string(t.ID)); err != nil {
			return record.Run{}, err
		}
	}
	run.Count(t)
	run.Took = d.taken(run.ID)
	if err := learn(tx, run.Job, t); err != nil {
		return record.Run{}, err
	}
	if t.Status == record.TaskFailed && run.Error == "" {
		if run.Error = t.Error; run.Kind == record.KindBackup || run.Tasks > 1 {
			run.Error = fmt.Sprintf("%s: %s", t.MailboxName, t.Error)
		}
	}
	if run.Done() == run.Tasks {
		if err := d.allDone(tx, &run); err != nil {
			return record.Run{}, err
		}
	}
	return run, store.Runs.Put(tx, run)
}

// taken returns how long a run has taken.
func (d *Dispatcher) taken(id record.RunID) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.runs[id]; r != nil {
		return r.course.taken(d.Now())
	}
	return 0
}

// counted lets go of a run that ended, and tells watchers and who settles.
func (d *Dispatcher) counted(run record.Run, tasks ...record.TaskID) {
	if run.Status.Ended() {
		d.Logger.Info("run ended", "run", run.ID, "job", run.Job, "status", runStatusName(run.Status), "tasks", run.Tasks,
			"failed", run.Failed, "incomplete", run.Incomplete, "took", run.Took.Round(time.Millisecond).String())
		d.mu.Lock()
		delete(d.runs, run.ID)
		d.mu.Unlock()
	} else if run.Phase == record.PhaseAfter {
		d.mu.Lock()
		if r := d.runs[run.ID]; r != nil {
			r.phase = run.Phase
		}
		d.mu.Unlock()
	}
	d.touch(run.ID, tasks...)
	select {
	case d.settle <- struct{}{}:
	default:
	}
	d.poke()
}

func statusName(s record.TaskStatus) string {
	switch s {
	case record.TaskSucceeded:
		return "succeeded"
	case record.TaskIncomplete:
		return "incomplete"
	case record.TaskStopped:
		return "stopped"
	case record.TaskFailed:
		return "failed"
	default:
		return "going on"
	}
}

func runStatusName(s record.RunStatus) string {
	switch s {
	case record.RunSucceeded:
		return "succeeded"
	case record.RunIncomplete:
		return "incomplete"
	case record.RunStopped:
		return "stopped"
	case record.RunFailed:
		return "failed"
	default:
		return "going on"
	}
}
