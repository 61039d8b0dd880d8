package director_test

import (
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

func (h *house) overview() dc.OverviewServiceClient {
	return dc.NewOverviewServiceClient(h.http, h.base, connect.WithInterceptors(&bearer{h}))
}

// problems returns the kinds of problems that there are.
func (h *house) problems() []directorv1.ProblemKind {
	h.t.Helper()
	answer, err := h.overview().GetOverview(h.t.Context(), &directorv1.GetOverviewRequest{})
	if err != nil {
		h.t.Fatal(err)
	}
	var kinds []directorv1.ProblemKind
	for i, p := range answer.GetProblems() {
		kinds = append(kinds, p.GetKind())
		if p.GetTitle() == "" || p.GetCause() == "" || p.GetRemedy() == "" || len(p.GetActions()) == 0 || p.GetSeverity() == 0 || p.GetId() == "" {
			h.t.Errorf("the problem does not say what it is, why, and what to do: %v", p)
		}
		if i > 0 && p.GetSeverity() < answer.GetProblems()[i-1].GetSeverity() {
			h.t.Errorf("%v comes behind what is less severe", p)
		}
	}
	return kinds
}

func (h *house) hasProblem(kind directorv1.ProblemKind) {
	h.t.Helper()
	h.eventually(kind.String(), func() bool { return slices.Contains(h.problems(), kind) })
}

func (h *house) hasNoProblem(kind directorv1.ProblemKind) {
	h.t.Helper()
	h.eventually("no "+kind.String(), func() bool { return !slices.Contains(h.problems(), kind) })
}

func TestTheOverviewLeadsFromNothingToProtected(t *testing.T) {
	h := newHouse(t)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_TRANSPORTER_NONE)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_ACCOUNT_NONE)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_DIRECTOR_BACKUP_NONE)
	_, transporter := h.pair("keep")
	h.hasNoProblem(directorv1.ProblemKind_PROBLEM_KIND_TRANSPORTER_NONE)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_REPOSITORY_NONE)
	a := h.account()
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_MAILBOXES_UNPROTECTED)
	vault := h.repository(transporter)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_JOB_NONE)
	list, err := h.overview().ListTroubledMailboxes(t.Context(), &directorv1.ListTroubledMailboxesRequest{
		Trouble: directorv1.MailboxTrouble_MAILBOX_TROUBLE_UNPROTECTED, PageSize: 1,
	})
	if err != nil || list.GetTotal() != 2 || len(list.GetMailboxes()) != 1 || list.GetMailboxes()[0].GetMailbox().GetName() != "Ada" || list.GetNextPageToken() == "" {
		t.Fatalf("unprotected: got %v, %v", list, err)
	}
	next, err := h.overview().ListTroubledMailboxes(t.Context(), &directorv1.ListTroubledMailboxesRequest{
		Trouble: directorv1.MailboxTrouble_MAILBOX_TROUBLE_UNPROTECTED, PageSize: 1, PageToken: list.GetNextPageToken(),
	})
	if err != nil || len(next.GetMailboxes()) != 1 || next.GetMailboxes()[0].GetMailbox().GetName() != "Bo" || next.GetNextPageToken() != "" {
		t.Fatalf("the next page: got %v, %v", next, err)
	}
	j := h.job(a, vault)
	h.hasNoProblem(directorv1.ProblemKind_PROBLEM_KIND_MAILBOXES_UNPROTECTED)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_JOB_WITHOUT_SCHEDULE)
	h.runs(j)
	h.eventually("both to be protected", func() bool {
		answer, err := h.overview().GetOverview(t.Context(), &directorv1.GetOverviewRequest{})
		return err == nil && answer.GetProtection().GetProtected() == 2 && answer.GetProtection().GetMailboxes() == 2
	})
	days, err := h.overview().ListDays(t.Context(), &directorv1.ListDaysRequest{Days: 3, Zone: "Europe/Berlin"})
	if err != nil || len(days.GetDays()) != 3 {
		t.Fatalf("days: got %v, %v", days, err)
	}
	today := days.GetDays()[2]
	if today.GetSucceeded() < 1 || today.GetMailboxes() < 2 {
		t.Errorf("today: %v", today)
	}
	if _, err := h.jobs.SetJobsEnabled(t.Context(), &directorv1.SetJobsEnabledRequest{JobIds: []string{j.GetId()}}); err != nil {
		t.Fatal(err)
	}
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_JOB_DISABLED)
	h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_MAILBOXES_UNPROTECTED)
}

