package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newSettingsHistory(a *app) *cobra.Command {
	var days int32
	cmd := &cobra.Command{
		Use: "history", Short: "Show or set for how long past activities are kept",
		Long: `Shows, or with --days sets, for how long runs, recoveries and other activities are
kept after their end. Each day those that are older go. The last run of each job
stays, and so does what made recovery points that are still there.`,
		Example: "  holdfast settings history\n  holdfast settings history --days 90",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSettingsHistory(cmd.Context(), a, days, cmd.Flags().Changed("days"))
		},
	}
	cmd.Flags().Int32Var(&days, "days", 0, "keep for this `number` of days; 0 means 400")
	mapFields(cmd, "history.days", "--days")
	return cmd
}

func runSettingsHistory(ctx context.Context, a *app, days int32, set bool) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	if set {
		r, err := c.SetHistory(ctx, &pb.SetHistoryRequest{History: &pb.History{Days: days}})
		if err != nil {
			return err
		}
		return a.done(r, "Activities are kept for %d days after their end.", r.GetHistory().GetDays())
	}
	r, err := c.GetHistory(ctx, &pb.GetHistoryRequest{})
	if err != nil {
		return err
	}
	return a.print(r, func() error {
		var f facts
		f.add("kept", "%d days", r.GetHistory().GetDays())
		f.some("last looked through", a.when(r.GetHistory().GetSwept()))
		f.add("removed then", "%s", count(r.GetHistory().GetRemoved()))
		return f.write(a.Stdout)
	})
}
