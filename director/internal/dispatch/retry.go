package dispatch

import (
	"context"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// heals reports whether what a task failed of may be over when it is tried again within its run. Wrong credentials, a
// mailbox that is gone or not permitted, a full disk and damaged data are for people.
func heals(k fault.Kind) bool {
	switch k {
	case fault.Invalid, fault.NotFound, fault.Denied, fault.Unauthorized, fault.Corrupt, fault.Exhausted, fault.Unsupported:
		return false
	default:
		return true
	}
}

// tryLater writes that a failed task is tried again in its run, and returns a *retry; nil when it is not. The run's
// options say how often and after how long; a run that ends before is not waited for.
func (f *flight) tryLater(ctx context.Context, t *record.Task) error {
	at, ok := f.nextTry(t)
	if !ok {
		return nil
	}
	was := *t
	t.Tries = append(t.Tries[:len(t.Tries):len(t.Tries)], record.Try{
		Attempt: t.Attempt, Ended: f.d.Now(), Transporter: t.Transporter, Error: t.Error, RequestID: t.RequestID,
	})
	t.Status, t.NextTry, t.Ended, t.Failures, t.Transporter = record.TaskRetrying, at, time.Time{}, 0, ""
	t.Earlier = t.Progress.Effort()
	t.Losses, t.LossesMore = 0, 0
	if err := f.write(ctx, t); err != nil {
		*t = was
		return err
	}
	f.d.Logger.Info("task failed; to be tried again in its run", "task", t.ID, "transporter", was.Transporter, "attempt", t.Attempt,
		"try", len(t.Tries), "kind", t.FaultKind.Error())
	for _, open := range t.Transfers { // the next attempt closes what could not be closed now
		_ = f.d.closeSoon(ctx, open)
	}
	f.forget(ctx, was.Transporter, t.ID)
	return &retry{at: at}
}

// nextTry returns when a failed task is tried again.
func (f *flight) nextTry(t *record.Task) (time.Time, bool) {
	if t.Kind != record.KindBackup || t.Status != record.TaskFailed || f.final || f.stopping() || !heals(t.FaultKind) {
		return time.Time{}, false
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	r := f.d.runs[f.run]
	if r == nil || len(t.Tries) >= r.options.RetryCount() {
		return time.Time{}, false
	}
	at := f.d.Now().Add(r.options.RetryWait())
	if !r.stopAt.IsZero() && !at.Before(r.stopAt) {
		return time.Time{}, false
	}
	return at, true
}

// due returns when a task that has not ended is taken up again: at once when a Transporter may have it. A clock that was set
// back while the Director was off does not make the wait longer than it was meant to be.
func (d *Dispatcher) due(r *activeRun, t *record.Task) time.Time {
	if t.Transporter != "" {
		return time.Time{} // its next try was the one that works
	}
	longest := d.RetryMax
	if t.Failures == 0 { // it failed for good, and is to be tried again in its run
		longest = max(longest, r.options.RetryWait())
	}
	if latest := d.Now().Add(longest); t.NextTry.After(latest) {
		return latest
	}
	return t.NextTry
}
