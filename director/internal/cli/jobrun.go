package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type jobRunFlags struct {
	mailboxes     []string
	failed, watch bool
}

func newJobRun(a *app) *cobra.Command {
	f := &jobRunFlags{}
	cmd := &cobra.Command{
		Use: "run JOB", Short: "Run a job now",
		Long: `Starts a run of all mailboxes of the job, of those named, or of those that failed
the last time. Ctrl-C while watching leaves the run going.`,
		Example: "  holdfast job run Daily --watch\n  holdfast job run Daily --mailbox anna@contoso.com\n  holdfast job run Daily --failed",
		Args:    takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobRun(cmd.Context(), a, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.mailboxes, "mailbox", nil, "only this `mailbox`; may be repeated")
	fl.BoolVar(&f.failed, "failed", false, "only mailboxes that failed in the last run")
	fl.BoolVarP(&f.watch, "watch", "w", false, "show the progress and wait for the end")
	complete(cmd, "mailbox", a.names(mailboxNames))
	mapFields(cmd, "job_id", "JOB", "mailbox_ids", "--mailbox", "failed_only", "--failed")
	return cmd
}

func runJobRun(ctx context.Context, a *app, f *jobRunFlags, ref string) error {
	if f.failed && len(f.mailboxes) > 0 {
		return usagef("give --failed or --mailbox, not both")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	req := &pb.RunJobRequest{JobId: j.GetId(), FailedOnly: f.failed}
	if req.MailboxIds, err = c.mailboxIDs(ctx, f.mailboxes); err != nil {
		return err
	}
	r, err := c.RunJob(ctx, req)
	if err != nil {
		return err
	}
	if f.watch {
		return a.watchRun(ctx, c, r.GetRun().GetId(), true)
	}
	return a.done(r, "Started run %s of %s. Watch it with: holdfast run watch %s", r.GetRun().GetId(), j.GetName(), r.GetRun().GetId())
}
