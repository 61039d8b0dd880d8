package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newActivity(a *app) *cobra.Command {
	return group("activity", "Runs, recoveries and verifies, past and present", newActivityList(a), newActivityShow(a),
		newActivityWatch(a), newActivityParts(a), newActivityStop(a))
}

type activityListFlags struct {
	running bool
	limit   int32
}

func newActivityList(a *app) *cobra.Command {
	f := &activityListFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List activities, newest first", Example: "  holdfast activity list --running",
		RunE: func(cmd *cobra.Command, _ []string) error { return runActivityList(cmd.Context(), a, f) },
	}
	cmd.Flags().BoolVar(&f.running, "running", false, "only those that have not ended")
	cmd.Flags().Int32Var(&f.limit, "limit", 50, "at most this `number`")
	mapFields(cmd, "running_only", "--running", "limit", "--limit")
	return cmd
}

func runActivityList(ctx context.Context, a *app, f *activityListFlags) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListActivities(ctx, &pb.ListActivitiesRequest{RunningOnly: f.running, Limit: f.limit})
	if err != nil {
		return err
	}
	t := newTable("STARTED", "KIND", "WHAT", "STATUS", "PHASE", "MESSAGES", "TOOK", "ID").numbers(5).shorten(2)
	for _, x := range r.GetActivities() {
		t.row(a.when(x.GetStarted()), word(x.GetKind(), "ACTIVITY_KIND_"), x.GetTitle(), word(x.GetStatus(), "RUN_STATUS_"),
			orDash(first(x.GetWaiting(), x.GetPhase())), ofTotal(x.GetProgress().GetMessagesDone(), x.GetProgress().GetMessagesTotal()),
			a.took(x.GetStarted(), x.GetEnded()), x.GetId())
	}
	return a.list(r, t, "No activities.")
}

func newActivityShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show ACTIVITY", Short: "Show an activity with its report and losses", Example: "  holdfast activity show act-2",
		Args: takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runActivityShow(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "activity_id", "ACTIVITY")
	return cmd
}

func runActivityShow(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.activity(ctx, ref)
	if err != nil {
		return err
	}
	return a.print(&pb.GetActivityResponse{Activity: x}, func() error { return a.showActivity(x) })
}

func (a *app) showActivity(x *pb.Activity) error {
	if ended(x.GetStatus()) {
		return a.activityResult(x)
	}
	p := x.GetProgress()
	var f facts
	f.add("what", "%s", x.GetTitle())
	f.add("id", "%s", x.GetId())
	f.add("status", "%s", word(x.GetStatus(), "RUN_STATUS_"))
	f.some("phase", x.GetPhase())
	f.some("waiting", x.GetWaiting())
	f.add("started", "%s", a.when(x.GetStarted()))
	f.some("because of", x.GetCause())
	f.add("messages", "%s", ofTotal(p.GetMessagesDone(), p.GetMessagesTotal()))
	f.add("bytes", "%s read, %s new", size(p.GetBytesRead()), size(p.GetBytesNew()))
	f.some("error", x.GetError())
	return f.write(a.Stdout)
}

func newActivityWatch(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch ACTIVITY", Short: "Watch an activity until it ends",
		Long:    "Shows the progress of an activity until it ends. Ctrl-C stops watching, not the\nactivity.",
		Example: "  holdfast activity watch act-2", Args: takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runActivityWatch(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "activity_id", "ACTIVITY")
	return cmd
}

func runActivityWatch(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.activity(ctx, ref)
	if err != nil {
		return err
	}
	return a.watchActivity(ctx, c, x.GetId(), false)
}

func newActivityStop(a *app) *cobra.Command {
	f := &stopFlags{}
	cmd := &cobra.Command{
		Use: "stop ACTIVITY", Short: "Stop an activity", Example: "  holdfast activity stop act-1",
		Args: takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runActivityStop(cmd.Context(), a, f, args[0]) },
	}
	f.register(cmd)
	mapFields(cmd, "activity_id", "ACTIVITY", "now", "--now")
	return cmd
}

func runActivityStop(ctx context.Context, a *app, f *stopFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.activity(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.StopActivity(ctx, &pb.StopActivityRequest{ActivityId: x.GetId(), Now: f.now})
	if err != nil {
		return err
	}
	if f.watch {
		return wanted(a.watchActivity(ctx, c, x.GetId(), true))
	}
	return a.done(r, "%s is stopping.", first(x.GetTitle(), x.GetId()))
}
