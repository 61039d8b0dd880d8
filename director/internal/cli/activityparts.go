package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newActivityParts(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "parts ACTIVITY", Short: "List what an activity did for each mailbox",
		Long:    "Lists what a recovery, an undo or a drill of several mailboxes did for each of\nthem.",
		Example: "  holdfast activity parts act-2", Args: takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runActivityParts(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "activity_id", "ACTIVITY", "run_id", "ACTIVITY")
	return cmd
}

func runActivityParts(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.activity(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.wholeRun(ctx, x.GetId())
	if err != nil {
		return err
	}
	return a.list(r, a.mailboxTable(x.GetKind(), r.GetTasks()), "The activity has no parts.")
}

// mailboxTable lists what was done, or would be, for each mailbox.
func (a *app) mailboxTable(kind pb.ActivityKind, tasks []*pb.Task) *table {
	var heads []string
	var numbers func(*pb.Task) []int64
	switch kind {
	case pb.ActivityKind_ACTIVITY_KIND_UNDO:
		heads = []string{"REMOVED", "PUT BACK", "LEFT"}
		numbers = func(x *pb.Task) []int64 {
			return []int64{x.GetUndo().GetRemoved(), x.GetUndo().GetPutBack(), x.GetUndo().GetLeft()}
		}
	case pb.ActivityKind_ACTIVITY_KIND_DRILL:
		heads = []string{"MESSAGES", "SAME", "DIFFERENT", "MISSING"}
		numbers = func(x *pb.Task) []int64 {
			d := x.GetDrill()
			return []int64{d.GetMessages(), d.GetSame(), d.GetDifferent(), d.GetMissing()}
		}
	default:
		heads = []string{"CREATED", "SKIPPED", "RENAMED", "OVERWRITTEN", "FAILED"}
		numbers = func(x *pb.Task) []int64 {
			r := x.GetRecovery()
			return []int64{r.GetCreated(), r.GetSkipped(), r.GetRenamed(), r.GetOverwritten(), r.GetFailed()}
		}
	}
	t := newTable(append(append([]string{"MAILBOX", "INTO", "STATUS"}, heads...), "ERROR")...).shorten(3 + len(heads))
	for _, x := range tasks {
		row := []string{
			first(x.GetSource().GetMailboxName(), x.GetMailboxName()), first(x.GetMailboxAddress(), x.GetMailboxName()),
			word(x.GetStatus(), "TASK_STATUS_"),
		}
		for _, n := range numbers(x) {
			row = append(row, count(n))
		}
		t.row(append(row, orDash(x.GetError()))...)
	}
	return t
}
