package notify

import (
	"bytes"
	"context"
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"time"

	"holdfast/director/internal/mailer"
	"holdfast/director/internal/record"
	"holdfast/director/internal/report"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// read returns the settings; there are none at first.
func read(tx *store.Tx) (record.NotificationSettings, error) {
	settings, err := store.Notifications.Get(tx, store.NotificationsKey)
	if fault.KindOf(err) == fault.NotFound {
		return record.NotificationSettings{}, nil
	}
	return settings, err
}

// Settings returns the settings with their secrets.
func (s *Service) Settings() (record.NotificationSettings, error) {
	var settings record.NotificationSettings
	err := s.Store.View(func(tx *store.Tx) (err error) {
		settings, err = read(tx)
		return err
	})
	return settings, err
}

// Update replaces the settings. Secrets that are empty stay as they are; Invalid where they must be given again, because
// they would go to another place than they were entered for.
func (s *Service) Update(ctx context.Context, next record.NotificationSettings) (record.NotificationSettings, error) {
	var kept record.NotificationSettings
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		old, err := read(tx)
		if err != nil {
			return err
		}
		kept = next
		kept.Webhooks = slices.Clone(next.Webhooks)
		if kept.Mail, err = mergeMail(&old.Mail, next.Mail, "settings.mail"); err != nil {
			return err
		}
		for i := range kept.Webhooks {
			field := fmt.Sprintf("settings.webhooks[%d]", i)
			if kept.Webhooks[i], err = mergeWebhook(&old, next.Webhooks[i], field); err != nil {
				return err
			}
			for j := range i {
				if kept.Webhooks[j].ID == kept.Webhooks[i].ID {
					return fault.InvalidField(field+".id", "two webhooks have the id %q", kept.Webhooks[i].ID)
				}
			}
		}
		return store.Notifications.Put(tx, kept)
	})
	return kept, err
}

// mergeMail fills in the password that is kept.
func mergeMail(old *record.MailServer, next record.MailServer, field string) (record.MailServer, error) {
	if next.User == "" {
		next.Password = ""
		return next, nil
	}
	if next.Password != "" {
		return next, nil
	}
	same := old.Host == next.Host && mailer.Port(old) == mailer.Port(&next) && old.User == next.User && old.Security == next.Security &&
		old.Login == next.Login && bytes.Equal(old.CAPEM, next.CAPEM)
	if !same || old.Password == "" {
		return next, fault.InvalidField(field+".password", "enter the password: none is kept for this server, user and protection")
	}
	next.Password = old.Password
	return next, nil
}

// mergeWebhook fills in the id of a new one, and the secrets that are kept.
func mergeWebhook(settings *record.NotificationSettings, next record.Webhook, field string) (record.Webhook, error) {
	old := record.Webhook{}
	if next.ID != "" {
		var ok bool
		if old, ok = settings.Webhook(next.ID); !ok {
			return next, fault.InvalidField(field+".id", "there is no webhook %q; leave the id of a new one empty", next.ID)
		}
	} else {
		id, err := record.NewID()
		if err != nil {
			return next, err
		}
		next.ID = id
	}
	same := place(old.URL) == place(next.URL) && bytes.Equal(old.CAPEM, next.CAPEM)
	if next.Secret == "" && old.Secret != "" {
		if !same {
			return next, fault.InvalidField(field+".secret", "enter the secret: the one that is kept is for another address")
		}
		next.Secret = old.Secret
	}
	headers := make(map[string]record.Secret, len(next.Headers))
	for k, v := range next.Headers {
		k = textproto.CanonicalMIMEHeaderKey(k)
		if v == "" {
			if v = old.Headers[k]; v == "" || !same {
				return next, fault.InvalidField(field+".headers", "enter the value of the header %q", k)
			}
		}
		headers[k] = v
	}
	next.Headers = nil
	if len(headers) > 0 {
		next.Headers = headers
	}
	return next, nil
}

// place is who gets what is sent to an address.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// TestMail sends a mail now: by a server that is not saved yet, or (nil) by the one that is.
func (s *Service) TestMail(ctx context.Context, address string, server *record.MailServer) error {
	settings, err := s.Settings()
	if err != nil {
		return err
	}
	use := settings.Mail
	if server != nil {
		if use, err = mergeMail(&settings.Mail, *server, "mail"); err != nil {
			return err
		}
	}
	id, err := record.NewID()
	if err != nil {
		return err
	}
	return s.Mail(ctx, &use, mailer.Mail{
		ID: id, To: address, Date: s.Now(), Subject: "Test: Holdfast can send mail",
		Text: "This mail was sent from the settings of Holdfast, to try them out.\r\nReports of backups will come the same way.\r\n",
		HTML: "<p>This mail was sent from the settings of Holdfast, to try them out.<br>Reports of backups will come the same way.</p>",
	})
}

// TestWebhook posts a test now: to a webhook that is not saved yet, or (nil) to the one with the id.
func (s *Service) TestWebhook(ctx context.Context, id string, other *record.Webhook) error {
	settings, err := s.Settings()
	if err != nil {
		return err
	}
	use, ok := settings.Webhook(id)
	if other != nil {
		if use, err = mergeWebhook(&settings, *other, "webhook"); err != nil {
			return err
		}
	} else if !ok {
		return fault.New(fault.NotFound, "there is no webhook %q", id)
	}
	body, err := report.TestJSON(s.Now())
	if err != nil {
		return err
	}
	return s.Post(ctx, &use, "test", body, s.Now())
}

// Filter chooses deliveries. Zero fields match all.
type Filter struct {
	Status record.DeliveryStatus
	Run    record.RunID
	Limit  int
}

// List returns deliveries, newest first.
func (s *Service) List(f Filter) ([]record.Delivery, error) {
	var list []record.Delivery
	err := s.Store.View(func(tx *store.Tx) error {
		for d, err := range store.Deliveries.Backward(tx, "") {
			if err != nil || len(list) >= f.Limit {
				return err
			}
			if (f.Status == 0 || d.Status == f.Status) && (f.Run == "" || d.Run == f.Run) {
				list = append(list, d)
			}
		}
		return nil
	})
	return list, err
}

// Retry has a delivery that was not sent tried again now, as if it were new. Conflict when it was sent.
func (s *Service) Retry(ctx context.Context, id record.DeliveryID) (record.Delivery, error) {
	var d record.Delivery
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if d, err = store.Deliveries.Get(tx, string(id)); err != nil {
			return err
		}
		if d.Status == record.DeliverySent {
			return fault.New(fault.Conflict, "the report was sent already")
		}
		d.Status, d.Attempts, d.Since, d.NextTry = record.DeliveryWaiting, 0, s.Now(), s.Now()
		d.Ended = time.Time{}
		return store.Deliveries.Put(tx, d)
	})
	if err == nil {
		s.release(&d)
	}
	return d, err
}

// release lets a place be tried again at once.
func (s *Service) release(d *record.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lanes[laneOf(d)]; l != nil {
		l.failures, l.until = 0, time.Time{}
	}
}
