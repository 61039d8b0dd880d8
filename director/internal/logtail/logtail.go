// Package logtail keeps the last lines of a log in memory, for a support bundle. It knows nothing of what the lines say: who
// passes them on sees to it that they tell nothing that they must not.
package logtail

import (
	"bytes"
	"io"
	"sync"
)

// DefaultBytes is what a Tail of no size keeps: some thousand lines, which a quiet Director writes in weeks.
const DefaultBytes = 512 << 10

// Tail is a writer that hands on what it gets and keeps the end of it. Its methods may be called by several goroutines.
type Tail struct {
	next io.Writer
	size int

	mu   sync.Mutex // guards kept, and that writes keep their order
	kept []byte     // whole lines, less than two sizes
}

// New returns a Tail of so many bytes that hands on to next; 0 takes DefaultBytes.
func New(next io.Writer, size int) *Tail {
	if size <= 0 {
		size = DefaultBytes
	}
	return &Tail{next: next, size: size}
}

// Write hands p on, which is whole lines. It is kept whatever becomes of that: a log that cannot be written is what one asks for help with.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	// Cut only now and then, so that a line costs no copy of all others.
	if len(t.kept) >= 2*t.size {
		t.kept = bytes.Clone(lastLines(t.kept, t.size))
	}
	return t.next.Write(p)
}

// Lines returns a copy of the last whole lines, at most the size of the Tail.
func (t *Tail) Lines() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(lastLines(t.kept, t.size))
}

// lastLines is the end of whole lines that is no longer than size, without the part of a line that it would begin with.
func lastLines(lines []byte, size int) []byte {
	if len(lines) <= size {
		return lines
	}
	from := len(lines) - size
	i := bytes.IndexByte(lines[from-1:], '\n')
	if i < 0 {
		return nil
	}
	return lines[from+i:]
}
