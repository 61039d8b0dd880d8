package director_test

import (
	"testing"

	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func (h *house) job(a *directorv1.Account, r *directorv1.Repository) *directorv1.Job {
	h.t.Helper()
	answer, err := h.jobs.CreateJob(h.t.Context(), &directorv1.CreateJobRequest{Job: &directorv1.Job{
		Name: "Nightly", Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: a.GetId()}}},
		Destination: &directorv1.Destination{RepositoryId: r.GetId()}, Enabled: true,
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	return answer.GetJob()
}

func TestFromJobToRecoveryOverTheAPI(t *testing.T) {
	h := newHouse(t)
	target, transporter := h.pair("keep")
	source, pull := h.pair("pull")
	a := h.account()
	r := h.repository(transporter)
	j := h.job(a, r)
	j.Options.TransporterIds = []string{pull.GetId()}
	if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	source.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil || run.GetRun().GetTasks() != 2 {
		t.Fatalf("%v, %v", run, err)
	}
	_, err = h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	refused(t, "a second run", err, fault.Conflict, "", "running already")
	_, err = h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: r.GetId()})
	refused(t, "detaching beneath a run", err, fault.Conflict, "")
	_, err = h.accounts.RemoveAccount(t.Context(), &directorv1.RemoveAccountRequest{AccountId: a.GetId()})
	refused(t, "removing the account of a job", err, fault.Conflict, "", "Nightly")
	stream, err := h.jobs.WatchRun(t.Context(), &directorv1.WatchRunRequest{RunId: run.GetRun().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	answers := 0
	tasks := map[string]directorv1.TaskStatus{}
	var last *directorv1.Run
	for stream.Receive() {
		if answers++; answers == 1 {
			close(hold)
		}
		last = stream.Msg().GetRun()
		for _, task := range stream.Msg().GetTasks() {
			tasks[task.GetMailboxName()] = task.GetStatus()
		}
	}
	if stream.Err() != nil || last.GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED || last.GetTasksDone() != 2 ||
		tasks["Ada"] != directorv1.TaskStatus_TASK_STATUS_SUCCEEDED || tasks["Bo"] != directorv1.TaskStatus_TASK_STATUS_SUCCEEDED {
		t.Fatalf("watched to the end: %v, %v, %v", last, tasks, stream.Err())
	}
	seen, err := h.jobs.GetJob(t.Context(), &directorv1.GetJobRequest{JobId: j.GetId()})
	if err != nil || seen.GetJob().GetLastStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED || seen.GetJob().GetLastRunId() != last.GetId() {
		t.Errorf("the job afterwards: %v, %v", seen, err)
	}
	points, err := h.repositories.ListPoints(t.Context(), &directorv1.ListPointsRequest{MailboxId: "m1"})
	if err != nil || len(points.GetPoints()) != 1 || points.GetPoints()[0].GetJobName() != "Nightly" {
		t.Fatalf("points: %v, %v", points, err)
	}
	point := points.GetPoints()[0]
	folders, err := h.repositories.ListFolders(t.Context(), &directorv1.ListFoldersRequest{RepositoryId: r.GetId(), PointId: point.GetId()})
	if err != nil || len(folders.GetFolders()) != 2 || folders.GetPoint().GetId() != point.GetId() {
		t.Errorf("folders: %v, %v", folders, err)
	}
	messages, err := h.repositories.ListMessages(t.Context(), &directorv1.ListMessagesRequest{
		RepositoryId: r.GetId(), PointId: point.GetId(), FolderId: "inbox", Offset: 1,
	})
	if err != nil || len(messages.GetMessages()) != 1 || messages.GetTotal() != 2 || messages.GetMessages()[0].GetFrom().GetName() != "Ada" {
		t.Errorf("messages: %v, %v", messages, err)
	}
	started, err := h.recovery.StartRecovery(t.Context(), &directorv1.StartRecoveryRequest{
		RepositoryId: r.GetId(), PointId: point.GetId(), AccountId: a.GetId(), MailboxId: "m2", IntoFolder: "From Ada",
	})
	if err != nil {
		t.Fatal(err)
	}
	watch, err := h.activities.WatchActivity(t.Context(), &directorv1.WatchActivityRequest{ActivityId: started.GetActivityId()})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	var activity *directorv1.Activity
	for watch.Receive() {
		activity = watch.Msg().GetActivity()
	}
	if activity.GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED || activity.GetRecovery().GetCreated() != 3 ||
		activity.GetKind() != directorv1.ActivityKind_ACTIVITY_KIND_RECOVERY {
		t.Errorf("recovery: %v, %v", activity, watch.Err())
	}
	_, err = h.recovery.StartRecovery(t.Context(), &directorv1.StartRecoveryRequest{
		RepositoryId: r.GetId(), PointId: point.GetId(), AccountId: a.GetId(), MailboxId: "m3",
	})
	refused(t, "to a user without a mailbox", err, fault.Conflict, "", "no licence")
	verify, err := h.repositories.VerifyRepository(t.Context(), &directorv1.VerifyRepositoryRequest{RepositoryId: r.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("the verify to end", func() bool {
		got, err := h.activities.GetActivity(t.Context(), &directorv1.GetActivityRequest{ActivityId: verify.GetActivityId()})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetActivity().GetVerify().GetBlobs() == 5
	})
	list, err := h.activities.ListActivities(t.Context(), &directorv1.ListActivitiesRequest{})
	if err != nil || len(list.GetActivities()) != 3 {
		t.Errorf("activities: %v, %v", list, err)
	}
	runs, err := h.jobs.ListRuns(t.Context(), &directorv1.ListRunsRequest{})
	if err != nil || len(runs.GetRuns()) != 1 {
		t.Errorf("runs: %v, %v", runs, err)
	}
	_, err = h.jobs.GetRun(t.Context(), &directorv1.GetRunRequest{RunId: verify.GetActivityId()})
	refused(t, "a verify as a run", err, fault.NotFound, "")
	if _, err := h.jobs.DeleteJob(t.Context(), &directorv1.DeleteJobRequest{JobId: j.GetId()}); err != nil {
		t.Error(err)
	}
	points, err = h.repositories.ListPoints(t.Context(), &directorv1.ListPointsRequest{JobId: j.GetId()})
	if err != nil || len(points.GetPoints()) != 2 {
		t.Errorf("points of a deleted job: %v, %v", points, err)
	}
	h.eventually("tasks to be forgotten", func() bool { return len(target.Tasks())+len(source.Tasks()) == 0 })
}

func TestJobsNameWhatIsThere(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("a")
	a, r := h.account(), h.repository(transporter)
	j := h.job(a, r)
	for field, change := range map[string]func(*directorv1.Job){
		"job.name":                       func(j *directorv1.Job) { j.Name = "NIGHTLY" },
		"job.source.items[0].account_id": func(j *directorv1.Job) { j.Source.Items[0].AccountId = "none" },
		"job.source.items[0].mailbox_id": func(j *directorv1.Job) { j.Source.Items[0].MailboxId = "none" },
		"job.destination.repository_id":  func(j *directorv1.Job) { j.Destination.RepositoryId = "none" },
		"job.options.transporter_ids[0]": func(j *directorv1.Job) {
			j.Options = &directorv1.JobOptions{TransporterIds: []string{"none"}}
		},
	} {
		wrong := &directorv1.Job{
			Name: "Other", Source: &directorv1.Source{Items: []*directorv1.SourceItem{{AccountId: a.GetId()}}},
			Destination: &directorv1.Destination{RepositoryId: r.GetId()},
		}
		change(wrong)
		_, err := h.jobs.CreateJob(t.Context(), &directorv1.CreateJobRequest{Job: wrong})
		refused(t, field, err, fault.Invalid, field)
	}
	_, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId(), MailboxIds: []string{"m1", "m9"}})
	refused(t, "a mailbox that is not in the job", err, fault.Invalid, "mailbox_ids[1]")
	_, err = h.repositories.RemoveRepository(t.Context(), &directorv1.RemoveRepositoryRequest{RepositoryId: r.GetId()})
	refused(t, "removing the repository of a job", err, fault.Conflict, "", "Nightly")
	all, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{})
	if err != nil || len(all.GetJobs()) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}
