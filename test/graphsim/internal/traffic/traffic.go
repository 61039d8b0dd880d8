// Package traffic has what stands between a request and its answer: the counters, the throttle of contract 10, and the
// faults that a test asks for. It knows requests by their kind and mailbox only.
package traffic

import (
	"maps"
	"sync"
)

// Counters count every request, throttled and failed ones too.
type Counters struct {
	mu sync.Mutex
	c  Counts
}

// Counts is a snapshot.
type Counts struct {
	Total     int64                       `json:"total"`
	ByKind    map[string]int64            `json:"byKind"`
	ByStatus  map[int]int64               `json:"byStatus"`
	ByMailbox map[string]map[string]int64 `json:"byMailbox"`
	// MaxInFlight is the most requests of one app that were in progress on a mailbox at once.
	MaxInFlight map[string]int `json:"maxInFlight"`
	BytesIn     int64          `json:"bytesIn"`
	BytesOut    int64          `json:"bytesOut"`
}

func emptyCounts() Counts {
	return Counts{
		ByKind: map[string]int64{}, ByStatus: map[int]int64{},
		ByMailbox: map[string]map[string]int64{}, MaxInFlight: map[string]int{},
	}
}

// NewCounters starts at zero.
func NewCounters() *Counters { return &Counters{c: emptyCounts()} }

// Begin counts a request by its kind and, when it has one, mailbox.
func (c *Counters) Begin(kind, mailbox string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.c.Total++
	c.c.ByKind[kind]++
	if mailbox != "" {
		if c.c.ByMailbox[mailbox] == nil {
			c.c.ByMailbox[mailbox] = map[string]int64{}
		}
		c.c.ByMailbox[mailbox][kind]++
	}
}

// End counts the answer.
func (c *Counters) End(status int, in, out int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.c.ByStatus[status]++
	c.c.BytesIn += in
	c.c.BytesOut += out
}

// InFlight notes how many requests a mailbox has in progress.
func (c *Counters) InFlight(mailbox string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.c.MaxInFlight[mailbox] = max(c.c.MaxInFlight[mailbox], n)
}

// Snapshot of the counts; reset begins anew.
func (c *Counters) Snapshot(reset bool) Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.c
	if reset {
		c.c = emptyCounts()
		return s
	}
	s.ByKind, s.ByStatus, s.MaxInFlight = maps.Clone(s.ByKind), maps.Clone(s.ByStatus), maps.Clone(s.MaxInFlight)
	s.ByMailbox = maps.Clone(s.ByMailbox)
	for k, v := range s.ByMailbox {
		s.ByMailbox[k] = maps.Clone(v)
	}
	return s
}
