package dispatch

import (
	"context"
	"errors"
	"time"

	"holdfast/director/internal/pace"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// flight is one task being worked on. Its goroutine alone writes the task's record while it lasts.
type flight struct {
	d   *Dispatcher
	id  record.TaskID
	run record.RunID
	// on is the Transporter that it was placed on; empty when it was refused, or only to be stopped.
	on      record.TransporterID
	refused error
	// stop is closed when the run is asked to stop, stopNow when at once.
	stop, stopNow chan struct{}

	// final is set once the task must not be tried again in its run: what it was last may be going on somewhere.
	final bool
	// begun is when the flight began, worked how long the task was worked on before; Dispatcher.mu guards that.
	begun  time.Time
	worked time.Duration
	// usual is how long the task usually takes; 0 when that is not known. meter and calm measure how it goes; Dispatcher.mu
	// guards them.
	usual time.Duration
	meter pace.Meter
	calm  pace.Smoother
	// earlier is the effort of earlier attempts.
	earlier record.Progress
	// since is when the repository's Transporter had started as the attempt began.
	since time.Time
	// live is what watchers see; Dispatcher.mu guards it.
	live live
}

// live is what the Transporter last said of a task.
type live struct {
	set      bool
	phase    string
	waiting  string
	progress record.Progress
	// dirty is set until the progress is written.
	dirty bool
}

// gaveUp is an error after which the task is not tried again, whatever its kind.
type gaveUp struct{ error }

func (g *gaveUp) Unwrap() error { return g.error }

// errGone says that the task's Transporter does not know it.
var errGone = fault.New(fault.NotFound, "the Transporter was started anew and does not know the task any more")

// errEnded says that the stored task has ended already.
var errEnded = errors.New("the task has ended")

// storeRetry is the wait after a write to the store went wrong.
const storeRetry = 5 * time.Second

// fly works on the task until it ended, which is then recorded, or must wait, which is then written and returned. When
// ctx ends it leaves everything as it is.
func (f *flight) fly(ctx context.Context) *pending {
	var t record.Task
	err := f.d.Store.View(func(tx *store.Tx) (err error) {
		t, err = store.Tasks.Get(tx, string(f.id))
		return err
	})
	if err == nil && !t.Status.Ended() {
		f.earlier = t.Earlier
		f.d.mu.Lock() // those who look in read it
		f.worked = t.Took
		f.d.mu.Unlock()
		err = f.work(ctx, &t)
	}
	var again *retry
	switch {
	case err == nil, errors.Is(err, errEnded), ctx.Err() != nil:
		return nil
	case errors.As(err, &again):
		return &pending{at: again.at, on: t.Transporter}
	}
	f.d.Logger.Error("task's state not written; trying again", "task", f.id, "error", err)
	return &pending{at: f.d.Now().Add(storeRetry), on: t.Transporter}
}

// retry is not a failure: the task is to be taken up again later.
type retry struct{ at time.Time }

func (r *retry) Error() string { return "taken up again later" }

// work brings the task to its end, or returns a *retry, or the store's error.
func (f *flight) work(ctx context.Context, t *record.Task) error {
	if f.on == "" {
		if f.stopping() {
			return f.finish(ctx, t, &transporterv1.TaskState{Status: transporterv1.TaskStatus_TASK_STATUS_STOPPED})
		}
		return f.fail(ctx, t, f.refused)
	}
	if t.Transporter == "" { // else it may be there already
		if f.stopping() {
			return f.finish(ctx, t, &transporterv1.TaskState{Status: transporterv1.TaskStatus_TASK_STATUS_STOPPED})
		}
		if err := f.startUnlessStopped(ctx, t); err != nil {
			return f.interrupted(ctx, t, err)
		}
	}
	state, err := f.watch(ctx, t)
	if err != nil {
		return f.interrupted(ctx, t, err)
	}
	return f.ended(ctx, t, state)
}

func (f *flight) stopping() bool {
	select {
	case <-f.stop:
		return true
	default:
		return false
	}
}

// ended decides what becomes of a task whose attempt ended at its Transporter.
func (f *flight) ended(ctx context.Context, t *record.Task, s *transporterv1.TaskState) error {
	switch wire.Status(s.GetStatus()) {
	case record.TaskStopped:
		if f.stopping() {
			return f.finish(ctx, t, s)
		}
		// Nobody asked for it: the Transporter is being shut down.
		return f.again(ctx, t, fault.New(fault.Canceled, "the Transporter stopped the task because it was shut down"), s.GetAttempt(), false)
	case record.TaskFailed:
		if s.GetTemporary() || f.repositoryLost(ctx, t, wire.Fault(s)) {
			s.Temporary = true
			return f.interruptedAt(ctx, t, wire.Fault(s), s.GetAttempt(), s)
		}
	default:
	}
	return f.finish(ctx, t, s)
}

// interrupted decides what becomes of a task that could not be started, or whose Transporter lost it.
func (f *flight) interrupted(ctx context.Context, t *record.Task, cause error) error {
	var r *retry
	if ctx.Err() != nil || errors.As(cause, &r) || errors.Is(cause, errEnded) || errors.Is(cause, errStore) {
		return cause
	}
	return f.interruptedAt(ctx, t, cause, t.Attempt, nil)
}

// interruptedAt lets the task be tried again when that may help and is not forbidden, and else ends it. State is what the
// Transporter said, if it did.
func (f *flight) interruptedAt(ctx context.Context, t *record.Task, cause error, attempt int32, state *transporterv1.TaskState) error {
	if f.stopping() {
		if state == nil {
			state = &transporterv1.TaskState{}
		}
		state.Status = transporterv1.TaskStatus_TASK_STATUS_STOPPED
		return f.finish(ctx, t, state)
	}
	var final *gaveUp
	f.final = errors.As(cause, &final)
	if f.final || !fault.Temporary(cause) && !errors.Is(cause, errGone) && (state == nil || !state.GetTemporary()) {
		return f.fail(ctx, t, cause)
	}
	if f.d.Now().Sub(t.AttemptStarted) >= f.d.Steady {
		t.Failures = 0
	}
	if int(t.Failures)+1 >= f.d.RetryLimit {
		if state != nil {
			return f.finish(ctx, t, state)
		}
		return f.fail(ctx, t, cause)
	}
	return f.again(ctx, t, cause, attempt, true)
}

// again writes that the task waits for its next attempt, at whatever Transporter.
func (f *flight) again(ctx context.Context, t *record.Task, cause error, attempt int32, count bool) error {
	if count {
		t.Failures++
	}
	wait := max(f.d.backoff(t.Failures), min(fault.RetryAfter(cause), f.d.RetryMax))
	f.d.Logger.Info("task to be tried again", "task", t.ID, "transporter", t.Transporter, "attempt", t.Attempt, "wait", wait.String(), "kind", fault.KindOf(cause).Error())
	t.Status, t.NextTry, t.Attempt = record.TaskRetrying, f.d.Now().Add(wait), max(t.Attempt, attempt)
	t.Error, t.FaultKind = cause.Error(), fault.KindOf(cause)
	left, earlier := t.Transporter, t.Earlier
	t.Transporter = ""
	f.d.mu.Lock()
	if f.live.set {
		t.Earlier = f.live.progress.Effort()
	}
	f.d.mu.Unlock()
	if err := f.write(ctx, t); err != nil {
		t.Transporter, t.Earlier = left, earlier
		return err
	}
	f.forget(ctx, left, t.ID)
	return &retry{at: t.NextTry}
}

// forget tells a Transporter that another attempt follows, perhaps elsewhere. If it does not hear, it is told when the
// tasks there are compared with ours.
func (f *flight) forget(ctx context.Context, on record.TransporterID, id record.TaskID) {
	if on == "" || !f.d.Fleet.Status(on).Reachable {
		return
	}
	if client, err := f.d.Fleet.Client(on); err == nil {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, _ = client.ForgetTask(ctx, &transporterv1.ForgetTaskRequest{TaskId: string(id)})
	}
}

// errStore marks an error of the store, after which nothing is decided about the task.
var errStore = errors.New("store")

// write stores the task while it has not ended. Watchers hear of it.
func (f *flight) write(ctx context.Context, t *record.Task) error {
	t.Took = f.took()
	f.d.mu.Lock()
	if f.live.set {
		t.Progress, t.Phase = f.live.progress, f.live.phase
		f.live.dirty = false
	}
	f.d.mu.Unlock()
	err := f.d.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := store.Tasks.Get(tx, string(t.ID))
		if err != nil {
			return err
		}
		if now.Status.Ended() {
			return errEnded
		}
		if t.Status == record.TaskRunning {
			if err := markRunning(tx, t.Run); err != nil {
				return err
			}
		}
		return store.Tasks.Put(tx, *t)
	})
	switch {
	case err == nil:
		f.d.touch(f.run, t.ID)
		return nil
	case errors.Is(err, errEnded), ctx.Err() != nil:
		return err
	}
	return errors.Join(errStore, err)
}

// took returns how long the task was worked on until now, by a clock that is not set.
func (f *flight) took() time.Duration { return f.worked + max(0, f.d.Now().Sub(f.begun)) }

// markRunning notes that the first task of a run began.
func markRunning(tx *store.Tx, id record.RunID) error {
	run, err := store.Runs.Get(tx, string(id))
	if err != nil || run.Status != record.RunQueued {
		return err
	}
	run.Status = record.RunRunning
	return store.Runs.Put(tx, run)
}
