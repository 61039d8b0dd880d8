package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

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
	draft, publish         bool
	estimate               bool
	placed                 []placeRef
	before, after          scriptFlags
	tell                   tellFlags
	edits                  sourceEdits
}

func (f *jobFlags) register(cmd *cobra.Command, a *app) {
	fl := cmd.Flags()
	fl.Var(sourceFlag{&f.sources, false}, "account", "back up this whole `account`, later mailboxes too; may be repeated")
	fl.Var(sourceFlag{&f.sources, true}, "mailbox", "back up this `mailbox`; may be repeated, the order is that of processing")
	fl.StringArrayVar(&f.excluded, "exclude", nil, "leave out this `mailbox`; may be repeated")
	fl.StringVar(&f.repository, "repository", "", "`repository` that the backups go to")
	fl.Var(placeFlag{&f.placed, false}, "account-repository", "another repository for an account, `ACCOUNT=REPOSITORY`; may be repeated")
	fl.Var(placeFlag{&f.placed, true}, "mailbox-repository", "another repository for a mailbox, `MAILBOX=REPOSITORY`; may be repeated")
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
	f.tell.register(cmd)
	f.before.register(cmd, "before")
	f.after.register(cmd, "after")
	complete(cmd, "account", a.names(accountNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "exclude", a.names(mailboxNames))
	complete(cmd, "repository", a.names(repositoryNames))
	complete(cmd, "transporter", a.names(transporterNames))
	mapFields(cmd, "job.name", "NAME", "job.source", "--account or --mailbox", "job.source.items", "--account or --mailbox",
		"job.source.excluded_mailbox_ids", "--exclude", "job.destination", "--repository", "job.destination.repository_id", "--repository",
		"job.destination.accounts", "--account-repository", "job.destination.mailboxes", "--mailbox-repository",
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
	if err := f.applySource(ctx, c, fl, j); err != nil {
		return err
	}
	if err := f.applyDestination(ctx, c, fl, j); err != nil {
		return err
	}
	if err := f.applySchedules(ctx, c, fl, j); err != nil {
		return err
	}
	f.applyRetention(fl, j)
	if fl.Changed("group") {
		j.Group = f.group
	}
	if err := f.applyTell(fl, j); err != nil {
		return err
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
