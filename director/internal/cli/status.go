package cli

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newStatus(a *app) *cobra.Command {
	var limit int32
	cmd := &cobra.Command{
		Use: "status", Short: "Tell what is unprotected, late or failed, and what mends it",
		Long: `Tells what is not as it should be, the worst first, with its cause and what to do;
then how many mailboxes are protected, what is going on, and what starts next.`,
		Example: "  holdfast status\n  holdfast status --limit 5",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), a, limit) },
	}
	cmd.Flags().Int32Var(&limit, "limit", 0, "at most this `number` of problems; 0 means 100")
	mapFields(cmd, "limit", "--limit")
	return cmd
}

func runStatus(ctx context.Context, a *app, limit int32) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.GetOverview(ctx, &pb.GetOverviewRequest{Limit: limit})
	if err != nil {
		return err
	}
	return a.print(r, func() error { return a.showStatus(r) })
}

func (a *app) showStatus(r *pb.GetOverviewResponse) error {
	for _, p := range r.GetProblems() {
		if err := a.say("%s: %s\n  %s\n  %s", word(p.GetSeverity(), "SEVERITY_"), p.GetTitle(), p.GetCause(), p.GetRemedy()); err != nil {
			return err
		}
	}
	all := r.GetCritical() + r.GetWarnings() + r.GetNotices()
	if more := int(all) - len(r.GetProblems()); more > 0 {
		if err := a.say("and %s", counted(int64(more), "more problem")); err != nil {
			return err
		}
	}
	if all > 0 {
		if err := a.say(""); err != nil {
			return err
		}
	}
	var f facts
	f.add("problems", "%d critical, %d warnings, %d notices", r.GetCritical(), r.GetWarnings(), r.GetNotices())
	p := r.GetProtection()
	f.add("mailboxes", "%s: %s protected, %s late, %s without a first point, %s in no job, %s left out by name", count(p.GetMailboxes()),
		count(p.GetProtected()), count(p.GetLate()), count(p.GetWaiting()), count(p.GetUnprotected()), count(p.GetExcluded()))
	f.add("going on", "%d", r.GetRunningTotal())
	for _, v := range r.GetRunning() {
		text := v.GetTitle()
		if v.GetWaiting() != "" {
			text += " (" + v.GetWaiting() + ")"
		}
		f.add("", "%s", text)
	}
	if r.GetNextStart() != nil {
		f.add("next start", "%s, %s", a.when(r.GetNextStart()), r.GetNextJobName())
	}
	s := r.GetSpace()
	f.add("space", "%s stored, %s of %s free", size(s.GetStoredBytes()), size(s.GetFreeBytes()), size(s.GetTotalBytes()))
	return f.write(a.Stdout)
}

func newCalendar(a *app) *cobra.Command {
	var days, back, limit int32
	var job, repository string
	cmd := &cobra.Command{
		Use: "calendar", Short: "List what was started and what will be",
		Long: `Lists the runs and other activities of the last days and the coming ones: of jobs,
of repositories, and of the backup of the Director. The end of what is not over
is told as far as earlier runs tell it, with a "~".`,
		Example: "  holdfast calendar\n  holdfast calendar --days 31 --job Daily",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runCalendar(cmd.Context(), a, calendarFlags{days, back, limit, job, repository})
		},
	}
	f := cmd.Flags()
	f.Int32Var(&days, "days", 7, "this `number` of days from now on")
	f.Int32Var(&back, "back", 1, "and this `number` of days before")
	f.Int32Var(&limit, "limit", 0, "at most this `number` of entries; 0 means 1000")
	f.StringVar(&job, "job", "", "only of this `job`")
	f.StringVar(&repository, "repository", "", "only of this `repository`")
	_ = cmd.RegisterFlagCompletionFunc("job", a.names(jobNames))
	_ = cmd.RegisterFlagCompletionFunc("repository", a.names(repositoryNames))
	mapFields(cmd, "limit", "--limit", "to", "--days", "from", "--back", "job_id", "--job", "repository_id", "--repository")
	return cmd
}

type calendarFlags struct {
	days, back, limit int32
	job, repository   string
}

func runCalendar(ctx context.Context, a *app, f calendarFlags) error {
	if f.days < 0 || f.back < 0 || f.days+f.back == 0 {
		return usagef("--days and --back must not be negative, nor both zero")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	now := a.Now()
	req := &pb.ListCalendarRequest{
		From: timestamppb.New(now.Add(-time.Duration(f.back) * 24 * time.Hour)), To: timestamppb.New(now.Add(time.Duration(f.days) * 24 * time.Hour)),
		Limit: f.limit, SkipPast: f.back == 0, SkipComing: f.days == 0,
	}
	if f.job != "" {
		j, err := c.job(ctx, f.job)
		if err != nil {
			return err
		}
		req.JobId = j.GetId()
	}
	if f.repository != "" {
		r, err := c.repository(ctx, f.repository)
		if err != nil {
			return err
		}
		req.RepositoryId = r.GetId()
	}
	r, err := c.ListCalendar(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("START", "END", "WHAT", "STATUS", "CAUSE").shorten(4)
	for _, e := range r.GetEntries() {
		start, end, status := a.when(e.GetStart()), a.when(e.GetEnd()), word(e.GetStatus(), "RUN_STATUS_")
		if e.GetEstimated() {
			start = "~" + start
		}
		if e.GetStatus() <= pb.RunStatus_RUN_STATUS_STOPPING && e.GetEnd() != nil {
			end = "~" + end
		}
		if e.GetStatus() == 0 {
			status = "comes"
			if e.GetWaiting() != "" {
				status = "waits: " + e.GetWaiting()
			}
		}
		t.row(start, end, e.GetTitle(), status, orDash(e.GetCause()))
	}
	if r.GetCutAt() != nil {
		defer a.note("There is more from %s on; give a larger --limit.", a.when(r.GetCutAt()))
	}
	return a.list(r, t, "Nothing was started, and nothing will be by the clock.")
}

func newSupportBundle(a *app) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "support-bundle", Short: "Save what people who help need, without secrets",
		Long: `Saves a zip archive that tells how this installation is: versions, configuration,
statistics, problems, and activities with their faults. There are no secrets and
no mail in it; names and addresses of mailboxes are replaced by pseudonyms. Look
through it before you give it away. Needs an administrator.`,
		Example: "  holdfast support-bundle\n  holdfast support-bundle --to bundle.zip",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runSupportBundle(cmd.Context(), a, to) },
	}
	cmd.Flags().StringVar(&to, "to", "", "`file` or folder; - for standard output")
	return cmd
}

func runSupportBundle(ctx context.Context, a *app, to string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	path, err := a.save(ctx, c, "/download/support-bundle", url.Values{}, to)
	if err != nil || path == "-" {
		return err
	}
	_, err = fmt.Fprintln(a.Stdout, path)
	return err
}
