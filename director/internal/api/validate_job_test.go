package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func wholeJob() *directorv1.Job {
	return &directorv1.Job{
		Name: "Nightly", Enabled: true, Group: "Board",
		Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: "a"}, {AccountId: "b", MailboxId: "bo"}}, ExcludedMailboxIds: []string{"ada"}},
		Destination: &directorv1.Destination{
			RepositoryId: "r", Accounts: []*directorv1.AccountDestination{{AccountId: "a", RepositoryId: "r2"}},
			Mailboxes: []*directorv1.MailboxDestination{{AccountId: "a", MailboxId: "cy", RepositoryId: "r3"}, {AccountId: "b", MailboxId: "bo", RepositoryId: "r3"}},
		},
		Options: &directorv1.JobOptions{Retries: proto.Int32(10), RetryMinutes: 1440, WhenDetached: directorv1.WhenDetached_WHEN_DETACHED_WAIT},
		Before: &directorv1.Script{
			Path: "/before", Interpreter: "/bin/sh", Arguments: []string{"", "two\nlines"}, Environment: map[string]string{"KEY": ""}, Required: true, TimeoutSeconds: 86400,
		},
		After:   &directorv1.Script{Path: "/after", Detached: true},
		Reports: &directorv1.Reports{Addresses: []string{"ada@example.com", "bo@example.com"}, When: directorv1.ReportWhen_REPORT_WHEN_FAILED},
	}
}

func atFault(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Field
	}
	return fmt.Sprint(err)
}

func TestEachFieldOfAJobIsChecked(t *testing.T) {
	if err := job(wholeJob()); err != nil {
		t.Fatal(err)
	}
	for want, edits := range map[string][]func(*directorv1.Job){
		"job.enabled":                                {func(j *directorv1.Job) { j.Draft = true }},
		"job.group":                                  {func(j *directorv1.Job) { j.Group = "Board " }, func(j *directorv1.Job) { j.Group = strings.Repeat("x", 201) }},
		"job.source.items[2]":                        {func(j *directorv1.Job) { j.Source.Items = append(j.Source.Items, j.Source.Items[1]) }},
		"job.source.excluded_mailbox_ids[0]":         {func(j *directorv1.Job) { j.Source.ExcludedMailboxIds[0] = "bo" }},
		"job.source.excluded_mailbox_ids[1]":         {func(j *directorv1.Job) { j.Source.ExcludedMailboxIds = []string{"ada", "ada"} }},
		"job.source.items":                           {func(j *directorv1.Job) { j.Source.Items = slices.Repeat(j.Source.Items, 50_001) }},
		"job.destination.accounts[0].account_id":     {func(j *directorv1.Job) { j.Destination.Accounts[0].AccountId = "" }, func(j *directorv1.Job) { j.Destination.Accounts[0].AccountId = "c" }},
		"job.destination.accounts[0].repository_id":  {func(j *directorv1.Job) { j.Destination.Accounts[0].RepositoryId = "" }},
		"job.destination.accounts[1].account_id":     {func(j *directorv1.Job) { j.Destination.Accounts = slices.Repeat(j.Destination.Accounts, 2) }},
		"job.destination.mailboxes[1].repository_id": {func(j *directorv1.Job) { j.Destination.Mailboxes[1].RepositoryId = "" }},
		"job.destination.mailboxes[1].mailbox_id":    {func(j *directorv1.Job) { j.Destination.Mailboxes[1].MailboxId = "nobody" }, func(j *directorv1.Job) { j.Destination.Mailboxes[1].MailboxId = "" }},
		"job.destination.mailboxes[2].mailbox_id": {func(j *directorv1.Job) {
			j.Destination.Mailboxes = append(j.Destination.Mailboxes, j.Destination.Mailboxes[0])
		}},
		"job.destination.repository_id": {func(j *directorv1.Job) {
			j.Destination.RepositoryId, j.Destination.Mailboxes = "", j.Destination.Mailboxes[:1]
		}},
		"job.options.transporter_ids[1]": {func(j *directorv1.Job) { j.Options.TransporterIds = []string{"t", "t"} }},
		"job.options.retries":            {func(j *directorv1.Job) { j.Options.Retries = proto.Int32(11) }, func(j *directorv1.Job) { j.Options.Retries = proto.Int32(-1) }},
		"job.options.retry_minutes":      {func(j *directorv1.Job) { j.Options.RetryMinutes = 1441 }},
		"job.options.when_detached":      {func(j *directorv1.Job) { j.Options.WhenDetached = 3 }},
		"job.before.path":                {func(j *directorv1.Job) { j.Before.Path = "" }, func(j *directorv1.Job) { j.Before.Path = "before.sh" }, func(j *directorv1.Job) { j.Before.Path = "/a\x00b" }, func(j *directorv1.Job) { j.Before.Path = "/" + strings.Repeat("x", 4096) }},
		"job.before.interpreter":         {func(j *directorv1.Job) { j.Before.Interpreter = "sh" }},
		"job.before.arguments":           {func(j *directorv1.Job) { j.Before.Arguments = make([]string, 101) }},
		"job.before.arguments[1]":        {func(j *directorv1.Job) { j.Before.Arguments[1] = "a\x00" }, func(j *directorv1.Job) { j.Before.Arguments[1] = strings.Repeat("x", 4097) }},
		"job.before.environment": {func(j *directorv1.Job) { j.Before.Environment["A=B"] = "" }, func(j *directorv1.Job) { j.Before.Environment[""] = "" }, func(j *directorv1.Job) { j.Before.Environment["holdfast_job"] = "" }, func(j *directorv1.Job) {
			for n := range 100 {
				j.Before.Environment[fmt.Sprint("K", n)] = ""
			}
		}},
		"job.before.environment[KEY]": {func(j *directorv1.Job) { j.Before.Environment["KEY"] = strings.Repeat("x", 4097) }},
		"job.before.timeout_seconds":  {func(j *directorv1.Job) { j.Before.TimeoutSeconds = 86401 }, func(j *directorv1.Job) { j.Before.TimeoutSeconds = -1 }},
		"job.after.required":          {func(j *directorv1.Job) { j.After.Required = true }},
		"job.reports.when":            {func(j *directorv1.Job) { j.Reports.When = 4 }},
		"job.reports.addresses":       {func(j *directorv1.Job) { j.Reports.Addresses = make([]string, 51) }},
		"job.reports.addresses[1]": {
			func(j *directorv1.Job) { j.Reports.Addresses[1] = "ADA@example.com" }, func(j *directorv1.Job) { j.Reports.Addresses[1] = "bo" },
			func(j *directorv1.Job) { j.Reports.Addresses[1] = "Bo <bo@example.com>" }, func(j *directorv1.Job) { j.Reports.Addresses[1] = "a@b\r\nBcc: c@d" },
			func(j *directorv1.Job) { j.Reports.Addresses[1] = strings.Repeat("x", 251) + "@b.c" },
		},
	} {
		for n, edit := range edits {
			j := wholeJob()
			edit(j)
			if got := atFault(job(j)); got != want {
				t.Errorf("%s, case %d: the field at fault is %q", want, n, got)
			}
		}
	}
}

