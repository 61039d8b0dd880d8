package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// copyFlags are what copy takes.
type copyFlags struct {
	choice
	to       secretFlags
	points   []string
	newest   bool
	thorough bool
	create   bool
}

// copyAnswer is what copy did.
type copyAnswer struct {
	Copied    int64           `json:"copied"`
	Present   int64           `json:"present"`
	Deleted   int64           `json:"deleted"`
	SentBlobs int64           `json:"sentBlobs"`
	SentBytes int64           `json:"sentBytes"`
	LeftOut   []leftOutAnswer `json:"leftOut"`
}

type leftOutAnswer struct {
	Point  pointAnswer `json:"point"`
	Reason string      `json:"reason"`
	Damage []string    `json:"damage"`
}

func newRepositoryCopy(o *offline) *cobra.Command {
	var f copyFlags
	cmd := &cobra.Command{
		Use: "copy FROM TO", Short: "Copy recovery points to another repository", Args: between(2, 2),
		Long: "Copy recovery points to another repository, which gets only what it lacks. Compression and encryption of the two\n" +
			"may differ. What is there already is passed over, so a copy that was stopped is simply started again. A point that\n" +
			"was deleted from TO does not come back. A point that is damaged in FROM, where TO lacks what is damaged, is left out\n" +
			"and named; the others are copied.\n\n" +
			"FROM is opened with --passphrase-file or --key-file, TO with --to-passphrase-file or --to-key-file.\n\n" +
			"Exit codes: 0 everything is there, 3 points were left out, 1 it could not be done.",
		Example: "  holdfast-transporter repository copy /srv/holdfast/vault /mnt/second/vault\n" +
			"  holdfast-transporter repository copy /srv/holdfast/vault /mnt/second/vault --create --mailbox anna@contoso.com --newest",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(o); err != nil {
				return err
			}
			return o.look(cmd, args[0], func(from *repository.Repository) error { return f.run(cmd, o, from, args[1]) })
		},
	}
	f.registerBackup(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&f.to.passphraseFile, "to-passphrase-file", "", "file with the passphrase of TO in its first line; - is standard input")
	flags.StringVar(&f.to.keyFile, "to-key-file", "", "the key file of TO")
	flags.StringSliceVar(&f.points, "point", nil, "`id` of a recovery point to copy, or the beginning of it; may be given several times")
	flags.BoolVar(&f.newest, "newest", false, "copy only the newest point of each backup")
	flags.BoolVar(&f.thorough, "thorough", false, "ask for everything in points that TO has as well: what TO has lost it gets again")
	flags.BoolVar(&f.create, "create", false, "make TO, with name and compression of FROM; encrypted if a secret for it is given")
	return cmd
}

func (f *copyFlags) check(o *offline) error {
	if o.passphraseFile == "-" && f.to.passphraseFile == "-" {
		return usageError{errors.New("only one of the two passphrases can come from standard input")}
	}
	if f.newest && len(f.points) > 0 {
		return usageError{errors.New("--newest and --point exclude each other")}
	}
	return nil
}

func (f *copyFlags) run(cmd *cobra.Command, o *offline, from *repository.Repository, path string) (err error) {
	ctx := cmd.Context()
	options, err := f.options(ctx, from)
	if err != nil {
		return err
	}
	to, err := f.target(ctx, cmd.InOrStdin(), from, path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := to.Close(); err == nil {
			err = closeErr
		}
	}()
	session, err := to.BeginCopy()
	if err != nil {
		return err
	}
	var done func()
	options.Progress, done = showCopy(os.Stderr)
	report, err := from.Copy(ctx, session, options)
	done()
	if closeErr := session.Close(); err == nil {
		err = closeErr
	}
	if fault.KindOf(err) == fault.Canceled {
		return fault.New(fault.Canceled, "stopped after %d points; the same command goes on from there", report.Copied)
	}
	if err != nil {
		return err
	}
	a := toCopyAnswer(ctx, from, report)
	err = o.answer(cmd, a, a.table)
	if err == nil && len(a.LeftOut) > 0 {
		err = fault.New(fault.Corrupt, "%w: %d points were left out, the answer says why", errDamaged, len(a.LeftOut))
	}
	return err
}

