package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type repositoryScheduleFlags struct {
	detach, attach, verify, verifyFull, reclaim []string
	zone, from                                  string
	recreate, skipBusy, clear                   bool
	confirmName                                 string
}

func newRepositorySchedule(a *app) *cobra.Command {
	f := &repositoryScheduleFlags{}
	cmd := &cobra.Command{
		Use: "schedule REPOSITORY", Short: "Detach, attach, verify and reclaim by the clock",
		Long: `Sets what is done to a repository by the clock, or, without flags, shows it. What
is named replaces what it had of the same; the rest stays; --clear takes all away.

A start that was missed is made up for once; of missed detaches and attaches only
the last counts. What cannot be done at its time waits and says why (holdfast
repository next), up to the next start of the same.

With --recreate every attach by schedule deletes all backups in the repository
first, for ever: then its name must be typed, or given with --confirm-name.
Nothing is deleted of a repository that is attached, or that somebody attached
or detached by hand since the start was due.

A schedule is written as one of
  daily 22:00                  every day at 22:00
  mon,wed 21:00 · mon-fri 21:00
  every 2h 08:00-18:00         again and again
  monthly 1 03:00 · monthly last sun 03:00 · yearly mar 31 03:00
Times are those of --zone. Several of the same flag make several schedules.`,
		Example: "  holdfast repository schedule Vault --detach \"daily 06:00\" --attach \"daily 18:00\" --zone Europe/Berlin\n" +
			"  holdfast repository schedule Vault --verify \"sun 03:00\" --verify-full \"monthly 1 03:00\" --reclaim \"sat 03:00\"\n" +
			"  holdfast repository schedule Vault --detach \"fri 06:00\" --attach \"mon 18:00\" --recreate --confirm-name Vault\n" +
			"  holdfast repository schedule Vault\n  holdfast repository schedule Vault --clear",
		Args: takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepositorySchedule(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.detach, "detach", nil, "detach it, `when`")
	fl.StringArrayVar(&f.attach, "attach", nil, "attach it, `when`")
	fl.StringArrayVar(&f.verify, "verify", nil, "check that every point is whole, `when`")
	fl.StringArrayVar(&f.verifyFull, "verify-full", nil, "read every byte and compare, `when`")
	fl.StringArrayVar(&f.reclaim, "reclaim", nil, "free the space of what was deleted, `when`")
	fl.StringVar(&f.zone, "zone", "", "time `zone`, like Europe/Berlin; this machine's when not given")
	fl.StringVar(&f.from, "from", "", "first `date` on which anything starts, like 2026-12-01")
	fl.BoolVar(&f.recreate, "recreate", false, "delete all in it at each attach by schedule, and begin it anew")
	fl.StringVar(&f.confirmName, "confirm-name", "", "the repository's `name`, to confirm --recreate")
	fl.BoolVar(&f.skipBusy, "skip-busy", false, "pass a detach over that meets a run, instead of waiting for its end")
	fl.BoolVar(&f.clear, "clear", false, "take all away")
	mapFields(cmd, "repository_id", "REPOSITORY", "schedules.detach", "--detach", "schedules.attach", "--attach",
		"schedules.verify", "--verify", "schedules.verify_full", "--verify-full", "schedules.reclaim", "--reclaim",
		"schedules.recreate", "--recreate", "schedules.skip_busy", "--skip-busy", "confirm_name", "--confirm-name")
	return cmd
}

func runRepositorySchedule(ctx context.Context, a *app, f *repositoryScheduleFlags, fl *pflag.FlagSet, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	x, err := c.repository(ctx, ref)
	if err != nil {
		return err
	}
	if fl.NFlag() == 0 {
		return a.list(&pb.GetRepositoryResponse{Repository: x}, scheduleTable(x.GetSchedules()),
			"Nothing is done to "+x.GetName()+" by the clock. See: holdfast help repository schedule")
	}
	req := &pb.SetRepositorySchedulesRequest{RepositoryId: x.GetId()}
	if !f.clear {
		if req.Schedules, err = f.schedules(ctx, c, fl, x.GetSchedules()); err != nil {
			return err
		}
	}
	if req.GetSchedules().GetRecreate() {
		if req.ConfirmName, err = a.typeName(ctx, "--recreate", f.confirmName, x); err != nil {
			return err
		}
	}
	r, err := c.SetRepositorySchedules(ctx, req)
	if err != nil {
		return err
	}
	for _, w := range r.GetWarnings() {
		a.note("Mind: %s.", w)
	}
	if f.clear {
		return a.done(r, "Nothing is done to %s by the clock any more.", x.GetName())
	}
	return a.list(r, scheduleTable(r.GetRepository().GetSchedules()), "Nothing is done to "+x.GetName()+" by the clock.")
}

// schedules returns those that the repository has, with what the flags say in place of the same.
func (f *repositoryScheduleFlags) schedules(ctx context.Context, c *api, fl *pflag.FlagSet, now *pb.RepositorySchedules) (*pb.RepositorySchedules, error) {
	if now == nil {
		now = &pb.RepositorySchedules{}
	}
	for _, w := range []struct {
		flag  string
		texts []string
		to    *[]*pb.Schedule
	}{
		{"detach", f.detach, &now.Detach},
		{"attach", f.attach, &now.Attach},
		{"verify", f.verify, &now.Verify},
		{"verify-full", f.verifyFull, &now.VerifyFull},
		{"reclaim", f.reclaim, &now.Reclaim},
	} {
		if !fl.Changed(w.flag) {
			continue
		}
		list, err := c.schedules(ctx, w.texts, first(f.zone, ownZone()), f.from)
		if err != nil {
			return nil, err
		}
		*w.to = list
	}
	if fl.Changed("recreate") {
		now.Recreate = f.recreate
	}
	if fl.Changed("skip-busy") {
		now.SkipBusy = f.skipBusy
	}
	return now, nil
}

func scheduleTable(s *pb.RepositorySchedules) *table {
	t := newTable("WHAT", "WHEN")
	attach := "attach"
	if s.GetRecreate() {
		attach = "delete all and attach"
	}
	for _, w := range []struct {
		what string
		list []*pb.Schedule
	}{
		{"detach", s.GetDetach()},
		{attach, s.GetAttach()},
		{"verify", s.GetVerify()},
		{"verify every byte", s.GetVerifyFull()},
		{"reclaim", s.GetReclaim()},
	} {
		for _, one := range w.list {
			t.row(w.what, one.GetText())
		}
	}
	return t
}

func newRepositoryNext(a *app) *cobra.Command {
	var limit int32
	cmd := &cobra.Command{
		Use: "next [REPOSITORY]", Short: "List what waits and what comes by the clock",
		Long:    "Lists what is done by the clock to one repository, or to all: what waits, and why,\nand then what comes.",
		Example: "  holdfast repository next\n  holdfast repository next Vault --limit 30",
		Args:    takes(0, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := ""
			if len(args) > 0 {
				ref = args[0]
			}
			return runRepositoryNext(cmd.Context(), a, ref, limit)
		},
	}
	cmd.Flags().Int32Var(&limit, "limit", 10, "at most this `number` of starts")
	mapFields(cmd, "repository_id", "REPOSITORY", "limit", "--limit")
	return cmd
}

func runRepositoryNext(ctx context.Context, a *app, ref string, limit int32) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.ListRepositoryStartsRequest{Limit: limit}
	if ref != "" {
		x, err := c.repository(ctx, ref)
		if err != nil {
			return err
		}
		req.RepositoryId = x.GetId()
	}
	r, err := c.ListRepositoryStarts(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("START", "REPOSITORY", "WHAT", "SCHEDULE", "WAITS BECAUSE").shorten(1)
	for _, s := range r.GetStarts() {
		t.row(a.when(s.GetStart()), s.GetRepositoryName(), word(s.GetWork(), "REPOSITORY_WORK_"), s.GetText(), orDash(s.GetWaiting()))
	}
	return a.list(r, t, "Nothing is done to repositories by the clock. See: holdfast help repository schedule")
}
