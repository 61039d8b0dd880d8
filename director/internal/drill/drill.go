// Package drill keeps recovery drills and starts them, on demand and by the clock. What a drill does is the business of the
// dispatcher and of Transporters.
//
// Starts that were missed are made up for by one. A drill that cannot be started by its schedule is a failed activity with the
// reason, because nobody looks otherwise; it is tried again at its next time.
package drill

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Dispatcher starts drills.
type Dispatcher interface {
	StartDrill(ctx context.Context, w dispatch.Drill) (record.Run, error)
	FailDrill(ctx context.Context, w dispatch.Drill, why error) error
}

// Options of a Service. All are required.
type Options struct {
	Store      *store.Store
	Dispatcher Dispatcher
	Now        func() time.Time
	Logger     hclog.Logger
}

// Service keeps drills.
type Service struct{ Options }

// New returns a service that has not begun.
func New(o Options) *Service { return &Service{o} }

const (
	// look is how often it is looked whether a drill is due.
	look = 15 * time.Second
	// ahead is how far in the future what was considered may lie before the clock is taken to have been set back.
	ahead = time.Minute
	// maxDrills bounds how many there are.
	maxDrills = 1000
)

// Run works until the context is done.
func (s *Service) Run(ctx context.Context) error {
	for {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("recovery drills that are due could not be started; trying again", "error", err)
		}
		timer := time.NewTimer(look)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// Step starts what is due now.
func (s *Service) Step(ctx context.Context) error {
	all, err := s.List()
	if err != nil {
		return err
	}
	now := s.Now()
	for i := range all {
		d := &all[i]
		if !d.Enabled {
			continue
		}
		if d.Considered.After(now.Add(ahead)) { // the clock was set back
			if err := s.edit(ctx, d.ID, func(d *record.Drill) { d.Considered = now }); err != nil {
				return err
			}
			continue
		}
		if cause := due(d, now); cause != "" {
			if err := s.byClock(ctx, d, cause, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// due returns why a drill is to be started now; empty when it is not.
func due(d *record.Drill, now time.Time) string {
	for i := range d.Schedules {
		c, err := d.Schedules[i].Located()
		if err != nil {
			continue // the zone is not known on this machine any more
		}
		if _, ok := c.Latest(d.Considered, now); ok {
			return "schedule: " + c.String()
		}
	}
	return ""
}

// byClock starts a drill that is due, or writes why it cannot be.
func (s *Service) byClock(ctx context.Context, d *record.Drill, cause string, now time.Time) error {
	_, err := s.start(ctx, d.ID, cause, now)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.Logger.Warn("recovery drill not started", "drill", d.ID, "kind", fault.KindOf(err).Error())
	why := err.Error()
	return s.Dispatcher.FailDrill(ctx, dispatch.Drill{Drill: *d, Cause: cause, Also: func(tx *store.Tx, run record.RunID) error {
		d, err := store.Drills.Get(tx, string(d.ID))
		if err != nil {
			return err
		}
		d.Considered, d.LastError = now, why
		if !store.RunsActive.Has(tx, string(d.LastRun)) { // else it is the last still
			d.LastRun = run
		}
		return store.Drills.Put(tx, d)
	}}, err)
}

// Start starts a drill now. Conflict while it is going on.
func (s *Service) Start(ctx context.Context, id record.DrillID) (record.Run, error) {
	return s.start(ctx, id, "", time.Time{})
}

func (s *Service) start(ctx context.Context, id record.DrillID, cause string, considered time.Time) (record.Run, error) {
	d, err := s.Get(id)
	if err != nil {
		return record.Run{}, err
	}
	idle := func(tx *store.Tx) (record.Drill, error) {
		d, err := store.Drills.Get(tx, string(id))
		if err == nil && d.LastRun != "" && store.RunsActive.Has(tx, string(d.LastRun)) {
			err = fault.New(fault.Conflict, "drill %s is going on already", d.Name)
		}
		return d, err
	}
	if err := s.Store.View(func(tx *store.Tx) error { _, err := idle(tx); return err }); err != nil {
		return record.Run{}, err
	}
	run, err := s.Dispatcher.StartDrill(ctx, dispatch.Drill{Drill: d, Cause: cause, Also: func(tx *store.Tx, run record.RunID) error {
		d, err := idle(tx)
		if err != nil {
			return err
		}
		d.LastRun = run
		if !considered.IsZero() {
			d.Considered, d.LastError = considered, ""
		}
		return store.Drills.Put(tx, d)
	}})
	if err == nil {
		s.Logger.Info("recovery drill started", "drill", id, "run", run.ID, "mailboxes", run.Tasks)
	}
	return run, err
}

// List returns all drills, by name.
func (s *Service) List() ([]record.Drill, error) {
	var list []record.Drill
	err := s.Store.View(func(tx *store.Tx) error {
		for d, err := range store.Drills.All(tx, "") {
			if err != nil {
				return err
			}
			list = append(list, d)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b record.Drill) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list, err
}

// Get returns a drill.
func (s *Service) Get(id record.DrillID) (record.Drill, error) {
	var d record.Drill
	err := s.Store.View(func(tx *store.Tx) (err error) { d, err = store.Drills.Get(tx, string(id)); return err })
	return d, err
}

// Create keeps a new drill. Conflict when its name is taken.
func (s *Service) Create(ctx context.Context, d record.Drill) (record.Drill, error) {
	id, err := record.NewID()
	if err != nil {
		return d, err
	}
	d.ID, d.Considered = record.DrillID(id), s.Now()
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if store.Drills.Count(tx) >= maxDrills {
			return fault.New(fault.Exhausted, "there are %d drills, and there can be no more", maxDrills)
		}
		return errors.Join(fits(tx, &d), store.Drills.Put(tx, d))
	})
	return d, err
}

// Update replaces a drill. What its schedules would have asked for earlier was not missed.
func (s *Service) Update(ctx context.Context, to record.Drill) (record.Drill, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := store.Drills.Get(tx, string(to.ID))
		if err != nil {
			return err
		}
		to.Considered, to.LastRun = s.Now(), d.LastRun
		return errors.Join(fits(tx, &to), store.Drills.Put(tx, to))
	})
	return to, err
}

// Delete removes a drill. One that is going on goes on; what it did stays in the history.
func (s *Service) Delete(ctx context.Context, id record.DrillID) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := store.Drills.Get(tx, string(id)); err != nil {
			return err
		}
		return store.Drills.Delete(tx, string(id))
	})
}

