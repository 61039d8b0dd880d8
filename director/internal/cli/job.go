package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJob(a *app) *cobra.Command {
	return group("job", "What is backed up, and where to", newJobCreate(a), newJobList(a), newJobShow(a), newJobUpdate(a),
		newJobClone(a), newJobRename(a), newJobEnable(a), newJobDisable(a), newJobRun(a), newJobNext(a), newJobEstimate(a), newJobRetention(a),
		newJobDelete(a))
}

func newJobCreate(a *app) *cobra.Command {
	f := &jobFlags{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a backup job",
		Long: `Makes a backup job. Without --schedule it runs on demand. With --draft it is kept
as far as you say what it is; "holdfast job update NAME --publish" completes it.
With --estimate nothing is saved: it says how long runs of such a job would take,
as "holdfast job estimate" does.

` + jobHelp + scheduleHelp,
		Example: "  holdfast job create Daily --account Contoso --exclude bo@contoso.com --repository Vault --schedule \"daily 22:00\"\n" +
			"  holdfast job create Board --mailbox anna@contoso.com --mailbox bo@contoso.com --repository Vault --keep-daily 30 --keep-monthly 12\n" +
			"  holdfast job create Spread --account Contoso --repository Vault --mailbox-repository anna@contoso.com=Copy\n" +
			"  holdfast job create Later --account Contoso --draft",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runJobCreate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(cmd, a)
	cmd.Flags().BoolVar(&f.draft, "draft", false, "keep it as far as it is said, to be completed later")
	cmd.Flags().BoolVar(&f.estimate, "estimate", false, "save nothing, and foretell how long runs of it take")
	return cmd
}

func runJobCreate(ctx context.Context, a *app, f *jobFlags, fl *pflag.FlagSet, name string) error {
	if !f.draft && !f.estimate && (len(f.sources) == 0 || f.repository == "" && len(f.placed) == 0) {
		return usagef("say what to back up with --account or --mailbox, and where to with --repository; or keep it as a --draft")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	j := &pb.Job{Name: name, Enabled: !f.draft, Draft: f.draft}
	if err := f.apply(ctx, c, fl, j); err != nil {
		return err
	}
	if f.estimate {
		return a.estimate(ctx, c, &pb.EstimateJobRequest{Job: j})
	}
	r, err := c.CreateJob(ctx, &pb.CreateJobRequest{Job: j})
	if err != nil {
		return err
	}
	if f.draft {
		return a.done(r, "Kept the draft %s (id %s). Complete it with: holdfast job update %s --publish", r.GetJob().GetName(), r.GetJob().GetId(),
			shellWord(r.GetJob().GetName()))
	}
	return a.done(r, "Created the job %s (id %s). Run it with: holdfast job run %s", r.GetJob().GetName(), r.GetJob().GetId(),
		shellWord(r.GetJob().GetName()))
}

func newJobShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show JOB", Short: "Show a job", Example: "  holdfast job show Daily",
		Args: takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobShow(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "job_id", "JOB")
	return cmd
}

func runJobShow(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.GetJob(ctx, &pb.GetJobRequest{JobId: j.GetId()})
	if err != nil {
		return err
	}
	return a.print(r, func() error { return a.showJob(ctx, c, r.GetJob()) })
}

func newJobUpdate(a *app) *cobra.Command {
	f := &jobFlags{}
	cmd := &cobra.Command{
		Use: "update JOB", Aliases: []string{"edit"}, Short: "Change a job",
		Long: `Changes what is named and keeps the rest; "holdfast job edit" is the same. A run
that is going on is not touched: the change takes effect with the next.

--account and --mailbox together replace the whole list of sources; --add-… and
--remove-… change single ones. --exclude leaves out one mailbox more, --include
one less, and an empty --exclude "" takes all exclusions away. An empty value also
takes away a script, the addresses of reports, and ("ACCOUNT=") a repository of
its own.

` + jobHelp + scheduleHelp,
		Example: "  holdfast job update Daily --max-tasks 5\n  holdfast job update Daily --name Nightly --enabled=false\n" +
			"  holdfast job edit Daily --add-mailbox info@fabrikam.com --include bo@contoso.com --move-first info@fabrikam.com\n" +
			"  holdfast job edit Daily --account-repository Contoso=Copy --retries 3 --retry-after 10m\n" +
			"  holdfast job edit Daily --after-script /usr/local/bin/tell --after-arg done --report-to \"ops@contoso.com; it@contoso.com\"",
		Args: takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runJobUpdate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(cmd, a)
	cmd.Flags().StringVar(&f.name, "name", "", "new `name`")
	cmd.Flags().BoolVar(&f.publish, "publish", false, "complete a draft: the job can run then, and is enabled unless --enabled=false is given")
	f.edits.register(cmd, a)
	mapFields(cmd, "job.name", "--name")
	return cmd
}

func runJobUpdate(ctx context.Context, a *app, f *jobFlags, fl *pflag.FlagSet, ref string) error {
	if err := anyChanged(fl); err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	if fl.Changed("name") {
		j.Name = f.name
	}
	if f.publish {
		if !j.GetDraft() {
			return usagef("%s is no draft; there is nothing to publish", j.GetName())
		}
		j.Draft, j.Enabled = false, true
	}
	if err := f.apply(ctx, c, fl, j); err != nil {
		return err
	}
	r, err := c.UpdateJob(ctx, &pb.UpdateJobRequest{Job: j})
	if err != nil {
		return err
	}
	return a.done(r, "Changed the job %s.", r.GetJob().GetName())
}
