package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"holdfast/test/graphsim"
)

// sums are what the truth about mailboxes adds up to.
type sums struct {
	mailboxes, folders, messages, withAttachments, pages, bytes int64
}

func (s *sums) add(lines []graphsim.TruthLine) {
	s.mailboxes++
	perFolder := map[string]int64{}
	for _, l := range lines {
		if l.Folder != nil && !l.Folder.Search && !l.Folder.Hidden {
			s.folders++
			perFolder[l.Folder.Path] += 0
		}
		if l.Message != nil {
			s.messages++
			s.bytes += messageBytes(l.Message)
			perFolder[l.Message.Path]++
			if len(l.Message.Attachments) > 0 {
				s.withAttachments++
			}
		}
	}
	for _, n := range perFolder {
		s.pages += n / pageSize
	}
}

func messageBytes(m *graphsim.TruthMessage) int64 {
	n := m.BodySize
	for _, a := range m.Attachments {
		n += a.Size
		if a.Item != nil {
			n += messageBytes(a.Item)
		}
	}
	return n
}

func (r *row) count(lines []graphsim.TruthLine) {
	var s sums
	s.add(lines)
	r.messages, r.bytes = s.messages, s.bytes
}

func (s *story) differences() int { return len(s.differs) }

// table prints what it all took.
func (s *story) table() {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tmessages\tbytes\tstored\trequests\tleast\tseconds\t")
	for _, r := range s.rows {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%s\t%.1f\t\n", r.what, r.messages, size(r.bytes), sizeOrNone(r.stored), r.requests, orNone(r.ideal), r.seconds)
	}
	_ = w.Flush() // into memory
	fmt.Fprintf(s.out, "\n── What it took\n\n%s\n", b.String())
	s.say("mailboxes: %d, folders: %d, messages: %d (%s)", s.sums.mailboxes, s.sums.folders, s.sums.messages, size(s.sums.bytes))
	for _, p := range s.site.Processes()[1:] {
		if peak, err := p.PeakMemory(); err == nil {
			s.say("most memory of %s: %s", p.Name, size(peak))
		}
	}
	s.say("messages compared with the truth: %d", s.counted)
	s.say("differences: %d   (what Graph cannot write back is not counted: docs/recovery-fidelity.md)", s.differences())
	s.say("in all %s", time.Since(s.began).Round(time.Second))
}

// invite says how to look around.
func (s *story) invite() {
	password, err := os.ReadFile(filepath.Join(s.site.DirectorData(), "first-password"))
	shown := strings.TrimSpace(string(password))
	if err != nil {
		shown = "(not found: " + err.Error() + ")"
	}
	fmt.Fprintf(s.out, `
── It goes on running; look around
   Browser:   https://%s   (its certificate is the Director's own: let the browser go on)
              user admin, one-time password %s; then "Recovery" finds and brings back any message
   CLI:       export HOLDFAST_DIRECTOR=https://%s
              export HOLDFAST_TOKEN_FILE=%s
              export HOLDFAST_CA=%s
              %s job list
   Logs:      %s
   Ctrl-C stops everything that was started.
`, s.at.director, shown, s.at.director, filepath.Join(s.site.DirectorData(), "cli-token"),
		filepath.Join(s.site.DirectorData(), "tls.crt"), filepath.Join(s.site.Bin, "holdfast"),
		filepath.Join(s.site.Dir, "log"))
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

func sizeOrNone(n int64) string {
	if n == 0 {
		return ""
	}
	return size(n)
}

func orNone(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// indented writes lines with the story's indentation.
type indented struct{ w io.Writer }

// Write indents whole lines; a part of a line is indented where it begins.
func (i indented) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		if _, err := io.WriteString(i.w, "     "+line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
