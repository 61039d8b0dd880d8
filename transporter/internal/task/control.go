package task

import (
	"context"
	"runtime/debug"
	"time"

	"holdfast/pkg/fault"
)

// watchEvery is the least time between two states that a watcher gets: four a second (control API).
const watchEvery = 250 * time.Millisecond

// Stop asks a task to stop: after the current message, or (now) at once. A queued one ends without having run; one that
// ended stays as it is.
func (b *Board) Stop(id ID, now bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.entries[id]
	if !ok {
		return fault.New(fault.NotFound, "this Transporter does not know task %s", id)
	}
	e.requestStop(byPerson)
	if e.cancel == nil {
		b.dropQueued(e)
		return nil
	}
	if now {
		e.cancel()
	}
	return nil
}

// dropQueued ends a task that never ran. The caller holds mu.
func (b *Board) dropQueued(e *entry) {
	if s := e.snapshot(); s.Status != Queued {
		return
	}
	e.finish(Outcome{}, fault.New(fault.Canceled, "stopped before it began"), b.opts.Now())
}

// Forget drops an ended task; a task that is not known is no error. Conflict while it runs or waits.
func (b *Board) Forget(id ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.entries[id]
	if !ok {
		return nil
	}
	if s := e.snapshot(); !s.Status.Over() {
		return fault.New(fault.Conflict, "task %s has not ended; stop it first", id)
	}
	delete(b.entries, id)
	return nil
}

// Watch calls send with the task's state at once, then when it changed (at most every 250 ms), then with its last state,
// and returns nil after that one. A task that was started again under the same id goes on being watched only until the
// watched attempt's end. Unavailable when the board drains before the task is over.
func (b *Board) Watch(ctx context.Context, id ID, send func(State) error) error {
	e, err := b.entry(id)
	if err != nil {
		return err
	}
	tick := time.NewTimer(watchEvery)
	defer tick.Stop()
	var sent uint64 // version of the state last sent; versions begin at 0, which is sent as the first in any case
	for first := true; ; first = false {
		state, version, changed := e.observe()
		if first || version != sent {
			if err := send(state); err != nil || state.Status.Over() {
				return err
			}
			sent = version
		}
		tick.Reset(watchEvery)
		turn := tick.C
		if state.Status == Queued {
			turn = nil // nothing is polled then: the next change is enough
		} else {
			changed = nil
		}
		select {
		case <-turn:
		case <-e.over: // the end is told at once
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-b.down:
			return errShutdown
		}
	}
}

// Drain takes no new tasks, asks the running ones to stop at their next checkpoint, gives them up to patience, cuts the
// rest, and returns when none is left. Tasks that it interrupts end as Failed with a temporary fault.
func (b *Board) Drain(patience time.Duration) {
	b.mu.Lock()
	if !b.draining {
		b.draining = true
		close(b.down)
	}
	for _, e := range b.entries {
		e.requestStop(byShutdown)
		if e.cancel == nil {
			b.dropQueued(e)
		}
	}
	left := len(b.running)
	b.mu.Unlock()
	if left == 0 {
		patience = 0
	}
	done := make(chan struct{})
	go func() {
		b.wg.Wait()
		close(done)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		if left > 0 {
			b.log.Warn("tasks did not stop in time and are cut", "patience", patience)
		}
		b.cancel()
		<-done
	}
	b.cancel()
}

func stack() string { return string(debug.Stack()) }
