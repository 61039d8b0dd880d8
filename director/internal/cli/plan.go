package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type planFlags struct {
	only          string
	limit, offset int64
}

func newPlan(a *app) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use: "plan ACTIVITY", Short: "List what a planned recovery would do, message by message",
		Long: `Lists what a recovery that was planned with recover --plan would do, message by
message, in that order. A plan is kept for a week.`,
		Example: "  holdfast plan act-1 --only impossible", Args: takes(1, 1), ValidArgsFunction: a.names(activityIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runPlan(cmd.Context(), a, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.only, "only", "", "only this `action`: create, skip, rename, overwrite or impossible")
	fl.Int64Var(&f.limit, "limit", 100, "at most this `number`; 0 lists all")
	fl.Int64Var(&f.offset, "offset", 0, "leave out this `number` at the start")
	mapFields(cmd, "activity_id", "ACTIVITY", "action", "--only", "offset", "--offset", "limit", "--limit")
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
	all := &pb.ListPlanResponse{}
	for at := f.offset; ; {
		want := int64(messagePage)
		if f.limit > 0 {
			want = min(want, f.limit-int64(len(all.GetItems())))
		}
		r, err := c.ListPlan(ctx, &pb.ListPlanRequest{ActivityId: x.GetId(), Action: f.only, Offset: at, Limit: int32(want)})
		if err != nil {
			return err
		}
		all.Items, all.Total, all.Beyond = append(all.Items, r.GetItems()...), r.GetTotal(), r.GetBeyond()
		at += int64(len(r.GetItems()))
		if len(r.GetItems()) == 0 || at >= r.GetTotal() || f.limit > 0 && int64(len(all.GetItems())) >= f.limit {
			break
		}
	}
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
