package cli

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func (d *director) GetOverview(context.Context, *pb.GetOverviewRequest) (*pb.GetOverviewResponse, error) {
	return &pb.GetOverviewResponse{
		Problems: []*pb.Problem{{
			Id: "1", Kind: pb.ProblemKind_PROBLEM_KIND_MAILBOXES_UNPROTECTED, Severity: pb.Severity_SEVERITY_CRITICAL, Count: 2,
			Title: "2 mailboxes are in no job", Cause: "No enabled job backs them up.", Remedy: "Put them into a job.",
			Actions: []pb.Action{pb.Action_ACTION_PROTECT_MAILBOXES},
		}},
		Critical: 1, Warnings: 1, RunningTotal: 1, Running: []*pb.Activity{{Id: "run-3", Title: "Daily", Waiting: "waiting for Microsoft, 40 s"}},
		Protection: &pb.Protection{Mailboxes: 1200, Protected: 1190, Late: 8, Unprotected: 2},
		Space:      &pb.Space{StoredBytes: 3_000_000_000, FreeBytes: 1_000_000_000_000, TotalBytes: 2_000_000_000_000},
		NextStart:  at("2026-03-01 22:00:00"), NextJobName: "Daily",
	}, nil
}

func (d *director) ListCalendar(_ context.Context, r *pb.ListCalendarRequest) (*pb.ListCalendarResponse, error) {
	return &pb.ListCalendarResponse{Entries: []*pb.CalendarEntry{
		{
			Kind: pb.CalendarKind_CALENDAR_KIND_JOB, Start: at("2026-03-01 22:00:00"), End: at("2026-03-01 22:20:00"), Title: "Daily", RunId: "run-3",
			Status: pb.RunStatus_RUN_STATUS_SUCCEEDED, Cause: "schedule: every day at 22:00 (UTC)",
		},
		{
			Kind: pb.CalendarKind_CALENDAR_KIND_JOB, Start: at("2026-03-02 22:00:00"), End: at("2026-03-02 22:21:00"), Expected: durationpb.New(21 * 60e9),
			Title: "Daily", Cause: "every day at 22:00 (UTC)",
		},
	}, CutAt: at("2026-03-03 22:00:00")}, nil
}

func TestStatusTellsWhatIsWrongFirst(t *testing.T) {
	out := newShell(t).did("status")
	wrong, going := strings.Index(out, "critical: 2 mailboxes are in no job"), strings.Index(out, "1,200")
	if wrong != 0 || going < 0 || !strings.Contains(out, "Put them into a job.") || !strings.Contains(out, "and 1 more problem") {
		t.Errorf("got %s", out)
	}
}

func TestCalendarTellsPastAndComing(t *testing.T) {
	s := newShell(t)
	out := s.did("calendar --job Daily --back 2")
	if !strings.Contains(out, "succeeded") || !strings.Contains(out, "comes") || !strings.Contains(out, "~2026-03-02 22:21:00") {
		t.Errorf("got %s", out)
	}
	if r := s.run("calendar", "--days", "0", "--back", "0"); r.code != exitUsage {
		t.Errorf("no days: exit %d", r.code)
	}
}
