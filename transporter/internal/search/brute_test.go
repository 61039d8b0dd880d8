package search_test

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/search/words"
)

// found is an answer in a form that can be compared: a version of a message, and where it is.
type found struct {
	id       mail.MessageID
	version  string
	received time.Time
	places   string
}

var tags = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)

// version tells apart what search tells apart.
func version(m *record.Message, key record.BackupKey) string {
	return fmt.Sprint(key.Account, key.Mailbox, m.ID, m.Subject, m.Received, m.Body, m.BodyType)
}

func (w *world) texts(m *record.Message) (text, from, to, attachment []byte) {
	people := func(list []mail.Address) (out []string) {
		for _, a := range list {
			out = append(out, a.Name, a.Address)
		}
		return out
	}
	var sender []mail.Address
	if m.From != nil {
		sender = []mail.Address{*m.From}
	}
	receivers := slices.Concat(m.To, m.Cc, m.Bcc)
	all := append(people(sender), people(receivers)...)
	var inner func(m *record.Message)
	var names []string
	inner = func(m *record.Message) {
		body := ""
		for _, p := range m.Body.Pieces {
			body += string(w.lib.contents[p.Hash])
		}
		if m.BodyType == mail.BodyHTML {
			body = html.UnescapeString(tags.ReplaceAllStringFunc(body, func(tag string) string {
				if strings.Contains(tag, "b>") {
					return ""
				}
				return " "
			}))
		}
		all = append(all, m.Subject, body)
		for i := range m.Attachments {
			if m.Attachments[i].Item != nil {
				inner(m.Attachments[i].Item)
			}
		}
	}
	inner(m)
	for i := range m.Attachments {
		names = append(names, m.Attachments[i].Name)
	}
	return normal(all...), normal(people(sender)...), normal(people(receivers)...), normal(names...)
}

func (w *world) matches(q *search.Query, m *record.Message) bool {
	text, from, to, attachment := w.texts(m)
	in := func(query string, text []byte) bool {
		terms, _ := words.Parse(query)
		return !slices.ContainsFunc(terms, func(t words.Term) bool { return !t.In(text) })
	}
	size, visible := m.Body.Size, false
	for _, a := range m.Attachments {
		size += a.Content.Size
		if a.Item != nil {
			size += a.Item.Body.Size
		}
		visible = visible || !a.Inline
	}
	return in(q.Text, text) && in(q.From, from) && in(q.To, to) && in(q.Attachment, attachment) &&
		(q.Since.IsZero() || !m.Received.Before(q.Since)) && (q.Before.IsZero() || m.Received.Before(q.Before)) &&
		(q.Larger == 0 || size >= q.Larger) && (q.Smaller == 0 || size <= q.Smaller) &&
		(!q.WithAttachments || visible) && (!q.WithoutAttachments || !visible)
}

// below reports whether a folder is another or lies below it.
func (p *point) below(id, top mail.FolderID) bool {
	for range len(p.folders) + 1 {
		if id == top {
			return true
		}
		for i := range p.folders {
			if p.folders[i].ID == id {
				id = p.folders[i].Parent
				break
			}
		}
	}
	return false
}

// brute answers a query by looking at everything.
func (w *world) brute(q *search.Query) []found {
	type at struct {
		found
		places []string
	}
	all := map[string]*at{}
	for _, key := range w.lib.order {
		k := q.Scope.Backup
		if q.Scope.Point == "" && (k.Account != "" && k.Account != key.Account || k.Mailbox != "" && k.Mailbox != key.Mailbox || k.Job != "" && k.Job != key.Job) {
			continue
		}
		for _, p := range w.lib.points[key] {
			if q.Scope.Point != "" && q.Scope.Point != p.ID {
				continue
			}
			for i := range p.messages {
				m := &p.messages[i]
				if q.Scope.Folder != "" && !p.below(m.Folder, q.Scope.Folder) || !w.matches(q, m) {
					continue
				}
				v := version(m, key)
				if all[v] == nil {
					all[v] = &at{found: found{id: m.ID, version: v, received: m.Received}}
				}
				all[v].places = append(all[v].places, fmt.Sprint(key.Job, "/", m.Folder, "/", p.ID[:8]))
			}
		}
	}
	var list []found
	for _, a := range all {
		slices.Sort(a.places)
		a.found.places = strings.Join(a.places, " ")
		list = append(list, a.found)
	}
	slices.SortFunc(list, order)
	return list
}

// order is newest first; what is of the same second has no order of its own.
func order(a, b found) int {
	return cmp.Or(b.received.Compare(a.received), cmp.Compare(a.version, b.version))
}

func shown(h *search.Hit) found {
	f := found{id: h.Message.ID, version: version(h.Message, h.Backup), received: h.Message.Received}
	var places []string
	for _, p := range h.Places {
		for _, ref := range p.Points {
			places = append(places, fmt.Sprint(p.Backup.Job, "/", p.Folder, "/", ref.ID[:8]))
		}
	}
	slices.Sort(places)
	f.places = strings.Join(places, " ")
	return f
}