// fits refuses a drill whose name is taken, or whose job or test mailbox is not there. The mailboxes that it tries may be gone
// from the inventory: their points are what counts, and is looked at when it starts.
func fits(tx *store.Tx, d *record.Drill) error {
	for other, err := range store.Drills.All(tx, "") {
		if err != nil {
			return err
		}
		if other.ID != d.ID && strings.EqualFold(other.Name, d.Name) {
			return fault.New(fault.Conflict, "there is a drill %s already; choose another name", other.Name)
		}
	}
	if !store.Jobs.Has(tx, string(d.Job)) {
		return fault.InvalidField("drill.job_id", "there is no job %q", d.Job)
	}
	m, err := store.Mailboxes.Get(tx, store.MailboxKey(d.Account, d.Mailbox))
	if fault.KindOf(err) == fault.NotFound {
		return fault.InvalidField("drill.mailbox_id", "there is no mailbox %q in this account; refresh the account", d.Mailbox)
	}
	if err == nil && m.Absent != "" {
		return fault.InvalidField("drill.mailbox_id", "%s has no mailbox to recover to: %s", m.Name, m.Absent)
	}
	return err
}

func (s *Service) edit(ctx context.Context, id record.DrillID, change func(*record.Drill)) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := store.Drills.Get(tx, string(id))
		if err != nil {
			return err
		}
		change(&d)
		return store.Drills.Put(tx, d)
	})
}

// Next returns when a drill is started next; the zero time when it is not.
func Next(d *record.Drill, now time.Time) time.Time {
	var at time.Time
	if !d.Enabled {
		return at
	}
	for i := range d.Schedules {
		c, err := d.Schedules[i].Located()
		if err != nil {
			continue
		}
		if o, ok := c.Next(now); ok && (at.IsZero() || o.Start.Before(at)) {
			at = o.Start
		}
	}
	return at
}
