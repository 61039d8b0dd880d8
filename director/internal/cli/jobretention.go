package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJobRetention(a *app) *cobra.Command {
	f := &jobFlags{}
	apply := false
	mailbox := ""
	cmd := &cobra.Command{
		Use: "retention JOB", Short: "Tell which points a job's retention keeps, or apply it",
		Long: `Tells which recovery points of the job would stay, and why, and which would be
deleted: by the job's own retention, or with --keep by another one that you think
of. Nothing is deleted. --apply has the job's own retention applied now, as it is
after each run.`,
		Example: "  holdfast job retention Daily\n  holdfast job retention Daily --keep-daily 7 --keep-weekly 4\n  holdfast job retention Daily --apply",
		Args:    takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runJobRetention(cmd.Context(), a, f, cmd.Flags(), args[0], mailbox, apply)
		},
	}
	f.registerKeep(cmd.Flags())
	cmd.Flags().StringVar(&f.zone, "zone", "", "time `zone` in which days begin; this machine's when not given")
	cmd.Flags().StringVar(&mailbox, "mailbox", "", "only this `mailbox`")
	cmd.Flags().BoolVar(&apply, "apply", false, "apply the job's own retention now")
	complete(cmd, "mailbox", a.names(mailboxNames))
	mapFields(cmd, "job_id", "JOB", "mailbox_id", "--mailbox", "retention.last", "--keep-last", "retention.daily", "--keep-daily",
		"retention.weekly", "--keep-weekly", "retention.monthly", "--keep-monthly", "retention.yearly", "--keep-yearly", "retention.zone", "--zone")
	return cmd
}

func runJobRetention(ctx context.Context, a *app, f *jobFlags, fl *pflag.FlagSet, ref, mailbox string, apply bool) error {
	other := &pb.Job{}
	f.applyRetention(fl, other)
	if apply && (other.GetRetention() != nil || mailbox != "") {
		return usagef("--apply applies the job's own retention to all its mailboxes; to change it use: holdfast job update")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	if apply {
		r, err := c.ApplyRetention(ctx, &pb.ApplyRetentionRequest{JobId: j.GetId()})
		if err != nil {
			return err
		}
		return a.done(r, "The retention of %s is being applied: keep %s.", j.GetName(), keepsText(j.GetRetention()))
	}
	req := &pb.PreviewRetentionRequest{JobId: j.GetId(), Retention: other.GetRetention()}
	if mailbox != "" {
		m, err := c.mailbox(ctx, "", mailbox)
		if err != nil {
			return err
		}
		req.MailboxId = m.GetId()
	}
	r, err := c.PreviewRetention(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("MAILBOX", "POINT OF", "COMPLETE", "STAYS", "BECAUSE").shorten(0)
	for _, p := range r.GetPoints() {
		t.row(p.GetMailboxAddress(), a.when(p.GetTime()), yesNo(p.GetComplete()), yesNo(len(p.GetReasons()) > 0), first(strings.Join(p.GetReasons(), ", "), "-"))
	}
	if err := a.list(r, t, "The job has no recovery points yet."); err != nil {
		return err
	}
	for _, id := range r.GetUnreadRepositoryIds() {
		name := id
		if x, err := c.repository(ctx, id); err == nil {
			name = x.GetName()
		}
		a.note("%s could not be looked into: its points are not listed.", name)
	}
	if len(r.GetPoints()) > 0 {
		a.note("%d would stay, %d would be deleted.", r.GetKept(), r.GetDeleted())
	}
	return nil
}
