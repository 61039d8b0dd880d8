package arrange

import (
	"container/list"
	"context"
	"sync"

	"holdfast/transporter/internal/record"
)

// Key names what is remembered: the tree of a folder, and for what fits a filter that filter.
type Key struct {
	Tree   record.Hash
	Filter Filter
}

// Cache remembers what was made last, up to a number of bytes. It is filled by one goroutine at a time, which bounds the
// memory that the making takes; others wait and then mostly find what they want.
type Cache struct {
	most int
	turn chan struct{}

	mu    sync.Mutex
	byKey map[Key]*list.Element
	order *list.List // of kept, most recent first
	size  int
}

type kept struct {
	key  Key
	a    *Arrangement
	size int
}

// NewCache returns a Cache of at most so many bytes.
func NewCache(most int) *Cache {
	return &Cache{most: most, turn: make(chan struct{}, 1), byKey: map[Key]*list.Element{}, order: list.New()}
}

// Get returns what is remembered under a key, or what build makes. Errors are not remembered.
func (c *Cache) Get(ctx context.Context, k Key, build func() (*Arrangement, error)) (*Arrangement, error) {
	if a := c.known(k); a != nil {
		return a, nil
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.turn }()
	if a := c.known(k); a != nil {
		return a, nil
	}
	a, err := build()
	if err == nil {
		c.put(k, a)
	}
	return a, err
}

func (c *Cache) known(k Key) *Arrangement {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[k]
	if !ok {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(*kept).a
}

// put remembers one that is not known. One that is larger than all that may be remembered is the only one then.
func (c *Cache) put(k Key, a *Arrangement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The text of a filter and the bookkeeping are counted roughly.
	size := a.Size() + len(k.Filter.Text) + 512
	c.byKey[k] = c.order.PushFront(&kept{k, a, size})
	c.size += size
	for c.size > c.most && c.order.Len() > 1 {
		old := c.order.Remove(c.order.Back()).(*kept)
		delete(c.byKey, old.key)
		c.size -= old.size
	}
}
