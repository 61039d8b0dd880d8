package dispatch_test

import (
	"context"
	"sync/atomic"
	"testing"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func TestStop(t *testing.T) {
	for name, tc := range map[string]struct {
		now, deaf, cut, restart bool
	}{
		"after the current message": {},
		"at once":                   {now: true, deaf: true},
		"at once, out of reach":     {now: true, cut: true},
		"after the current message, the Director killed": {restart: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := s.porter("one")
			a := s.account(20)
			never := make(chan struct{})
			p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
				return fakeporter.Plan{Hold: never, Deaf: tc.deaf}
			})
			run := s.run(s.job("Job", s.repository(p), record.JobOptions{MaxTasks: 2}, whole(a)))
			s.eventually("tasks to be watched", func() bool { return p.Calls("WatchTask") >= 2 })
			if tc.cut {
				p.Cut()
			}
			if tc.deaf {
				if err := s.dispatcher.Stop(t.Context(), run, false); err != nil {
					t.Fatal(err)
				}
				s.eventually("the stop to be passed on", func() bool { return p.Calls("StopTask") >= 2 })
				if v, _ := s.dispatcher.Look(run); v.Status != record.RunStopping || v.Stopped != 18 {
					t.Errorf("while it stops: status %d, %d stopped", v.Status, v.Stopped)
				}
			}
			if tc.restart {
				// The stop is written and nothing else: the next life must see to it.
				s.kill()
				var commits atomic.Int32
				s.failpoint = func(at string) error {
					if at == "committed" && commits.Add(1) == 1 {
						return errKilled
					}
					return nil
				}
				s.start()
			}
			err := s.dispatcher.Stop(t.Context(), run, tc.now)
			if err != nil && !tc.restart {
				t.Fatal(err)
			}
			if tc.restart {
				s.failpoint = nil
				s.restart()
				if v, _ := s.dispatcher.Look(run); !v.Stop {
					t.Skip("the Director died before the stop was written")
				}
			}
			v := s.end(run)
			if v.Status != record.RunStopped || v.Stopped != 20 {
				t.Errorf("run ended as %d with %d of %d stopped", v.Status, v.Stopped, v.Tasks)
			}
			_, tasks, _, err := s.dispatcher.LookInto(run, "", 20)
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range tasks {
				if task.Started.IsZero() && task.Outlook.Took != 0 {
					t.Errorf("task %s was never begun, and took %v", task.ID, task.Outlook.Took)
				}
			}
			if err := s.dispatcher.Stop(t.Context(), run, true); fault.KindOf(err) != fault.Conflict {
				t.Errorf("stopping what has ended: %v", err)
			}
			if tc.cut {
				if p.Running() != 2 {
					t.Error("the tasks stopped without having been told")
				}
				p.Mend()
			}
			s.settled(p)
			if got := p.Calls("StartTask"); got != 2 {
				t.Errorf("%d tasks were started", got)
			}
		})
	}
}

func TestWatchTellsEveryChangeAndTheEnd(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(30)
	gate := make(chan struct{}, 100)
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: gate} })
	run := s.run(s.job("Job", s.repository(p), record.JobOptions{MaxTasks: 5}, whole(a)))
	w, err := s.dispatcher.Watch(run, true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen := map[record.TaskID]record.TaskStatus{}
	var messages int64
	for {
		v, tasks, last, err := w.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if v.Progress.MessagesDone < messages {
			t.Errorf("progress went back from %d to %d", messages, v.Progress.MessagesDone)
		}
		messages = v.Progress.MessagesDone
		for _, task := range tasks {
			if seen[task.ID].Ended() && seen[task.ID] != task.Status {
				t.Errorf("task %s changed after its end", task.ID)
			}
			seen[task.ID] = task.Status
		}
		if len(seen) != 30 {
			t.Fatalf("the first answer tells of %d tasks, want 30", len(seen))
		}
		if last {
			break
		}
		select {
		case gate <- struct{}{}:
		default:
		}
	}
	for id, status := range seen {
		if status != record.TaskSucceeded {
			t.Errorf("task %s was last seen as %d", id, status)
		}
	}
	if messages != 90 {
		t.Errorf("%d messages at the end, want 90", messages)
	}
}

