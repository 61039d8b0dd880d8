package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

func TestAJobIsKeptWhole(t *testing.T) {
	never := int32(0)
	for name, want := range map[string]record.Job{
		"all": {
			ID: "j1", Edition: 3, Name: "Nightly", Items: []record.SourceItem{{Account: "a1", Mailbox: "m1"}, {Account: "a1"}},
			Excluded: []mail.MailboxID{"m2"}, Repository: "r1", Group: "Board", Draft: true, Enabled: true,
			Destinations: []record.Destination{{Account: "a1", Repository: "r2"}, {Account: "a1", Mailbox: "m1", Repository: "r3"}},
			Options:      record.JobOptions{MaxTasks: 2, Retries: &never, RetryMinutes: 7, WhenDetached: record.DetachedWait},
			Before: &record.Script{
				Path: "/before", Interpreter: "/bin/sh", Arguments: []string{"-x", ""}, Environment: map[string]string{"KEY": "value"},
				Required: true, TimeoutSeconds: 30,
			},
			After:   &record.Script{Path: "/after", Detached: true},
			Reports: record.Reports{Addresses: []string{"ada@example.com"}, When: record.ReportFailed},
			Former:  []record.RepositoryID{"r0"},
			Deletion: &record.Deletion{Asked: time.Unix(10, 0).UTC(), Places: []record.DeletionPlace{
				{Repository: "r0", Name: "Old", Deleted: 3, Done: true}, {Repository: "r1", Name: "Vault", Waiting: "away"},
			}},
		},
		"little": {ID: "j2", Edition: 1, Name: "Draft", Draft: true, Reports: record.Reports{When: record.ReportAlways}},
		"least":  {ID: "j3", Edition: 1, Name: "Weekly"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			if err := s.Update(t.Context(), func(tx *store.Tx) error { return store.Jobs.Put(tx, want) }); err != nil {
				t.Fatal(err)
			}
			err := s.View(func(tx *store.Tx) error {
				got, err := store.Jobs.Get(tx, string(want.ID))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
