package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newJob(a *app) *cobra.Command {
	return group("job", "What is backed up, and where to", newJobCreate(a), newJobList(a), newJobShow(a), newJobUpdate(a),
		newJobRun(a), newJobNext(a), newJobRetention(a),
		newJobDelete(a))
}

// sourceFlag is --account or --mailbox: both append to one list, so that the order on the command line is the order of
// processing.
type sourceFlag struct {
	list    *[]sourceRef
	mailbox bool
}

type sourceRef struct {
	name    string
	mailbox bool
}

func (s sourceFlag) String() string { return "" }
func (s sourceFlag) Type() string   { return "string" }

func (s sourceFlag) Set(v string) error {
	*s.list = append(*s.list, sourceRef{v, s.mailbox})
	return nil
}

type jobFlags struct {
	name, repository       string
	sources                []sourceRef
	excluded, transporters []string
	maxTasks               int32
	evidence, recoverable  bool
	hidden, enabled        bool
	schedules              []string
	zone, from, group      string
	keep                   pb.Retention
}

func (f *jobFlags) register(cmd *cobra.Command, a *app) {
	fl := cmd.Flags()
	fl.Var(sourceFlag{&f.sources, false}, "account", "back up this whole `account`, later mailboxes too; may be repeated")
	fl.Var(sourceFlag{&f.sources, true}, "mailbox", "back up this `mailbox`; may be repeated, the order is that of processing")
	fl.StringArrayVar(&f.excluded, "exclude", nil, "leave out this `mailbox`; may be repeated")
	fl.StringVar(&f.repository, "repository", "", "`repository` that the backups go to")
	fl.Int32Var(&f.maxTasks, "max-tasks", 0, "mailboxes at once, a `number`; 0 means 3")
	fl.StringArrayVar(&f.transporters, "transporter", nil, "only this `transporter` may pull; may be repeated, any when not given")
	fl.BoolVar(&f.evidence, "evidence-copy", false, "keep every message in its original MIME form too")
	fl.BoolVar(&f.recoverable, "recoverable-items", false, "the Recoverable Items folders too")
	fl.BoolVar(&f.hidden, "hidden-folders", false, "hidden folders too")
	fl.BoolVar(&f.enabled, "enabled", true, "whether the job may run; --enabled=false stops it from running")
	fl.StringArrayVar(&f.schedules, "schedule", nil, "start by itself, `when`: \"daily 22:00\", \"every 2h mon-fri\", \"after Daily\"; may be repeated (see below)")
	fl.StringVar(&f.zone, "zone", "", "time `zone` of the schedules and of days that are kept, like Europe/Berlin; this machine's when not given")
	fl.StringVar(&f.from, "from", "", "first `date` on which the schedules start anything, like 2026-12-01")
	fl.StringVar(&f.group, "group", "", "`group` under which the job is listed")
	f.registerKeep(fl)
	complete(cmd, "account", a.names(accountNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "exclude", a.names(mailboxNames))
	complete(cmd, "repository", a.names(repositoryNames))
	complete(cmd, "transporter", a.names(transporterNames))
	mapFields(cmd, "job.name", "NAME", "job.source", "--account or --mailbox", "job.source.items", "--account or --mailbox",
		"job.source.excluded_mailbox_ids", "--exclude", "job.destination", "--repository", "job.destination.repository_id", "--repository",
		"job.options.max_tasks", "--max-tasks", "job.options.transporter_ids", "--transporter",
		"job.options.evidence_copy", "--evidence-copy", "job.options.recoverable_items", "--recoverable-items",
		"job.options.hidden_folders", "--hidden-folders", "job.enabled", "--enabled", "job.id", "JOB",
		"job.schedules", "--schedule", "job.retention.last", "--keep-last", "job.retention.daily", "--keep-daily",
		"job.retention.weekly", "--keep-weekly", "job.retention.monthly", "--keep-monthly", "job.retention.yearly", "--keep-yearly",
		"job.retention.zone", "--zone", "job.group", "--group")
}

// registerKeep adds the flags of a retention.
func (f *jobFlags) registerKeep(fl *pflag.FlagSet) {
	fl.Int32Var(&f.keep.Last, "keep-last", 0, "keep this `number` of the newest points; with no --keep at all everything is kept")
	fl.Int32Var(&f.keep.Daily, "keep-daily", 0, "keep one point a day, of this `number` of days")
	fl.Int32Var(&f.keep.Weekly, "keep-weekly", 0, "keep one point a week, of this `number` of weeks")
	fl.Int32Var(&f.keep.Monthly, "keep-monthly", 0, "keep one point a month, of this `number` of months")
	fl.Int32Var(&f.keep.Yearly, "keep-yearly", 0, "keep one point a year, of this `number` of years")
}

// apply writes the flags that were given into j.
func (f *jobFlags) apply(ctx context.Context, c *api, fl *pflag.FlagSet, j *pb.Job) error {
	if j.Source == nil {
		j.Source = &pb.Source{}
	}
	if j.Options == nil {
		j.Options = &pb.JobOptions{}
	}
	if len(f.sources) > 0 {
		items, err := f.items(ctx, c)
		if err != nil {
			return err
		}
		j.Source.Items = items
	}
	if fl.Changed("exclude") {
		ids, err := c.mailboxIDs(ctx, f.excluded)
		if err != nil {
			return err
		}
		j.Source.ExcludedMailboxIds = ids
	}
	if f.repository != "" {
		r, err := c.repository(ctx, f.repository)
		if err != nil {
			return err
		}
		j.Destination = &pb.Destination{RepositoryId: r.GetId()}
	}
	if err := f.applySchedules(ctx, c, fl, j); err != nil {
		return err
	}
	f.applyRetention(fl, j)
	if fl.Changed("group") {
		j.Group = f.group
	}
	return f.applyOptions(ctx, c, fl, j)
}

func (f *jobFlags) applySchedules(ctx context.Context, c *api, fl *pflag.FlagSet, j *pb.Job) error {
	if fl.Changed("schedule") {
		list, err := c.schedules(ctx, f.schedules, first(f.zone, ownZone()), f.from)
		j.Schedules = list
		return err
	}
	for _, s := range j.GetSchedules() {
		if s.GetAfterJob() != nil {
			continue
		}
		if fl.Changed("zone") {
			s.Zone = f.zone
		}
		if fl.Changed("from") {
			s.From = f.from
		}
	}
	return nil
}

func (f *jobFlags) applyRetention(fl *pflag.FlagSet, j *pb.Job) {
	r, changed := j.GetRetention(), false
	if r == nil {
		r = &pb.Retention{}
	}
	for flag, set := range map[string]func(){
		"keep-last":    func() { r.Last = f.keep.Last },
		"keep-daily":   func() { r.Daily = f.keep.Daily },
		"keep-weekly":  func() { r.Weekly = f.keep.Weekly },
		"keep-monthly": func() { r.Monthly = f.keep.Monthly },
		"keep-yearly":  func() { r.Yearly = f.keep.Yearly },
	} {
		if fl.Changed(flag) {
			set()
			changed = true
		}
	}
	if fl.Changed("zone") || changed && r.Zone == "" {
		r.Zone, changed = first(f.zone, ownZone()), true
	}
	if changed {
		j.Retention = r
	}
}

func (f *jobFlags) applyOptions(ctx context.Context, c *api, fl *pflag.FlagSet, j *pb.Job) error {
	if fl.Changed("transporter") {
		j.Options.TransporterIds = nil
		for _, name := range f.transporters {
			id, err := c.transporterID(ctx, name)
			if err != nil {
				return err
			}
			if id != "" {
				j.Options.TransporterIds = append(j.Options.TransporterIds, id)
			}
		}
	}
	for flag, set := range map[string]func(){
		"max-tasks":         func() { j.Options.MaxTasks = f.maxTasks },
		"evidence-copy":     func() { j.Options.EvidenceCopy = f.evidence },
		"recoverable-items": func() { j.Options.RecoverableItems = f.recoverable },
		"hidden-folders":    func() { j.Options.HiddenFolders = f.hidden },
		"enabled":           func() { j.Enabled = f.enabled },
	} {
		if fl.Changed(flag) {
			set()
		}
	}
	return nil
}

func (f *jobFlags) items(ctx context.Context, c *api) ([]*pb.SourceItem, error) {
	var items []*pb.SourceItem
	for _, s := range f.sources {
		if s.mailbox {
			m, err := c.mailbox(ctx, "", s.name)
			if err != nil {
				return nil, err
			}
			items = append(items, &pb.SourceItem{AccountId: m.GetAccountId(), MailboxId: m.GetId()})
			continue
		}
		acc, err := c.account(ctx, s.name)
		if err != nil {
			return nil, err
		}
		items = append(items, &pb.SourceItem{AccountId: acc.GetId()})
	}
	return items, nil
}

// mailboxIDs resolves several mailboxes; an empty name stands for none, so that a list can be emptied.
func (c *api) mailboxIDs(ctx context.Context, refs []string) ([]string, error) {
	var ids []string
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		m, err := c.mailbox(ctx, "", ref)
		if err != nil {
			return nil, err
		}
		ids = append(ids, m.GetId())
	}
	return ids, nil
}

