package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

func newRepositoryDiff(o *offline) *cobra.Command {
	var which choice
	var summary bool
	cmd := &cobra.Command{
		Use: "diff PATH POINT [POINT]", Short: "Tell what differs between two recovery points of a mailbox", Args: between(2, 3),
		Long: "Tell what differs between two recovery points of a mailbox: the first is taken as the older one. Without a second it is\n" +
			"the newest point of the same backup. A line begins with + for what came, - for what went, > for what moved and ~ for\n" +
			"what changed; ! is a part that cannot be read.\n\n" +
			"Exit codes: 0 done, whether anything differs or not; 3 done, but a part could not be read; 1 it could not be done.",
		Example: "  holdfast-transporter repository diff /srv/holdfast/vault 3f0a 91c2\n" +
			"  holdfast-transporter repository diff /srv/holdfast/vault 3f0a --summary",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.look(cmd, args[0], func(r *repository.Repository) error {
				older, newer, err := two(cmd.Context(), r, &which, args[1:])
				if err != nil {
					return err
				}
				d := newDiffWriter(cmd.OutOrStdout(), older, newer, o.output == asJSON, summary)
				if err := older.Diff(cmd.Context(), newer, d.write); err != nil {
					return err
				}
				if err := d.end(); err != nil {
					return unwritten(err)
				}
				if d.counts.Unreadable > 0 {
					return fault.New(fault.Corrupt, "%w: the records of %d messages cannot be read, so that nobody can tell whether they differ", errDamaged, d.counts.Unreadable)
				}
				return nil
			})
		},
	}
	which.registerBackup(cmd.Flags())
	cmd.Flags().BoolVar(&summary, "summary", false, "count only")
	return cmd
}

