// Package dispatch brings runs to their end: backups of many mailboxes, recoveries, verifies. A run is a list of tasks;
// a task is one piece of work on one Transporter, which knows it under the Director's id.
//
// What holds at every moment, also when either side is killed:
//
//   - Nothing is asked of a Transporter that is not written first: the task's Transporter and attempt before it is
//     started there, a transfer before its token is handed on.
//   - A task's end and the run's count of it are one transaction, made at most once.
//   - An attempt is started again only when its Transporter does not know it any more, ended it with a temporary fault,
//     or has been cut off from its vault.
//   - At most one task per mailbox backs up at a time, whatever the jobs say.
//
// A task's way, as stored:
//
//	QUEUED ──▶ RUNNING ──▶ SUCCEEDED, INCOMPLETE, FAILED, STOPPED
//	              ▲  │          (then unsettled until transfers are closed and the Transporter forgot it)
//	              │  ▼
//	            RETRYING        without a Transporter: waits for its next attempt
//	                            with one: that Transporter is out of reach, and may be working
package dispatch

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/fleet"
	"holdfast/director/internal/inventory"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

// Options of a Dispatcher. A zero number means its default.
type Options struct {
	Store     *store.Store
	Fleet     *fleet.Fleet
	Depot     *depot.Service
	Inventory *inventory.Service
	Logger    hclog.Logger
	Now       func() time.Time
	// Ended is done in the transaction that ends a run of any kind; nil for nothing. Its error keeps the run from ending.
	Ended func(tx *store.Tx, run *record.Run) error

	// RetryLimit is how many temporary faults in a row end a task; 10.
	RetryLimit int
	// RetryBase is the wait after the first, doubled with each; 3 s. RetryMax bounds it; 2 min.
	RetryBase time.Duration
	RetryMax  time.Duration
	// Steady is how long an attempt must have worked for faults before it not to count any more; 10 min.
	Steady time.Duration
	// StartWait is how long a task waits for any Transporter that may do it to be reached; 10 min.
	StartWait time.Duration
	// LostAfter is how long a Transporter that has a task may be out of reach before the task is taken from it; 2 h.
	LostAfter time.Duration
	// StopWait is how long an immediate stop waits for a Transporter that is out of reach; 30 s.
	StopWait time.Duration
	// FlushEvery is how often progress is written; 2 s.
	FlushEvery time.Duration
	// RefreshEvery is how old the list of an account's mailboxes may be at the start of a run; 1 h. RefreshWait is how long
	// a start waits for a new one; 1 min.
	RefreshEvery time.Duration
	RefreshWait  time.Duration
	// WatchEvery is how often a watcher hears of changes at most; 500 ms.
	WatchEvery time.Duration
}

func (o *Options) defaults() {
	number := func(n *int, d int) {
		if *n == 0 {
			*n = d
		}
	}
	duration := func(n *time.Duration, d time.Duration) {
		if *n == 0 {
			*n = d
		}
	}
	number(&o.RetryLimit, 10)
	duration(&o.RetryBase, 3*time.Second)
	duration(&o.RetryMax, 2*time.Minute)
	duration(&o.Steady, 10*time.Minute)
	duration(&o.StartWait, 10*time.Minute)
	duration(&o.LostAfter, 2*time.Hour)
	duration(&o.StopWait, 30*time.Second)
	duration(&o.FlushEvery, 2*time.Second)
	duration(&o.RefreshEvery, time.Hour)
	duration(&o.RefreshWait, time.Minute)
	duration(&o.WatchEvery, 500*time.Millisecond)
}

// Dispatcher drives all runs that have not ended. Its methods may be called by several goroutines.
type Dispatcher struct {
	Options
	wake   chan struct{} // there may be something to start
	settle chan struct{} // there is something to settle

	mu      sync.Mutex
	runs    map[record.RunID]*activeRun
	busy    map[mailboxKey]record.TaskID
	load    map[record.TransporterID]int
	flights map[record.TaskID]*flight
	watches map[*Watch]struct{}
	// scripts run in this process.
	scripts map[scriptKey]struct{}
	// readings are the accounts whose mailboxes are being read, life is Run's context; nil before it.
	readings   map[mail.AccountID]*reading
	life       context.Context //nolint:containedctx // what nobody waits for any more ends with Run
	background sync.WaitGroup
}

// mailboxKey is what at most one task backs up at a time, and at most one writes to: two that brought the same message back
// at once would each not see the other's.
type mailboxKey struct {
	account mail.AccountID
	mailbox mail.MailboxID
	// writes is set of what writes to the mailbox.
	writes bool
}

// activeRun is a run that has not ended. Dispatcher.mu guards it.
type activeRun struct {
	id   record.RunID
	kind record.RunKind
	// planOnly is set when it writes to no mailbox.
	planOnly  bool
	options   record.JobOptions
	stop, now bool
	// stopAt is when its schedule ends it; zero for never.
	stopAt time.Time
	// phase is what is to be done besides tasks; scripting is set while that is done, and endScript ends it.
	phase     record.RunPhase
	scripting bool
	endScript context.CancelFunc
	// goals are the repositories that its tasks use.
	goals map[record.RepositoryID]*goal
	// pending are the tasks to be started, in order.
	pending []pending
	flying  int
	// waiting is why not all of it is started that could be.
	waiting string
	// name is what people know it by, course what is measured of it.
	name   string
	course course
	// refused counts how often accounts were refused, and repositories took nothing more, in a row.
	refused map[barrier]refusals
}

