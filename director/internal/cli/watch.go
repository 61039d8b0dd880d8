package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"connectrpc.com/connect"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// watchRun shows a run until it ends and returns its outcome. started is true when we started it just now.
func (a *app) watchRun(ctx context.Context, c *api, id string, started bool) error {
	snap := &snapshot{}
	tasks := taskBoard{}
	var last *pb.Run
	f := &follower[pb.WatchRunResponse]{
		app: a, api: c, snap: snap, seen: started,
		open: func(ctx context.Context) (*connect.ServerStreamForClient[pb.WatchRunResponse], error) {
			return c.WatchRun(ctx, &pb.WatchRunRequest{RunId: id})
		},
		update: func(m *pb.WatchRunResponse) bool {
			last = m.GetRun()
			tasks.take(m.GetTasks())
			snap.ofRun(last, tasks.working())
			snap.outlook = outlookOf(last)
			return ended(last.GetStatus())
		},
	}
	if err := f.follow(ctx); err != nil {
		return stillGoing(ctx, err, "run", id)
	}
	if f.format == asTable {
		if err := a.runResult(ctx, c, last); err != nil {
			return err
		}
	}
	return outcomeOf(last.GetStatus())
}

// stillGoing says what a Ctrl-C did not stop.
func stillGoing(ctx context.Context, err error, kind, id string) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	name := "it"
	if kind == "run" {
		name = "the run"
	}
	return interrupted{fmt.Sprintf("Stopped watching; %s goes on. Watch again: holdfast %s watch %s. Stop it: holdfast %s stop %s",
		name, kind, id, kind, id)}
}

func outcomeOf(s pb.RunStatus) error {
	switch s {
	case pb.RunStatus_RUN_STATUS_SUCCEEDED:
		return nil
	case pb.RunStatus_RUN_STATUS_INCOMPLETE:
		return outcome{exitIncomplete}
	default:
		return outcome{exitFailed}
	}
}

func (s *snapshot) ofRun(r *pb.Run, working []*pb.Task) {
	s.title, s.status, s.progress = first(r.GetJobName(), r.GetId()), r.GetStatus(), r.GetProgress()
	if r.GetStarted() != nil {
		s.started = r.GetStarted().AsTime()
	}
	if r.GetEnded() != nil {
		s.ended = r.GetEnded().AsTime()
	}
	s.tasks, s.done, s.failed, s.incomplete = r.GetTasks(), r.GetTasksDone(), r.GetTasksFailed(), r.GetTasksIncomplete()
	s.working = working
	// With one mailbox its phase is that of the run; with more, each says its own.
	s.phase, s.waiting = "", r.GetWaiting()
	if len(working) == 1 {
		s.phase, s.waiting = working[0].GetPhase(), first(working[0].GetWaiting(), r.GetWaiting())
	}
}

func (s *snapshot) ofActivity(x *pb.Activity) {
	s.title, s.status, s.progress = first(x.GetTitle(), x.GetId()), x.GetStatus(), x.GetProgress()
	s.phase, s.waiting = x.GetPhase(), x.GetWaiting()
	if x.GetStarted() != nil {
		s.started = x.GetStarted().AsTime()
	}
	if x.GetEnded() != nil {
		s.ended = x.GetEnded().AsTime()
	}
}

// taskBoard holds the tasks that are being worked on; those that ended are dropped, so that it stays small.
type taskBoard map[string]*pb.Task

func (b taskBoard) take(changed []*pb.Task) {
	for _, k := range changed {
		switch k.GetStatus() {
		case pb.TaskStatus_TASK_STATUS_RUNNING, pb.TaskStatus_TASK_STATUS_RETRYING:
			b[k.GetId()] = k
		default:
			delete(b, k.GetId())
		}
	}
}

