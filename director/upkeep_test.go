package director_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// backedUp runs a job once and returns the points.
func (h *house) backedUp(a *directorv1.Account, r *directorv1.Repository) []*directorv1.Point {
	h.t.Helper()
	j := h.job(a, r)
	run, err := h.jobs.RunJob(h.t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		h.t.Fatal(err)
	}
	h.ended(run.GetRun().GetId())
	return h.points(r)
}

func (h *house) points(r *directorv1.Repository) []*directorv1.Point {
	h.t.Helper()
	list, err := h.repositories.ListPoints(h.t.Context(), &directorv1.ListPointsRequest{RepositoryId: r.GetId()})
	if err != nil {
		h.t.Fatal(err)
	}
	return list.GetPoints()
}

// ended waits for an activity to end.
func (h *house) ended(id string) *directorv1.Activity {
	h.t.Helper()
	var last *directorv1.Activity
	h.eventually("the activity to end", func() bool {
		got, err := h.activities.GetActivity(h.t.Context(), &directorv1.GetActivityRequest{ActivityId: id})
		if err != nil {
			h.t.Fatal(err)
		}
		last = got.GetActivity()
		return last.GetStatus() > directorv1.RunStatus_RUN_STATUS_STOPPING
	})
	return last
}

func (h *house) second(name string, t *directorv1.Transporter) *directorv1.Repository {
	h.t.Helper()
	answer, err := h.repositories.CreateRepository(h.t.Context(), &directorv1.CreateRepositoryRequest{
		Name: name, TransporterId: t.GetId(), Path: "/backup/" + name,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return answer.GetRepository()
}

func TestWhatIsDoneToARepositoryIsAnActivityWithAReport(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	if points := h.backedUp(a, r); len(points) != 2 {
		t.Fatalf("%d points", len(points))
	}
	to := h.second("copy", transporter)
	reclaim, err := h.repositories.ReclaimRepository(t.Context(), &directorv1.ReclaimRepositoryRequest{RepositoryId: r.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	got := h.ended(reclaim.GetActivityId())
	if got.GetKind() != directorv1.ActivityKind_ACTIVITY_KIND_RECLAIM || got.GetTitle() != "Reclaim space in Vault" ||
		got.GetReclaim().GetFreedBytes() != 4096 || len(got.GetReclaim().GetLeft()) != 1 {
		t.Errorf("reclaim: %v", got)
	}
	survey, err := h.repositories.SurveyRepository(t.Context(), &directorv1.SurveyRepositoryRequest{RepositoryId: r.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	got = h.ended(survey.GetActivityId())
	if got.GetKind() != directorv1.ActivityKind_ACTIVITY_KIND_SURVEY || got.GetSurvey().GetGarbageBytes() != 50 {
		t.Errorf("survey: %v", got)
	}
	shown, err := h.repositories.GetRepository(t.Context(), &directorv1.GetRepositoryRequest{RepositoryId: r.GetId()})
	if err != nil || shown.GetRepository().GetSurvey().GetNeededBytes() != 1000 {
		t.Errorf("after the survey: %v, %v", shown, err)
	}
	sizes, err := h.repositories.ListBackups(t.Context(), &directorv1.ListBackupsRequest{RepositoryId: r.GetId(), Limit: 1})
	if err != nil || sizes.GetTotal() != 2 || len(sizes.GetBackups()) != 1 || sizes.GetBackups()[0].GetHeldBytes() != 200 ||
		sizes.GetBackups()[0].GetMailboxAddress() == "" {
		t.Errorf("sizes: %v, %v", sizes, err)
	}
	repair, err := h.repositories.RepairRepository(t.Context(), &directorv1.RepairRepositoryRequest{RepositoryId: r.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	got = h.ended(repair.GetActivityId())
	if got.GetKind() != directorv1.ActivityKind_ACTIVITY_KIND_REPAIR || len(got.GetRepair().GetRepaired()) != 1 {
		t.Errorf("repair: %v", got)
	}
	for _, want := range []struct{ copied, present int64 }{{1, 0}, {0, 1}} {
		started, err := h.repositories.CopyRepository(t.Context(), &directorv1.CopyRepositoryRequest{
			RepositoryId: r.GetId(), TargetRepositoryId: to.GetId(), MailboxId: "m1",
		})
		if err != nil {
			t.Fatal(err)
		}
		got = h.ended(started.GetActivityId())
		if got.GetKind() != directorv1.ActivityKind_ACTIVITY_KIND_COPY || got.GetTitle() != "Copy to copy from Vault" ||
			got.GetCopy().GetCopied() != want.copied || got.GetCopy().GetPresent() != want.present {
			t.Errorf("copy: %v", got)
		}
	}
	if points := h.points(to); len(points) != 1 || points[0].GetMailboxId() != "m1" {
		t.Errorf("in the copy: %v", points)
	}
	list, err := h.activities.ListActivities(t.Context(), &directorv1.ListActivitiesRequest{})
	if err != nil || len(list.GetActivities()) != 6 {
		t.Errorf("activities: %v, %v", list, err)
	}
	var paged []string
	for before := ""; ; {
		page, err := h.activities.ListActivities(t.Context(), &directorv1.ListActivitiesRequest{Limit: 4, BeforeId: before})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.GetActivities() {
			before = a.GetId()
			paged = append(paged, before)
		}
		if len(page.GetActivities()) < 4 {
			break
		}
	}
	var whole []string
	for _, a := range list.GetActivities() {
		whole = append(whole, a.GetId())
	}
	if !slices.Equal(paged, whole) {
		t.Errorf("in pages: got %v, want %v", paged, whole)
	}
	if v := h.world.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestACopyKeepsBothRepositoriesAttached(t *testing.T) {
	h := newHouse(t)
	p, transporter := h.pair("keep")
	_, elsewhere := h.pair("elsewhere")
	r, to, far := h.repository(transporter), h.second("copy", transporter), h.second("far", elsewhere)
	ask := func(target *directorv1.Repository) (*directorv1.CopyRepositoryResponse, error) {
		return h.repositories.CopyRepository(t.Context(), &directorv1.CopyRepositoryRequest{RepositoryId: r.GetId(), TargetRepositoryId: target.GetId()})
	}
	_, err := ask(r)
	refused(t, "to itself", err, fault.Invalid, "target_repository_id")
	_, err = ask(far)
	refused(t, "to another Transporter", err, fault.Unsupported, "", "keep", "elsewhere")
	_, err = ask(&directorv1.Repository{Id: "none"})
	refused(t, "to nowhere", err, fault.NotFound, "")
	_, err = h.repositories.CopyRepository(t.Context(), &directorv1.CopyRepositoryRequest{
		RepositoryId: r.GetId(), TargetRepositoryId: to.GetId(), Newest: true, PointIds: []string{"p"},
	})
	refused(t, "newest and points", err, fault.Invalid, "newest")
	hold := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	started, err := ask(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*directorv1.Repository{r, to} {
		_, err = h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: x.GetId()})
		refused(t, "detaching beneath a copy", err, fault.Conflict, "", "activity")
	}
	if _, err := h.activities.StopActivity(t.Context(), &directorv1.StopActivityRequest{ActivityId: started.GetActivityId()}); err != nil {
		t.Fatal(err)
	}
	if got := h.ended(started.GetActivityId()); got.GetStatus() != directorv1.RunStatus_RUN_STATUS_STOPPED {
		t.Errorf("a copy that was stopped: %v", got)
	}
	if _, err := h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: to.GetId()}); err != nil {
		t.Error(err)
	}
	_, err = ask(to)
	refused(t, "to a detached one", err, fault.Conflict, "", "attach it first")
}

func TestTheKeyOfARepositoryIsChanged(t *testing.T) {
	h := newHouse(t)
	p, transporter := h.pair("keep")
	r := h.repository(transporter)
	change := func(current, next string) error {
		q := &directorv1.ChangeRepositoryKeyRequest{RepositoryId: r.GetId(), Next: &directorv1.RepositoryKey{Passphrase: next}}
		if current != "" {
			q.Current = &directorv1.RepositoryKey{Passphrase: current}
		}
		_, err := h.repositories.ChangeRepositoryKey(t.Context(), q)
		return err
	}
	reattach := func(what string) {
		t.Helper()
		if _, err := h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: r.GetId()}); err != nil {
			t.Fatal(what, err)
		}
		if _, err := h.repositories.AttachRepository(t.Context(), &directorv1.AttachRepositoryRequest{RepositoryId: r.GetId()}); err != nil {
			t.Fatal(what, err)
		}
	}
	refused(t, "a wrong passphrase", change("wrong", "second"), fault.Unauthorized, "")
	reattach("with the first")
	if err := change("", "second"); err != nil {
		t.Fatal(err)
	}
	reattach("with the second")
	// The Transporter changes it, and nobody hears of that.
	p.LoseAnswer("ChangeKey")
	refused(t, "a lost answer", change("", "third"), fault.Unavailable, "", "both are kept")
	h.eventually("the Transporter to be back", func() bool {
		got, err := h.repositories.GetRepository(t.Context(), &directorv1.GetRepositoryRequest{RepositoryId: r.GetId()})
		return err == nil && got.GetRepository().GetError() == ""
	})
	if err := change("", "fourth"); err != nil {
		t.Fatal(err)
	}
	reattach("with the fourth")
	p.LoseAnswer("ChangeKey")
	refused(t, "a lost answer", change("", "fifth"), fault.Unavailable, "", "both are kept")
	h.eventually("the Transporter to be back", func() bool {
		got, err := h.repositories.GetRepository(t.Context(), &directorv1.GetRepositoryRequest{RepositoryId: r.GetId()})
		return err == nil && got.GetRepository().GetError() == ""
	})
	reattach("with whichever opens it")
	plain := h.second("plain", transporter)
	_, err := h.repositories.ChangeRepositoryKey(t.Context(), &directorv1.ChangeRepositoryKeyRequest{
		RepositoryId: plain.GetId(), Next: &directorv1.RepositoryKey{Passphrase: "x"},
	})
	refused(t, "a repository that is not encrypted", err, fault.Invalid, "", "not encrypted")
}

func TestARepositoryIsBegunAnewOnlyByItsName(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	points := h.backedUp(a, r)
	anew := func(name string) error {
		_, err := h.repositories.AttachRepository(t.Context(), &directorv1.AttachRepositoryRequest{
			RepositoryId: r.GetId(), Recreate: true, ConfirmName: name,
		})
		return err
	}
	refused(t, "while it is attached", anew("Vault"), fault.Conflict, "", "detach it first")
	if _, err := h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: r.GetId()}); err != nil {
		t.Fatal(err)
	}
	refused(t, "without its name", anew(""), fault.Invalid, "confirm_name")
	_, err := h.repositories.AttachRepository(t.Context(), &directorv1.AttachRepositoryRequest{
		Name: "New", TransporterId: transporter.GetId(), Path: "/elsewhere", Recreate: true,
	})
	refused(t, "one that is not known", err, fault.Invalid, "recreate")
	if err := anew("Vault"); err != nil {
		t.Fatal(err)
	}
	if left := h.points(r); len(points) == 0 || len(left) != 0 {
		t.Errorf("%d points of %d are left", len(left), len(points))
	}
}

func TestPointsAreDeletedAndTheListSaysSo(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	points := h.backedUp(a, r)
	listed := func() *directorv1.Repository {
		t.Helper()
		all, err := h.repositories.ListRepositories(t.Context(), &directorv1.ListRepositoriesRequest{})
		if err != nil || len(all.GetRepositories()) != 1 {
			t.Fatal(all, err)
		}
		return all.GetRepositories()[0]
	}
	for range 2 { // the second time it is gone already
		_, err := h.repositories.DeletePoints(t.Context(), &directorv1.DeletePointsRequest{RepositoryId: r.GetId(), PointIds: []string{points[0].GetId()}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if left := h.points(r); len(left) != 1 || left[0].GetId() != points[1].GetId() {
		t.Errorf("left are %v", left)
	}
	// Numbers in the list are seconds old at the most.
	h.eventually("the list to know", func() bool { return listed().GetPoints() == 1 })
	if at := listed().GetMeasured().AsTime(); time.Since(at) > time.Hour {
		t.Errorf("measured at %v", at)
	}
	set, err := h.repositories.SetRepositoryCodec(t.Context(), &directorv1.SetRepositoryCodecRequest{
		RepositoryId: r.GetId(), Codec: directorv1.Codec_CODEC_BEST,
	})
	if err != nil || set.GetRepository().GetCodec() != directorv1.Codec_CODEC_BEST {
		t.Errorf("%v, %v", set, err)
	}
	_, err = h.repositories.DeletePoints(t.Context(), &directorv1.DeletePointsRequest{RepositoryId: r.GetId()})
	refused(t, "nothing to delete", err, fault.Invalid, "point_ids")
	_, err = h.repositories.SetRepositoryCodec(t.Context(), &directorv1.SetRepositoryCodecRequest{RepositoryId: r.GetId()})
	refused(t, "no codec", err, fault.Invalid, "codec")
}
