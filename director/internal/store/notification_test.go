package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

func notifications() record.NotificationSettings {
	return record.NotificationSettings{
		Mail: record.MailServer{
			Host: "mail.example.com", Port: 587, Security: record.MailTLS, Login: record.MailLoginCRAMMD5, User: "backup",
			Password: "mail password", CAPEM: []byte("ca"), From: "Backup <b@example.com>", Hello: "here", TimeoutSeconds: 7,
		},
		Reports:    record.Reports{Addresses: []string{"a@example.com"}, When: record.ReportFailed},
		Recoveries: record.ReportAlways, Maintenance: record.ReportNotSuccessful, PublicURL: "https://backup.example.com",
		Webhooks: []record.Webhook{{
			ID: "w1", Name: "Pager", URL: "https://hook.example.com/x", Secret: "signing secret", When: record.ReportFailed,
			Headers: map[string]record.Secret{"Authorization": "header secret"}, CAPEM: []byte("ca 2"), TimeoutSeconds: 8,
		}},
	}
}

func runScripts() record.RunScripts {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	return record.RunScripts{
		Run: "run1",
		Before: &record.ScriptState{
			Script: record.Script{
				Path: "/p", Interpreter: "/bin/sh", Arguments: []string{"argument secret"}, Environment: map[string]string{"K": "environment secret"},
				Detached: true, Required: true, TimeoutSeconds: 9,
			},
			Status: record.ScriptEnded, Started: at, Ended: at.Add(time.Second), Code: -1, Output: "out", Dropped: 3, Error: "why",
			FaultKind: fault.Timeout,
		},
		After: &record.ScriptState{Script: record.Script{Path: "/q"}, Status: record.ScriptWaiting},
	}
}

func TestNotificationsAndScriptsAreKeptWithTheirSecretsSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "director.db")
	s := open(t, path)
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	delivery := record.Delivery{
		ID: "d1", Kind: record.DeliveryWebhook, Target: "w1", Name: "Pager", Run: "run1", Subject: "Daily: failed",
		Status: record.DeliveryFailed, Attempts: 3, Created: at, Since: at.Add(1), NextTry: at.Add(2), Ended: at.Add(3), Error: "why",
	}
	delivery.Since, delivery.NextTry, delivery.Ended = at.Add(time.Second), at.Add(2*time.Second), at.Add(3*time.Second)
	update(t, s, func(tx *store.Tx) error {
		if err := store.Notifications.Put(tx, notifications()); err != nil {
			return err
		}
		if err := store.Deliveries.Put(tx, delivery); err != nil {
			return err
		}
		return store.RunScripts.Put(tx, runScripts())
	})
	err := s.View(func(tx *store.Tx) error {
		n, err := store.Notifications.Get(tx, store.NotificationsKey)
		if diff := cmp.Diff(notifications(), n); err != nil || diff != "" {
			t.Errorf("settings (%v):\n%s", err, diff)
		}
		d, err := store.Deliveries.Get(tx, "d1")
		if diff := cmp.Diff(delivery, d); err != nil || diff != "" {
			t.Errorf("delivery (%v):\n%s", err, diff)
		}
		r, err := store.RunScripts.Get(tx, "run1")
		if diff := cmp.Diff(runScripts(), r); err != nil || diff != "" {
			t.Errorf("scripts (%v):\n%s", err, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"mail password", "signing secret", "header secret", "argument secret", "environment secret"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%q lies open in the database", secret)
		}
	}
}

func TestADatabaseOfOldGetsTheTablesThatWereAddedSince(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "director-v1.db"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "director.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	err = s.View(func(tx *store.Tx) error {
		_, err := store.Notifications.Get(tx, store.NotificationsKey)
		return err
	})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	update(t, s, func(tx *store.Tx) error { return store.Notifications.Put(tx, notifications()) })
}
