package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newDrill(a *app) *cobra.Command {
	return group("drill", "Prove by doing that backups can be recovered", newDrillCreate(a), newDrillUpdate(a), newDrillList(a), newDrillRun(a),
		newDrillDelete(a))
}

type drillFlags struct {
	name, job, toAccount, toMailbox, zone string
	of, schedules                         []string
	mailboxes, messages                   int32
	disabled                              bool
}

const aboutDrills = `A drill takes messages at random from the newest recovery points of a job,
recovers them into a folder of its own in a test mailbox, reads them back,
compares every part with what is kept, and removes what it made. It fails, and
lists what differs, when anything came back otherwise.`

func (f *drillFlags) register(a *app, cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.job, "job", "", "take messages of this `job`'s backups")
	fl.StringArrayVar(&f.of, "mailbox", nil, "only of this `mailbox`; may be repeated, \"\" takes all away")
	fl.Int32Var(&f.mailboxes, "mailboxes", 3, "of how many mailboxes, a `number`")
	fl.Int32Var(&f.messages, "messages", 20, "how many messages of each, a `number`")
	fl.StringVar(&f.toAccount, "to-account", "", "`account` of the test mailbox")
	fl.StringVar(&f.toMailbox, "to-mailbox", "", "the test `mailbox`")
	fl.StringArrayVar(&f.schedules, "schedule", nil, "start `when`, like \"sun 04:00\"; may be repeated, \"\" takes all away")
	fl.StringVar(&f.zone, "zone", "", "time `zone`, like Europe/Berlin; this machine's when not given")
	fl.BoolVar(&f.disabled, "disabled", false, "do not start it by its schedules")
	complete(cmd, "job", a.names(jobNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "to-account", a.names(accountNames))
	complete(cmd, "to-mailbox", a.names(mailboxNames))
	mapFields(cmd, "drill.name", "NAME", "drill.job_id", "--job", "drill.mailbox_ids", "--mailbox", "drill.mailboxes", "--mailboxes",
		"drill.messages", "--messages", "drill.account_id", "--to-account", "drill.mailbox_id", "--to-mailbox", "drill.schedules", "--schedule")
}

// fill puts what was given into a drill; the rest stays.
func (f *drillFlags) fill(ctx context.Context, c *api, fl *pflag.FlagSet, d *pb.Drill) error {
	if fl.Changed("job") {
		x, err := c.job(ctx, f.job)
		if err != nil {
			return err
		}
		d.JobId = x.GetId()
	}
	if fl.Changed("to-mailbox") {
		var err error
		if d.AccountId, d.MailboxId, err = c.target(ctx, f.toAccount, f.toMailbox); err != nil {
			return err
		}
	}
	if fl.Changed("mailbox") {
		d.MailboxIds = nil
		for _, ref := range f.of {
			if ref == "" {
				continue
			}
			m, err := c.mailbox(ctx, "", ref)
			if err != nil {
				return err
			}
			d.MailboxIds = append(d.MailboxIds, m.GetId())
		}
	}
	if fl.Changed("mailboxes") {
		d.Mailboxes = f.mailboxes
	}
	if fl.Changed("messages") {
		d.Messages = f.messages
	}
	if fl.Changed("disabled") {
		d.Enabled = !f.disabled
	}
	if fl.Changed("schedule") {
		var err error
		if d.Schedules, err = c.schedules(ctx, f.schedules, first(f.zone, ownZone()), ""); err != nil {
			return err
		}
	}
	return nil
}

