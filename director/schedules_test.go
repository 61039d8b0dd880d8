package director_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// clockwork is a clock that a test puts forward.
type clockwork struct{ ahead atomic.Int64 }

func (c *clockwork) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// until puts the clock to just behind the next time of day, in UTC.
func (c *clockwork) until(hour int) {
	now := c.now().UTC()
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 1, 0, time.UTC)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	c.ahead.Add(int64(at.Sub(now)))
}

// timedHouse is a house whose clock the test puts forward.
func timedHouse(t *testing.T) (*house, *clockwork) {
	t.Helper()
	h, c := newHouse(t), &clockwork{}
	h.stop()
	h.options.Now = c.now
	h.start()
	return h, c
}

func everyDay(start string) []*directorv1.Schedule {
	return []*directorv1.Schedule{{Zone: "UTC", When: &directorv1.Schedule_Weekly{Weekly: &directorv1.Weekly{
		Days: []int32{0, 1, 2, 3, 4, 5, 6}, Start: start,
	}}}}
}

func (h *house) schedules(r *directorv1.Repository, s *directorv1.RepositorySchedules, confirm string) (*directorv1.SetRepositorySchedulesResponse, error) {
	return h.repositories.SetRepositorySchedules(h.t.Context(), &directorv1.SetRepositorySchedulesRequest{
		RepositoryId: r.GetId(), Schedules: s, ConfirmName: confirm,
	})
}

func (h *house) look(r *directorv1.Repository) *directorv1.Repository {
	h.t.Helper()
	got, err := h.repositories.GetRepository(h.t.Context(), &directorv1.GetRepositoryRequest{RepositoryId: r.GetId()})
	if err != nil {
		h.t.Fatal(err)
	}
	return got.GetRepository()
}

// newest returns the last activity of a kind, when there is one.
func (h *house) newest(kind directorv1.ActivityKind) *directorv1.Activity {
	h.t.Helper()
	list, err := h.activities.ListActivities(h.t.Context(), &directorv1.ListActivitiesRequest{})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range list.GetActivities() {
		if a.GetKind() == kind {
			return a
		}
	}
	return nil
}

func TestADiskIsRotatedByTheClock(t *testing.T) {
	h, clock := timedHouse(t)
	p, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	j := h.job(a, r)
	_, err := h.schedules(r, &directorv1.RepositorySchedules{Detach: everyDay("06:00"), Attach: everyDay("18:00"), Recreate: true}, "")
	refused(t, "deleting by schedule without the name", err, fault.Invalid, "confirm_name", "for ever")
	set, err := h.schedules(r, &directorv1.RepositorySchedules{
		Detach: everyDay("06:00"), Attach: everyDay("18:00"), Verify: everyDay("12:00"), Recreate: true,
	}, "Vault")
	if err != nil || len(set.GetWarnings()) != 2 || !strings.Contains(set.GetWarnings()[1], "Nightly") || set.GetRepository().GetSchedules().GetDetach()[0].GetText() == "" {
		t.Fatalf("%v, %v", set, err)
	}
	hold := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	clock.until(6)
	h.eventually("the detach to wait for the run", func() bool {
		got := h.newest(directorv1.ActivityKind_ACTIVITY_KIND_DETACH)
		return strings.Contains(got.GetWaiting(), "waiting for the end")
	})
	close(hold)
	h.ended(run.GetRun().GetId())
	h.eventually("the repository to be detached", func() bool { return !h.look(r).GetAttached() })
	detach := h.ended(h.newest(directorv1.ActivityKind_ACTIVITY_KIND_DETACH).GetId())
	if detach.GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED || !strings.HasPrefix(detach.GetCause(), "schedule: every day at 06:00") {
		t.Errorf("detach: %v", detach)
	}
	if got := h.look(r).GetAttaches().AsTime(); got.Hour() != 18 {
		t.Errorf("attached again at %v", got)
	}
	clock.until(12)
	h.eventually("the verify to wait", func() bool {
		got, err := h.repositories.ListRepositoryStarts(t.Context(), &directorv1.ListRepositoryStartsRequest{RepositoryId: r.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(got.GetStarts()[0].GetWaiting(), "detached until")
	})
	h.stop() // a Director that was off makes up for it
	clock.until(18)
	h.start()
	h.eventually("the repository to be attached", func() bool { return h.look(r).GetAttached() })
	if left := h.points(r); len(left) != 0 {
		t.Errorf("%d points are left in what was to begin anew", len(left))
	}
	h.eventually("the verify to be done", func() bool { return h.newest(directorv1.ActivityKind_ACTIVITY_KIND_VERIFY) != nil })
	if got := h.ended(h.newest(directorv1.ActivityKind_ACTIVITY_KIND_VERIFY).GetId()); !strings.HasPrefix(got.GetCause(), "schedule: ") {
		t.Errorf("verify: %v", got)
	}
	if v := h.world.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestSchedulesOfARepositoryAreChecked(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	r := h.repository(transporter)
	ending := everyDay("06:00")
	ending[0].GetWeekly().End = "08:00"
	for field, s := range map[string]*directorv1.RepositorySchedules{
		"schedules.detach[0].weekly.start":    {Detach: everyDay("6 o'clock")},
		"schedules.verify_full[0].weekly.end": {VerifyFull: ending},
		"schedules.reclaim[1].zone":           {Reclaim: append(everyDay("06:00"), &directorv1.Schedule{Zone: "Nowhere", When: everyDay("06:00")[0].GetWhen()})},
		"schedules.recreate":                  {Recreate: true, Detach: everyDay("06:00")},
		"schedules.attach[0].after_job":       {Attach: []*directorv1.Schedule{{When: &directorv1.Schedule_AfterJob{AfterJob: &directorv1.AfterJob{JobId: "j", Successful: true}}}}},
		"schedules.verify[0].periodic.every":  {Verify: []*directorv1.Schedule{{Zone: "UTC", When: &directorv1.Schedule_Periodic{Periodic: &directorv1.Periodic{Days: []int32{1}, Start: "00:00"}}}}},
		"schedules.verify":                    {Verify: make([]*directorv1.Schedule, 21)},
	} {
		_, err := h.schedules(r, s, "Vault")
		refused(t, field, err, fault.Invalid, field)
	}
	_, err := h.schedules(&directorv1.Repository{Id: "none"}, nil, "")
	refused(t, "an unknown repository", err, fault.NotFound, "")
	got, err := h.schedules(r, &directorv1.RepositorySchedules{Detach: everyDay("06:00")}, "")
	if err != nil || len(got.GetWarnings()) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err = h.schedules(r, nil, ""); err != nil || got.GetRepository().GetSchedules() != nil {
		t.Errorf("%v, %v", got, err)
	}
}
