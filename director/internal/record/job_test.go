package record_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
)

func TestWhereAMailboxGoes(t *testing.T) {
	j := record.Job{Repository: "all", Destinations: []record.Destination{
		{Account: "a", Repository: "of a"}, {Account: "a", Mailbox: "ada", Repository: "of ada"}, {Account: "b", Mailbox: "bo", Repository: "of a"},
	}}
	for _, tc := range []struct {
		account mail.AccountID
		mailbox mail.MailboxID
		want    record.RepositoryID
	}{
		{"a", "ada", "of ada"}, {"a", "bo", "of a"}, {"a", "", "of a"}, {"b", "bo", "of a"}, {"b", "ada", "all"}, {"b", "", "all"}, {"c", "", "all"},
	} {
		if got := j.RepositoryOf(tc.account, tc.mailbox); got != tc.want {
			t.Errorf("%s of %s: got %s, want %s", tc.mailbox, tc.account, got, tc.want)
		}
	}
	if got, want := j.Repositories(), []record.RepositoryID{"all", "of a", "of ada"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatOptionsMeanThatAreLeftOut(t *testing.T) {
	none, some := record.JobOptions{}, record.JobOptions{Retries: new(int32), RetryMinutes: 2}
	if none.RetryCount() != 1 || none.RetryWait() != 5*time.Minute || some.RetryCount() != 0 || some.RetryWait() != 2*time.Minute {
		t.Errorf("got %d after %s, %d after %s", none.RetryCount(), none.RetryWait(), some.RetryCount(), some.RetryWait())
	}
	if got := (&record.Script{}).Timeout(); got != time.Hour {
		t.Errorf("a script without a limit has %s", got)
	}
}

func TestWhichEndsAreTold(t *testing.T) {
	for when, want := range map[record.ReportWhen][]record.RunStatus{
		0:                          {record.RunSucceeded, record.RunIncomplete, record.RunFailed, record.RunStopped},
		record.ReportAlways:        {record.RunSucceeded, record.RunIncomplete, record.RunFailed, record.RunStopped},
		record.ReportNotSuccessful: {record.RunIncomplete, record.RunFailed, record.RunStopped},
		record.ReportFailed:        {record.RunFailed},
	} {
		var got []record.RunStatus
		for s := record.RunQueued; s <= record.RunStopped; s++ {
			if when.Tells(s) {
				got = append(got, s)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d tells %v, want %v", when, got, want)
		}
	}
}
