package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/mailer"
	"holdfast/director/internal/mailer/mailtest"
	"holdfast/director/internal/notify"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// office is a service on a store of its own, with a clock that the test moves.
type office struct {
	*notify.Service
	t     *testing.T
	store *store.Store
	now   time.Time

	mu     sync.Mutex
	mails  []mailer.Mail
	bodies map[string][]string
	// answer is what the mail server says to an address, hook what a webhook says.
	answer func(to string) error
	hook   error
}

func newOffice(t *testing.T, change func(*notify.Options)) *office {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, store.KeySize), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o := &office{t: t, store: s, now: time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC), bodies: map[string][]string{}, answer: func(string) error { return nil }}
	options := notify.Options{
		Store: s, Logger: hclog.NewNullLogger(), Now: func() time.Time { return o.now },
		Mail: func(_ context.Context, server *record.MailServer, m mailer.Mail) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.mails = append(o.mails, m)
			if server.Host == "" {
				return fault.New(fault.Invalid, "no mail server is configured")
			}
			return o.answer(m.To)
		},
		Post: func(_ context.Context, w *record.Webhook, _ string, body []byte, _ time.Time) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.bodies[w.Name] = append(o.bodies[w.Name], string(body))
			return o.hook
		},
	}
	if change != nil {
		change(&options)
	}
	o.Service = notify.New(options)
	return o
}

// settings are saved and returned.
func (o *office) settings(s record.NotificationSettings) record.NotificationSettings {
	o.t.Helper()
	if s.Mail.Host == "" {
		s.Mail = record.MailServer{Host: "mail.example.com", From: "b@example.com"}
	}
	kept, err := o.Update(o.t.Context(), s)
	if err != nil {
		o.t.Fatal(err)
	}
	return kept
}