func TestADraftMayLeaveOutAndNotGetWrong(t *testing.T) {
	for name, j := range map[string]*directorv1.Job{
		"only a name":         {Name: "Half", Draft: true},
		"an item":             {Name: "Half", Draft: true, Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: "a"}}}},
		"a script half said":  {Name: "Half", Draft: true, Before: &directorv1.Script{Interpreter: "/bin/sh"}},
		"destinations before": {Name: "Half", Draft: true, Destination: &directorv1.Destination{Accounts: []*directorv1.AccountDestination{{AccountId: "a", RepositoryId: "r"}}}},
	} {
		if err := job(j); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		j.Draft = false
		if err := job(j); err == nil {
			t.Errorf("%s is enough for a job that is no draft", name)
		}
	}
	for want, j := range map[string]*directorv1.Job{
		"job.name":                       {Draft: true},
		"job.source.items[0].account_id": {Name: "Half", Draft: true, Source: &directorv1.Source{Items: []*directorv1.SourceItem{{}}}},
		"job.before.interpreter":         {Name: "Half", Draft: true, Before: &directorv1.Script{Interpreter: "sh"}},
		"job.schedules[0].when.kind":     {Name: "Half", Draft: true, Schedules: []*directorv1.Schedule{{}}},
	} {
		if got := atFault(job(j)); got != want {
			t.Errorf("the field at fault is %q, want %q", got, want)
		}
	}
}

// FuzzJob: what passes the checks is taken and shown again as it was, and nothing panics.
func FuzzJob(f *testing.F) {
	for _, j := range []*directorv1.Job{wholeJob(), {Name: "Half", Draft: true}} {
		data, err := proto.Marshal(j)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		j := &directorv1.Job{}
		if (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, j) != nil || job(j) != nil {
			return
		}
		r := takeJob(j)
		for name, pair := range map[string][2]proto.Message{
			"destination": {orEmpty(j.GetDestination()), showDestination(&r)},
			"before":      {orEmpty(j.GetBefore()), orEmpty(showScript(r.Before))},
			"after":       {orEmpty(j.GetAfter()), orEmpty(showScript(r.After))},
			"reports":     {orEmpty(j.GetReports()), orEmpty(showReports(&r.Reports))},
			"options":     {orEmpty(j.GetOptions()), showJobOptions(&r.Options)},
		} {
			if !proto.Equal(pair[0], pair[1]) {
				t.Errorf("%s: %v came back as %v", name, pair[0], pair[1])
			}
		}
	})
}

// orEmpty is a message that an absent one equals.
func orEmpty[T any, P interface {
	*T
	proto.Message
}](m P) proto.Message {
	if m == nil {
		return P(new(T))
	}
	return m
}