// options turns the flags into what is copied.
func (f *copyFlags) options(ctx context.Context, from *repository.Repository) (repository.CopyOptions, error) {
	o := repository.CopyOptions{Newest: f.newest, Thorough: f.thorough}
	points, err := f.choice.points(ctx, from)
	if err != nil {
		return o, err
	}
	for _, id := range f.points {
		p, err := pick(points, id)
		if err != nil {
			return o, err
		}
		o.Points = append(o.Points, p.ID)
	}
	if f.mailbox == "" && f.job == "" {
		return o, nil
	}
	var last record.BackupKey
	for i := range points { // backup by backup
		if k := points[i].Key; k != last {
			o.Backups, last = append(o.Backups, k), k
		}
	}
	return o, nil
}

// target opens or makes the repository to copy to.
func (f *copyFlags) target(ctx context.Context, stdin io.Reader, from *repository.Repository, path string) (*repository.Repository, error) {
	if !f.create {
		to, err := f.to.open(ctx, repository.Options{Path: path}, stdin)
		if errors.Is(err, fault.NotFound) {
			return nil, fault.New(fault.NotFound, "%w; --create makes a new one", err)
		}
		return to, err
	}
	secret, err := f.to.secret(stdin)
	if err != nil {
		return nil, err
	}
	return repository.Create(ctx, repository.Options{
		Path: path, Name: from.Name(), Level: from.Level(), Secret: secret, Transporter: "offline tool",
	})
}

func toCopyAnswer(ctx context.Context, from *repository.Repository, r *repository.CopyReport) *copyAnswer {
	a := &copyAnswer{
		Copied: r.Copied, Present: r.Present, Deleted: r.Deleted, SentBlobs: r.Sent, SentBytes: r.Bytes, LeftOut: []leftOutAnswer{},
	}
	for i := range r.LeftOut {
		l := &r.LeftOut[i]
		one := leftOutAnswer{Point: toPoint(&l.Point), Reason: "it was deleted while it was copied", Damage: []string{}}
		if l.Damaged > 0 {
			one.Reason = fmt.Sprintf("%d parts of it cannot be read and are not in the other repository", l.Damaged)
			one.Damage = append(one.Damage, shelf.DamageInWords(ctx, from, l.Damage)...)
		}
		a.LeftOut = append(a.LeftOut, one)
	}
	return a
}

func (a *copyAnswer) table(w io.Writer) {
	for i := range a.LeftOut {
		l := &a.LeftOut[i]
		fmt.Fprintf(w, "left out: %s, point of %s (%.12s): %s\n", cell(l.Point.Mailbox, 60), stamp(l.Point.Time), l.Point.ID, l.Reason)
		for _, d := range l.Damage {
			fmt.Fprintf(w, "    %s\n", cell(d, 0))
		}
	}
	fmt.Fprintf(w, "%d points copied, %d were there already, %d were deleted there, %d left out; %d blobs sent, %s\n", a.Copied, a.Present,
		a.Deleted, len(a.LeftOut), a.SentBlobs, megabytes(a.SentBytes))
}

// showEvery is how often the line of progress is written anew.
const showEvery = 500 * time.Millisecond

// showCopy returns what shows the progress of a copy on a terminal, and what ends the line. Elsewhere nothing is shown.
func showCopy(out *os.File) (func(repository.CopyProgress), func()) {
	if !term.IsTerminal(int(out.Fd())) {
		return nil, func() {}
	}
	begun := time.Now()
	shown := begun.Add(-showEvery)
	show := func(p repository.CopyProgress) {
		now := time.Now()
		if now.Sub(shown) < showEvery {
			return
		}
		shown = now
		fmt.Fprintf(out, "\r\x1b[K%s", copyLine(p, now.Sub(begun)))
	}
	return show, func() { fmt.Fprint(out, "\r\x1b[K") }
}

func copyLine(p repository.CopyProgress, took time.Duration) string {
	rate := float64(p.Bytes) / 1e6 / max(took.Seconds(), 0.001)
	line := fmt.Sprintf("point %d of %d; %d of %d blobs sent, %s, %.1f MB/s", p.Points, p.Total, p.Sent, p.Asked, megabytes(p.Bytes), rate)
	if p.Present > 0 {
		line += fmt.Sprintf("; %d were there", p.Present)
	}
	if p.LeftOut > 0 {
		line += fmt.Sprintf("; %d left out", p.LeftOut)
	}
	return line
}