func newDrillCreate(a *app) *cobra.Command {
	f := &drillFlags{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Set up a recovery drill", Long: aboutDrills,
		Example: "  holdfast drill create Weekly --job Daily --to-mailbox info@fabrikam.com --schedule \"sun 04:00\"", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDrillCreate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(a, cmd)
	return cmd
}

func runDrillCreate(ctx context.Context, a *app, f *drillFlags, fl *pflag.FlagSet, name string) error {
	if f.job == "" || f.toMailbox == "" {
		return usagef("--job and --to-mailbox are needed")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	d := &pb.Drill{Name: name, Enabled: true, Mailboxes: f.mailboxes, Messages: f.messages}
	if err := f.fill(ctx, c, fl, d); err != nil {
		return err
	}
	r, err := c.CreateDrill(ctx, &pb.CreateDrillRequest{Drill: d})
	if err != nil {
		return err
	}
	return a.done(r, "Created %s. Start it now with: holdfast drill run %s", r.GetDrill().GetName(), r.GetDrill().GetId())
}

func newDrillUpdate(a *app) *cobra.Command {
	f := &drillFlags{}
	cmd := &cobra.Command{
		Use: "update DRILL", Short: "Change a recovery drill", Long: "Changes a recovery drill. What is not named stays.",
		Example: "  holdfast drill update Weekly --messages 100\n  holdfast drill update Weekly --disabled", Args: takes(1, 1),
		ValidArgsFunction: a.names(drillNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDrillUpdate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(a, cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "the new `name`")
	return cmd
}

func runDrillUpdate(ctx context.Context, a *app, f *drillFlags, fl *pflag.FlagSet, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	d, err := c.drill(ctx, ref)
	if err != nil {
		return err
	}
	if f.name != "" {
		d.Name = f.name
	}
	if err := f.fill(ctx, c, fl, d); err != nil {
		return err
	}
	r, err := c.UpdateDrill(ctx, &pb.UpdateDrillRequest{Drill: d})
	if err != nil {
		return err
	}
	return a.done(r, "Changed %s.", r.GetDrill().GetName())
}

func newDrillList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List recovery drills and how they went", Example: "  holdfast drill list",
		RunE: func(cmd *cobra.Command, _ []string) error { return runDrillList(cmd.Context(), a) },
	}
}

func runDrillList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListDrills(ctx, &pb.ListDrillsRequest{})
	if err != nil {
		return err
	}
	t := newTable("NAME", "SAMPLE", "NEXT", "LAST", "RESULT", "ACTIVITY", "PROBLEM").shorten(6)
	for _, x := range r.GetDrills() {
		result := "-"
		if x.GetLastActivityId() != "" {
			result = word(x.GetLastStatus(), "RUN_STATUS_")
		}
		t.row(x.GetName(), count(int64(x.GetMailboxes()))+" × "+counted(int64(x.GetMessages()), "message"), orDash(a.when(x.GetNextStart())),
			orDash(a.when(x.GetLastStarted())), result, orDash(x.GetLastActivityId()), orDash(x.GetLastError()))
	}
	return a.list(r, t, "No recovery drills. See: holdfast help drill create")
}

func newDrillRun(a *app) *cobra.Command {
	f := &watchFlag{}
	cmd := &cobra.Command{
		Use: "run DRILL", Short: "Start a recovery drill now", Long: aboutDrills, Example: "  holdfast drill run Weekly --watch",
		Args: takes(1, 1), ValidArgsFunction: a.names(drillNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runDrillRun(cmd.Context(), a, f, args[0]) },
	}
	f.register(cmd)
	mapFields(cmd, "drill_id", "DRILL")
	return cmd
}

func runDrillRun(ctx context.Context, a *app, f *watchFlag, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	d, err := c.drill(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.RunDrill(ctx, &pb.RunDrillRequest{DrillId: d.GetId()})
	if err != nil {
		return err
	}
	return f.started(ctx, a, c, r)
}

func newDrillDelete(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete DRILL", Short: "Delete a recovery drill", Long: "Deletes a recovery drill. What it did stays in the history.",
		Example: "  holdfast drill delete Weekly", Args: takes(1, 1), ValidArgsFunction: a.names(drillNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runDrillDelete(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "drill_id", "DRILL")
	return cmd
}

func runDrillDelete(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	d, err := c.drill(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.DeleteDrill(ctx, &pb.DeleteDrillRequest{DrillId: d.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "Deleted %s.", d.GetName())
}

func (c *api) drill(ctx context.Context, ref string) (*pb.Drill, error) {
	r, err := c.ListDrills(ctx, &pb.ListDrillsRequest{})
	if err != nil {
		return nil, err
	}
	return find("drill", ref, r.GetDrills(), func(x *pb.Drill) candidate { return candidate{id: x.GetId(), name: x.GetName()} })
}

func drillNames(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListDrills(ctx, &pb.ListDrillsRequest{})
	var names []string
	for _, x := range r.GetDrills() {
		names = append(names, x.GetName())
	}
	return names, err
}

// drillReport tells how a drill went.
func (a *app) drillReport(r *pb.DrillReport) error {
	if err := a.say("  %s of %s: %s came back the same in %s parts, %s different, %s not at all", counted(r.GetMessages(), "message"),
		counted(r.GetMailboxes(), "mailbox"), count(r.GetSame()), count(r.GetCompared()), count(r.GetDifferent()), count(r.GetMissing())); err != nil {
		return err
	}
	for _, d := range r.GetDifferences() {
		if err := a.say("  %s in folder %s of point %s: %s: %s", d.GetMessageId(), d.GetFolderId(), d.GetPointId(), d.GetField(), d.GetText()); err != nil {
			return err
		}
	}
	if r.GetDifferencesMore() > 0 {
		return a.say("  … and %s", counted(r.GetDifferencesMore(), "more difference"))
	}
	if r.GetLeft() > 0 {
		return a.say("  %s of the drill still in the test mailbox; the next drill removes them", counted(r.GetLeft(), "thing"))
	}
	return nil
}
