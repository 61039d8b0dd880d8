package director_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// crowd sets a tenant of n mailboxes, each with so many messages, and returns it as an account.
func (h *house) crowd(n int, messages int64) *directorv1.Account {
	h.t.Helper()
	var list []*transporterv1.Mailbox
	for i := range n {
		id := fmt.Sprintf("c%03d", i)
		list = append(list, &transporterv1.Mailbox{Id: id, Name: "Mailbox " + id, Kind: transporterv1.MailboxKind_MAILBOX_KIND_USER})
		h.world.Holds(id, messages)
	}
	h.world.Tenant("tenant", "secret", list...)
	added, err := h.accounts.AddAccount(h.t.Context(), addAccount("Crowd", "secret"))
	if err != nil {
		h.t.Fatal(err)
	}
	return added.GetAccount()
}

func TestAJobIsEstimatedBeforeItIsSavedAndAfterItRan(t *testing.T) {
	h := newHouse(t)
	p, porter := h.pair("a")
	a := h.crowd(100, 10_000)
	h.world.Holds("c000", 500_000)
	h.world.Holds("c005", -1) // one of the sample, which cannot be counted
	estimate := func(q *directorv1.EstimateJobRequest) *directorv1.EstimateJobResponse {
		t.Helper()
		got, err := h.jobs.EstimateJob(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	unsaved := &directorv1.Job{
		Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: a.GetId()}}}, Options: &directorv1.JobOptions{MaxTasks: 2},
	}
	got := estimate(&directorv1.EstimateJobRequest{Job: unsaved})
	if got.GetMailboxes() != 100 || got.GetMeasured() != 59 || got.GetFromRuns() != 0 || got.GetNewMailboxes() != 100 || got.GetTasksAtOnce() != 2 {
		t.Errorf("before it is saved: %v", got)
	}
	f := got.GetFirst()
	// 500,000 messages are 153,000 requests: 15 windows of ten minutes must pass.
	if f.GetLongestMailboxId() != "c000" || f.GetLongest().AsDuration().Minutes() < 150 || f.GetMessages() < 1_500_000 || len(f.GetSlowest()) != 10 {
		t.Errorf("the first run: %v", f)
	}
	text := strings.Join(got.GetAssumptions(), "\n")
	for _, want := range []string{"41 of 100 mailboxes are like", "that could not be measured, of those asked: 1", "on hold"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing is said of %q in %s", want, text)
		}
	}
	if f.Fits != nil || got.GetWindow() != nil || f.GetLeast().AsDuration() > f.GetLikely().AsDuration() || f.GetLikely().AsDuration() > f.GetMost().AsDuration() {
		t.Errorf("without a schedule: %v", got)
	}

	// Stored, with windows of which one is long enough for what follows only.
	r := h.repository(porter)
	j := h.job(a, r)
	j.Schedules = []*directorv1.Schedule{{Zone: "Europe/Zurich", When: &directorv1.Schedule_Weekly{Weekly: &directorv1.Weekly{
		Days: []int32{0, 1, 2, 3, 4, 5, 6}, Start: "22:00", End: "22:30",
	}}}}
	if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
		t.Fatal(err)
	}
	got = estimate(&directorv1.EstimateJobRequest{JobId: j.GetId()})
	if w := got.GetWindows(); len(w) != 1 || w[0].GetWindow().AsDuration().Minutes() != 30 || w[0].GetFirstFits() || got.GetFirst().GetFits() {
		t.Errorf("half an hour: %v", w)
	}

	// What was run is not counted again.
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("the run to end", func() bool {
		v, err := h.jobs.GetRun(t.Context(), &directorv1.GetRunRequest{RunId: run.GetRun().GetId()})
		return err == nil && v.GetRun().GetStatus() == directorv1.RunStatus_RUN_STATUS_SUCCEEDED
	})
	asked := p.Calls("MeasureMailboxes")
	got = estimate(&directorv1.EstimateJobRequest{JobId: j.GetId()})
	if got.GetFromRuns() != 100 || got.GetMeasured() != 0 || got.GetNewMailboxes() != 0 || p.Calls("MeasureMailboxes") != asked {
		t.Errorf("after a run: %v", got)
	}

	_, err = h.jobs.EstimateJob(t.Context(), &directorv1.EstimateJobRequest{})
	refused(t, "nothing", err, fault.Invalid, "job_id")
	_, err = h.jobs.EstimateJob(t.Context(), &directorv1.EstimateJobRequest{JobId: j.GetId(), Job: unsaved})
	refused(t, "both", err, fault.Invalid, "job_id")
	_, err = h.jobs.EstimateJob(t.Context(), &directorv1.EstimateJobRequest{JobId: "none"})
	refused(t, "a job that is not there", err, fault.NotFound, "")
	unsaved.Source.Items[0].AccountId = "none"
	_, err = h.jobs.EstimateJob(t.Context(), &directorv1.EstimateJobRequest{Job: unsaved})
	refused(t, "an account that is not there", err, fault.Invalid, "job.source.items[0].account_id")
}

func TestAnEstimateSaysWhatCouldNotBeMeasured(t *testing.T) {
	h := newHouse(t)
	p, _ := h.pair("a")
	a := h.crowd(3, 100)
	p.SetRefuse(func(method string) error {
		if method == "MeasureMailboxes" {
			return fault.New(fault.Unavailable, "out of order")
		}
		return nil
	})
	got, err := h.jobs.EstimateJob(t.Context(), &directorv1.EstimateJobRequest{Job: &directorv1.Job{
		Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: a.GetId()}}},
	}})
	if err != nil || got.GetFirst() != nil || got.GetMailboxes() != 3 || !strings.Contains(strings.Join(got.GetAssumptions(), "\n"), "account Crowd could not be measured: ") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAnAccountIsAddedWithItsMailboxes(t *testing.T) {
	h := newHouse(t)
	p, _ := h.pair("a")
	if a := h.crowd(3, 1); a.GetMailboxes() != 3 || a.GetRefreshed() == nil {
		t.Errorf("added: %v", a)
	}
	p.SetRefuse(func(method string) error {
		if method == "ListMailboxes" {
			return fault.New(fault.Denied, "User.Read.All is missing")
		}
		return nil
	})
	got, err := h.accounts.AddAccount(t.Context(), addAccount("Another", "secret"))
	if err != nil || got.GetAccount().GetRefreshed() != nil || !strings.Contains(got.GetRefreshError(), "User.Read.All is missing") {
		t.Errorf("with a list that is refused: %v, %v", got, err)
	}
	if list, err := h.accounts.ListAccounts(t.Context(), &directorv1.ListAccountsRequest{}); err != nil || len(list.GetAccounts()) != 2 {
		t.Errorf("it is not there: %v, %v", list, err)
	}
}
