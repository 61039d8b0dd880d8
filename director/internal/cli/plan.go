package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type planFlags struct {
	only, mailbox string
	folders       bool
	limit, offset int64
}

func newPlan(a *app) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use: "plan ACTIVITY", Short: "List what a planned recovery would do, message by message",
		Long: `Lists what a recovery that was planned with recover --plan would do, message by
message, in that order, or with --folders folder by folder. Of a plan for several
mailboxes it lists those, and with --mailbox the messages or folders of one. A
plan is kept for a week.`,
		Example: "  holdfast plan act-1 --only impossible", Args: takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runPlan(cmd.Context(), a, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.only, "only", "", "only this `action`: create, skip, rename, overwrite or impossible; with --folders create, merge or rename")
	fl.BoolVar(&f.folders, "folders", false, "list folders, with what would become of them")
	fl.StringVar(&f.mailbox, "mailbox", "", "which `mailbox`, of a plan for several")
	fl.Int64Var(&f.limit, "limit", 100, "at most this `number`; 0 lists all")
	fl.Int64Var(&f.offset, "offset", 0, "leave out this `number` at the start")
	mapFields(cmd, "activity_id", "ACTIVITY", "action", "--only", "offset", "--offset", "limit", "--limit", "task_id", "--mailbox")
	return cmd
}

func runPlan(ctx context.Context, a *app, f *planFlags, ref string) error {
	if f.limit < 0 || f.offset < 0 {
		return usagef("--limit and --offset cannot be negative")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.activity(ctx, ref)
	if err != nil {
		return err
	}
	q := &pb.ListPlanRequest{ActivityId: x.GetId(), Action: f.only, Folders: f.folders}
	switch {
	case f.mailbox != "":
		ids, err := c.tasksOf(ctx, x.GetId(), []string{f.mailbox})
		if err != nil {
			return err
		}
		q.TaskId = ids[0]
	case x.GetTasks() > 1:
		r, err := c.wholeRun(ctx, x.GetId())
		if err != nil {
			return err
		}
		return a.list(r, a.mailboxTable(x.GetKind(), r.GetTasks()), "The plan has no mailbox.")
	}
	all, err := c.wholePlan(ctx, f, q)
	if err != nil {
		return err
	}
	if f.folders {
		return a.planFolders(all)
	}
	return a.planMessages(all)
}

// wholePlan reads the pages of a plan, as far as asked for.
func (c *api) wholePlan(ctx context.Context, f *planFlags, q *pb.ListPlanRequest) (*pb.ListPlanResponse, error) {
	all := &pb.ListPlanResponse{}
	seen := int64(0)
	for {
		want := int64(messagePage)
		if f.limit > 0 {
			want = min(want, f.limit-seen)
		}
		q.Offset, q.Limit = f.offset+seen, int32(want)
		r, err := c.ListPlan(ctx, q)
		if err != nil {
			return nil, err
		}
		all.Items, all.Folders = append(all.Items, r.GetItems()...), append(all.Folders, r.GetFolders()...)
		all.Total, all.Beyond = r.GetTotal(), r.GetBeyond()
		got := int64(len(r.GetItems()) + len(r.GetFolders()))
		if seen += got; got == 0 || f.offset+seen >= r.GetTotal() || f.limit > 0 && seen >= f.limit {
			return all, nil
		}
	}
}

// planFolders lists what would become of folders.
func (a *app) planFolders(all *pb.ListPlanResponse) error {
	t := newTable("VERDICT", "FOLDER", "TO", "CHOSEN", "IF EXISTS", "CREATE", "SKIP", "RENAME", "OVERWRITE", "IMPOSSIBLE").shorten(1)
	for _, x := range all.GetFolders() {
		chosen := "-"
		if x.GetChosen() {
			chosen = "yes"
		}
		t.row(x.GetVerdict(), strings.Join(x.GetFolder(), " › "), orDash(strings.Join(x.GetTo(), " › ")), chosen, x.GetIfExists(), count(x.GetCreate()),
			count(x.GetSkip()), count(x.GetRename()), count(x.GetOverwrite()), count(x.GetImpossible()))
	}
	if err := a.list(all, t, "The plan has no folder of this kind."); err != nil {
		return err
	}
	if n := int64(len(all.GetFolders())); n > 0 && n < all.GetTotal() {
		a.note("%s of %s shown; --limit and --offset show others.", count(n), count(all.GetTotal()))
	}
	return nil
}

// planMessages lists what would become of messages.
func (a *app) planMessages(all *pb.ListPlanResponse) error {
	t := newTable("ACTION", "RECEIVED", "FROM", "SUBJECT", "FOLDER", "TO").shorten(3)
	for _, i := range all.GetItems() {
		m := i.GetMessage()
		subject := orDash(m.GetSubject())
		if i.GetReason() != "" {
			subject = i.GetReason()
		}
		if i.GetCount() > 1 {
			subject = counted(i.GetCount(), "message") + ": " + subject
		}
		t.row(i.GetAction(), a.when(m.GetReceived()), orDash(first(m.GetFrom().GetName(), m.GetFrom().GetAddress())), subject,
			orDash(strings.Join(i.GetFolder(), " › ")), orDash(strings.Join(i.GetTo(), " › ")))
	}
	if err := a.list(all, t, "The plan has nothing of this kind."); err != nil {
		return err
	}
	if n := int64(len(all.GetItems())); n > 0 && n < all.GetTotal() {
		a.note("%s of %s shown; --limit and --offset show others.", count(n), count(all.GetTotal()))
	}
	if all.GetBeyond() > 0 {
		a.note("%s more are not listed.", counted(all.GetBeyond(), "message"))
	}
	return nil
}
