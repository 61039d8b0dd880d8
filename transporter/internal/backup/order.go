package backup

import (
	"sync"

	"holdfast/pkg/mail"
)

// order keeps what was read earlier from being committed over what was read later. Folders are read side by side: a message
// that moves meanwhile may be in an old page of one folder, still waiting for attachments, and in a new page of another.
// It remembers messages for as long as anything older is on its way.
type order struct {
	mu       sync.Mutex
	last     int64
	underway map[int64]bool
	staged   map[mail.MessageID]int64
}

// begin numbers a reading that is about to start; end must follow when its outcome is committed or given up.
func (o *order) begin() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.underway == nil {
		o.underway, o.staged = map[int64]bool{}, map[mail.MessageID]int64{}
	}
	o.last++
	o.underway[o.last] = true
	return o.last
}

// within numbers a reading that is part of one that has begun.
func (o *order) within() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	return o.last
}

func (o *order) end(n int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.underway, n)
	oldest := o.last + 1
	for u := range o.underway {
		oldest = min(oldest, u)
	}
	for id, s := range o.staged {
		if s < oldest {
			delete(o.staged, id)
		}
	}
}

// admit reports whether the message as of reading n may be committed, and notes that it is. The caller commits before
// anybody else does.
func (o *order) admit(id mail.MessageID, n int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.staged[id] > n {
		return false
	}
	o.staged[id] = n
	return true
}
