package notify_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

func TestReportsWarnOfSecretsThatExpire(t *testing.T) {
	o := newOffice(t, nil)
	o.settings(record.NotificationSettings{Webhooks: []record.Webhook{{Name: "Chat", URL: "https://chat.example.com"}}})
	err := o.store.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			store.Accounts.Put(tx, record.Account{ID: "a1", Name: "Contoso", CredentialExpires: o.now.Add(10 * 24 * time.Hour)}),
			store.Accounts.Put(tx, record.Account{ID: "a2", Name: "Fabrikam", CredentialExpires: o.now.Add(-time.Hour)}),
			store.Accounts.Put(tx, record.Account{ID: "a3", Name: "Northwind", CredentialExpires: o.now.Add(90 * 24 * time.Hour)}),
			store.Accounts.Put(tx, record.Account{ID: "a4", Name: "Tailspin"}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.ended("run1", nil)
	o.step()
	if len(o.mails) == 0 || len(o.bodies["Chat"]) != 1 {
		t.Fatalf("got %d mails and %d posts", len(o.mails), len(o.bodies["Chat"]))
	}
	m := o.mails[0]
	for _, form := range []string{m.Text, m.HTML} {
		soon, over := strings.Index(form, "The secret of account Contoso expires on "), strings.Index(form, "The secret of account Fabrikam expired on ")
		if soon < 0 || over < 0 || over > soon {
			t.Errorf("the report does not warn, what ended first:\n%s", form)
		}
		if strings.Contains(form, "Northwind") || strings.Contains(form, "Tailspin") {
			t.Errorf("the report warns of what is far off:\n%s", form)
		}
	}
	var posted struct {
		Expiring []struct {
			Account, What string
			Expires       time.Time
		}
	}
	if err := json.Unmarshal([]byte(o.bodies["Chat"][0]), &posted); err != nil || len(posted.Expiring) != 2 {
		t.Fatalf("the webhook got %s (%v)", o.bodies["Chat"][0], err)
	}
	if e := posted.Expiring[1]; e.Account != "Contoso" || e.What != "secret" || !e.Expires.Equal(o.now.Add(10*24*time.Hour)) {
		t.Errorf("the webhook got %+v", e)
	}
}
