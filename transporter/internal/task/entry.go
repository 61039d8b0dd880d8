package task

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// entry is one attempt at a task. mu guards what follows it.
type entry struct {
	spec   Spec
	order  uint64
	cancel context.CancelFunc // nil while queued
	stop   chan struct{}
	once   sync.Once
	over   chan struct{} // closed when the attempt has ended

	mu      sync.Mutex
	state   State
	version uint64        // grows with every change
	changed chan struct{} // closed and replaced with every change
	why     reason
	poll    func() Live
}

// reason is why a task was asked to stop.
type reason uint8

const (
	notStopped reason = iota
	byPerson
	byShutdown
)

func newEntry(spec Spec, order uint64) *entry {
	return &entry{
		spec: spec, order: order, stop: make(chan struct{}), over: make(chan struct{}), changed: make(chan struct{}),
		state: State{ID: spec.ID, Attempt: spec.Attempt, Run: spec.Run, Kind: spec.Kind, Status: Queued, Phase: "queued"},
	}
}

func (e *entry) update(change func(*State)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.state)
	e.bump()
}

// bump tells watchers. The caller holds mu.
func (e *entry) bump() {
	e.version++
	close(e.changed)
	e.changed = make(chan struct{})
}

// snapshot returns the state now.
func (e *entry) snapshot() State {
	s, _, _ := e.observe()
	return s
}

// observe returns the state now, its version, and a channel that is closed with the next change that is not polled.
func (e *entry) observe() (State, uint64, <-chan struct{}) {
	e.mu.Lock()
	poll, over := e.poll, e.state.Status.Over()
	e.mu.Unlock()
	var live *Live
	if poll != nil && !over {
		l := poll() // without the lock: it asks the work, which may be reporting
		live = &l
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if live != nil && !e.state.Status.Over() && !live.same(e.state) {
		e.state.Progress, e.state.Waiting = live.Progress, live.Waiting
		if live.Phase != "" {
			e.state.Phase = live.Phase
		}
		e.bump()
	}
	return e.state, e.version, e.changed
}

// requestStop asks the work to end; the first reason counts.
func (e *entry) requestStop(why reason) {
	e.mu.Lock()
	if e.why == notStopped {
		e.why = why
	}
	e.mu.Unlock()
	e.once.Do(func() { close(e.stop) })
}

func (e *entry) stopReason() reason {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.why
}

// finish records how the work ended.
func (e *entry) finish(out Outcome, err error, now time.Time) {
	why := e.stopReason()
	e.snapshot() // the last poll, for the final numbers
	e.update(func(s *State) {
		s.Ended, s.Outcome, s.Waiting, s.Phase = now, out, "", ""
		switch {
		case err == nil && (len(s.Losses) > 0 || damaged(out)):
			s.Status = Incomplete
		case err == nil:
			s.Status = Succeeded
		case why == byShutdown:
			s.Status, s.Err = Failed, errShutdown
		case why == byPerson && errors.Is(err, fault.Canceled), why == byPerson && errors.Is(err, context.Canceled):
			s.Status = Stopped
		default:
			s.Status, s.Err = Failed, err
		}
	})
	close(e.over)
}

// damaged reports whether something is left that is not as it should be.
func damaged(out Outcome) bool {
	return out.Verify != nil && len(out.Verify.Damage) > 0 || out.Reclaim != nil && len(out.Reclaim.Left) > 0 ||
		out.Repair != nil && len(out.Repair.Damage) > 0 || out.Copy != nil && out.Copy.LeftOut > 0
}

// Reporter is how work tells about itself. Its methods may be called by many goroutines and never block for long.
type Reporter struct{ e *entry }

// Live is what changes all the time; the board asks for it when somebody watches (Reporter.Poll).
type Live struct {
	// Phase is left as it is when empty.
	Phase    string
	Progress Progress
	Waiting  string
}

func (l Live) same(s State) bool {
	return (l.Phase == "" || l.Phase == s.Phase) && l.Waiting == s.Waiting && l.Progress.equal(s.Progress)
}

// Phase says what the work is doing now, in a few words for people.
func (r *Reporter) Phase(phase string) { r.e.update(func(s *State) { s.Phase = phase }) }

// Progress replaces the progress; its map must not be changed afterwards.
func (r *Reporter) Progress(p Progress) { r.e.update(func(s *State) { s.Progress = p }) }

// Waiting says why the work is waiting; empty when it no longer is.
func (r *Reporter) Waiting(why string) { r.e.update(func(s *State) { s.Waiting = why }) }

// Poll makes the board call f for progress and waiting whenever the state is looked at, instead of being told. f must not
// call the Reporter.
func (r *Reporter) Poll(f func() Live) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	r.e.poll = f
}

// Lose records a loss. The first MaxLosses are kept, the rest counted.
func (r *Reporter) Lose(l mail.Loss) {
	r.e.update(func(s *State) {
		if len(s.Losses) >= MaxLosses {
			s.LossesMore++
			return
		}
		// Clipped, because earlier snapshots share the array.
		s.Losses = append(slices.Clip(s.Losses), l)
	})
}

// Losses replaces all losses, for work that gathers them itself; more counts those that all leaves out.
func (r *Reporter) Losses(all []mail.Loss, more int64) {
	r.e.update(func(s *State) {
		n := min(len(all), MaxLosses)
		s.Losses, s.LossesMore = slices.Clone(all[:n]), more+int64(len(all)-n)
	})
}
