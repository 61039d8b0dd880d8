package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newReport(a *app) *cobra.Command {
	return group("report", "Reports that were sent, wait, or could not be sent", newReportList(a), newReportRetry(a))
}

type reportListFlags struct {
	status, run string
	limit       int32
}

func newReportList(a *app) *cobra.Command {
	f := &reportListFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List reports, newest first", Example: "  holdfast report list --status failed",
		RunE: func(cmd *cobra.Command, _ []string) error { return runReportList(cmd.Context(), a, f) },
	}
	cmd.Flags().StringVar(&f.status, "status", "", "only those in this `state`: waiting, sent or failed")
	cmd.Flags().StringVar(&f.run, "run", "", "only of the run or activity with this `id`")
	cmd.Flags().Int32Var(&f.limit, "limit", 100, "at most this `number`")
	complete(cmd, "status", fixed("waiting", "sent", "failed"))
	complete(cmd, "run", a.names(runIDs))
	mapFields(cmd, "limit", "--limit", "status", "--status", "run_id", "--run")
	return cmd
}

func runReportList(ctx context.Context, a *app, f *reportListFlags) error {
	q := &pb.ListDeliveriesRequest{Limit: f.limit, RunId: f.run}
	if f.status != "" {
		var err error
		if q.Status, err = choose[pb.DeliveryStatus](pb.DeliveryStatus_value, "DELIVERY_STATUS_", "--status", f.status); err != nil {
			return err
		}
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListDeliveries(ctx, q)
	if err != nil {
		return err
	}
	t := newTable("CREATED", "TO", "SUBJECT", "STATUS", "TRIES", "NEXT TRY", "ERROR", "ID").numbers(4).shorten(6)
	for _, d := range r.GetDeliveries() {
		t.row(a.when(d.GetCreated()), d.GetTarget(), d.GetSubject(), word(d.GetStatus(), "DELIVERY_STATUS_"), count(int64(d.GetAttempts())),
			a.when(d.GetNextTry()), orDash(d.GetError()), d.GetId())
	}
	return a.list(r, t, "No reports. Who is told is set with: holdfast settings mail set, and for one job with: holdfast job edit")
}

func newReportRetry(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry REPORT", Short: "Send a report now that waits or was given up",
		Long:    "Has a report tried again now, and for another three days. REPORT is an id from\n\"holdfast report list\".",
		Example: "  holdfast report retry rep-1", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			r, err := c.RetryDelivery(cmd.Context(), &pb.RetryDeliveryRequest{DeliveryId: args[0]})
			if err != nil {
				return err
			}
			return a.done(r, "The report to %s is tried again.", r.GetDelivery().GetTarget())
		},
	}
	mapFields(cmd, "delivery_id", "REPORT")
	return cmd
}
