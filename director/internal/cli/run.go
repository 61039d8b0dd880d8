package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newRun(a *app) *cobra.Command {
	return group("run", "Runs of the jobs, past and present", newRunList(a), newRunShow(a), newRunWatch(a), newRunStop(a), newRunLedger(a))
}

const runArgument = "\n\nRUN is the id of a run, its first characters, or the name of a job for its last\nrun."

type runListFlags struct {
	job   string
	limit int32
}

func newRunList(a *app) *cobra.Command {
	f := &runListFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, newest first", Example: "  holdfast run list --job Daily",
		RunE: func(cmd *cobra.Command, _ []string) error { return runRunList(cmd.Context(), a, f) },
	}
	cmd.Flags().StringVar(&f.job, "job", "", "only of this `job`")
	cmd.Flags().Int32Var(&f.limit, "limit", 50, "at most this `number`")
	complete(cmd, "job", a.names(jobNames))
	mapFields(cmd, "job_id", "--job", "limit", "--limit")
	return cmd
}

func runRunList(ctx context.Context, a *app, f *runListFlags) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.ListRunsRequest{Limit: f.limit}
	if f.job != "" {
		j, err := c.job(ctx, f.job)
		if err != nil {
			return err
		}
		req.JobId = j.GetId()
	}
	r, err := c.ListRuns(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("STARTED", "JOB", "STATUS", "MAILBOXES", "CHANGED", "NEW", "TOOK", "ID").numbers(3, 4, 5).shorten(1)
	for _, x := range r.GetRuns() {
		t.row(a.when(x.GetStarted()), x.GetJobName(), word(x.GetStatus(), "RUN_STATUS_"),
			count(int64(x.GetTasksDone()))+" of "+count(int64(x.GetTasks())), count(x.GetProgress().GetMessagesChanged()),
			size(x.GetProgress().GetBytesNew()), a.tookRun(x), x.GetId())
	}
	return a.list(r, t, "No runs yet. Start one with: holdfast job run")
}

func newRunShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show RUN", Short: "Show a run with its mailboxes and losses",
		Long:    "Shows a run, how each of its mailboxes fared, and what could not be kept and why." + runArgument,
		Example: "  holdfast run show Daily", Args: takes(1, 1), ValidArgsFunction: a.names(runIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runRunShow(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "run_id", "RUN")
	return cmd
}

func runRunShow(ctx context.Context, a *app, ref string) error {
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
	return a.print(r, func() error { return a.showRun(r) })
}

func (a *app) showRun(r *pb.GetRunResponse) error {
	x, p := r.GetRun(), r.GetRun().GetProgress()
	var f facts
	f.add("job", "%s", x.GetJobName())
	f.add("run", "%s", x.GetId())
	f.add("status", "%s", word(x.GetStatus(), "RUN_STATUS_"))
	f.some("doing", x.GetPhase())
	f.some("error", x.GetError())
	f.add("started", "%s", a.when(x.GetStarted()))
	f.add("took", "%s", a.tookRun(x))
	o := outlookOf(x)
	f.some("time left", o.leftNow(x.GetLeft(), a.Now()))
	if p := x.GetPace(); p != nil {
		f.add("speed", "%s messages/s, %s/s", rate(p.GetMessagesPerSecond()), size(int64(p.GetBytesPerSecond())))
	}
	for _, w := range x.GetWaits() {
		f.add("waiting", "%s", waitText(w))
	}
	for _, n := range x.GetNotes() {
		f.add("note", "%s", n)
	}
	f.add("mailboxes", "%s", mailboxesDone(x))
	f.add("messages", "%s, %s new or changed, %s removed", count(p.GetMessagesDone()), count(p.GetMessagesChanged()), count(p.GetMessagesDeleted()))
	f.add("attachments", "%s", count(p.GetAttachments()))
	f.add("bytes", "%s read, %s new", size(p.GetBytesRead()), size(p.GetBytesNew()))
	f.add("requests", "%s to Microsoft", count(p.GetRequests()))
	if err := f.write(a.Stdout); err != nil {
		return err
	}
	if err := a.scriptResults(x.GetScripts()); err != nil {
		return err
	}
	if len(r.GetTasks()) == 0 {
		return nil
	}
	t := newTable("MAILBOX", "STATUS", "MESSAGES", "CHANGED", "NEW", "LOST", "TOOK", "POINT").numbers(2, 3, 4, 5)
	for _, k := range r.GetTasks() {
		t.row(first(k.GetMailboxAddress(), k.GetMailboxName(), k.GetId()), word(k.GetStatus(), "TASK_STATUS_"), count(k.GetProgress().GetMessagesDone()),
			count(k.GetProgress().GetMessagesChanged()), size(k.GetProgress().GetBytesNew()), count(lost(k)),
			a.tookTask(k), orDash(k.GetPointId()))
	}
	if err := a.say(""); err != nil {
		return err
	}
	if err := t.write(a.Stdout, 0); err != nil {
		return err
	}
	return a.troubles(r.GetTasks())
}

