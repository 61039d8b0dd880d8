package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"holdfast/director/internal/record"
)

// row is a name and a value.
type row struct{ Name, Value string }

// section is a heading with lines under it.
type section struct {
	Title string
	Lines []string
}

// page is what both forms of a mail show.
type page struct {
	Headline, Good string
	Rows           []row
	Sections       []section
	Link           string
}

// Mail returns the report as text and as HTML.
func (f *Facts) Mail() (plain, html string, err error) {
	p := f.page()
	var b strings.Builder
	if err := pageTemplate.Execute(&b, p); err != nil {
		return "", "", fmt.Errorf("write the report of run %s: %w", f.Run.ID, err)
	}
	return p.text(), b.String(), nil
}

func (f *Facts) page() page {
	p := page{Headline: text(Subject(&f.Run, len(f.Damage) > 0)), Link: f.Link, Good: "no"}
	if f.Result == record.RunSucceeded {
		p.Good = "yes"
	}
	p.Rows = f.rows()
	if f.Run.Error != "" {
		p.Sections = append(p.Sections, section{"What went wrong", []string{text(f.Run.Error) + request(f.RequestID)}})
	}
	for _, s := range []section{
		{"Mailboxes that need a look", f.mailboxLines()},
		{"What could not be kept, and why", f.reasonLines()},
		{"Damage", f.damageLines()},
		{"Scripts", f.scriptLines()},
		{"Notes", f.noteLines()},
		{"Expires soon", f.expiringLines()},
	} {
		if len(s.Lines) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	return p
}

func (f *Facts) rows() []row {
	r := &f.Run
	rows := []row{{"Result", strings.ToLower(result(f.Result))}}
	add := func(name, format string, args ...any) {
		rows = append(rows, row{name, text(fmt.Sprintf(format, args...))})
	}
	if r.Job != "" {
		add("Job", "%s", r.JobName)
	} else {
		add("What", "%s", r.Title)
	}
	if r.Cause != "" {
		add("Started by", "%s", r.Cause)
	}
	add("Started", "%s", f.when(r.Started))
	add("Ended", "%s, after %s", f.when(r.Ended), span(r.Ended.Sub(r.Started)))
	if r.Kind == record.KindBackup {
		add("Mailboxes", "%s: %d complete, %d incomplete, %d failed, %d stopped", number(int64(r.Tasks)), r.Succeeded, r.Incomplete, r.Failed, r.Stopped)
		add("Messages", "%s, %s new or changed, %s removed", number(r.Progress.MessagesDone), number(r.Progress.MessagesChanged), number(r.Progress.MessagesDeleted))
		add("Bytes", "%s read, %s new in the repository", size(r.Progress.BytesRead), size(r.Progress.BytesNew))
	}
	if v := f.Recovery; v != nil {
		add("Messages", "%s created, %s skipped, %s renamed, %s overwritten, %s failed", number(v.Created), number(v.Skipped), number(v.Renamed),
			number(v.Overwritten), number(v.Failed))
	}
	if f.Lost > 0 {
		add("Lost", "%s", counted(f.Lost, "item could not be kept", "items could not be kept"))
	}
	if !f.NextStart.IsZero() {
		add("Next start", "%s", f.when(f.NextStart))
	}
	add("Run", "%s", string(r.ID))
	return rows
}

func request(id string) string {
	if id == "" {
		return ""
	}
	return " (Microsoft's request-id " + text(id) + ")"
}

func (f *Facts) mailboxLines() []string {
	var lines []string
	for _, m := range f.Troubled {
		name := m.Name
		if m.Address != "" && m.Address != m.Name {
			name += " <" + m.Address + ">"
		}
		line := text(name) + ": " + taskResult(m.Status)
		if m.Lost > 0 {
			line += ", " + counted(m.Lost, "item lost", "items lost")
		}
		if m.Tries > 0 {
			line += ", tried again " + counted(int64(m.Tries), "time", "times")
		}
		if m.Error != "" {
			line += ": " + text(m.Error)
		}
		lines = append(lines, line+request(m.RequestID))
	}
	if f.TroubledMore > 0 {
		lines = append(lines, fmt.Sprintf("and %s more", number(int64(f.TroubledMore))))
	}
	return lines
}

func (f *Facts) reasonLines() []string {
	var lines []string
	for _, r := range f.Reasons {
		lines = append(lines, number(r.Count)+" × "+text(r.Text))
	}
	return lines
}

func (f *Facts) damageLines() []string {
	var lines []string
	for i, d := range f.Damage {
		if i == maxDamage {
			return append(lines, fmt.Sprintf("and %s more", number(int64(len(f.Damage)-i))))
		}
		lines = append(lines, text(d))
	}
	return lines
}

func (f *Facts) noteLines() []string {
	var lines []string
	for _, n := range f.Run.Notes {
		lines = append(lines, text(n))
	}
	return lines
}

// scripts calls fn for the scripts that were begun.
func (f *Facts) scripts(fn func(when string, s *record.ScriptState)) {
	for _, one := range []struct {
		when string
		s    *record.ScriptState
	}{{"before", f.Scripts.Before}, {"after", f.Scripts.After}} {
		if one.s != nil && one.s.Status != record.ScriptWaiting {
			fn(one.when, one.s)
		}
	}
}

func (f *Facts) scriptLines() []string {
	var lines []string
	f.scripts(func(when string, s *record.ScriptState) {
		line := "The script " + when + " the job, " + text(s.Script.Path) + ", "
		switch {
		case s.Status == record.ScriptRunning:
			line += "is not waited for and was running still"
		case s.Error != "":
			line += "failed: " + text(s.Error)
		default:
			line += "succeeded after " + span(s.Ended.Sub(s.Started))
		}
		lines = append(lines, line)
	})
	return lines
}

func (p *page) text() string {
	var b strings.Builder
	b.WriteString(p.Headline + "\r\n\r\n")
	width := 0
	for _, r := range p.Rows {
		width = max(width, len(r.Name))
	}
	for _, r := range p.Rows {
		fmt.Fprintf(&b, "%-*s  %s\r\n", width+1, r.Name+":", r.Value)
	}
	for _, s := range p.Sections {
		fmt.Fprintf(&b, "\r\n%s\r\n", s.Title)
		for _, line := range s.Lines {
			fmt.Fprintf(&b, "  - %s\r\n", line)
		}
	}
	if p.Link != "" {
		fmt.Fprintf(&b, "\r\n%s\r\n", p.Link)
	}
	return b.String()
}

//go:embed mail.html
var pageText string

var pageTemplate = template.Must(template.New("mail").Parse(pageText))
