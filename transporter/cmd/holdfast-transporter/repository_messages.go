package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// maxPage bounds how many messages are passed over and listed together.
const maxPage = 100_000

type messagesAnswer struct {
	Point    string          `json:"point"`
	Matching int64           `json:"matching"`
	Skipped  int             `json:"skipped"`
	Messages []messageAnswer `json:"messages"`
	// Unreadable counts messages whose records are damaged.
	Unreadable int64 `json:"unreadable"`
}

type messageAnswer struct {
	ID          string    `json:"id"`
	FolderID    string    `json:"folderId"`
	Folder      string    `json:"folder"`
	Received    time.Time `json:"received"`
	Subject     string    `json:"subject"`
	From        string    `json:"from"`
	To          []string  `json:"to"`
	Read        bool      `json:"read"`
	Draft       bool      `json:"draft"`
	Flagged     bool      `json:"flagged"`
	Bytes       int64     `json:"bytes"`
	Attachments []string  `json:"attachments"`
	Lost        []string  `json:"lost"`
}

func newRepositoryMessages(o *offline) *cobra.Command {
	var which choice
	var f filter
	var limit, skip int
	cmd := &cobra.Command{
		Use: "messages PATH", Short: "List or find the messages of a recovery point, newest first", Args: between(1, 1),
		Example: "  holdfast-transporter repository messages /srv/holdfast/vault --mailbox anna@contoso.com --folder Inbox --limit 20\n" +
			"  holdfast-transporter repository messages /srv/holdfast/vault --mailbox anna@contoso.com --find invoice --since 2026-01-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 || skip < 0 || limit > maxPage || skip > maxPage-limit {
				return usageError{fmt.Errorf("--limit must be at least 1, --skip at least 0, and both together %d at most", maxPage)}
			}
			return o.look(cmd, args[0], func(r *repository.Repository) error {
				p, err := which.open(cmd.Context(), r)
				if err != nil {
					return err
				}
				a, err := f.list(cmd.Context(), p, skip, limit)
				if err != nil {
					return err
				}
				err = o.answer(cmd, a, a.table)
				if err == nil && a.Unreadable > 0 {
					err = fault.New(fault.Corrupt, "%w: the records of %d messages cannot be read, so that they are not listed", errDamaged, a.Unreadable)
				}
				return err
			})
		},
	}
	which.registerPoint(cmd.Flags())
	f.register(cmd.Flags())
	cmd.Flags().IntVar(&limit, "limit", 50, "list so `many` messages")
	cmd.Flags().IntVar(&skip, "skip", 0, "pass over the `first` so many")
	return cmd
}

// list returns a page of the messages that are meant. It holds no more than the page and what is before it, twice.
func (f *filter) list(ctx context.Context, p *repository.Point, skip, limit int) (*messagesAnswer, error) {
	s, err := f.selection(p)
	if err != nil {
		return nil, err
	}
	paths := export.Paths(p.Folders())
	a := &messagesAnswer{Point: string(p.Info().ID), Skipped: skip}
	newestFirst := func(x, y messageAnswer) int { return y.Received.Compare(x.Received) }
	most := skip + limit
	a.Unreadable, err = export.Each(ctx, p, s, func(m *record.Message) error {
		a.Matching++
		a.Messages = append(a.Messages, toMessage(m, paths[m.Folder]))
		if len(a.Messages) >= 2*most {
			slices.SortStableFunc(a.Messages, newestFirst)
			clear(a.Messages[most:])
			a.Messages = a.Messages[:most]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(a.Messages, newestFirst)
	a.Messages = append([]messageAnswer{}, a.Messages[min(skip, len(a.Messages)):min(most, len(a.Messages))]...)
	return a, nil
}

func toMessage(m *record.Message, path []string) messageAnswer {
	out := messageAnswer{
		ID: string(m.ID), FolderID: string(m.Folder), Folder: strings.Join(path, "/"), Received: m.Received, Subject: m.Subject,
		From: person(m.From), To: []string{}, Read: m.Read, Draft: m.Draft, Flagged: m.Flag.Status == mail.FlagFlagged,
		Bytes: m.Body.Size, Attachments: []string{}, Lost: append([]string{}, m.Lost...),
	}
	for i := range m.To {
		out.To = append(out.To, person(&m.To[i]))
	}
	for i := range m.Attachments {
		at := &m.Attachments[i]
		out.Bytes += at.Content.Size
		out.Attachments = append(out.Attachments, at.Name)
		if at.Lost != "" {
			out.Lost = append(out.Lost, fmt.Sprintf("attachment %q: %s", at.Name, at.Lost))
		}
	}
	return out
}

func person(a *mail.Address) string {
	switch {
	case a == nil:
		return ""
	case a.Name == "" || a.Name == a.Address:
		return a.Address
	case a.Address == "":
		return a.Name
	}
	return a.Name + " <" + a.Address + ">"
}

func (a *messagesAnswer) table(w io.Writer) {
	if len(a.Messages) > 0 {
		fmt.Fprintf(w, "RECEIVED\tFROM\tSUBJECT\tFILES\tFOLDER\tID\n")
	}
	for i := range a.Messages {
		m := &a.Messages[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", stamp(m.Received), cell(m.From, 40), cell(m.Subject, 60), len(m.Attachments), cell(m.Folder, 40), m.ID)
	}
	fmt.Fprintf(w, "%d to %d of %d messages\n", min(int64(a.Skipped+1), a.Matching), a.Skipped+len(a.Messages), a.Matching)
}
