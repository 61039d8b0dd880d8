package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJobNext(a *app) *cobra.Command {
	var limit int32
	cmd := &cobra.Command{
		Use: "next [JOB]", Short: "List the coming starts",
		Long:    "Lists the coming starts by the clock, of one job or of all that are enabled. Jobs\nthat start after another job are not in it.",
		Example: "  holdfast job next\n  holdfast job next Daily --limit 30",
		Args:    takes(0, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := ""
			if len(args) > 0 {
				ref = args[0]
			}
			return runJobNext(cmd.Context(), a, ref, limit)
		},
	}
	cmd.Flags().Int32Var(&limit, "limit", 10, "at most this `number` of starts")
	mapFields(cmd, "job_id", "JOB", "limit", "--limit")
	return cmd
}

func runJobNext(ctx context.Context, a *app, ref string, limit int32) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.ListStartsRequest{Limit: limit}
	if ref != "" {
		j, err := c.job(ctx, ref)
		if err != nil {
			return err
		}
		req.JobId = j.GetId()
	}
	r, err := c.ListStarts(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("START", "JOB", "ENDS AT", "SCHEDULE").shorten(1)
	for _, s := range r.GetStarts() {
		t.row(a.when(s.GetStart()), s.GetJobName(), a.when(s.GetStop()), s.GetText())
	}
	return a.list(r, t, "Nothing starts by the clock. Give a job a schedule with: holdfast job update JOB --schedule \"daily 22:00\"")
}
