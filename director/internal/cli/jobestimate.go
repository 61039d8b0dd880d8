package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJobEstimate(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "estimate JOB", Short: "Foretell how long runs take",
		Long: `Foretells how long the first run of a job and the runs after it take within
Microsoft's limits, and whether they end within the windows of its schedules. It
goes by what earlier runs took, and has the folders of other mailboxes counted: of
a sample where there are many. No message is read.`,
		Example: "  holdfast job estimate Daily",
		Args:    takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobEstimate(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "job_id", "JOB")
	return cmd
}

func runJobEstimate(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	return a.estimate(ctx, c, &pb.EstimateJobRequest{JobId: j.GetId()})
}

func (a *app) estimate(ctx context.Context, c *api, q *pb.EstimateJobRequest) error {
	r, err := c.EstimateJob(ctx, q)
	if err != nil {
		return err
	}
	return a.print(r, func() error { return a.showForecast(r) })
}

func (a *app) showForecast(r *pb.EstimateJobResponse) error {
	var f facts
	f.add("mailboxes", "%s, %s of them new", count(int64(r.GetMailboxes())), count(int64(r.GetNewMailboxes())))
	f.add("known", "%s from earlier runs, %s from their folders", count(int64(r.GetFromRuns())), count(int64(r.GetMeasured())))
	if r.GetFirst() == nil {
		f.add("estimate", "none: nothing is known of any mailbox")
	} else {
		f.add("at once", "%s", counted(int64(r.GetTasksAtOnce()), "mailbox"))
		addEstimate(&f, "all mail", r.GetFirst())
		addEstimate(&f, "later runs", r.GetNext())
	}
	for _, w := range r.GetWindows() {
		f.add("window", "%s: %s", w.GetText(), duration(w.GetWindow().AsDuration()))
		f.add("", "%s", fits(w))
	}
	for _, s := range r.GetAssumptions() {
		f.add("assumed", "%s", s)
	}
	if err := f.write(a.Stdout); err != nil || len(r.GetFirst().GetSlowest()) == 0 {
		return err
	}
	t := newTable("LONGEST", "MESSAGES", "TAKES").numbers(1, 2).shorten(0)
	for _, s := range r.GetFirst().GetSlowest() {
		t.row(first(s.GetMailboxName(), s.GetMailboxId()), count(s.GetMessages()), duration(s.GetLikely().AsDuration()))
	}
	if err := a.say(""); err != nil {
		return err
	}
	return t.write(a.Stdout, 0)
}

func addEstimate(f *facts, name string, e *pb.Estimate) {
	f.add(name, "%s, between %s and %s", duration(e.GetLikely().AsDuration()), duration(e.GetLeast().AsDuration()), duration(e.GetMost().AsDuration()))
	f.add("", "%s, %s, %s to Microsoft", counted(e.GetMessages(), "message"), size(e.GetBytes()), fmt.Sprintf("%s requests", count(e.GetRequests())))
}

func fits(w *pb.WindowFit) string {
	switch {
	case w.GetFirstFits() && w.GetNextFits():
		return "all fits"
	case w.GetNextFits():
		return "later runs fit, reading all mail does not: it is stopped at the end, and goes on with the next run"
	case w.GetFirstFits():
		return "the first run fits, later ones do not"
	}
	return "too short: runs are stopped at the end, and go on with the next"
}