func (b taskBoard) working() []*pb.Task {
	var out []*pb.Task
	for _, k := range b {
		out = append(out, k)
	}
	later := func(k *pb.Task) int { // those that wait for their next try come last
		if k.GetNextTry() != nil {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(x, y *pb.Task) int {
		return cmp.Or(cmp.Compare(later(x), later(y)), strings.Compare(who(x)+x.GetId(), who(y)+y.GetId()))
	})
	return out
}

// runResult tells how a run ended, and why where it did not end well.
func (a *app) runResult(ctx context.Context, c *api, r *pb.Run) error {
	p := r.GetProgress()
	text := fmt.Sprintf("%s %s after %s: %s, %s messages (%s new or changed, %s removed), %s read, %s new, %s to Microsoft.",
		r.GetJobName(), ending(r.GetStatus()), a.tookRun(r), mailboxesText(r), count(p.GetMessagesDone()),
		count(p.GetMessagesChanged()), count(p.GetMessagesDeleted()), size(p.GetBytesRead()), size(p.GetBytesNew()),
		counted(p.GetRequests(), "request"))
	if err := a.say("%s", text); err != nil {
		return err
	}
	if r.GetError() != "" {
		if err := a.say("%s", r.GetError()); err != nil {
			return err
		}
	}
	if r.GetStatus() == pb.RunStatus_RUN_STATUS_SUCCEEDED {
		return nil
	}
	full, err := c.wholeRun(ctx, r.GetId())
	if err != nil {
		return err
	}
	return a.troubles(full.GetTasks())
}

func ending(s pb.RunStatus) string {
	switch s {
	case pb.RunStatus_RUN_STATUS_SUCCEEDED:
		return "succeeded"
	case pb.RunStatus_RUN_STATUS_INCOMPLETE:
		return "finished with losses"
	case pb.RunStatus_RUN_STATUS_FAILED:
		return "failed"
	case pb.RunStatus_RUN_STATUS_STOPPED:
		return "was stopped"
	default:
		return word(s, "RUN_STATUS_")
	}
}

// watchActivity shows an activity until it ends and returns its outcome.
func (a *app) watchActivity(ctx context.Context, c *api, id string, started bool) error {
	x, err := a.followActivity(ctx, c, id, started)
	if err != nil {
		return err
	}
	f, err := a.format()
	if err != nil {
		return err
	}
	if f == asTable {
		if err := a.activityResult(x); err != nil {
			return err
		}
	}
	return activityOutcome(x)
}

func activityOutcome(x *pb.Activity) error {
	if foundDamage(x) {
		return outcome{exitFailed}
	}
	if err := outcomeOf(x.GetStatus()); err != nil {
		return err
	}
	if len(x.GetLosses()) > 0 || x.GetRecovery().GetFailed() > 0 {
		return outcome{exitIncomplete}
	}
	return nil
}

func (a *app) followActivity(ctx context.Context, c *api, id string, started bool) (*pb.Activity, error) {
	snap := &snapshot{}
	var last *pb.Activity
	f := &follower[pb.WatchActivityResponse]{
		app: a, api: c, snap: snap, seen: started,
		open: func(ctx context.Context) (*connect.ServerStreamForClient[pb.WatchActivityResponse], error) {
			return c.WatchActivity(ctx, &pb.WatchActivityRequest{ActivityId: id})
		},
		update: func(m *pb.WatchActivityResponse) bool {
			last = m.GetActivity()
			snap.ofActivity(last)
			return ended(last.GetStatus())
		},
	}
	if err := f.follow(ctx); err != nil {
		return nil, stillGoing(ctx, err, "activity", id)
	}
	return last, nil
}

// activityResult tells how an activity ended: what a recovery did, what a verify found, what was done to a repository.
func (a *app) activityResult(x *pb.Activity) error {
	how := ending(x.GetStatus())
	if foundDamage(x) {
		how = "found damage"
	}
	if err := a.say("%s: %s after %s.%s", first(x.GetTitle(), x.GetId()), how, a.took(x.GetStarted(), x.GetEnded()),
		sentenceAfter(x.GetError(), x.GetRequestId())); err != nil {
		return err
	}
	if r := x.GetRecovery(); r != nil {
		if err := a.recoveryReport(r); err != nil {
			return err
		}
	}
	if d := x.GetDrill(); d != nil {
		if err := a.drillReport(d); err != nil {
			return err
		}
	}
	if err := a.upkeepResult(x); err != nil {
		return err
	}
	if n := x.GetTasks(); n > 1 {
		if err := a.say("  %s: %s done, %s incomplete, %s failed; each with: holdfast activity parts %s", counted(int64(n), "part"), count(int64(x.GetTasksDone())),
			count(int64(x.GetTasksIncomplete())), count(int64(x.GetTasksFailed())), x.GetId()); err != nil {
			return err
		}
	}
	return a.activityLosses(x)
}

func (a *app) activityLosses(x *pb.Activity) error {
	if len(x.GetLosses()) == 0 {
		return nil
	}
	if err := a.say("\n%s could not be handled:", counted(int64(len(x.GetLosses()))+x.GetLossesMore(), "item")); err != nil {
		return err
	}
	return a.losses(x.GetLosses(), x.GetLossesMore())
}

func sentenceAfter(text, id string) string {
	if text == "" {
		return ""
	}
	return " " + strings.TrimRight(text, ". ") + "." + requestID(id)
}

func (a *app) recoveryReport(r *pb.RecoveryReport) error {
	if err := a.say("  %s created, %s skipped, %s renamed, %s overwritten, %s failed; %s created", count(r.GetCreated()), count(r.GetSkipped()),
		count(r.GetRenamed()), count(r.GetOverwritten()), count(r.GetFailed()), counted(r.GetFoldersCreated(), "folder")); err != nil {
		return err
	}
	return a.notesOf(r)
}

func (a *app) notesOf(r *pb.RecoveryReport) error {
	for _, n := range r.GetNotes() {
		if err := a.say("  note: %s", n); err != nil {
			return err
		}
	}
	return nil
}
