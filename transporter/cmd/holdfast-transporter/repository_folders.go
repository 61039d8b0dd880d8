package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/repository"
)

// maxListedLosses bounds how much of what could not be kept is listed.
const maxListedLosses = 1000

type foldersAnswer struct {
	Point   pointAnswer    `json:"point"`
	Folders []folderAnswer `json:"folders"`
	// NotKept is what the backup could not keep, up to 1,000 things, and NotKeptCount how many there are.
	NotKept      []lossAnswer `json:"notKept"`
	NotKeptCount int          `json:"notKeptCount"`
}

type folderAnswer struct {
	ID       string   `json:"id"`
	Path     []string `json:"path"`
	Role     string   `json:"role,omitempty"`
	Hidden   bool     `json:"hidden,omitempty"`
	Messages int64    `json:"messages"`
	Bytes    int64    `json:"bytes"`
}

type lossAnswer struct {
	Folder  string `json:"folder,omitempty"`
	Message string `json:"message,omitempty"`
	Subject string `json:"subject,omitempty"`
	What    string `json:"what"`
	Reason  string `json:"reason"`
}

func newRepositoryFolders(o *offline) *cobra.Command {
	var which choice
	cmd := &cobra.Command{
		Use: "folders PATH", Short: "List the folders of a recovery point, and what could not be kept", Args: between(1, 1),
		Example: "  holdfast-transporter repository folders /srv/holdfast/vault --mailbox anna@contoso.com\n" +
			"  holdfast-transporter repository folders /srv/holdfast/vault --point 3f0a",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.look(cmd, args[0], func(r *repository.Repository) error {
				p, err := which.open(cmd.Context(), r)
				if err != nil {
					return err
				}
				losses, err := p.Losses(cmd.Context())
				if fault.KindOf(err) == fault.Corrupt { // the folders can be read all the same
					losses, err = []mail.Loss{{What: "list", Reason: err.Error()}}, nil
				}
				if err != nil {
					return err
				}
				info := p.Info()
				a := foldersAnswer{Point: toPoint(&info), Folders: folderList(p), NotKept: []lossAnswer{}, NotKeptCount: len(losses)}
				for _, l := range losses[:min(len(losses), maxListedLosses)] {
					a.NotKept = append(a.NotKept, lossAnswer{string(l.Folder), string(l.Message), l.Subject, l.What, l.Reason})
				}
				return o.answer(cmd, a, a.table)
			})
		},
	}
	which.registerPoint(cmd.Flags())
	return cmd
}

// folderList lists the folders of a point by path.
func folderList(p *repository.Point) []folderAnswer {
	folders := p.Folders()
	paths := export.Paths(folders)
	list := make([]folderAnswer, 0, len(folders))
	for i := range folders {
		f := &folders[i]
		list = append(list, folderAnswer{
			ID: string(f.ID), Path: paths[f.ID], Role: string(f.Role), Hidden: f.Hidden, Messages: f.Counts.Messages, Bytes: f.Counts.Bytes,
		})
	}
	slices.SortFunc(list, func(a, b folderAnswer) int { return slices.Compare(a.Path, b.Path) })
	return list
}

func (a *foldersAnswer) table(w io.Writer) {
	fmt.Fprintf(w, "point %s of %s, %s\n\nMESSAGES\tSIZE\tFOLDER\tID\n", a.Point.ID, cell(a.Point.Mailbox, 0), stamp(a.Point.Time))
	for i := range a.Folders {
		f := &a.Folders[i]
		path := strings.Join(f.Path, "/")
		if f.Hidden {
			path += " (hidden)"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", f.Messages, megabytes(f.Bytes), cell(path, 100), f.ID)
	}
	if a.NotKeptCount > 0 {
		fmt.Fprintf(w, "\n%d things could not be kept when the point was made:\n", a.NotKeptCount)
	}
	for i := range a.NotKept {
		l := &a.NotKept[i]
		fmt.Fprintf(w, "%s %s: %s\n", cell(l.What, 20), cell(l.Subject, 60), cell(l.Reason, 0))
	}
}