func TestRecoveryAndVerify(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(2)
	r := s.repository(p)
	s.end(s.run(s.job("Job", r, record.JobOptions{}, whole(a))))
	points, err := s.depot.Points(t.Context(), r, depotKey("m1"))
	if err != nil || len(points) != 1 {
		t.Fatalf("points: %v, %v", points, err)
	}
	point := record.PointID(points[0].GetId())
	var got *transporterv1.RecoveryWork
	hold := make(chan struct{})
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetRecovery() != nil {
			got = q.GetRecovery()
		}
		return fakeporter.Plan{Hold: hold}
	})
	recovery := dispatch.Recovery{Repository: r, What: record.Recovery{
		Point: point, Folders: []mailFolder{"inbox"}, IfExists: record.IfExistsRename, PlanOnly: true,
	}}
	for name, tc := range map[string]struct {
		change func(*dispatch.Recovery)
		kind   fault.Kind
	}{
		"another repository": {func(r *dispatch.Recovery) { r.Repository = "none" }, fault.NotFound},
		"another point":      {func(r *dispatch.Recovery) { r.What.Point = "none" }, fault.NotFound},
		"another folder":     {func(r *dispatch.Recovery) { r.What.Folders = []mailFolder{"none"} }, fault.Invalid},
		"another account":    {func(r *dispatch.Recovery) { r.Account, r.Mailbox = "none", "m1" }, fault.NotFound},
		"another mailbox":    {func(r *dispatch.Recovery) { r.Account, r.Mailbox = a, "none" }, fault.NotFound},
	} {
		wrong := recovery
		tc.change(&wrong)
		if _, err := s.dispatcher.StartRecovery(t.Context(), []dispatch.Recovery{wrong}, 0); fault.KindOf(err) != tc.kind {
			t.Errorf("%s: got %v, want kind %v", name, err, tc.kind)
		}
	}
	run, err := s.dispatcher.StartRecovery(t.Context(), []dispatch.Recovery{recovery}, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.eventually("the recovery to run", func() bool { return p.Calls("WatchTask") >= 3 })
	s.restart()
	verify, err := s.dispatcher.StartVerify(t.Context(), r, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.depot.Detach(t.Context(), r); fault.KindOf(err) != fault.Conflict {
		t.Errorf("detaching what is in use: %v", err)
	}
	running, err := s.dispatcher.List(dispatch.Filter{Running: true, Limit: 10})
	if err != nil || len(running) != 2 || running[0].ID != verify.ID || running[1].ID != run.ID {
		t.Errorf("running: %v, %v", running, err)
	}
	close(hold)
	v := s.end(run.ID)
	if v.Status != record.RunSucceeded || v.Recovery == nil || v.Recovery.Created != 3 || v.Progress.MessagesDone != 3 {
		t.Errorf("recovery ended as %+v", v)
	}
	if v := s.end(verify.ID); v.Status != record.RunSucceeded || v.Verify == nil || v.Verify.Blobs != 5 {
		t.Errorf("verify ended as %+v", v)
	}
	if got.GetMailbox().GetId() != "m1" || got.GetAccount().GetClientSecret() != "secret" || !got.GetPlanOnly() ||
		got.GetIfExists() != transporterv1.IfExists_IF_EXISTS_RENAME || got.GetSelection().GetFolderIds()[0] != "inbox" {
		t.Errorf("the Transporter was asked for %v", got)
	}
	s.settled(p)
	if _, err := s.depot.Detach(t.Context(), r); err != nil {
		t.Error(err)
	}
	if _, err := s.dispatcher.StartVerify(t.Context(), r, true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("verifying what is detached: %v", err)
	}
}
