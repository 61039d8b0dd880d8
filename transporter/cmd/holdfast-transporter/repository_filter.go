package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// filter says which messages of a point are meant.
type filter struct {
	folders      []string
	shallow      bool
	messages     []string
	find         string
	since, until string
}

func (f *filter) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.folders, "folder", nil, "`name` of a folder with its path (\"Inbox/Travel\"), or its id; may be given several times")
	flags.BoolVar(&f.shallow, "no-subfolders", false, "leave out the folders below those given")
	flags.StringVar(&f.find, "find", "", "`text` that subject, sender, a recipient or the name of an attachment must have in it")
	flags.StringVar(&f.since, "since", "", "received at that `time` or later: 2026-01-31, or 2026-01-31T15:00:00Z")
	flags.StringVar(&f.until, "until", "", "received before that `time`; a day alone counts to its end")
}

// selection turns the flags into what they mean in a point.
func (f *filter) selection(p *repository.Point) (export.Selection, error) {
	s := export.Selection{Shallow: f.shallow}
	var err error
	if s.Since, err = moment("since", f.since, 0); err != nil {
		return s, err
	}
	if s.Until, err = moment("until", f.until, 1); err != nil {
		return s, err
	}
	folders := p.Folders()
	for _, name := range f.folders {
		id, err := export.FindFolder(folders, name)
		if err != nil {
			return s, err
		}
		s.Folders = append(s.Folders, id)
	}
	for _, id := range f.messages {
		s.Messages = append(s.Messages, export.Ref{Message: mail.MessageID(id)})
	}
	if f.find != "" {
		wanted := strings.ToLower(f.find)
		s.Text = f.find
		s.Match = func(m *record.Message) bool { return mentions(m, wanted) }
	}
	return s, nil
}

// moment reads a time; a day alone is its beginning on this machine's clock, or that of the day so many after.
func moment(flag, text string, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, usageError{fmt.Errorf("--%s %q is no time; write 2026-01-31, or 2026-01-31T15:00:00Z", flag, text)}
	}
	return t.AddDate(0, 0, days), nil
}

// mentions reports whether a message has the text, in lower case, where a person would look for it.
func mentions(m *record.Message, text string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	anyOf := func(list ...mail.Address) bool {
		return slices.ContainsFunc(list, func(a mail.Address) bool { return has(a.Name) || has(a.Address) })
	}
	return has(m.Subject) || m.From != nil && anyOf(*m.From) || m.Sender != nil && anyOf(*m.Sender) || anyOf(m.To...) || anyOf(m.Cc...) ||
		anyOf(m.Bcc...) || slices.ContainsFunc(m.Attachments, func(a record.Attachment) bool { return has(a.Name) }) ||
		strings.EqualFold(m.InternetMessageID, text)
}
