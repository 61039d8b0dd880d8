package script

import (
	"fmt"
	"strings"
	"sync"
)

// output keeps the beginning and the end of what is written to it.
type output struct {
	mu    sync.Mutex
	head  []byte
	tail  []byte // a ring, once it is full
	next  int    // where the oldest byte of a full ring is
	total int64
}

// Write implements io.Writer; it never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(p)
	o.total += int64(n)
	const half = keptOutput / 2
	room := min(half-len(o.head), len(p))
	o.head = append(o.head, p[:room]...)
	p = p[room:]
	if len(p) > half {
		p = p[len(p)-half:]
	}
	for len(p) > 0 {
		if len(o.tail) < half {
			room := min(half-len(o.tail), len(p))
			o.tail = append(o.tail, p[:room]...)
			p = p[room:]
			continue
		}
		k := copy(o.tail[o.next:], p)
		o.next = (o.next + k) % half
		p = p[k:]
	}
	return n, nil
}

// text returns what was kept, as valid UTF-8, and how many bytes were not.
func (o *output) text() (string, int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	tail := string(o.tail[o.next:]) + string(o.tail[:o.next])
	dropped := o.total - int64(len(o.head)+len(tail))
	middle := ""
	if dropped > 0 {
		middle = fmt.Sprintf("\n… %d bytes left out …\n", dropped)
	}
	return strings.ToValidUTF8(string(o.head)+middle+tail, "\uFFFD"), dropped
}
