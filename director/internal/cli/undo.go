package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type undoFlags struct {
	plan, watch bool
	mailboxes   []string
}

func newUndo(a *app) *cobra.Command {
	f := &undoFlags{}
	cmd := &cobra.Command{
		Use: "undo ACTIVITY", Short: "Take a recovery back",
		Long: `Take a recovery back: what it created is removed, what it overwrote is put
back, folders that it created and that are empty go. Messages that were changed
since the recovery go to Deleted Items, and messages that were moved to another
folder since stay. ACTIVITY is that of the recovery; see holdfast activity list.

Of a recovery of several mailboxes all are taken back, or with --mailbox some. A
recovery can be undone for 90 days after its end.

An undo that was interrupted is simply started again.`,
		Example: "  holdfast undo act-1 --plan\n  holdfast undo act-1 --watch",
		Args:    takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runUndo(cmd.Context(), a, f, args[0]) },
	}
	cmd.Flags().BoolVar(&f.plan, "plan", false, "only count what would be done")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "follow it to its end")
	cmd.Flags().StringArrayVar(&f.mailboxes, "mailbox", nil, "only this `mailbox` of a recovery of several; may be repeated")
	mapFields(cmd, "activity_id", "ACTIVITY", "plan_only", "--plan", "task_ids", "--mailbox")
	return cmd
}

func runUndo(ctx context.Context, a *app, f *undoFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.activity(ctx, ref)
	if err != nil {
		return err
	}
	req := &pb.UndoRecoveryRequest{ActivityId: x.GetId(), PlanOnly: f.plan}
	if len(f.mailboxes) > 0 {
		if req.TaskIds, err = c.tasksOf(ctx, x.GetId(), f.mailboxes); err != nil {
			return err
		}
	}
	r, err := c.UndoRecovery(ctx, req)
	if err != nil {
		return err
	}
	if f.plan || f.watch {
		return a.watchActivity(ctx, c, r.GetActivityId(), true)
	}
	return a.done(r, "Started. Watch it with: holdfast activity watch %s", r.GetActivityId())
}

// undoParts tells what an undo did, and nothing of what there was not.
func undoParts(u *pb.UndoReport) []string {
	parts := []string{counted(u.GetRemoved(), "recovered message") + " gone"}
	for _, p := range []struct {
		n    int64
		text string
	}{
		{u.GetTrashed(), " of them to Deleted Items, because they were changed since"},
		{u.GetPutBack(), " overwritten put back"},
		{u.GetLeft(), " left as they are"},
		{u.GetFoldersRemoved(), " empty new folders removed"},
		{u.GetFoldersLeft(), " new folders left, not empty"},
	} {
		if p.n > 0 {
			parts = append(parts, count(p.n)+p.text)
		}
	}
	return parts
}