// goal is a repository that tasks of a run use.
type goal struct {
	// begun is set once a task was placed: a loss of the Transporters is then waited out for longer.
	begun bool
	// unreached is since when no Transporter could be reached that may do the tasks; zero when one could.
	unreached time.Time
}

// goal returns what is known of a repository that tasks of the run use.
func (r *activeRun) goal(id record.RepositoryID) *goal {
	if r.goals[id] == nil {
		r.goals[id] = &goal{}
	}
	return r.goals[id]
}

// pending is a task that is to be started, or watched again.
type pending struct {
	id         record.TaskID
	key        mailboxKey
	repository record.RepositoryID
	// at is the earliest time.
	at time.Time
	// on is set when a Transporter may be working on it already.
	on record.TransporterID
	// usual is how long it usually takes; 0 when that is not known.
	usual time.Duration
}

// limit is how many tasks of the run may be in flight.
func (r *activeRun) limit() int {
	if r.options.MaxTasks > 0 {
		return int(r.options.MaxTasks)
	}
	return record.DefaultMaxTasks
}

// Open returns a dispatcher with all runs that have not ended, to go on where they were.
func Open(ctx context.Context, o Options) (*Dispatcher, error) {
	o.defaults()
	d := &Dispatcher{
		Options: o, wake: make(chan struct{}, 1), settle: make(chan struct{}, 1), runs: map[record.RunID]*activeRun{},
		busy: map[mailboxKey]record.TaskID{}, load: map[record.TransporterID]int{}, flights: map[record.TaskID]*flight{},
		watches: map[*Watch]struct{}{}, readings: map[mail.AccountID]*reading{}, scripts: map[scriptKey]struct{}{},
	}
	var stopped []record.RunID
	err := o.Store.View(func(tx *store.Tx) error {
		for id := range store.RunsActive.All(tx, "") {
			r, err := store.Runs.Get(tx, id)
			if err != nil {
				return err
			}
			if r.Kind.Own() {
				continue
			}
			a := d.activate(r)
			known, err := usual(tx, r.Job)
			if err != nil {
				return err
			}
			for t, err := range store.Tasks.All(tx, store.TaskPrefix(r.ID)) {
				if err != nil {
					return err
				}
				if t.Attempt > 0 {
					a.goal(t.Repository).begun = true
				}
				if !t.Status.Ended() {
					t.NextTry = d.due(a, &t)
					a.append(t, known[keyOf(&t)])
				}
			}
			if a.stop {
				stopped = append(stopped, r.ID)
			}
		}
		return nil
	})
	for _, id := range stopped {
		if err == nil {
			err = d.stopPending(ctx, id)
		}
	}
	return d, err
}

// activate adds a run; d.mu is held, or d not shared yet.
func (d *Dispatcher) activate(r record.Run) *activeRun {
	a := &activeRun{
		id: r.ID, kind: r.Kind, planOnly: r.PlanOnly, options: r.Options, stop: r.Stop, now: r.StopNow, phase: r.Phase, goals: map[record.RepositoryID]*goal{},
		stopAt: r.StopAt, name: r.Title, course: resume(&r, d.Now()), refused: map[barrier]refusals{},
	}
	d.runs[r.ID] = a
	return a
}

func (r *activeRun) append(t record.Task, usual time.Duration) {
	r.goal(t.Repository)
	key := keyOf(&t)
	if r.planOnly {
		key = mailboxKey{}
	}
	r.pending = append(r.pending, pending{
		id: t.ID, key: key, repository: t.Repository, at: t.NextTry, on: t.Transporter, usual: usual,
	})
}

// keyOf returns the mailbox that the task must have for itself; none for what is done to a repository.
func keyOf(t *record.Task) mailboxKey {
	switch t.Kind {
	case record.KindBackup:
		return mailboxKey{account: t.Account, mailbox: t.Mailbox}
	case record.KindRecovery, record.KindUndo, record.KindDrill:
		return mailboxKey{t.Account, t.Mailbox, true}
	default:
		return mailboxKey{}
	}
}

// Run starts and watches tasks until ctx ends. Tasks then go on at their Transporters; the next Run finds them there. It
// returns when everything that it started is gone.
func (d *Dispatcher) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer d.live(ctx)()
	defer cancel()
	wg.Go(func() { d.settleLoop(ctx) })
	wg.Go(func() { d.flushLoop(ctx) })
	wg.Go(func() { d.repositoriesLoop(ctx) })
	changes, done := d.Fleet.Changes()
	defer done()
	for {
		d.startScripts(ctx, &wg)
		next := d.fill(ctx, &wg)
		if err := d.stopRest(ctx); err != nil && ctx.Err() == nil {
			d.Logger.Error("stopped tasks not written; trying again", "error", err)
			next = storeRetry
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-d.wake:
		case <-changes:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// poke makes Run look again.
func (d *Dispatcher) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Counts of what is going on, for metrics.
type Counts struct{ Runs, Pending, Flying int }

// Counts returns how much is going on.
func (d *Dispatcher) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := Counts{Runs: len(d.runs), Flying: len(d.flights)}
	for _, r := range d.runs {
		c.Pending += len(r.pending)
	}
	return c
}

// backoff returns the wait after the nth temporary fault in a row, from half of the full step to all of it.
func (d *Dispatcher) backoff(n int32) time.Duration {
	step := d.RetryMax
	if n < 16 {
		step = min(step, d.RetryBase<<max(0, n-1))
	}
	return step/2 + rand.N(step/2+1)
}