func newJobCreate(a *app) *cobra.Command {
	f := &jobFlags{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a backup job",
		Long: "Makes a backup job. Without --schedule it runs on demand.\n\n" + scheduleHelp,
		Example: "  holdfast job create Daily --account Contoso --exclude bo@contoso.com --repository Vault --schedule \"daily 22:00\"\n" +
			"  holdfast job create Board --mailbox anna@contoso.com --mailbox bo@contoso.com --repository Vault --keep-daily 30 --keep-monthly 12",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runJobCreate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(cmd, a)
	return cmd
}

func runJobCreate(ctx context.Context, a *app, f *jobFlags, fl *pflag.FlagSet, name string) error {
	if len(f.sources) == 0 || f.repository == "" {
		return usagef("say what to back up with --account or --mailbox, and where to with --repository")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	j := &pb.Job{Name: name, Enabled: true}
	if err := f.apply(ctx, c, fl, j); err != nil {
		return err
	}
	r, err := c.CreateJob(ctx, &pb.CreateJobRequest{Job: j})
	if err != nil {
		return err
	}
	return a.done(r, "Created the job %s (id %s). Run it with: holdfast job run %s", r.GetJob().GetName(), r.GetJob().GetId(),
		shellWord(r.GetJob().GetName()))
}

func newJobList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the jobs", Example: "  holdfast job list",
		RunE: func(cmd *cobra.Command, _ []string) error { return runJobList(cmd.Context(), a) },
	}
}