func TestASecretThatExpiresIsToldBefore(t *testing.T) {
	h := newHouse(t)
	h.pair("keep")
	a := h.account()
	for _, tc := range []struct {
		in   time.Duration
		told bool
	}{{100 * 24 * time.Hour, false}, {20 * 24 * time.Hour, true}, {-time.Hour, true}} {
		a.CredentialExpires = timestamppb.New(time.Now().Add(tc.in))
		r, err := h.accounts.UpdateAccount(t.Context(), &directorv1.UpdateAccountRequest{Account: a, SkipTest: true})
		if err != nil || !r.GetAccount().GetCredentialExpires().AsTime().Equal(a.GetCredentialExpires().AsTime()) {
			t.Fatalf("got %v, %v", r, err)
		}
		if tc.told {
			h.hasProblem(directorv1.ProblemKind_PROBLEM_KIND_ACCOUNT_SECRET_EXPIRING)
		} else {
			h.hasNoProblem(directorv1.ProblemKind_PROBLEM_KIND_ACCOUNT_SECRET_EXPIRING)
		}
	}
}

func TestTheCalendarTellsWhatWasAndWhatComes(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a := h.account()
	vault := h.repository(transporter)
	j := h.job(a, vault)
	h.runs(j)
	j.Schedules = []*directorv1.Schedule{{When: &directorv1.Schedule_Weekly{Weekly: &directorv1.Weekly{Days: []int32{0, 1, 2, 3, 4, 5, 6}, Start: "22:00"}}, Zone: "UTC"}}
	if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	h.eventually("the job's starts", func() bool {
		got, err := h.overview().ListCalendar(t.Context(), &directorv1.ListCalendarRequest{
			From: timestamppb.New(now.Add(-time.Hour)), To: timestamppb.New(now.Add(72 * time.Hour)),
		})
		if err != nil {
			t.Fatal(err)
		}
		past, coming := 0, 0
		for i, e := range got.GetEntries() {
			if i > 0 && e.GetStart().AsTime().Before(got.GetEntries()[i-1].GetStart().AsTime()) {
				t.Errorf("%v comes too late", e)
			}
			if e.GetKind() != directorv1.CalendarKind_CALENDAR_KIND_JOB || e.GetJobName() != j.GetName() {
				continue
			}
			if e.GetStatus() != 0 && e.GetRunId() != "" && e.GetEnd() != nil {
				past++
			}
			if e.GetStatus() == 0 && e.GetExpected() != nil {
				coming++
			}
		}
		return past == 1 && coming == 3
	})
	got, err := h.overview().ListCalendar(t.Context(), &directorv1.ListCalendarRequest{
		From: timestamppb.New(now), To: timestamppb.New(now.Add(72 * time.Hour)), Limit: 2, SkipPast: true,
	})
	if err != nil || len(got.GetEntries()) != 2 || got.GetCutAt() == nil {
		t.Errorf("with a limit: got %v, %v", got, err)
	}
}

func TestCertificatesAreListed(t *testing.T) {
	h := newHouse(t)
	h.pair("keep")
	h.eventually("the Transporter's certificate", func() bool {
		got, err := h.overview().ListCertificates(t.Context(), &directorv1.ListCertificatesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		of := map[directorv1.CertificateOf]*directorv1.Certificate{}
		for _, c := range got.GetCertificates() {
			of[c.GetOf()] = c
		}
		api := of[directorv1.CertificateOf_CERTIFICATE_OF_API]
		if !slices.Contains(api.GetNames(), "localhost") || !api.GetSelfSigned() || !api.GetRenewed() || api.GetFingerprint() == "" {
			t.Errorf("the API's certificate is %v", api)
		}
		return of[directorv1.CertificateOf_CERTIFICATE_OF_TRANSPORTER].GetExpires() != nil && of[directorv1.CertificateOf_CERTIFICATE_OF_AUTHORITY].GetSelfSigned()
	})
}

func TestGrowthTellsWhatRepositoriesTake(t *testing.T) {
	h := newHouse(t)
	h.stop()
	h.options.MeasureEvery = 20 * time.Millisecond
	h.start()
	_, transporter := h.pair("keep")
	vault := h.repository(transporter)
	h.eventually("a sample", func() bool {
		got, err := h.overview().ListGrowth(t.Context(), &directorv1.ListGrowthRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return len(got.GetRepositories()) == 1 && got.GetRepositories()[0].GetRepositoryId() == vault.GetId() &&
			len(got.GetRepositories()[0].GetSamples()) == 1 && len(got.GetTotal()) == 1 && got.GetRepositories()[0].GetOutlook() != ""
	})
}
