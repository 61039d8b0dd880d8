package notify

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/director/internal/mailer"
	"holdfast/director/internal/record"
	"holdfast/director/internal/report"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// lane is a place that reports go to: the mail server, or a webhook. One goroutine at a time works on it.
type lane struct {
	// failures in a row, and until when it is left alone.
	failures int
	until    time.Time
	// recent are the attempts of the last minute.
	recent []time.Time
}

// Run sends until ctx ends. What waits then is sent by the next Run.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := make(chan struct{}, 1)
	watch := func(w *store.Watch, told func()) {
		wg.Go(func() {
			defer w.Close()
			for {
				if _, err := w.Next(ctx); err != nil {
					return // the context or the store has ended
				}
				told()
				select {
				case changed <- struct{}{}:
				default:
				}
			}
		})
	}
	watch(store.Deliveries.Watch(s.Store, ""), func() {})
	watch(store.Notifications.Watch(s.Store, ""), s.Hurry)
	for {
		next, err := s.Step(ctx)
		if err != nil && ctx.Err() == nil {
			s.Logger.Error("outbox cannot be read; trying again", "error", err)
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Hurry has all that waits tried at the next step, whatever it waited for.
func (s *Service) Hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurry = true
	for _, l := range s.lanes {
		l.failures, l.until = 0, time.Time{}
	}
}

// Step sends what is due and returns how long until something else is.
func (s *Service) Step(ctx context.Context) (time.Duration, error) {
	s.mu.Lock()
	hurry := s.hurry
	s.hurry = false
	s.mu.Unlock()
	var settings record.NotificationSettings
	due := map[string][]record.Delivery{}
	next := s.Now().Add(idle)
	err := s.Store.View(func(tx *store.Tx) (err error) {
		if settings, err = read(tx); err != nil {
			return err
		}
		for d, err := range store.Deliveries.All(tx, "") {
			switch {
			case err != nil:
				return err
			case d.Status != record.DeliveryWaiting:
			case hurry || !d.NextTry.After(s.Now()):
				due[laneOf(&d)] = append(due[laneOf(&d)], d)
			case d.NextTry.Before(next):
				next = d.NextTry
			}
		}
		return nil
	})
	if err != nil {
		return idle, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for name, list := range due {
		wg.Go(func() {
			until := s.drain(ctx, name, list, &settings)
			mu.Lock()
			defer mu.Unlock()
			if until.Before(next) {
				next = until
			}
		})
	}
	wg.Wait()
	return max(0, next.Sub(s.Now())), nil
}

func laneOf(d *record.Delivery) string {
	if d.Kind == record.DeliveryMail {
		return "mail"
	}
	return "webhook " + d.Target
}

// drain sends what is due at one place, as far as it may and can, and returns when there is more to do.
func (s *Service) drain(ctx context.Context, name string, list []record.Delivery, settings *record.NotificationSettings) time.Time {
	s.mu.Lock()
	l := s.lanes[name]
	if l == nil {
		l = &lane{}
		s.lanes[name] = l
	}
	s.mu.Unlock()
	soonest := s.Now().Add(idle)
	for _, d := range list {
		if until, ok := s.may(l); !ok {
			s.expire(ctx, list)
			return until
		}
		err := s.send(ctx, settings, &d)
		if ctx.Err() != nil {
			return soonest
		}
		s.settle(ctx, &d, err)
		s.learn(l, err)
		if d.Status == record.DeliveryWaiting && d.NextTry.Before(soonest) {
			soonest = d.NextTry
		}
	}
	return soonest
}

// may reports whether the place takes an attempt now, and else when.
func (s *Service) may(l *lane) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if l.until.After(now) {
		return l.until, false
	}
	l.recent = slices.DeleteFunc(l.recent, func(t time.Time) bool { return !t.After(now.Add(-time.Minute)) })
	if len(l.recent) >= perMinute {
		return l.recent[0].Add(time.Minute), false
	}
	l.recent = append(l.recent, now)
	return time.Time{}, true
}

// learn leaves a place alone for a while that failed several times in a row; a mail that is refused says nothing of it.
func (s *Service) learn(l *lane, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil || final(err) {
		l.failures = 0
		return
	}
	if l.failures++; l.failures >= maxTried {
		l.until = s.Now().Add(max(backoff(l.failures-maxTried+1), fault.RetryAfter(err)))
	}
}

// final reports whether trying again cannot help.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Denied, fault.Invalid, fault.NotFound:
		return true
	default:
		return false
	}
}