func runJobList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListJobs(ctx, &pb.ListJobsRequest{})
	if err != nil {
		return err
	}
	t := newTable("NAME", "SOURCES", "ENABLED", "LAST RUN", "RESULT", "NEXT START", "ID").numbers(1).shorten(0)
	for _, j := range r.GetJobs() {
		t.row(j.GetName(), count(int64(len(j.GetSource().GetItems()))), yesNo(j.GetEnabled()), a.when(j.GetLastStart()),
			word(j.GetLastStatus(), "RUN_STATUS_"), a.when(j.GetNextStart()), j.GetId())
	}
	return a.list(r, t, "No jobs yet. Make one with: holdfast job create")
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
		Use: "update JOB", Short: "Change a job",
		Long: `Changes what is named and keeps the rest. --account and --mailbox together replace
the whole list of sources; so does --exclude with the exclusions, and an empty
--exclude "" takes them all away.

` + scheduleHelp,
		Example: "  holdfast job update Daily --max-tasks 5\n  holdfast job update Daily --name Nightly --enabled=false",
		Args:    takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runJobUpdate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(cmd, a)
	cmd.Flags().StringVar(&f.name, "name", "", "new `name`")
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
	if err := f.apply(ctx, c, fl, j); err != nil {
		return err
	}
	r, err := c.UpdateJob(ctx, &pb.UpdateJobRequest{Job: j})
	if err != nil {
		return err
	}
	return a.done(r, "Changed the job %s.", r.GetJob().GetName())
}

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

func newJobDelete(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete JOB", Short: "Delete a job and keep its backups",
		Long:    "Deletes a job. Its backups stay in their repository and stay recoverable.",
		Example: "  holdfast job delete Daily --yes", Args: takes(1, 1), ValidArgsFunction: a.names(jobNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobDelete(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "job_id", "JOB")
	return cmd
}

func runJobDelete(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := c.job(ctx, ref)
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, "Delete the job "+j.GetName()+"? Its backups stay."); err != nil {
		return err
	}
	r, err := c.DeleteJob(ctx, &pb.DeleteJobRequest{JobId: j.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "Deleted the job %s. Its backups stay recoverable.", j.GetName())
}
