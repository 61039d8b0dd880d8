package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newSystem(a *app) *cobra.Command {
	return group("system", "The Director itself: its version, its backup", newSystemShow(a),
		group("backup", "Back up the Director's own state", newSystemBackupNow(a), newSystemBackupSchedule(a), newSystemBackupList(a)))
}

func newSystemShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the Director's version, backup and history", Example: "  holdfast system show",
		RunE: func(cmd *cobra.Command, _ []string) error { return runSystemShow(cmd.Context(), a) },
	}
}

func runSystemShow(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	version, err := c.GetVersion(ctx, &pb.GetVersionRequest{})
	if err != nil {
		return err
	}
	backup, err := c.GetDirectorBackup(ctx, &pb.GetDirectorBackupRequest{})
	if err != nil {
		return err
	}
	history, err := c.GetHistory(ctx, &pb.GetHistoryRequest{})
	if err != nil {
		return err
	}
	return a.print(backup, func() error {
		var f facts
		f.add("version", "%s", version.GetVersion())
		f.add("its time", "%s", a.when(version.GetNow()))
		a.backupFacts(&f, backup.GetBackup())
		f.add("history kept", "%d days", history.GetHistory().GetDays())
		return f.write(a.Stdout)
	})
}

func (a *app) backupFacts(f *facts, b *pb.DirectorBackup) {
	if b.GetFolder() == "" {
		f.add("backed up", "%s", "no; see: holdfast help system backup schedule")
		return
	}
	f.add("backed up to", "%s", b.GetFolder())
	f.add("files kept", "%d", b.GetKeep())
	for _, s := range b.GetSchedules() {
		f.add("backed up", "%s", s.GetText())
	}
	f.some("next backup", a.when(b.GetNextStart()))
	f.some("last backup", a.when(b.GetLastSucceeded()))
	f.some("last file", b.GetLastFile())
	f.some("last failure", b.GetLastError())
}

func newSystemBackupNow(a *app) *cobra.Command {
	f := &watchFlag{}
	cmd := &cobra.Command{
		Use: "now", Short: "Back up the Director now",
		Long:    "Backs up the Director's own state now, to the folder that is set: the inventory,\njobs, users, history, keys and certificates, in one file sealed under the\npassphrase.",
		Example: "  holdfast system backup now",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runSystemBackupNow(cmd.Context(), a, f) },
	}
	f.register(cmd)
	return cmd
}

func runSystemBackupNow(ctx context.Context, a *app, f *watchFlag) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.StartDirectorBackup(ctx, &pb.StartDirectorBackupRequest{})
	if err != nil {
		return err
	}
	return f.started(ctx, a, c, r)
}

type systemBackupFlags struct {
	folder, zone string
	keep         int32
	schedules    []string
	off, change  bool
	passphrase   secretFlags
}

func newSystemBackupSchedule(a *app) *cobra.Command {
	f := &systemBackupFlags{passphrase: secretFlags{name: "passphrase", what: "passphrase", env: "HOLDFAST_PASSPHRASE", twice: true}}
	cmd := &cobra.Command{
		Use: "schedule", Short: "Say where, when and how the Director is backed up",
		Long: `Says where, when and under which passphrase the Director's own state is backed up.
What is not named stays. The folder is one of the Director's machine, best on
another disk. The passphrase is asked for the first time, and with
--change-passphrase. The Director does not keep it, and nobody can tell it to you
again: without it a backup cannot be restored. Keep it somewhere else.

Schedules are written like "daily 03:00" or "sun 03:00"; see holdfast help
repository schedule.`,
		Example: "  holdfast system backup schedule --folder /mnt/safe --schedule \"daily 03:00\" --keep 30 --passphrase-file passphrase.txt\n" +
			"  holdfast system backup schedule --off",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSystemBackupSchedule(cmd.Context(), a, f, cmd.Flags())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.folder, "folder", "", "`folder` on the Director's machine")
	fl.StringArrayVar(&f.schedules, "schedule", nil, "back up `when`; may be repeated, \"\" takes all away")
	fl.StringVar(&f.zone, "zone", "", "time `zone`, like Europe/Berlin; this machine's when not given")
	fl.Int32Var(&f.keep, "keep", 0, "how many files stay, a `number`; 14 when never given")
	fl.BoolVar(&f.change, "change-passphrase", false, "set another passphrase, for the backups to come")
	fl.BoolVar(&f.off, "off", false, "do not back up the Director any more")
	f.passphrase.register(fl)
	mapFields(cmd, "backup.folder", "--folder", "backup.keep", "--keep", "backup.schedules", "--schedule", "passphrase", "--passphrase-file")
	return cmd
}

func runSystemBackupSchedule(ctx context.Context, a *app, f *systemBackupFlags, fl *pflag.FlagSet) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	now, err := c.GetDirectorBackup(ctx, &pb.GetDirectorBackupRequest{})
	if err != nil {
		return err
	}
	to := now.GetBackup()
	req := &pb.SetDirectorBackupRequest{Backup: to}
	if fl.Changed("folder") {
		to.Folder = f.folder
	}
	if fl.Changed("keep") {
		to.Keep = f.keep
	}
	if fl.Changed("schedule") {
		if to.Schedules, err = c.schedules(ctx, f.schedules, first(f.zone, ownZone()), ""); err != nil {
			return err
		}
	}
	flagged := f.passphrase.file != "" || f.passphrase.stdin
	switch {
	case f.off:
		to.Folder, to.Schedules = "", nil
	case to.GetFolder() == "":
		return usagef("--folder is needed")
	case !to.GetPassphraseSet() || f.change || flagged:
		if req.Passphrase, err = a.secret(ctx, &f.passphrase); err != nil {
			return err
		}
	}
	r, err := c.SetDirectorBackup(ctx, req)
	if err != nil {
		return err
	}
	if f.off {
		return a.done(r, "The Director is not backed up any more. The files that there are stay.")
	}
	return a.print(r, func() error {
		var f facts
		a.backupFacts(&f, r.GetBackup())
		return f.write(a.Stdout)
	})
}

func newSystemBackupList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the backups of the Director", Example: "  holdfast system backup list",
		Long: "Lists the backups of the Director in its folder, newest first. To restore one,\nstop the Director and use: holdfast-director restore FILE",
		RunE: func(cmd *cobra.Command, _ []string) error { return runSystemBackupList(cmd.Context(), a) },
	}
}

func runSystemBackupList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListDirectorBackups(ctx, &pb.ListDirectorBackupsRequest{})
	if err != nil {
		return err
	}
	t := newTable("MADE", "FILE", "SIZE", "DIRECTOR", "PROBLEM").numbers(2)
	for _, x := range r.GetFiles() {
		t.row(orDash(a.when(x.GetMade())), x.GetName(), size(x.GetBytes()), orDash(x.GetProduct()), orDash(x.GetError()))
	}
	return a.list(r, t, "No backups of the Director. See: holdfast help system backup schedule")
}
