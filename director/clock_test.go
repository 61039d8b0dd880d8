package director_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/director"
	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// TestRunEndsRightThoughTheClockIsSet sets the Director's clock while it is off, and forward while it runs, in the middle of a run
// whose tasks work, wait, and are to be tried again: each mailbox is backed up once, and nothing waits for the old time to come
// back. A clock that is set back while the Director runs is not noticed by what waits: that counts on the monotonic clock, which
// a test cannot set.
func TestRunEndsRightThoughTheClockIsSet(t *testing.T) {
	// Certificates are made to be valid an hour before: an installation that is younger than its clock is set back is told so.
	for _, jump := range []time.Duration{-50 * time.Minute, time.Hour, 48 * time.Hour} {
		for _, off := range []bool{false, true} {
			if jump < 0 && !off {
				continue
			}
			t.Run(fmt.Sprintf("by %s, off: %v", jump, off), func(t *testing.T) { clockIsSet(t, jump, off) })
		}
	}
}

func clockIsSet(t *testing.T, jump time.Duration, off bool) {
	h := newHouse(t)
	h.stop()
	var set atomic.Int64
	h.options.Now = func() time.Time { return time.Now().Add(time.Duration(set.Load())).Round(0) }
	h.options.Retry = director.Retry{Limit: 1000, Base: 5 * time.Millisecond, Max: 50 * time.Millisecond}
	h.start()
	source, transporter := h.pair("one")
	const mailboxes = 12
	var list []*transporterv1.Mailbox
	for n := range mailboxes {
		list = append(list, &transporterv1.Mailbox{Id: "m" + strconv.Itoa(n), Name: "Mailbox " + strconv.Itoa(n)})
	}
	a := h.account()
	h.world.Tenant("tenant", "secret", list...)
	if _, err := h.accounts.RefreshAccount(t.Context(), &directorv1.RefreshAccountRequest{AccountId: a.GetId()}); err != nil {
		t.Fatal(err)
	}
	j := h.job(a, h.repository(transporter))
	j.Options = &directorv1.JobOptions{MaxTasks: 4}
	if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	var begun atomic.Int64
	source.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
		switch n := begun.Add(1); {
		case n%2 == 0 && n < 20:
			return fakeporter.Plan{Fault: fault.New(fault.Unavailable, "not now"), Temporary: true}
		default:
			return fakeporter.Plan{Hold: gate}
		}
	})
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("tasks to work and to fail", func() bool { return begun.Load() > 3 && source.Running() > 0 })
	if off {
		h.stop()
	}
	set.Store(int64(jump))
	if off {
		h.start()
	}
	h.eventually("the run to go on", func() bool { return source.Running() > 0 })
	close(gate)
	var got *directorv1.GetRunResponse
	h.eventually("the run to end", func() bool {
		var err error
		got, err = h.jobs.GetRun(t.Context(), &directorv1.GetRunRequest{RunId: run.GetRun().GetId(), Tasks: true})
		return err == nil && got.GetRun().GetEnded() != nil
	})
	if got.GetRun().GetStatus() != directorv1.RunStatus_RUN_STATUS_SUCCEEDED || got.GetRun().GetTasksDone() != mailboxes {
		t.Errorf("it ended as %v", got.GetRun())
	}
	for _, m := range list {
		if n := h.world.Seals(run.GetRun().GetId(), m.GetId()); n != 1 {
			t.Errorf("%s was sealed %d times", m.GetId(), n)
		}
	}
	h.eventually("tasks to be forgotten", func() bool { return len(source.Tasks()) == 0 && h.world.OpenTransfers() == 0 })
	for _, v := range h.world.Violations() {
		t.Errorf("violation: %s", v)
	}
	if _, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()}); err != nil {
		t.Errorf("the next run: %v", err)
	}
}
