package dispatch

import (
	"context"
	"errors"
	"io"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// reconnectWait is the least time between two connections for watching the same task.
const reconnectWait = time.Second

// watch follows the task at its Transporter until it ended there, and returns how. Losing the Transporter is not an end:
// it may be working all the while. It is errGone when the Transporter answers and does not know the task, and another
// error when it stayed away for too long.
func (f *flight) watch(ctx context.Context, t *record.Task) (*transporterv1.TaskState, error) {
	watching, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		f.passOnStop(watching, t.Transporter)
	}()
	defer func() {
		cancel()
		<-stopped
	}()
	for {
		state, err := f.follow(ctx, t)
		switch {
		case err == nil:
			return state, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case fault.KindOf(err) == fault.NotFound:
			return nil, errGone
		case !fault.Temporary(err) && fault.KindOf(err) != fault.Canceled && fault.KindOf(err) != fault.Unknown:
			return nil, err
		}
		if err := f.reconnect(ctx, t, err); err != nil {
			return nil, err
		}
	}
}

// follow is one stream of the task's state.
func (f *flight) follow(ctx context.Context, t *record.Task) (*transporterv1.TaskState, error) {
	client, err := f.d.Fleet.Client(t.Transporter)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.WatchTask(ctx, &transporterv1.WatchTaskRequest{TaskId: string(t.ID)})
	if err != nil {
		return nil, err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, fault.New(fault.Unavailable, "the Transporter ended the watch of the task early")
		}
		if err != nil {
			return nil, err
		}
		state := answer.GetState()
		if t.Status != record.TaskRunning {
			t.Status = record.TaskRunning
			if err := f.write(ctx, t); err != nil {
				return nil, err
			}
		}
		f.saw(t.ID, state)
		if s := wire.Status(state.GetStatus()); s.Ended() {
			if state.GetAttempt() < t.Attempt && s != record.TaskSucceeded && s != record.TaskIncomplete {
				// An earlier attempt that failed: this one was not begun.
				return nil, errGone
			}
			return state, nil
		}
	}
}

// saw keeps what watchers are shown.
func (f *flight) saw(id record.TaskID, s *transporterv1.TaskState) {
	progress := wire.Progress(s.GetProgress())
	progress.Add(f.earlier)
	f.d.mu.Lock()
	f.d.measure(f, &progress)
	f.live = live{set: true, phase: s.GetPhase(), waiting: s.GetWaiting(), progress: progress, dirty: true}
	f.d.mu.Unlock()
	f.d.touch(f.run, id)
}

// reconnect waits for the Transporter to answer again. It gives up when the run is to stop at once, or when the
// Transporter stays away for too long; then the way into a repository elsewhere is closed first, so that the task cannot
// go on there while it is started anew.
func (f *flight) reconnect(ctx context.Context, t *record.Task, cause error) error {
	begun := f.d.Now()
	if t.Status == record.TaskRunning {
		t.Status, t.Error, t.FaultKind = record.TaskRetrying, cause.Error(), fault.KindOf(cause)
		if err := f.write(ctx, t); err != nil {
			return err
		}
		f.wait(t.ID, f.d.Fleet.Unreachable(t.Transporter, cause).Error())
		f.d.Logger.Warn("watch of task lost", "task", t.ID, "transporter", t.Transporter, "kind", fault.KindOf(cause).Error())
	}
	for {
		err := f.await(ctx, t.Transporter, f.d.LostAfter-f.d.Now().Sub(begun))
		if err == nil {
			return pause(ctx, reconnectWait-f.d.Now().Sub(begun))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		away := f.d.Now().Sub(begun)
		if away >= f.d.LostAfter || f.stoppingNow() && away >= f.d.StopWait {
			return f.abandon(ctx, t, err)
		}
		f.wait(t.ID, err.Error())
		if err := pause(ctx, reconnectWait); err != nil {
			return err
		}
	}
}

// await asks the Transporter, for most at most, until it answers or an immediate stop wants a decision.
func (f *flight) await(ctx context.Context, on record.TransporterID, most time.Duration) error {
	if f.stoppingNow() {
		_, err := f.d.Fleet.Refresh(ctx, on)
		return err
	}
	asking, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	stop := make(chan struct{})
	defer func() { <-stop }()
	defer cancel()
	go func() {
		defer close(stop)
		select {
		case <-f.stopNow:
			cancel()
		case <-asking.Done():
		}
	}()
	return f.d.Fleet.Await(asking, on)
}

// abandon gives up the attempt. Where the repository is elsewhere the task is cut off from it first.
func (f *flight) abandon(ctx context.Context, t *record.Task, cause error) error {
	if f.repositoryOn(t) == t.Transporter && !f.stopping() {
		return &gaveUp{cause}
	}
	if err := f.closeTransfers(ctx, t); err != nil && !f.stopping() {
		return err
	}
	return cause
}

// wait shows why nothing is heard of a task.
func (f *flight) wait(id record.TaskID, why string) {
	f.d.mu.Lock()
	changed := f.live.waiting != why
	f.live.waiting = why
	f.d.mu.Unlock()
	if changed {
		f.d.touch(f.run, id)
	}
}

func (f *flight) stoppingNow() bool {
	select {
	case <-f.stopNow:
		return true
	default:
		return false
	}
}

// passOnStop tells the Transporter to stop the task, once the run is to stop, and again when it is to stop at once.
func (f *flight) passOnStop(ctx context.Context, on record.TransporterID) {
	select {
	case <-ctx.Done():
		return
	case <-f.stop:
	}
	f.tellStop(ctx, on)
	select {
	case <-ctx.Done():
		return
	case <-f.stopNow:
	}
	f.tellStop(ctx, on)
}

// tellStop tells it until it has heard. A stop at once overtakes one after the current message.
func (f *flight) tellStop(ctx context.Context, on record.TransporterID) {
	for {
		client, err := f.d.Fleet.Client(on)
		if err != nil {
			return
		}
		_, err = client.StopTask(ctx, &transporterv1.StopTaskRequest{TaskId: string(f.id), Now: f.stoppingNow()})
		if err == nil || !fault.Temporary(err) || pause(ctx, reconnectWait) != nil {
			return
		}
	}
}

// pause waits, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(0, d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
