package arrange

import (
	"bytes"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/search/words"
)

// Filter is which messages of a folder are listed. Its zero value is all.
type Filter struct {
	// Text is part of the subject, or of the name or address of the sender, as search takes parts for the same.
	Text                             string
	Unread, Flagged, WithAttachments bool
}

// None reports whether everything fits.
func (f Filter) None() bool { return f == Filter{} }

// Matcher tells which messages fit a filter. It is for one goroutine.
type Matcher struct {
	filter Filter
	part   []byte
	normal []byte
}

// Matcher returns one. Invalid when there is nothing in the text to look for.
func (f Filter) Matcher() (*Matcher, error) {
	m := &Matcher{filter: f}
	if f.Text == "" {
		return m, nil
	}
	if m.part = words.Append(nil, []byte(f.Text)); len(m.part) == 0 {
		return nil, fault.InvalidField("filter", "the filter has no letters, digits or signs to look for")
	}
	return m, nil
}

// Fits reports whether a message fits.
func (m *Matcher) Fits(g *message.Glance) bool {
	f := &m.filter
	if f.Unread && g.Read || f.Flagged && !g.Flagged || f.WithAttachments && g.Attachments == 0 {
		return false
	}
	return len(m.part) == 0 || m.in(g.Subject) || m.in(g.FromName) || m.in(g.From)
}

func (m *Matcher) in(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	m.normal = words.Append(m.normal[:0], text)
	return bytes.Contains(m.normal, m.part)
}
