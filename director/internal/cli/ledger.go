package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type ledgerFlags struct {
	mailbox string
	all     bool
}

func newRunLedger(a *app) *cobra.Command {
	f := &ledgerFlags{}
	cmd := &cobra.Command{
		Use: "ledger RUN", Short: "Compare what mailboxes held with what the run kept",
		Long: "Compares, folder by folder, what the mailboxes of a run held in Microsoft 365\n" +
			"when it ended with what its recovery points hold, and gives a reason for each\n" +
			"difference. Folders and mailboxes without a difference are left out." + runArgument,
		Example: "  holdfast run ledger Daily\n  holdfast run ledger Daily --mailbox anna@contoso.com --all",
		Args:    takes(1, 1), ValidArgsFunction: a.names(runIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runRunLedger(cmd.Context(), a, f, args[0]) },
	}
	cmd.Flags().StringVar(&f.mailbox, "mailbox", "", "only this `mailbox`: its address, name or id")
	cmd.Flags().BoolVar(&f.all, "all", false, "folders and mailboxes without a difference too")
	mapFields(cmd, "run_id", "RUN", "task_id", "RUN")
	return cmd
}

func runRunLedger(ctx context.Context, a *app, f *ledgerFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.run(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.wholeRun(ctx, x.GetId())
	if err != nil {
		return err
	}
	format, err := a.format()
	if err != nil {
		return err
	}
	var told ledgerSums
	for _, k := range r.GetTasks() {
		if f.mailbox != "" && f.mailbox != k.GetMailboxAddress() && f.mailbox != k.GetMailboxName() && f.mailbox != k.GetMailboxId() {
			continue
		}
		if err := a.taskLedger(ctx, c, f, k, &told, format); err != nil {
			return err
		}
	}
	if told.mailboxes == 0 {
		return fmt.Errorf("no mailbox %q in this run; list them with: holdfast run show %s", f.mailbox, x.GetId())
	}
	if format != asTable {
		return nil
	}
	return a.say("%s", told.text())
}

// ledgerSums adds up what was told.
type ledgerSums struct{ mailboxes, without, tenant, kept, differ, unexplained int64 }

func (s *ledgerSums) text() string {
	text := fmt.Sprintf("%s: %s of %s messages kept", counted(s.mailboxes, "mailbox"), count(s.kept), count(s.tenant))
	if s.without > 0 {
		text += fmt.Sprintf("; %s without a recovery point", counted(s.without, "mailbox"))
	}
	switch {
	case s.unexplained > 0:
		return text + fmt.Sprintf("; %s differ, and for %s no reason is known.", counted(s.differ, "folder"), counted(s.unexplained, "message"))
	case s.differ > 0:
		return text + fmt.Sprintf("; %s differ, each for a known reason.", counted(s.differ, "folder"))
	}
	return text + "; nothing differs."
}

func (a *app) taskLedger(ctx context.Context, c *api, f *ledgerFlags, k *pb.Task, told *ledgerSums, format string) error {
	told.mailboxes++
	if k.GetPointId() == "" {
		told.without++
		if format != asTable {
			return nil
		}
		return a.say("%s: no recovery point of this run: %s\n", who(k), first(k.GetError(), word(k.GetStatus(), "TASK_STATUS_")))
	}
	b := k.GetBalance()
	if b != nil && b.GetFolders() == 0 && !f.all && format == asTable {
		told.add(b)
		return nil
	}
	l, err := c.GetLedger(ctx, &pb.GetLedgerRequest{TaskId: k.GetId(), All: f.all})
	if err != nil {
		return err
	}
	told.add(l.GetBalance())
	if format != asTable {
		return a.printMessage(l, format, true)
	}
	if len(l.GetFolders()) == 0 {
		return nil
	}
	return a.showLedger(who(k), l)
}

func (s *ledgerSums) add(b *pb.Balance) {
	s.tenant += b.GetTenant()
	s.kept += b.GetKept()
	s.differ += b.GetFolders()
	s.unexplained += b.GetUnexplained()
}

func (a *app) showLedger(who string, l *pb.GetLedgerResponse) error {
	b := l.GetBalance()
	if err := a.say("%s: %s of %s messages", who, count(b.GetKept()), count(b.GetTenant())); err != nil {
		return err
	}
	if l.GetOld() {
		if err := a.say("  (the point is older than ledgers: counts are those of the beginning of its run)"); err != nil {
			return err
		}
	}
	t := newTable("  FOLDER", "MAILBOX", "KEPT", "DIFFERENCE", "REASON").numbers(1, 2, 3).shorten(0)
	for _, x := range l.GetFolders() {
		t.row("  "+x.GetPath(), count(x.GetTenant()), count(x.GetKept()), "", "")
		for _, r := range x.GetReasons() {
			t.row("", "", "", fmt.Sprintf("%+d", -r.GetMessages()), r.GetText())
		}
	}
	if err := t.write(a.Stdout, 0); err != nil {
		return err
	}
	if l.GetMore() > 0 {
		if err := a.say("  and %s more", counted(l.GetMore(), "folder")); err != nil {
			return err
		}
	}
	return a.say("")
}
