package director_test

import (
	"strings"
	"testing"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func (h *house) runs(j *directorv1.Job) *directorv1.Run {
	h.t.Helper()
	run, err := h.jobs.RunJob(h.t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		h.t.Fatal(err)
	}
	var last *directorv1.Run
	h.eventually("the run to end", func() bool {
		got, err := h.jobs.GetRun(h.t.Context(), &directorv1.GetRunRequest{RunId: run.GetRun().GetId()})
		if err != nil {
			h.t.Fatal(err)
		}
		last = got.GetRun()
		return last.GetStatus() > directorv1.RunStatus_RUN_STATUS_STOPPING
	})
	return last
}

// in tells whose points are in a repository.
func (h *house) in(r *directorv1.Repository) string {
	h.t.Helper()
	var list []string
	for _, p := range h.points(r) {
		list = append(list, p.GetMailboxId())
	}
	return strings.Join(list, " ")
}

// TestAJobFromADraftToTheLastOfItsBackups: kept as a draft, completed, run into two repositories, moved to a third, and
// deleted with its backups, of which some are out of reach while the Director starts anew.
func TestAJobFromADraftToTheLastOfItsBackups(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, vault := h.account(), h.repository(transporter)
	side, third := h.second("side", transporter), h.second("third", transporter)
	other := h.job(a, vault) // a job that keeps its points
	h.runs(other)
	made, err := h.jobs.CreateJob(t.Context(), &directorv1.CreateJobRequest{Job: &directorv1.Job{Name: "Spread", Draft: true}})
	if err != nil {
		t.Fatal(err)
	}
	j := made.GetJob()
	_, err = h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	refused(t, "running a draft", err, fault.Conflict, "", "draft")
	_, err = h.jobs.SetJobsEnabled(t.Context(), &directorv1.SetJobsEnabledRequest{JobIds: []string{j.GetId()}, Enabled: true})
	refused(t, "enabling a draft", err, fault.Conflict, "", "draft")

	j.Draft, j.Enabled = false, true
	j.Source = &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: a.GetId()}}}
	j.Destination = &directorv1.Destination{
		Accounts:  []*directorv1.AccountDestination{{AccountId: a.GetId(), RepositoryId: vault.GetId()}},
		Mailboxes: []*directorv1.MailboxDestination{{AccountId: a.GetId(), MailboxId: "m2", RepositoryId: "nowhere"}},
	}
	_, err = h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j})
	refused(t, "a repository that is not there", err, fault.Invalid, "job.destination.mailboxes[0].repository_id", "nowhere")
	j.Destination.Mailboxes[0].RepositoryId = side.GetId()
	update := func() {
		t.Helper()
		answer, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j})
		if err != nil {
			t.Fatal(err)
		}
		j = answer.GetJob()
	}
	update()
	h.runs(j)
	if got := h.in(side); got != "m2" {
		t.Errorf("in side: %q", got)
	}
	_, err = h.repositories.RemoveRepository(t.Context(), &directorv1.RemoveRepositoryRequest{RepositoryId: side.GetId()})
	refused(t, "removing where one mailbox goes", err, fault.Conflict, "", "Spread")
	j.Destination.Mailboxes[0].RepositoryId = third.GetId()
	update()
	if len(j.GetFormerRepositoryIds()) != 1 || j.GetFormerRepositoryIds()[0] != side.GetId() {
		t.Errorf("former repositories: %v", j.GetFormerRepositoryIds())
	}
	h.runs(j)
	if h.in(side) != "m2" || h.in(third) != "m2" {
		t.Errorf("in side: %q, in third: %q", h.in(side), h.in(third))
	}
	preview, err := h.jobs.PreviewRetention(t.Context(), &directorv1.PreviewRetentionRequest{
		JobId: j.GetId(), MailboxId: "m2", Retention: &directorv1.Retention{Last: 2},
	})
	if err != nil || preview.GetKept() != 2 {
		t.Errorf("preview over both: %v, %v", preview, err)
	}
	h.deleted(j, vault, side, third)
	if got := len(h.points(vault)); got != 2 {
		t.Errorf("%d points of the other job are left", got)
	}
}

// deleted deletes a job with its backups, with the second repository detached and a restart in the middle.
func (h *house) deleted(j *directorv1.Job, vault, side, third *directorv1.Repository) {
	t := h.t
	t.Helper()
	_, err := h.jobs.DeleteJob(t.Context(), &directorv1.DeleteJobRequest{JobId: j.GetId(), Backups: true, ConfirmName: "spread"})
	refused(t, "without its name", err, fault.Invalid, "confirm_name", "Spread")
	if _, err := h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: side.GetId()}); err != nil {
		t.Fatal(err)
	}
	answer, err := h.jobs.DeleteJob(t.Context(), &directorv1.DeleteJobRequest{JobId: j.GetId(), Backups: true, ConfirmName: "Spread"})
	if err != nil || len(answer.GetJob().GetDeletion().GetPlaces()) != 3 {
		t.Fatalf("%v, %v", answer, err)
	}
	waiting := func() bool {
		got, err := h.jobs.GetJob(t.Context(), &directorv1.GetJobRequest{JobId: j.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		places := map[string]*directorv1.DeletionPlace{}
		for _, p := range got.GetJob().GetDeletion().GetPlaces() {
			places[p.GetRepositoryId()] = p
		}
		return places[vault.GetId()].GetDone() && places[third.GetId()].GetDeleted() == 1 && strings.Contains(places[side.GetId()].GetWaiting(), "side is detached")
	}
	h.eventually("all but one to be deleted", waiting)
	h.stop()
	h.start()
	if !waiting() {
		t.Error("the deletion was forgotten by a restart")
	}
	h.eventually("the Transporter to be reached", func() bool {
		_, err := h.repositories.AttachRepository(t.Context(), &directorv1.AttachRepositoryRequest{RepositoryId: side.GetId()})
		return err == nil
	})
	h.eventually("the job to be gone", func() bool {
		_, err := h.jobs.GetJob(t.Context(), &directorv1.GetJobRequest{JobId: j.GetId()})
		return err != nil && asFault(err).Kind == fault.NotFound
	})
	if h.in(side) != "" || h.in(third) != "" {
		t.Errorf("in side: %q, in third: %q", h.in(side), h.in(third))
	}
}
