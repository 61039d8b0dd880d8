package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
)

// repairAnswer is what a repair did, or would do.
type repairAnswer struct {
	DryRun    bool     `json:"dry_run"`
	Repaired  []string `json:"repaired"`
	KeptBlobs int64    `json:"kept_blobs"`
	KeptBytes int64    `json:"kept_bytes"`
	LostBlobs int64    `json:"lost_blobs"`
	Points    int64    `json:"points_found"`
	Damage    []string `json:"damage"`
	// SetAside are the damaged files that are still in the folder.
	SetAside []string `json:"set_aside"`
}

func newRepositoryRepair(o *offline) *cobra.Command {
	var options repository.RepairOptions
	cmd := &cobra.Command{
		Use: "repair PATH", Short: "Mend a repository from what is in its folder", Args: between(1, 1),
		Long: "Mend a repository from what is in its folder. Every byte is read; what is whole in damaged packs, in packs that\n" +
			"nobody knows, and in files that were set aside earlier is kept in new packs. Damaged files are set aside (their\n" +
			"names then end in .damaged). What is lost is named, and read again from the mailboxes by their next backups, as far\n" +
			"as they still have it; older recovery points that need the same bytes are whole again by that.\n\n" +
			"It can be stopped at any time and started again. A damaged index is built anew when the repository is opened.\n" +
			"Exit codes: 0 nothing is damaged any more, 3 something is lost (listed on standard output), 1 it could not be repaired.",
		Example: "  holdfast-transporter repository repair /srv/holdfast/vault --dry-run\n" +
			"  holdfast-transporter repository repair /srv/holdfast/vault",
		RunE: func(cmd *cobra.Command, args []string) error {
			open := o.with
			if options.DryRun {
				open = o.look
			}
			return open(cmd, args[0], func(r *repository.Repository) error {
				progress, end := showProgress(os.Stderr)
				done, err := r.Repair(cmd.Context(), options, progress)
				end()
				if fault.KindOf(err) == fault.Canceled {
					return fault.New(fault.Canceled, "stopped; nothing is worse than before, and the same command begins again")
				}
				if err != nil {
					return err
				}
				a := toRepairAnswer(cmd.Context(), r, done)
				if err := o.answer(cmd, a, a.table); err != nil {
					return err
				}
				if !done.Sound() {
					return fault.New(fault.Corrupt, "%w: the answer says what is lost and where", errDamaged)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&options.DryRun, "dry-run", false, "change nothing and tell what would be done")
	cmd.Flags().BoolVar(&options.RemoveDamaged, "remove-damaged", false,
		"remove damaged files, once all that is whole in them is kept elsewhere, instead of setting them aside")
	return cmd
}

func toRepairAnswer(ctx context.Context, r *repository.Repository, done *repository.Repaired) *repairAnswer {
	report := shelf.RepairReport(ctx, r, done)
	return &repairAnswer{
		DryRun: done.DryRun, Repaired: append([]string{}, report.Repaired...), KeptBlobs: done.Kept, KeptBytes: done.Bytes,
		LostBlobs: done.Lost, Points: done.Points, Damage: append([]string{}, report.Damage...),
		SetAside: append([]string{}, done.Left.Aside...),
	}
}

func (a *repairAnswer) table(w io.Writer) {
	sections := []struct {
		title string
		lines []string
	}{
		{"Repaired:", a.Repaired},
		{"Damaged:", a.Damage},
		{"Set aside as damaged; what could be had from these files was kept elsewhere:", a.SetAside},
	}
	if a.DryRun {
		sections[0].title = "To repair:"
	}
	for _, s := range sections {
		if len(s.lines) == 0 {
			continue
		}
		fmt.Fprintln(w, s.title)
		for _, line := range s.lines {
			fmt.Fprintf(w, "  %s\n", cell(line, 0))
		}
	}
	verb := ""
	if a.DryRun {
		verb = "would be "
	}
	fmt.Fprintf(w, "%d blobs (%s) %skept from damaged files, %d lost, %d points found again; %d things stay damaged\n", a.KeptBlobs,
		megabytes(a.KeptBytes), verb, a.LostBlobs, a.Points, len(a.Damage))
}

// showProgress returns what shows on a terminal how far something with a repository is, and what ends the line. Elsewhere
// nothing is shown.
func showProgress(out *os.File) (func(repository.Progress), func()) {
	if !term.IsTerminal(int(out.Fd())) {
		return nil, func() {}
	}
	begun := time.Now()
	var shown time.Time
	show := func(p repository.Progress) {
		now := time.Now()
		if now.Sub(shown) < showEvery {
			return
		}
		shown = now
		fmt.Fprintf(out, "\r\x1b[K%s", progressLine(p, now.Sub(begun)))
	}
	return show, func() { fmt.Fprint(out, "\r\x1b[K") }
}

func progressLine(p repository.Progress, took time.Duration) string {
	percent := 100 * float64(p.Done) / float64(max(1, p.Total))
	rate := float64(p.Bytes) / 1e6 / max(took.Seconds(), 0.001)
	return fmt.Sprintf("%s: %.0f%%; %s read, %.1f MB/s", p.Phase, percent, megabytes(p.Bytes), rate)
}
