package dispatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// refreshNew reads the mailboxes of the job's whole accounts anew that were not read lately, so that a run has those that
// came since. It never holds a run up for longer than RefreshWait, and a failure does not end it: the run goes on with what is
// known, and the notes say so. Only an account that was never read has nothing to go on with: its failure is returned where
// the job has nothing else.
func (d *Dispatcher) refreshNew(ctx context.Context, id record.JobID) (notes []string, never error, err error) {
	var due []record.Account
	now := d.Now()
	err = d.Store.View(func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		for _, i := range j.Items {
			a, err := store.Accounts.Get(tx, string(i.Account))
			if err != nil {
				return err
			}
			age := now.Sub(a.Refreshed)
			lately := age >= 0 && age < d.RefreshEvery // one that lies ahead was noted by a clock that was set back since
			if i.Mailbox == "" && !lately && !slices.ContainsFunc(due, func(b record.Account) bool { return b.ID == a.ID }) {
				due = append(due, a)
			}
		}
		return nil
	})
	if err != nil || len(due) == 0 {
		return nil, nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, d.RefreshWait)
	defer cancel()
	for _, a := range due {
		err := d.refreshed(waiting, a.ID, d.RefreshWait)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case a.Refreshed.IsZero():
			never = err
		}
		d.Logger.Warn("account not read anew before a run; it goes on with the mailboxes that are known", "account", a.ID, "job", id, "kind", fault.KindOf(err).Error())
		notes = append(notes, fmt.Sprintf("the mailboxes of account %s could not be read anew, so those that are new come with a later run: %v", a.Name, err))
	}
	return notes, never, nil
}

// ReadAccount reads the mailboxes of an account anew, or waits for a reading that goes on. Timeout when it takes longer than
// the wait: it goes on then.
func (d *Dispatcher) ReadAccount(ctx context.Context, id mail.AccountID, wait time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return d.refreshed(waiting, id, wait)
}

// refreshed reads the mailboxes of an account anew, or waits for a reading that goes on, until ctx ends. A reading goes on
// when nobody waits for it any more: what it brings is there for the next run.
func (d *Dispatcher) refreshed(ctx context.Context, id mail.AccountID, wait time.Duration) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fault.New(fault.Timeout, "reading them takes longer than %s; it goes on meanwhile", wait.Round(time.Second))
	}
}

// read returns the reading of an account's mailboxes that goes on, or begins one.
func (d *Dispatcher) read(ctx context.Context, id mail.AccountID) (*reading, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.readings[id]; r != nil {
		return r, nil
	}
	if d.life != nil {
		ctx = d.life
	}
	if ctx.Err() != nil {
		return nil, fault.New(fault.Canceled, "the Director is being shut down")
	}
	r := &reading{done: make(chan struct{})}
	d.readings[id] = r
	d.background.Go(func() {
		_, r.err = d.Inventory.Refresh(ctx, id)
		d.mu.Lock()
		delete(d.readings, id)
		d.mu.Unlock()
		close(r.done)
	})
	return r, nil
}

// live lets readings begin until ctx ends; what it returns waits for them to end.
func (d *Dispatcher) live(ctx context.Context) func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life = ctx
	return func() {
		d.mu.Lock()   // whoever held it has begun a reading, or sees that ctx has ended
		d.mu.Unlock() //nolint:staticcheck // nothing is to be done in between
		d.background.Wait()
	}
}

// reading is the reading of an account's mailboxes that goes on.
type reading struct {
	done chan struct{}
	err  error
}
