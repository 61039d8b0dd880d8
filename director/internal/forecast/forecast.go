// Package forecast gathers what an estimate of a job needs: its mailboxes, what earlier runs took, and, of mailboxes that no
// run has read, what their folders say they hold. For that it asks Transporters, of a sample only where there are many, and
// never for long: what is not told in time is taken to be like the rest. Package estimate does the sums.
package forecast

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/estimate"
	"holdfast/director/internal/fleet"
	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Options of a Service. A zero number means its default.
type Options struct {
	Store  *store.Store
	Fleet  *fleet.Fleet
	Now    func() time.Time
	Logger hclog.Logger
	// Sample is how many mailboxes are measured at most; 60. Wait is how long that may take; 30 s.
	Sample int
	Wait   time.Duration
}

// Service estimates jobs. Its methods may be called by several goroutines.
type Service struct{ Options }

// New returns the service.
func New(o Options) *Service {
	if o.Sample == 0 {
		o.Sample = 60
	}
	if o.Wait == 0 {
		o.Wait = 30 * time.Second
	}
	return &Service{o}
}

// Forecast is what is foretold of a job.
type Forecast struct {
	estimate.Result
	Mailboxes, FromRuns, Measured, New int
	// Window is the shortest of Windows; 0 without one.
	Window  time.Duration
	Windows []Window
}

// Window is the time that a schedule leaves a run.
type Window struct {
	Text string
	Time time.Duration
}

type key struct {
	account mail.AccountID
	mailbox mail.MailboxID
}

// Job estimates a job, stored or not. A Transporter or an account that cannot be reached is told among what was assumed.
// Invalid when the job has an account that is not there.
func (s *Service) Job(ctx context.Context, j record.Job) (Forecast, error) {
	var f Forecast
	w := estimate.Work{Slots: record.DefaultMaxTasks, Evidence: j.Options.EvidenceCopy}
	if j.Options.MaxTasks > 0 {
		w.Slots = int(j.Options.MaxTasks)
	}
	accounts := map[mail.AccountID]record.Account{}
	room := 0
	err := s.Store.View(func(tx *store.Tx) (err error) {
		if err := accountsOf(tx, j, accounts); err != nil {
			return err
		}
		if w.Mailboxes, f.New, err = known(tx, j, accounts); err != nil {
			return err
		}
		room, err = s.room(tx, j)
		return err
	})
	if err != nil {
		return Forecast{}, err
	}
	f.Mailboxes = len(w.Mailboxes)
	for i := range w.Mailboxes {
		if w.Mailboxes[i].Known {
			f.FromRuns++
		}
	}
	if room > 0 {
		w.Slots = min(w.Slots, room)
	}
	measured, failures := s.measure(ctx, j, accounts, w.Mailboxes)
	if err := ctx.Err(); err != nil {
		return Forecast{}, err
	}
	f.Measured = measured
	f.Result = estimate.Of(w)
	f.Assumed = append(f.Assumed, failures...)
	if f.Windows, err = windows(j, s.Now()); err != nil {
		return Forecast{}, err
	}
	for _, one := range f.Windows {
		if f.Window == 0 || one.Time < f.Window {
			f.Window = one.Time
		}
	}
	return f, nil
}

func accountsOf(tx *store.Tx, j record.Job, accounts map[mail.AccountID]record.Account) error {
	for n, i := range j.Items {
		a, err := store.Accounts.Get(tx, string(i.Account))
		if fault.KindOf(err) == fault.NotFound {
			return fault.InvalidField(fmt.Sprintf("job.source.items[%d].account_id", n), "there is no account %q", i.Account)
		}
		if err != nil {
			return err
		}
		accounts[a.ID] = a
	}
	return nil
}

// known returns the mailboxes of a job with what runs tell of them, and how many have no point of this job yet. What is
// in a mailbox any job can tell, what changes between two runs only this one. It reads the pasts of all jobs, one after the
// other.
func known(tx *store.Tx, j record.Job, accounts map[mail.AccountID]record.Account) ([]estimate.Mailbox, int, error) {
	expanded, err := jobs.Expand(tx, j)
	if err != nil {
		return nil, 0, err
	}
	list := make([]estimate.Mailbox, len(expanded))
	at := make(map[key]int, len(expanded))
	for n, m := range expanded {
		list[n] = estimate.Mailbox{Account: m.Account, ID: m.ID, Name: m.Name, Limits: accounts[m.Account].Limits}
		at[key{m.Account, m.ID}] = n
	}
	counted := make([]time.Time, len(list)) // when the messages were
	fresh := len(list)
	for p, err := range store.Pasts.All(tx, "") {
		if err != nil {
			return nil, 0, err
		}
		n, ok := at[key{p.Account, p.Mailbox}]
		if !ok {
			continue
		}
		m := &list[n]
		if p.Job == j.ID && j.ID != "" {
			m.Usual = p.Usual
			fresh--
		}
		if p.Full.Known() && p.Full.Ended.After(m.Full.Ended) {
			m.Full = p.Full
		}
		for _, e := range []*record.Effort{&p.Full, &p.Usual} {
			if e.Known() && e.Ended.After(counted[n]) {
				counted[n], m.Known, m.Messages = e.Ended, true, e.Messages
			}
		}
	}
	return list, fresh, nil
}

// room returns how many tasks those Transporters take together that may pull; 0 when none says.
func (s *Service) room(tx *store.Tx, j record.Job) (int, error) {
	room := 0
	for t, err := range store.Transporters.All(tx, "") {
		if err != nil {
			return 0, err
		}
		if len(j.Options.Transporters) > 0 && !slices.Contains(j.Options.Transporters, t.ID) {
			continue
		}
		own := int(s.Fleet.Status(t.ID).Max)
		if t.MaxTasks > 0 && (own == 0 || int(t.MaxTasks) < own) {
			own = int(t.MaxTasks)
		}
		room += own
	}
	return room, nil
}

// windowsAhead is through how many coming starts of a schedule the shortest window is looked for: a year of daily ones has
// both changes of the clock.
const windowsAhead = 366

// windows returns how long the schedules leave a run that have an end.
func windows(j record.Job, now time.Time) ([]Window, error) {
	var list []Window
	for i := range j.Schedules {
		if j.Schedules[i].After != nil {
			continue
		}
		c, err := j.Schedules[i].Located()
		if err != nil {
			return nil, err
		}
		w, at := Window{Text: c.String()}, now
		for range windowsAhead {
			o, ok := c.Next(at)
			if !ok {
				break
			}
			if at = o.Start; o.Stop.IsZero() {
				continue
			}
			if d := o.Stop.Sub(o.Start); w.Time == 0 || d < w.Time {
				w.Time = d
			}
		}
		if w.Time > 0 {
			list = append(list, w)
		}
	}
	return list, nil
}

// told is an error as a sentence of what was assumed.
func told(name string, err error) string {
	if errors.Is(err, context.DeadlineExceeded) || fault.KindOf(err) == fault.Timeout {
		return fmt.Sprintf("not all of account %s was measured in time", name)
	}
	return fmt.Sprintf("account %s could not be measured: %v", name, err)
}
