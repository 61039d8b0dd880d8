package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// lineEvery is how often a line is written where nothing can be redrawn.
const lineEvery = 5 * time.Second

// screen shows progress on standard error: a block that is redrawn on a terminal, a line every few seconds elsewhere.
type screen struct {
	w     io.Writer
	live  bool
	width func() int
	// drawn is how many lines of the block are on the terminal.
	drawn    int
	lastLine time.Time
	lastKey  string
}

// draw replaces the block.
func (s *screen) draw(lines []string) {
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", s.drawn)
	}
	width := s.width()
	for _, l := range lines {
		l = clean(strings.ReplaceAll(l, "\n", " "))
		if width > 1 {
			l = cut(l, width-1)
		}
		b.WriteString(l + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	s.drawn = len(lines)
	io.WriteString(s.w, b.String()) //nolint:errcheck // A progress display that cannot be seen harms nothing.
}

// clear takes the block away, to make room for the result.
func (s *screen) clear() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\r\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// line writes text when key (what a person would call the state) changed or enough time went by.
func (s *screen) line(now time.Time, key, text string) {
	if key == s.lastKey && now.Sub(s.lastLine) < lineEvery {
		return
	}
	s.lastKey, s.lastLine = key, now
	fmt.Fprintln(s.w, now.Format("15:04:05")+" "+clean(strings.ReplaceAll(text, "\n", " ")))
}
