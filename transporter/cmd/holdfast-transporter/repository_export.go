package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/repository"
)

// maxShown is how many missing things a table lists; the report in the export and -o json list more.
const maxShown = 20

func newRepositoryExport(o *offline) *cobra.Command {
	e := &exportCommand{}
	cmd := &cobra.Command{
		Use: "export PATH --to PLACE", Short: "Bring mail out as .eml files, mbox or Maildir", Args: between(1, 1),
		Long: "Bring mail out of a recovery point, as files that any mail program reads:\n\n" +
			"  eml      a folder of .eml files, for Outlook, Apple Mail, Thunderbird, or a double click\n" +
			"  mbox     a file for each folder, for Thunderbird, mutt and most others\n" +
			"  maildir  Maildir++, for Dovecot, Courier, mutt: it can be served by IMAP as it is\n\n" +
			"Without --folder, --message, --find, --since and --until everything is exported. PLACE must not exist, or be an empty\n" +
			"folder; nothing is overwritten. It appears when it is whole: until then it is named PLACE.partial, and when the export\n" +
			"was interrupted the same command goes on with it. With --zip PLACE is one file.\n\n" +
			"What is damaged or was never kept is left out, named in its place, and listed in holdfast-export.json in the export.\n\n" +
			"Exit codes: 0 everything is there, 3 done but something is missing, 1 it could not be done, 2 the command line is wrong.",
		Example: "  holdfast-transporter repository export /srv/holdfast/vault --mailbox anna@contoso.com --to /tmp/anna\n" +
			"  holdfast-transporter repository export /srv/holdfast/vault --mailbox anna@contoso.com --folder Inbox --since 2026-01-01 \\\n" +
			"      --format mbox --zip --to /tmp/anna.zip\n" +
			"  holdfast-transporter repository export /srv/holdfast/vault --point 3f0a --message AAMkAD… --to /tmp/one",
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.to == "" {
				return usageError{errors.New("--to is missing: say where the export is to go")}
			}
			return o.look(cmd, args[0], func(r *repository.Repository) error { return e.run(cmd, o, r) })
		},
	}
	e.which.registerPoint(cmd.Flags())
	e.filter.register(cmd.Flags())
	flags := cmd.Flags()
	flags.StringArrayVar(&e.filter.messages, "message", nil, "`id` of a message, from \"repository messages\"; may be given several times")
	flags.StringVar(&e.format, "format", string(export.EML), "`form` of the export: eml, mbox or maildir")
	flags.BoolVar(&e.zip, "zip", false, "write one zip archive")
	flags.StringVar(&e.to, "to", "", "`place` of the export: a folder, or with --zip a file; required")
	return cmd
}

type exportCommand struct {
	which  choice
	filter filter
	format string
	zip    bool
	to     string
}

// exportAnswer is what export did.
type exportAnswer struct {
	To string `json:"to"`
	*export.Report
}

func (e *exportCommand) run(cmd *cobra.Command, o *offline, r *repository.Repository) error {
	if within(e.to, r.Path()) {
		return fault.InvalidField("to", "%s lies in the repository itself; nothing but the repository belongs there", e.to)
	}
	p, err := e.which.open(cmd.Context(), r)
	if err != nil {
		return err
	}
	report, err := e.export(cmd.Context(), p)
	if err != nil {
		if report != nil && fault.KindOf(err) == fault.Canceled {
			return fault.New(fault.Canceled, "stopped after %d messages; the same command %s", report.Messages, e.again())
		}
		return err
	}
	a := exportAnswer{e.to, report}
	if err := o.answer(cmd, a, func(w io.Writer) { a.table(w) }); err != nil {
		return err
	}
	switch {
	case report.Incomplete > 0 || report.Unreadable > 0:
		return fault.New(fault.Corrupt, "%w, or was so when it was backed up: %d messages lack something and %d could not be read; holdfast-export.json in the export lists what",
			errDamaged, report.Incomplete, report.Unreadable)
	case len(report.NotFound) > 0:
		return fault.New(fault.NotFound, "%d of the messages that were asked for are not in the recovery point, the first is %s", len(report.NotFound), report.NotFound[0])
	}
	return nil
}

func (e *exportCommand) export(ctx context.Context, p *repository.Point) (*export.Report, error) {
	s, err := e.filter.selection(p)
	if err != nil {
		return nil, err
	}
	show, end := showLine(os.Stderr)
	defer end()
	options := export.Options{
		Point: p, Open: p.Content, Format: export.Format(e.format), Selection: s,
		Progress: func(p export.Progress) {
			show(func() string {
				return fmt.Sprintf("%d messages of %d at most, %s: %s", p.Messages, p.Total, megabytes(p.Bytes), cell(p.Folder, 60))
			})
		},
	}
	if e.zip {
		return export.ToZipFile(ctx, e.to, options)
	}
	return export.ToFolder(ctx, e.to, options)
}

// within reports whether path is the folder dir or lies in it.
func within(path, dir string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false // making it will say why
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (e *exportCommand) again() string {
	if e.zip {
		return "begins the archive anew"
	}
	return "goes on from there"
}

func (a *exportAnswer) table(w io.Writer) {
	fmt.Fprintf(w, "%d messages of %s in %d folders, %s: %s\n", a.Messages, cell(a.Mailbox, 0), len(a.Folders), megabytes(a.Bytes), a.To)
	if a.Resumed > 0 {
		fmt.Fprintf(w, "%d of them were there from an export that was interrupted\n", a.Resumed)
	}
	for i, m := range a.Missing {
		if i == maxShown {
			fmt.Fprintf(w, "… and %d more\n", int64(len(a.Missing)-maxShown)+a.MissingMore)
			break
		}
		fmt.Fprintf(w, "missing: %s: %s: %s\n", cell(m.Subject, 60), cell(m.Part, 80), cell(m.Reason, 0))
	}
}
