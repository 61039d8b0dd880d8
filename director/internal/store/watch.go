package store

import (
	"context"
	"strings"
	"sync"

	"holdfast/pkg/fault"
)

// Watch tells which keys changed since it was last asked. A key that changed often is told once.
type Watch struct {
	all           *watches
	table, prefix string
	ready         chan struct{} // holds one token while changed is not empty
	changed       map[string]struct{}
}

// watches are all watches of a store. Its mutex guards the watches too.
type watches struct {
	mu     sync.Mutex
	list   map[*Watch]struct{}
	closed bool
}

func (w *watches) add(table, prefix string) *Watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := &Watch{all: w, table: table, prefix: prefix, ready: make(chan struct{}, 1), changed: map[string]struct{}{}}
	if w.closed {
		close(n.ready)
		return n
	}
	if w.list == nil {
		w.list = map[*Watch]struct{}{}
	}
	w.list[n] = struct{}{}
	return n
}

func (w *watches) notify(changes []change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := range w.list {
		for _, c := range changes {
			if c.table == n.table && strings.HasPrefix(c.key, n.prefix) {
				n.changed[c.key] = struct{}{}
			}
		}
		if len(n.changed) > 0 {
			select {
			case n.ready <- struct{}{}:
			default:
			}
		}
	}
}

func (w *watches) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for n := range w.list {
		close(n.ready)
	}
	w.list = nil
}

// Next waits until at least one key changed and returns those that did, in no order. Unavailable when the store closed.
func (w *Watch) Next(ctx context.Context) ([]string, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case _, ok := <-w.ready:
		if !ok {
			return nil, fault.New(fault.Unavailable, "the store is closed")
		}
	}
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	keys := make([]string, 0, len(w.changed))
	for k := range w.changed {
		keys = append(keys, k)
	}
	clear(w.changed)
	return keys, nil
}

// Changed returns the keys that changed since the watch was last asked, in no order, without waiting.
func (w *Watch) Changed() []string {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	keys := make([]string, 0, len(w.changed))
	for k := range w.changed {
		keys = append(keys, k)
	}
	clear(w.changed)
	if !w.all.closed {
		select {
		case <-w.ready:
		default:
		}
	}
	return keys
}

// Close ends the watch.
func (w *Watch) Close() {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	delete(w.all.list, w)
}
