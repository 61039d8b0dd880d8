package task

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
)

// Options make a Board.
type Options struct {
	// Max is how many tasks run at once; default 8.
	Max int
	// MaxKept is how many tasks may be known, ended ones included; default 10,000.
	MaxKept int
	Now     func() time.Time // default time.Now
	Logger  hclog.Logger     // default none
	// Ended is called once with the last state of each task that ran; nil for nothing.
	Ended func(State)
}

// Board holds the tasks. Its methods may be called by many goroutines.
type Board struct {
	opts Options
	log  hclog.Logger

	mu       sync.Mutex
	entries  map[ID]*entry
	queue    []*entry // urgent ones first, then oldest first
	order    uint64
	running  map[*entry]struct{}
	heavy    int // of running, those that count against the limit
	draining bool
	wg       sync.WaitGroup

	// base outlives single calls: tasks end with it, not with the call that started them.
	base   context.Context
	cancel context.CancelFunc
	down   chan struct{} // closed when the board drains
}

// New returns a board without tasks. Drain must be called before it is dropped.
func New(o Options) *Board {
	if o.Max <= 0 {
		o.Max = 8
	}
	if o.MaxKept <= 0 {
		o.MaxKept = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	base, cancel := context.WithCancel(context.Background())
	return &Board{
		opts: o, log: o.Logger, entries: map[ID]*entry{}, running: map[*entry]struct{}{},
		base: base, cancel: cancel, down: make(chan struct{}),
	}
}

// Start queues a task and returns its state. A task that runs, waits or ended is returned as it is, unless it ended and
// spec has a higher attempt: then it is started again. Unavailable once the board drains.
func (b *Board) Start(spec Spec) (State, error) {
	if spec.ID == "" || spec.Work == nil {
		return State{}, fault.InvalidField("task_id", "a task needs an id and work to do")
	}
	spec.Attempt = max(spec.Attempt, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.entries[spec.ID]; ok {
		state := old.snapshot()
		if !state.Status.Over() || spec.Attempt <= state.Attempt {
			return state, nil
		}
	}
	if b.draining {
		return State{}, fault.New(fault.Unavailable, "the Transporter is shutting down and takes no new tasks")
	}
	if _, known := b.entries[spec.ID]; !known && len(b.entries) >= b.opts.MaxKept {
		return State{}, fault.New(fault.Exhausted, "this Transporter holds %d tasks already; forget ended ones first",
			len(b.entries))
	}
	b.order++
	e := newEntry(spec, b.order)
	b.entries[spec.ID] = e
	at := len(b.queue)
	if spec.Urgent || spec.Light {
		if i := slices.IndexFunc(b.queue, func(q *entry) bool { return !q.spec.Urgent && !q.spec.Light }); i >= 0 {
			at = i
		}
	}
	b.queue = slices.Insert(b.queue, at, e)
	b.dispatch()
	return e.snapshot(), nil
}

// dispatch starts what may run, in the queue's order. The caller holds mu.
func (b *Board) dispatch() {
	if b.draining {
		return
	}
	b.queue = slices.DeleteFunc(b.queue, func(e *entry) bool {
		if e.snapshot().Status != Queued {
			return true
		}
		if b.heavy >= b.opts.Max && !e.spec.Light {
			return false
		}
		if other := b.rival(e); other != nil {
			e.update(func(s *State) {
				s.Waiting = "waiting for task " + string(other.spec.ID) + ", which works on the same"
			})
			return false
		}
		b.launch(e)
		return true
	})
}

// rival returns a running task that excludes e.
func (b *Board) rival(e *entry) *entry {
	if e.spec.Exclusive == "" {
		return nil
	}
	for r := range b.running {
		if r.spec.Exclusive == e.spec.Exclusive {
			return r
		}
	}
	return nil
}

func (b *Board) launch(e *entry) {
	ctx, cancel := context.WithCancel(b.base)
	e.cancel = cancel
	b.running[e] = struct{}{}
	if !e.spec.Light {
		b.heavy++
	}
	e.update(func(s *State) { s.Status, s.Phase, s.Waiting, s.Started = Running, "starting", "", b.opts.Now() })
	b.log.Info("task started", "task", e.spec.ID, "kind", e.spec.Kind, "attempt", e.spec.Attempt, "run", e.spec.Run)
	b.wg.Go(func() {
		defer cancel()
		out, err := b.do(ctx, e)
		e.finish(out, err, b.opts.Now())
		state := e.snapshot()
		b.logEnd(state)
		b.mu.Lock()
		delete(b.running, e)
		if !e.spec.Light {
			b.heavy--
		}
		b.dispatch()
		b.mu.Unlock()
		if b.opts.Ended != nil {
			b.opts.Ended(state)
		}
	})
}

// do runs the work and turns a panic into a fault, so that one broken message cannot take the process down.
func (b *Board) do(ctx context.Context, e *entry) (out Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			b.log.Error("task panicked", "task", e.spec.ID, "panic", r, "stack", stack())
			err = fault.New(fault.Unknown, "internal error in the task; see the Transporter's log")
		}
	}()
	return e.spec.Work.Do(ctx, e.stop, &Reporter{e})
}

func (b *Board) logEnd(s State) {
	args := []any{
		"task", s.ID, "kind", s.Kind, "attempt", s.Attempt, "run", s.Run, "status", s.Status.String(),
		"duration", s.Ended.Sub(s.Started), "messages", s.Progress.MessagesDone, "requests", s.Progress.Requests,
		"losses", int64(len(s.Losses)) + s.LossesMore,
	}
	if s.Err != nil {
		b.log.Warn("task ended", append(args, "fault", fault.KindOf(s.Err).Error())...)
		return
	}
	b.log.Info("task ended", args...)
}

// Counts returns how many tasks run and how many may.
func (b *Board) Counts() (running, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heavy, b.opts.Max
}

// Get returns a task's state; NotFound when it is not known.
func (b *Board) Get(id ID) (State, error) {
	e, err := b.entry(id)
	if err != nil {
		return State{}, err
	}
	return e.snapshot(), nil
}

func (b *Board) entry(id ID) (*entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.entries[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "this Transporter does not know task %s", id)
	}
	return e, nil
}

// List returns all known tasks, oldest first.
func (b *Board) List() []State {
	b.mu.Lock()
	all := make([]*entry, 0, len(b.entries))
	for _, e := range b.entries {
		all = append(all, e)
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(x, y *entry) int { return cmp.Compare(x.order, y.order) })
	states := make([]State, len(all))
	for i, e := range all {
		states[i] = e.snapshot()
	}
	return states
}
