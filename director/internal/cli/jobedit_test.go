package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// many is a job with several sources, which TestEditsOfAJob edits.
func many() *pb.Job {
	j := jobs()[0]
	j.Source = &pb.Source{ExcludedMailboxIds: []string{"mb-bo"}, Items: []*pb.SourceItem{
		{AccountId: "acc-1"}, {AccountId: "acc-2", MailboxId: "mb-info2"}, {AccountId: "acc-1", MailboxId: "mb-anna"},
	}}
	j.Destination = &pb.Destination{
		RepositoryId: "repo-1", Accounts: []*pb.AccountDestination{{AccountId: "acc-1", RepositoryId: "repo-3"}},
		Mailboxes: []*pb.MailboxDestination{{AccountId: "acc-2", MailboxId: "mb-info2", RepositoryId: "repo-3"}},
	}
	j.Before = &pb.Script{Path: "/old", Arguments: []string{"x"}, Required: true}
	j.Reports = &pb.Reports{Addresses: []string{"ops@contoso.com"}}
	return j
}

func TestEditsOfAJob(t *testing.T) {
	item := func(account, mailbox string) *pb.SourceItem {
		return &pb.SourceItem{AccountId: account, MailboxId: mailbox}
	}
	for line, change := range map[string]func(*pb.Job){
		"--add-mailbox bo@contoso.com --include bo@contoso.com": func(j *pb.Job) {
			j.Source.Items = append(j.Source.Items, item("acc-1", "mb-bo"))
			j.Source.ExcludedMailboxIds = nil
		},
		"--remove-mailbox info@fabrikam.com": func(j *pb.Job) {
			j.Source.Items, j.Destination.Mailboxes = slices.Delete(j.Source.Items, 1, 2), nil
		},
		"--remove-account contoso": func(j *pb.Job) { j.Source.Items = j.Source.Items[1:] },
		"--exclude room1@contoso.com": func(j *pb.Job) {
			j.Source.ExcludedMailboxIds = append(j.Source.ExcludedMailboxIds, "mb-room")
		},
		"--exclude= --exclude room1@contoso.com": func(j *pb.Job) { j.Source.ExcludedMailboxIds = []string{"mb-room"} },
		"--move-first anna@contoso.com": func(j *pb.Job) {
			j.Source.Items = []*pb.SourceItem{item("acc-1", "mb-anna"), item("acc-1", ""), item("acc-2", "mb-info2")}
		},
		"--move-last Contoso": func(j *pb.Job) {
			j.Source.Items = []*pb.SourceItem{item("acc-2", "mb-info2"), item("acc-1", "mb-anna"), item("acc-1", "")}
		},
		"--order mb-info2 --order anna@contoso.com": func(j *pb.Job) {
			j.Source.Items = []*pb.SourceItem{item("acc-2", "mb-info2"), item("acc-1", "mb-anna"), item("acc-1", "")}
		},
		"--repository Copy --account-repository Contoso= --mailbox-repository anna@contoso.com=Vault": func(j *pb.Job) {
			j.Destination.RepositoryId, j.Destination.Accounts = "repo-3", nil
			j.Destination.Mailboxes = append(j.Destination.Mailboxes, &pb.MailboxDestination{AccountId: "acc-1", MailboxId: "mb-anna", RepositoryId: "repo-1"})
		},
		"--account-repository Contoso=Vault": func(j *pb.Job) { j.Destination.Accounts[0].RepositoryId = "repo-1" },
		"--mailbox-repository info@fabrikam.com=Vault": func(j *pb.Job) {
			j.Destination.Mailboxes[0].RepositoryId = "repo-1"
		},
		"--before-timeout 90s --before-required=false": func(j *pb.Job) { j.Before.TimeoutSeconds, j.Before.Required = 90, false },
		"--before-script=": func(j *pb.Job) { j.Before = nil },
		"--after-script /bin/tell --after-interpreter /bin/sh --after-arg a --after-arg= --after-env K=v=w --after-detached": func(j *pb.Job) {
			j.After = &pb.Script{Path: "/bin/tell", Interpreter: "/bin/sh", Arguments: []string{"a", ""}, Environment: map[string]string{"K": "v=w"}, Detached: true}
		},
		"--report-to \"a@contoso.com; b@contoso.com;\" --report-to c@contoso.com --report-when not-successful": func(j *pb.Job) {
			j.Reports = &pb.Reports{Addresses: []string{"a@contoso.com", "b@contoso.com", "c@contoso.com"}, When: pb.ReportWhen_REPORT_WHEN_NOT_SUCCESSFUL}
		},
		"--report-to=": func(j *pb.Job) { j.Reports.Addresses = nil },
		"--retries 0 --retry-after 10m --when-detached wait": func(j *pb.Job) {
			j.Options.Retries, j.Options.RetryMinutes, j.Options.WhenDetached = new(int32), 10, pb.WhenDetached_WHEN_DETACHED_WAIT
		},
	} {
		t.Run(line, func(t *testing.T) {
			s := newShell(t)
			s.d.jobs = []*pb.Job{many()}
			if r := s.run(append([]string{"job", "edit", "Daily"}, words(line)...)...); r.code != 0 {
				t.Fatalf("exit %d: %s", r.code, r.errors)
			}
			want := many()
			change(want)
			if diff := cmp.Diff(want, last[*pb.UpdateJobRequest](s.d).GetJob(), protocmp.Transform()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestEditsThatMakeNoSense(t *testing.T) {
	for line, want := range map[string]string{
		"--add-mailbox anna@contoso.com":       "anna@contoso.com is among the sources of Daily already",
		"--include anna@contoso.com":           "anna@contoso.com is not left out of Daily",
		"--remove-mailbox bo@contoso.com":      "no source of Daily is called \"bo@contoso.com\"",
		"--remove-mailbox Contoso":             "no source of Daily is called \"Contoso\"",
		"--move-first Contoso --order Contoso": "no source of Daily is called \"Contoso\"",
		"--account Contoso --add-mailbox x":    "replace all sources",
		"--account-repository Contoso":         "WHAT=REPOSITORY",
		"--after-arg x":                        "--after-script what is run",
		"--after-script /x --after-env K":      "--after-env takes NAME=VALUE",
		"--after-script /x --after-timeout 1":  "--after-timeout",
		"--retry-after 90s":                    "whole minutes",
		"--report-when sometimes":              "always, not-successful or failed",
		"--when-detached no":                   "fail or wait",
		"--publish":                            "is no draft",
	} {
		t.Run(line, func(t *testing.T) {
			s := newShell(t)
			s.d.jobs = []*pb.Job{many()}
			r := s.run(append([]string{"job", "edit", "Daily"}, words(line)...)...)
			if r.code == 0 || !strings.Contains(r.errors, want) {
				t.Errorf("got exit %d and %q, want %q", r.code, r.errors, want)
			}
		})
	}
}

func TestADraftIsMadeAndPublished(t *testing.T) {
	s := newShell(t)
	if r := s.run("job", "create", "Half", "--draft"); r.code != 0 {
		t.Fatal(r.errors)
	}
	if j := last[*pb.CreateJobRequest](s.d).GetJob(); !j.GetDraft() || j.GetEnabled() {
		t.Errorf("got %v", j)
	}
	draft := func() *pb.Job { return &pb.Job{Id: "job-3", Name: "Half", Draft: true} }
	for line, enabled := range map[string]bool{"--publish": true, "--publish --enabled=false": false} {
		s.d.jobs = []*pb.Job{draft()}
		args := append([]string{"job", "update", "Half", "--account", "Contoso", "--repository", "Vault"}, words(line)...)
		if r := s.run(args...); r.code != 0 {
			t.Fatal(r.errors)
		}
		if j := last[*pb.UpdateJobRequest](s.d).GetJob(); j.GetDraft() || j.GetEnabled() != enabled {
			t.Errorf("%s: got %v", line, j)
		}
	}
	s.d.jobs = []*pb.Job{draft()}
	if r := s.run("job", "update", "Half", "--account", "Contoso"); r.code != 0 {
		t.Fatal(r.errors)
	}
	if j := last[*pb.UpdateJobRequest](s.d).GetJob(); !j.GetDraft() {
		t.Error("an edit published the draft")
	}
	if r := s.run("job", "list"); !strings.Contains(r.out, "draft") {
		t.Errorf("the list does not tell of the draft: %s", r.out)
	}
}

func TestKeepingJobs(t *testing.T) {
	for line, want := range map[string]proto.Message{
		"job clone Daily Other":                           &pb.CloneJobRequest{JobId: "job-1", Name: "Other"},
		"job enable Board Daily":                          &pb.SetJobsEnabledRequest{JobIds: []string{"job-2", "job-1"}, Enabled: true},
		"job disable --group everybody":                   &pb.SetJobsEnabledRequest{JobIds: []string{"job-1"}},
		"job delete Daily --yes":                          &pb.DeleteJobRequest{JobId: "job-1"},
		"job delete Daily --backups --yes":                &pb.DeleteJobRequest{JobId: "job-1", Backups: true, ConfirmName: "Daily"},
		"job delete Board --backups --confirm-name Board": &pb.DeleteJobRequest{JobId: "job-2", Backups: true, ConfirmName: "Board"},
		"job rename Daily Nightly":                        &pb.UpdateJobRequest{Job: func() *pb.Job { j := jobs()[0]; j.Name = "Nightly"; return j }()},
	} {
		t.Run(line, func(t *testing.T) {
			s := newShell(t)
			if r := s.run(words(line)...); r.code != 0 {
				t.Fatalf("exit %d: %s", r.code, r.errors)
			}
			if diff := cmp.Diff(want, s.d.requests[len(s.d.requests)-1], protocmp.Transform()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
	for _, line := range []string{"job enable", "job enable Daily --group Everybody", "job enable --group nobody", "job delete Daily --watch"} {
		if r := newShell(t).run(words(line)...); r.code != exitUsage {
			t.Errorf("%s: got exit %d", line, r.code)
		}
	}
}

func TestDeletingBackupsNeedsTheName(t *testing.T) {
	deleted := func(d *director) bool {
		return slices.ContainsFunc(d.requests, func(m proto.Message) bool { _, ok := m.(*pb.DeleteJobRequest); return ok })
	}
	for name, tc := range map[string]struct {
		typed string
		args  []string
		code  int
	}{
		"typed":         {"Daily", nil, exitOK},
		"typed wrongly": {"daily", nil, exitUsage},
		"named wrongly": {"", []string{"--confirm-name", "Board"}, exitUsage},
		"nobody to ask": {"", nil, exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			if tc.typed != "" {
				s.term = &person{answers: []string{tc.typed}}
			}
			r := s.run(append([]string{"job", "delete", "Daily", "--backups"}, tc.args...)...)
			if r.code != tc.code || deleted(s.d) != (tc.code == exitOK) {
				t.Errorf("got exit %d, deleted %t: %s", r.code, deleted(s.d), r.errors)
			}
			if tc.typed != "" && !strings.Contains(r.errors, "at least 3 recovery points in Vault") {
				t.Errorf("it does not say what would go: %s", r.errors)
			}
		})
	}
}

func TestADeletionIsWatchedToItsEnd(t *testing.T) {
	place := func(deleted int64, done bool, waiting string) *pb.DeletionPlace {
		return &pb.DeletionPlace{RepositoryId: "repo-1", Name: "Vault", Deleted: deleted, Done: done, Waiting: waiting}
	}
	for name, tc := range map[string]struct {
		told []*pb.Deletion
		code int
		want []string
	}{
		"all gone": {
			[]*pb.Deletion{{Places: []*pb.DeletionPlace{place(500, false, "")}}, nil},
			exitOK,
			[]string{"500 recovery points in Vault deleted so far", "repository reclaim"},
		},
		"some wait": {
			[]*pb.Deletion{{Places: []*pb.DeletionPlace{place(2, true, ""), place(0, false, "it is detached")}}},
			exitIncomplete,
			[]string{"2 recovery points in Vault deleted", "Vault waits (it is detached)", "once that is back"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.d.deletions = tc.told
			r := s.run("job", "delete", "Daily", "--backups", "--yes", "--watch")
			if r.code != tc.code {
				t.Errorf("got exit %d: %s", r.code, r.errors)
			}
			for _, want := range tc.want {
				if !strings.Contains(r.out+r.errors, want) {
					t.Errorf("%q is missing in:\n%s%s", want, r.out, r.errors)
				}
			}
		})
	}
}

func TestAJobTellsWhereEachGoes(t *testing.T) {
	s := newShell(t)
	j := many()
	j.FormerRepositoryIds = []string{"repo-2"}
	j.Options.Retries, j.Options.WhenDetached = new(int32), pb.WhenDetached_WHEN_DETACHED_WAIT
	j.Before.Environment = map[string]string{"TOKEN": "secret value"}
	s.d.jobs = []*pb.Job{j}
	r := s.run("job", "show", "Daily")
	for _, want := range []string{
		"Copy: all of Contoso", "Copy: info@fabrikam.com of ファブリカム", "Plain", "are not tried again", "wait", "/old x (required; with TOKEN)",
		"ops@contoso.com (always)",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is missing in:\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "secret value") {
		t.Error("it shows a value of a script's environment")
	}
}
