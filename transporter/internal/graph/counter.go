package graph

import (
	"maps"
	"sync"
)

// RequestKind is what a request was for. Names are shown and used as metric labels.
type RequestKind string

// The kinds of request.
const (
	KindToken       RequestKind = "token"
	KindUsers       RequestKind = "users"
	KindProbe       RequestKind = "probe"
	KindFolders     RequestKind = "folders"
	KindDelta       RequestKind = "delta"
	KindList        RequestKind = "list"
	KindMessage     RequestKind = "message"
	KindAttachments RequestKind = "attachments"
	KindMIME        RequestKind = "mime"
	KindWrite       RequestKind = "write"
	KindUpload      RequestKind = "upload"
)

// Requests are counts as Microsoft meters them: each item of a batch is one, and so is each retry.
type Requests struct {
	ByKind    map[RequestKind]int64
	Total     int64 // all kinds but KindToken, which does not go to Graph
	Calls     int64 // HTTP requests to Graph; a batch is one
	Throttled int64 // answers that asked to wait
	Retried   int64 // requests sent again for another reason
}

// Counter counts requests. The zero value is ready; it may be shared by clients.
type Counter struct {
	mu sync.Mutex
	r  Requests
}

// Snapshot returns the counts so far.
func (c *Counter) Snapshot() Requests {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.r
	r.ByKind = maps.Clone(c.r.ByKind)
	return r
}

func (c *Counter) add(f func(*Requests)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.r)
}

// sent counts one HTTP request that stands for so many metered ones.
func sent(kind RequestKind, requests int) func(*Requests) {
	return func(r *Requests) {
		if r.ByKind == nil {
			r.ByKind = map[RequestKind]int64{}
		}
		r.ByKind[kind] += int64(requests)
		if kind != KindToken {
			r.Total += int64(requests)
			r.Calls++
		}
	}
}