func lost(k *pb.Task) int64 { return int64(len(k.GetLosses())) + k.GetLossesMore() }

// troubles prints the errors and losses of tasks.
func (a *app) troubles(tasks []*pb.Task) error {
	for _, k := range tasks {
		if k.GetError() == "" && lost(k) == 0 && len(k.GetTries()) == 0 {
			continue
		}
		who := first(k.GetMailboxAddress(), k.GetMailboxName(), k.GetId())
		if err := a.tries(who, k); err != nil {
			return err
		}
		if k.GetError() != "" {
			if err := a.say("\n%s: %s%s", who, k.GetError(), requestID(k.GetRequestId())); err != nil {
				return err
			}
		}
		if lost(k) > 0 {
			if err := a.say("\n%s: %s could not be kept", who, counted(lost(k), "item")); err != nil {
				return err
			}
			if err := a.losses(k.GetLosses(), k.GetLossesMore()); err != nil {
				return err
			}
		}
	}
	return nil
}

// tries tells of each try that failed and was followed by another.
func (a *app) tries(who string, k *pb.Task) error {
	for i, t := range k.GetTries() {
		if err := a.say("\n%s: try %d failed at %s: %s%s", who, i+1, a.when(t.GetEnded()), t.GetError(), requestID(t.GetRequestId())); err != nil {
			return err
		}
	}
	if text := a.retryText(k); text != "" {
		return a.say("%s: %s", who, text)
	}
	return nil
}

// maxLosses is how many losses are printed of one mailbox; -o json has the rest.
const maxLosses = 20

func (a *app) losses(all []*pb.Loss, more int64) error {
	t := newTable("  WHAT", "SUBJECT", "REASON", "REQUEST-ID")
	for i, l := range all {
		if i == maxLosses {
			more += int64(len(all) - i)
			break
		}
		t.row("  "+first(l.GetWhat(), "message"), orDash(cut(l.GetSubject(), 40)), l.GetReason(), orDash(l.GetRequestId()))
	}
	if err := t.write(a.Stdout, 0); err != nil {
		return err
	}
	if more > 0 {
		return a.say("  and %s more", count(more))
	}
	return nil
}

func requestID(id string) string {
	if id == "" {
		return ""
	}
	return " (request-id " + id + ")"
}

func newRunWatch(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch [RUN]", Short: "Watch a run until it ends",
		Long:    "Shows the progress of a run until it ends. Ctrl-C stops watching, not the run.\nWithout RUN it is the newest one that has not ended." + runArgument,
		Example: "  holdfast run watch Daily", Args: takes(0, 1), ValidArgsFunction: a.names(runIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			x, err := c.run(cmd.Context(), first(args...))
			if err != nil {
				return err
			}
			return a.watchRun(cmd.Context(), c, x.GetId(), false)
		},
	}
	mapFields(cmd, "run_id", "RUN")
	return cmd
}

type stopFlags struct{ now, watch bool }

func (f *stopFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.now, "now", false, "at once, not after the current messages")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "wait until it has stopped")
}

func newRunStop(a *app) *cobra.Command {
	f := &stopFlags{}
	cmd := &cobra.Command{
		Use: "stop RUN", Short: "Stop a run; it keeps what it has",
		Long:    "Stops a run. What is stored already stays, and the next run goes on from there." + runArgument,
		Example: "  holdfast run stop Daily", Args: takes(1, 1), ValidArgsFunction: a.names(runIDs),
		RunE: func(cmd *cobra.Command, args []string) error { return runRunStop(cmd.Context(), a, f, args[0]) },
	}
	f.register(cmd)
	mapFields(cmd, "run_id", "RUN", "now", "--now")
	return cmd
}

func runRunStop(ctx context.Context, a *app, f *stopFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.run(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.StopRun(ctx, &pb.StopRunRequest{RunId: x.GetId(), Now: f.now})
	if err != nil {
		return err
	}
	if f.watch {
		return wanted(a.watchRun(ctx, c, x.GetId(), true))
	}
	return a.done(r, "%s is stopping.", x.GetJobName())
}

// wanted turns the outcome of something that was to stop into success.
func wanted(err error) error {
	var o outcome
	if errors.As(err, &o) {
		return nil
	}
	return err
}