// ended ends a run of two mailboxes, one of which failed, of a job that tells job@example.com.
func (o *office) ended(id record.RunID, change func(*record.Run)) record.Run {
	o.t.Helper()
	r := record.Run{
		ID: id, Kind: record.KindBackup, Title: "Daily", Job: "j1", JobName: "Daily", Status: record.RunFailed, Started: o.now.Add(-time.Hour), Ended: o.now,
		Tasks: 2, Succeeded: 1, Failed: 1, Error: "Ada: the mailbox is locked", Cause: "schedule: every day at 21:00",
		Progress: record.Progress{BytesRead: 1_500_000, BytesNew: 20_000, MessagesDone: 10, MessagesChanged: 3},
	}
	if change != nil {
		change(&r)
	}
	err := o.store.Update(o.t.Context(), func(tx *store.Tx) error {
		j := record.Job{ID: "j1", Name: "Daily", Enabled: true, Reports: record.Reports{Addresses: []string{"job@example.com", "Both@example.com"}}}
		tasks := []record.Task{
			{ID: record.TaskOf(id, 1), Run: id, Kind: r.Kind, MailboxName: "Bo", MailboxAddress: "bo@example.com", Status: record.TaskSucceeded},
			{
				ID: record.TaskOf(id, 2), Run: id, Kind: r.Kind, MailboxName: "Ada <b>", MailboxAddress: "ada@example.com", Status: record.TaskFailed,
				Error: "the mailbox is locked", RequestID: "request-7", Losses: 1,
			},
		}
		losses := record.Losses{Task: tasks[1].ID, Losses: []mail.Loss{{Subject: "Confidential", Reason: "too large", RequestID: "r"}}}
		return errors.Join(store.Jobs.Put(tx, j), store.Tasks.Put(tx, tasks[0]), store.Tasks.Put(tx, tasks[1]), store.Losses.Put(tx, losses),
			o.Ended(tx, &r), store.Runs.Put(tx, r))
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

func (o *office) step() time.Duration {
	o.t.Helper()
	next, err := o.Step(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return next
}

func (o *office) list() []record.Delivery {
	o.t.Helper()
	list, err := o.List(notify.Filter{Limit: 10_000})
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// told are the receivers of what is in the outbox, sorted.
func (o *office) told() string {
	var names []string
	for _, d := range o.list() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestWhoIsToldOfWhat(t *testing.T) {
	all := record.NotificationSettings{
		Reports: record.Reports{Addresses: []string{"all@example.com", "both@example.com"}, When: record.ReportNotSuccessful}, Recoveries: record.ReportAlways,
		Maintenance: record.ReportFailed,
		Webhooks: []record.Webhook{
			{Name: "Chat", URL: "https://chat.example.com"}, {Name: "Pager", URL: "https://pager.example.com", When: record.ReportFailed},
		},
	}
	as := func(kind record.RunKind, status record.RunStatus) func(*record.Run) {
		return func(r *record.Run) {
			r.Kind, r.Status = kind, status
			if kind != record.KindBackup {
				r.Job = ""
			}
		}
	}
	for name, tc := range map[string]struct {
		change func(*record.Run)
		want   string
	}{
		"a failed run":               {as(record.KindBackup, record.RunFailed), "Both@example.com Chat Pager all@example.com job@example.com"},
		"a run that succeeded":       {as(record.KindBackup, record.RunSucceeded), "Both@example.com Chat job@example.com"},
		"a stopped run":              {as(record.KindBackup, record.RunStopped), "Both@example.com Chat all@example.com job@example.com"},
		"a recovery that succeeded":  {as(record.KindRecovery, record.RunSucceeded), "Chat all@example.com both@example.com"},
		"a verify that succeeded":    {as(record.KindVerify, record.RunSucceeded), ""},
		"a verify that failed":       {as(record.KindVerify, record.RunFailed), "Chat Pager all@example.com both@example.com"},
		"a survey, of which nothing": {as(record.KindSurvey, record.RunFailed), ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			o.settings(all)
			o.ended("run1", tc.change)
			if got := o.told(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDamageIsAFailure(t *testing.T) {
	o := newOffice(t, nil)
	o.settings(record.NotificationSettings{Reports: record.Reports{Addresses: []string{"a@example.com"}}, Maintenance: record.ReportFailed})
	err := o.store.Update(t.Context(), func(tx *store.Tx) error {
		r := record.Run{ID: "v", Kind: record.KindVerify, Title: "Verify Vault", Status: record.RunSucceeded, Tasks: 1, Succeeded: 1, Ended: o.now}
		task := record.Task{ID: record.TaskOf("v", 1), Run: "v", Kind: r.Kind, Status: record.TaskSucceeded, VerifyReport: &record.VerifyReport{Damage: []string{"pack 7 is cut short"}}}
		return errors.Join(store.Tasks.Put(tx, task), o.Ended(tx, &r), store.Runs.Put(tx, r))
	})
	if err != nil {
		t.Fatal(err)
	}
	o.step()
	if len(o.mails) != 1 || o.mails[0].Subject != "Damage found: Verify Vault" || !strings.Contains(o.mails[0].Text, "pack 7 is cut short") {
		t.Errorf("got %+v", o.mails)
	}
}

func TestWhatAReportSays(t *testing.T) {
	o := newOffice(t, nil)
	o.settings(record.NotificationSettings{
		PublicURL: "https://backup.example.com/", Webhooks: []record.Webhook{{Name: "Chat", URL: "https://chat.example.com"}},
	})
	o.ended("run1", nil)
	o.step()
	if len(o.mails) != 2 {
		t.Fatalf("%d mails", len(o.mails))
	}
	m := o.mails[0]
	for _, want := range []string{
		"Failed: Daily (1 of 2 mailboxes)", "schedule: every day at 21:00", "2: 1 complete, 0 incomplete, 1 failed, 0 stopped", "1.5 MB read, 20.0 kB new",
		"Ada <b> <ada@example.com>: failed, 1 item lost: the mailbox is locked (Microsoft's request-id request-7)", "1 × too large",
		"after 1 h", "https://backup.example.com/runs/run1",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, m.Text)
		}
	}
	for _, want := range []string{"<h1", "Ada &lt;b&gt;", `href="https://backup.example.com/runs/run1"`} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, m.HTML)
		}
	}
	body := o.bodies["Chat"][0]
	var posted struct {
		Event, Result, JobName string
		Mailboxes              struct{ Total, Failed int }
		TroubledMailboxes      []struct{ Address, RequestID string }
		DurationSeconds        float64
	}
	if err := json.Unmarshal([]byte(body), &posted); err != nil {
		t.Fatal(err)
	}
	if posted.Event != "run.ended" || posted.Result != "failed" || posted.Mailboxes.Failed != 1 || posted.DurationSeconds != 3600 ||
		len(posted.TroubledMailboxes) != 1 || posted.TroubledMailboxes[0].RequestID != "request-7" {
		t.Errorf("posted %s", body)
	}
	for _, all := range []string{m.Text, m.HTML, body, m.Subject} {
		if strings.Contains(all, "Confidential") {
			t.Error("a subject of a message is told")
		}
	}
}

func TestAServerThatIsDownIsTriedForThreeDays(t *testing.T) {
	o := newOffice(t, nil)
	o.settings(record.NotificationSettings{})
	o.answer = func(string) error { return fault.New(fault.Unavailable, "the mail server is down") }
	o.ended("run1", nil)
	begin := o.now
	for steps := 0; ; steps++ {
		if steps > 1000 {
			t.Fatal("it is tried for ever")
		}
		next := o.step()
		waiting := slices.ContainsFunc(o.list(), func(d record.Delivery) bool { return d.Status == record.DeliveryWaiting })
		if !waiting {
			break
		}
		if next <= 0 || next > time.Hour {
			t.Fatalf("the next step is in %v", next)
		}
		o.now = o.now.Add(next)
	}
	if took := o.now.Sub(begin); took < 72*time.Hour || took > 75*time.Hour {
		t.Errorf("given up after %v", took)
	}
	if n := len(o.mails); n < 60 || n > 400 {
		t.Errorf("%d attempts", n)
	}
	for _, d := range o.list() {
		if d.Status != record.DeliveryFailed || !strings.Contains(d.Error, "is down") || d.Ended.IsZero() {
			t.Errorf("it is shown as %+v", d)
		}
	}
	// The server is mended, and a person asks for it.
	o.answer = func(string) error { return nil }
	d, err := o.Retry(t.Context(), o.list()[0].ID)
	if err != nil || d.Status != record.DeliveryWaiting || !d.Ended.IsZero() {
		t.Fatalf("got %v, %+v", err, d)
	}
	o.step()
	if got := o.list()[0]; got.Status != record.DeliverySent || got.Attempts != 1 || got.Error != "" {
		t.Errorf("then %+v", got)
	}
	if _, err := o.Retry(t.Context(), d.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what was sent is retried: %v", err)
	}
}

func TestARefusalOfOneIsNoHindranceToOthers(t *testing.T) {
	o := newOffice(t, nil)
	o.settings(record.NotificationSettings{})
	o.answer = func(to string) error {
		if to == "job@example.com" {
			return fault.New(fault.Denied, "550 no such person")
		}
		return nil
	}
	o.ended("run1", nil)
	o.step()
	got := map[string]record.DeliveryStatus{}
	for _, d := range o.list() {
		got[d.Target] = d.Status
	}
	if got["job@example.com"] != record.DeliveryFailed || got["Both@example.com"] != record.DeliverySent {
		t.Errorf("got %v", got)
	}
	o.now = o.now.Add(24 * time.Hour)
	o.step()
	if len(o.mails) != 2 {
		t.Errorf("%d mails were tried", len(o.mails))
	}
}

func TestAWebhookThatIsDownDoesNotHoldMailUp(t *testing.T) {
	o := newOffice(t, nil)
	o.hook = fault.New(fault.Timeout, "slow")
	o.settings(record.NotificationSettings{Webhooks: []record.Webhook{{Name: "Chat", URL: "https://chat.example.com"}}})
	for n := range 5 {
		o.ended(record.RunID(fmt.Sprintf("run%d", n)), nil)
	}
	o.step()
	if len(o.mails) != 10 {
		t.Errorf("%d mails were sent", len(o.mails))
	}
	if n := len(o.bodies["Chat"]); n != 3 {
		t.Errorf("the webhook was tried %d times in a row", n)
	}
	o.hook = nil
	o.settings(record.NotificationSettings{})
	o.Hurry()
	o.step()
	for _, d := range o.list() {
		if d.Kind == record.DeliveryWebhook && (d.Status != record.DeliveryFailed || !strings.Contains(d.Error, "was removed")) {
			t.Errorf("of a webhook that was removed: %+v", d)
		}
	}
}

func TestTheRateIsBounded(t *testing.T) {
	o := newOffice(t, nil)
	o.settings(record.NotificationSettings{})
	for n := range 50 {
		o.ended(record.RunID(fmt.Sprintf("run%02d", n)), nil)
	}
	next := o.step()
	if len(o.mails) != 30 || next <= 0 || next > time.Minute {
		t.Errorf("%d mails at once, the next step in %v", len(o.mails), next)
	}
	o.now = o.now.Add(next)
	o.step()
	if len(o.mails) != 60 {
		t.Errorf("%d mails a minute later", len(o.mails))
	}
}

func TestTheOutboxIsBounded(t *testing.T) {
	o := newOffice(t, nil)
	err := o.store.Update(t.Context(), func(tx *store.Tx) error {
		for n := range 5000 {
			d := record.Delivery{ID: record.DeliveryID(fmt.Sprintf("%05d", n)), Kind: record.DeliveryMail, Target: "x@example.com", Status: record.DeliveryWaiting, NextTry: o.now.Add(time.Hour)}
			if n == 4000 || n == 4001 {
				d.Status = record.DeliverySent
			}
			if err := store.Deliveries.Put(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o.ended("run1", nil)
	list := o.list()
	if len(list) != 5000 || slices.ContainsFunc(list, func(d record.Delivery) bool { return d.Status == record.DeliverySent }) {
		t.Errorf("%d deliveries", len(list))
	}
	if o.ended("run2", nil); len(o.list()) != 5000 {
		t.Errorf("then %d", len(o.list()))
	}
}

func TestSecretsStayWhereTheyWereEnteredFor(t *testing.T) {
	o := newOffice(t, nil)
	server := record.MailServer{Host: "mail.example.com", From: "b@example.com", User: "u", Password: "p"}
	kept := o.settings(record.NotificationSettings{Mail: server, Webhooks: []record.Webhook{{
		Name: "Chat", URL: "https://chat.example.com/a", Secret: "s", Headers: map[string]record.Secret{"authorization": "h"},
	}}})
	again := kept
	again.Mail.Password = ""
	again.Webhooks = []record.Webhook{kept.Webhooks[0]}
	again.Webhooks[0].Secret, again.Webhooks[0].Headers, again.Webhooks[0].URL = "", map[string]record.Secret{"Authorization": ""}, "https://chat.example.com/b"
	got, err := o.Update(t.Context(), again)
	if err != nil || got.Mail.Password != "p" || got.Webhooks[0].Secret != "s" || got.Webhooks[0].Headers["Authorization"] != "h" {
		t.Fatalf("%v: the secrets are not kept: %#v", err, got)
	}
	for field, change := range map[string]func(*record.NotificationSettings){
		"settings.mail.password":       func(s *record.NotificationSettings) { s.Mail.Host = "evil.example.com" },
		"settings.webhooks[0].secret":  func(s *record.NotificationSettings) { s.Webhooks[0].URL = "https://evil.example.com" },
		"settings.webhooks[0].headers": func(s *record.NotificationSettings) { s.Webhooks[0].Headers = map[string]record.Secret{"X-New": ""} },
		"settings.webhooks[0].id":      func(s *record.NotificationSettings) { s.Webhooks[0].ID = "other" },
	} {
		next := again
		next.Webhooks = []record.Webhook{again.Webhooks[0]}
		change(&next)
		var f *fault.Fault
		if _, err := o.Update(t.Context(), next); !errors.As(err, &f) || f.Field != field {
			t.Errorf("want a fault of %s, got %v", field, err)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(s, `"p"`) || strings.Contains(s, "{p") {
		t.Errorf("a secret is printed: %s", s)
	}
}

// TestReportsReachARealServer sends to a mail server that is not ours, which puts off, cuts and refuses.
func TestReportsReachARealServer(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{
		Security: "starttls", User: "backup", Password: "p", Greylist: 1, Cut: 1, Refuse: []string{"gone@example.com"},
	})
	o := newOffice(t, func(o *notify.Options) { o.Mail = nil })
	o.settings(record.NotificationSettings{
		Mail: record.MailServer{
			Host: server.Host, Port: server.Port, CAPEM: server.CA, User: "backup", Password: "p", From: "Holdfast <backup@example.com>", Hello: "here", TimeoutSeconds: 20,
		},
		Reports: record.Reports{Addresses: []string{"gone@example.com"}},
	})
	o.ended("run1", nil)
	for range 6 {
		o.now = o.now.Add(o.step())
	}
	all := server.Mails()
	to := map[string]string{}
	for _, m := range all {
		to[m.Headers["x-test-to"]] = m.Headers["subject"]
		if m.Headers["x-test-user"] != "backup" || m.Headers["x-test-tls"] != "True" || len(m.Defects) > 0 || !strings.Contains(m.HTML, "Ada &lt;b&gt;") {
			t.Errorf("got %+v", m)
		}
	}
	want := "Failed: Daily (1 of 2 mailboxes)"
	if len(all) != 2 || to["job@example.com"] != want || to["Both@example.com"] != want {
		t.Errorf("%d mails: %v", len(all), to)
	}
	for _, d := range o.list() {
		if (d.Target == "gone@example.com") != (d.Status == record.DeliveryFailed && strings.Contains(d.Error, "550")) {
			t.Errorf("delivery %+v", d)
		}
	}
}
