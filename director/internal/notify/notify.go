// Package notify tells people and programs what ended. A report is put into the outbox in the transaction that ends its run,
// so none is forgotten; it is sent by a loop of its own, which a mail server that is slow or down cannot make anything else
// wait for. A delivery is tried for three days with growing waits, survives restarts, and is shown when it is given up. What a
// report says is made from the run when it is sent.
//
//	the run's end ──▶ WAITING ──▶ SENT
//	                    │  ▲
//	                    ▼  │ RetryDelivery
//	                   FAILED   refused for good, or not taken for three days
//
// A delivery whose end could not be told (the connection broke as the server took it) is sent again under the same id:
// at least once, never silently not at all.
package notify

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/mailer"
	"holdfast/director/internal/record"
	"holdfast/director/internal/report"
	"holdfast/director/internal/store"
	"holdfast/director/internal/webhook"
	"holdfast/pkg/fault"
)

// Bounds.
const (
	// giveUp is after how long a delivery is given up; mail servers commonly take as long with each other (RFC 5321, 4.5.4.1:
	// "at least 4-5 days" for mail of people, for whom a backup report would be old by then).
	giveUp = 72 * time.Hour
	// The wait after the first failure, doubled with each up to maxWait.
	firstWait = time.Minute
	maxWait   = time.Hour
	// maxKept is how many deliveries are kept, those that ended long ago going first.
	maxKept = 5000
	// perMinute is how many reports go to one place: what Exchange Online takes of one sender.
	perMinute = 30
	// maxTried is after how many failures in a row a place is left alone for a while.
	maxTried = 3
	// idle is how long Run sleeps when nothing wakes it.
	idle = 5 * time.Minute
)

// Options of a Service. Mail and Post default to those of packages mailer and webhook.
type Options struct {
	Store  *store.Store
	Logger hclog.Logger
	Now    func() time.Time
	Mail   func(ctx context.Context, s *record.MailServer, m mailer.Mail) error
	Post   func(ctx context.Context, w *record.Webhook, id string, body []byte, now time.Time) error
}

// Service keeps the settings and the outbox. Its methods may be called by several goroutines.
type Service struct {
	Options
	mu    sync.Mutex
	lanes map[string]*lane
	// hurry has all that waits tried at once, because the settings changed.
	hurry bool
}

// New returns a service that has not begun.
func New(o Options) *Service {
	if o.Mail == nil {
		o.Mail = mailer.Send
	}
	if o.Post == nil {
		o.Post = webhook.Post
	}
	return &Service{Options: o, lanes: map[string]*lane{}}
}

// Ended puts the reports of a run that ends into the outbox. It is done in the transaction that ends the run, and never fails
// it: what cannot be read is logged.
func (s *Service) Ended(tx *store.Tx, run *record.Run) error {
	if err := s.enqueue(tx, run); err != nil {
		s.Logger.Error("reports not queued", "run", run.ID, "error", err)
	}
	return nil
}

func (s *Service) enqueue(tx *store.Tx, run *record.Run) error {
	settings, err := read(tx)
	if err != nil {
		return err
	}
	damaged, err := report.Damaged(tx, run)
	if err != nil {
		return err
	}
	list, err := receivers(tx, &settings, run, damaged)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := trim(tx, len(list)); err != nil {
		return err
	}
	now := s.Now()
	for _, d := range list {
		id, err := record.NewID()
		if err != nil {
			return err
		}
		d.ID, d.Run, d.Subject, d.Status = record.DeliveryID(id), run.ID, report.Subject(run, damaged), record.DeliveryWaiting
		d.Created, d.Since, d.NextTry = now, now, now
		if err := store.Deliveries.Put(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// receivers returns who is told of a run, each once.
func receivers(tx *store.Tx, settings *record.NotificationSettings, run *record.Run, damaged bool) ([]record.Delivery, error) {
	status := run.Status
	if damaged && status != record.RunStopped {
		status = record.RunFailed
	}
	var list []record.Delivery
	seen := map[string]bool{}
	mail := func(r *record.Reports, tells bool) {
		for _, a := range r.Addresses {
			if key := strings.ToLower(a); tells && !seen[key] {
				seen[key] = true
				list = append(list, record.Delivery{Kind: record.DeliveryMail, Target: a, Name: a})
			}
		}
	}
	told := true
	if run.Kind == record.KindBackup {
		j, err := store.Jobs.Get(tx, string(run.Job))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		mail(&j.Reports, j.Reports.When.Tells(status))
		mail(&settings.Reports, settings.Reports.When.Tells(status))
	} else {
		told = activity(settings, run.Kind, status)
		mail(&settings.Reports, told)
	}
	for _, w := range settings.Webhooks {
		if told && w.When.Tells(status) {
			list = append(list, record.Delivery{Kind: record.DeliveryWebhook, Target: w.ID, Name: w.Name})
		}
	}
	return list, nil
}

// activity reports whether the end of an activity is told.
func activity(settings *record.NotificationSettings, kind record.RunKind, status record.RunStatus) bool {
	when := settings.Maintenance
	switch kind {
	case record.KindRecovery, record.KindUndo, record.KindDrill:
		when = settings.Recoveries
	case record.KindSurvey: // a look, of which nothing follows
		return false
	default:
	}
	return when != 0 && when.Tells(status)
}

// trim makes room for more deliveries: the oldest that ended go first, then the oldest of all.
func trim(tx *store.Tx, more int) error {
	over := store.Deliveries.Count(tx) + more - maxKept
	if over <= 0 {
		return nil
	}
	var ended, waiting []record.DeliveryID
	for d, err := range store.Deliveries.All(tx, "") {
		if err != nil {
			return err
		}
		if d.Status == record.DeliveryWaiting {
			waiting = append(waiting, d.ID)
		} else {
			ended = append(ended, d.ID)
		}
	}
	for _, id := range append(ended, waiting...)[:min(over, len(ended)+len(waiting))] {
		if err := store.Deliveries.Delete(tx, string(id)); err != nil {
			return err
		}
	}
	return nil
}