// backoff returns the wait after the nth failure, from three quarters of the full step to all of it.
func backoff(n int) time.Duration {
	step := maxWait
	if n < 10 {
		step = min(step, firstWait<<max(0, n-1))
	}
	return step - rand.N(step/4)
}

// send makes one attempt.
func (s *Service) send(ctx context.Context, settings *record.NotificationSettings, d *record.Delivery) error {
	var facts report.Facts
	err := s.Store.View(func(tx *store.Tx) (err error) {
		facts, err = report.Gather(tx, d.Run, strings.TrimRight(settings.PublicURL, "/"), s.Now())
		return err
	})
	if err != nil {
		return err
	}
	if d.Kind == record.DeliveryWebhook {
		w, ok := settings.Webhook(d.Target)
		if !ok {
			return fault.New(fault.NotFound, "the webhook %s was removed from the settings", d.Name)
		}
		body, err := facts.JSON()
		if err != nil {
			return err
		}
		return s.Post(ctx, &w, string(d.ID), body, s.Now())
	}
	plain, html, err := facts.Mail()
	if err != nil {
		return err
	}
	return s.Mail(ctx, &settings.Mail, mailer.Mail{
		ID: string(d.ID), To: d.Target, Date: facts.Run.Ended, Subject: d.Subject, Text: plain, HTML: html,
	})
}

// settle writes how an attempt ended, trying until it is written: else the report would be sent twice.
func (s *Service) settle(ctx context.Context, d *record.Delivery, failed error) {
	d.Attempts++
	d.Error = ""
	now := s.Now()
	switch {
	case failed == nil:
		d.Status, d.Ended = record.DeliverySent, now
	case final(failed), now.Sub(d.Since) >= giveUp:
		d.Status, d.Ended = record.DeliveryFailed, now
	default:
		d.NextTry = now.Add(max(backoff(int(d.Attempts)), fault.RetryAfter(failed)))
	}
	if failed != nil {
		d.Error = mailer.Line(failed.Error())
	}
	s.keep(ctx, d)
	switch d.Status {
	case record.DeliverySent:
		s.Logger.Debug("report sent", "delivery", d.ID, "run", d.Run, "attempt", d.Attempts)
	case record.DeliveryFailed:
		s.Logger.Warn("report could not be sent", "delivery", d.ID, "run", d.Run, "attempt", d.Attempts, "kind", fault.KindOf(failed).Error())
	default:
		s.Logger.Info("report not sent yet; trying again", "delivery", d.ID, "run", d.Run, "attempt", d.Attempts, "kind", fault.KindOf(failed).Error())
	}
}

// expire gives up what waited too long at a place that takes nothing.
func (s *Service) expire(ctx context.Context, list []record.Delivery) {
	for _, d := range list {
		if s.Now().Sub(d.Since) < giveUp {
			continue
		}
		d.Status, d.Ended = record.DeliveryFailed, s.Now()
		if d.Error == "" {
			d.Error = "its turn never came: what went to the same place was not taken for three days"
		}
		s.keep(ctx, &d)
	}
}

// keep writes a delivery that waits as stored.
func (s *Service) keep(ctx context.Context, d *record.Delivery) {
	for {
		err := s.Store.Update(ctx, func(tx *store.Tx) error {
			now, err := store.Deliveries.Get(tx, string(d.ID))
			if fault.KindOf(err) == fault.NotFound {
				return nil // it had to make room
			}
			if err != nil || now.Status != record.DeliveryWaiting {
				return err
			}
			return store.Deliveries.Put(tx, *d)
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		s.Logger.Error("delivery not written; trying again", "delivery", d.ID, "error", err)
		timer := time.NewTimer(5 * time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}