// two opens the points that are to be compared.
func two(ctx context.Context, r *repository.Repository, which *choice, ids []string) (older, newer *repository.Point, err error) {
	points, err := which.points(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	first, err := pick(points, ids[0])
	if err != nil {
		return nil, nil, err
	}
	var second *record.Point
	if len(ids) == 2 {
		second, err = pick(points, ids[1])
	} else if points, err = r.Points(ctx, first.Key); err == nil {
		second, err = newest(points)
	}
	if err != nil {
		return nil, nil, err
	}
	if first.Key.Mailbox != second.Key.Mailbox {
		return nil, nil, fault.New(fault.Invalid, "the two recovery points are of different mailboxes, %s and %s", first.Origin.MailboxAddress, second.Origin.MailboxAddress)
	}
	if older, err = r.Point(ctx, first.ID); err != nil {
		return nil, nil, err
	}
	newer, err = r.Point(ctx, second.ID)
	return older, newer, err
}

// diffCounts are sums over a comparison.
type diffCounts struct {
	FoldersAdded, FoldersRemoved, FoldersChanged int64
	Added, Removed, Moved, Changed               int64
	Unreadable                                   int64
}

// diffLine is one difference in JSON.
type diffLine struct {
	Kind      string   `json:"kind"`
	OldFolder string   `json:"oldFolder,omitempty"`
	NewFolder string   `json:"newFolder,omitempty"`
	Message   string   `json:"message,omitempty"`
	Received  string   `json:"received,omitempty"`
	Subject   string   `json:"subject,omitempty"`
	From      string   `json:"from,omitempty"`
	Changed   []string `json:"changed,omitempty"`
	Count     int64    `json:"count,omitempty"`
	Unsure    int64    `json:"unsure,omitempty"`
	Reason    string   `json:"reason,omitempty"`
}

// diffWriter writes differences as they are found.
type diffWriter struct {
	out              *bufio.Writer
	json, summary    bool
	counts           diffCounts
	oldPath, newPath map[mail.FolderID][]string
	lines            int
}

func newDiffWriter(out io.Writer, older, newer *repository.Point, inJSON, summary bool) *diffWriter {
	d := &diffWriter{
		out: bufio.NewWriter(out), json: inJSON, summary: summary,
		oldPath: export.Paths(older.Folders()), newPath: export.Paths(newer.Folders()),
	}
	a, b := older.Info(), newer.Info()
	if inJSON {
		fmt.Fprintf(d.out, "{\n  \"old\": %q,\n  \"new\": %q,\n  \"differences\": [", a.ID, b.ID)
	} else {
		fmt.Fprintf(d.out, "from %s (%.12s) to %s (%.12s)\n", stamp(a.Time), a.ID, stamp(b.Time), b.ID)
	}
	return d
}

func (d *diffWriter) write(x repository.Difference) error {
	line, sign := d.line(&x)
	if d.summary {
		return nil
	}
	if d.json {
		return d.element(line)
	}
	var text string
	switch folder := "folder " + first(line.NewFolder, line.OldFolder); x.Kind {
	case repository.FolderAdded, repository.FolderRemoved:
		text = folder
	case repository.FolderChanged:
		text = fmt.Sprintf("%s, was %s: %s", folder, line.OldFolder, strings.Join(line.Changed, ", "))
	case repository.Unreadable:
		text = fmt.Sprintf("%s: the records of %d messages cannot be read (%d others may differ): %s", folder, line.Count, line.Unsure, line.Reason)
	default:
		text = fmt.Sprintf("%s  %s  %s  [%s]", line.Received, cell(line.From, 40), cell(line.Subject, 60), first(line.NewFolder, line.OldFolder))
		if x.Kind == repository.MessageMoved {
			text += " from [" + line.OldFolder + "]"
		}
		if len(line.Changed) > 0 {
			text += ": " + strings.Join(line.Changed, ", ")
		}
	}
	_, err := fmt.Fprintf(d.out, "%s %s\n", sign, cell(text, 0))
	return unwritten(err)
}

// line counts a difference and describes it.
func (d *diffWriter) line(x *repository.Difference) (diffLine, string) {
	kinds := map[repository.ChangeKind]struct {
		name, sign string
		count      *int64
	}{
		repository.FolderAdded:    {"folderAdded", "+", &d.counts.FoldersAdded},
		repository.FolderRemoved:  {"folderRemoved", "-", &d.counts.FoldersRemoved},
		repository.FolderChanged:  {"folderChanged", "~", &d.counts.FoldersChanged},
		repository.MessageAdded:   {"added", "+", &d.counts.Added},
		repository.MessageRemoved: {"removed", "-", &d.counts.Removed},
		repository.MessageMoved:   {"moved", ">", &d.counts.Moved},
		repository.MessageChanged: {"changed", "~", &d.counts.Changed},
		repository.Unreadable:     {"unreadable", "!", &d.counts.Unreadable},
	}
	kind := kinds[x.Kind]
	line := diffLine{Kind: kind.name}
	if x.OldFolder != nil {
		line.OldFolder = strings.Join(d.oldPath[x.OldFolder.ID], "/")
	}
	if x.NewFolder != nil {
		line.NewFolder = strings.Join(d.newPath[x.NewFolder.ID], "/")
	}
	for _, aspect := range x.Aspects {
		line.Changed = append(line.Changed, string(aspect))
	}
	m := x.New
	if m == nil {
		m = x.Old
	}
	if m != nil {
		line.Message, line.Received, line.Subject, line.From = string(m.ID), stamp(m.Received), m.Subject, person(m.From)
	}
	if x.Damage != nil {
		line.Count, line.Unsure, line.Reason = x.Damage.Messages, x.Damage.Unsure, x.Damage.Err.Error()
		*kind.count += x.Damage.Messages
	} else {
		*kind.count++
	}
	return line, kind.sign
}

func (d *diffWriter) element(line diffLine) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fault.New(fault.Invalid, "a difference cannot be written: %w", err)
	}
	separator := ",\n    "
	if d.lines == 0 {
		separator = "\n    "
	}
	d.lines++
	_, err = d.out.WriteString(separator + string(data))
	return unwritten(err)
}

// end writes the counts.
func (d *diffWriter) end() error {
	c := &d.counts
	if d.json {
		fmt.Fprintf(d.out, "\n  ],\n  \"foldersAdded\": %d,\n  \"foldersRemoved\": %d,\n  \"foldersChanged\": %d,\n  \"added\": %d,\n  \"removed\": %d,\n  \"moved\": %d,\n  \"changed\": %d,\n  \"unreadable\": %d\n}\n",
			c.FoldersAdded, c.FoldersRemoved, c.FoldersChanged, c.Added, c.Removed, c.Moved, c.Changed, c.Unreadable)
	} else {
		fmt.Fprintf(d.out, "folders: %d added, %d removed, %d changed; messages: %d added, %d removed, %d moved, %d changed\n",
			c.FoldersAdded, c.FoldersRemoved, c.FoldersChanged, c.Added, c.Removed, c.Moved, c.Changed)
	}
	return d.out.Flush()
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
