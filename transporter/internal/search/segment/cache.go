package segment

import (
	"container/list"
	"sync"
)

// Cache keeps blocks that were read, up to a number of bytes. Segments share it.
type Cache struct {
	limit int

	mu    sync.Mutex
	byKey map[blockKey]*list.Element
	order *list.List // of cachedBlock, most recent first
	size  int
}

type blockKey struct {
	segment *Segment
	kind    kind
	block   int
}

type cachedBlock struct {
	key  blockKey
	data []byte
}

// NewCache returns a cache for so many bytes.
func NewCache(limit int) *Cache {
	return &Cache{limit: limit, byKey: map[blockKey]*list.Element{}, order: list.New()}
}

func (c *Cache) get(k blockKey) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[k]
	if !ok {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(*cachedBlock).data
}

func (c *Cache) put(k blockKey, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[k]; ok || len(data) > c.limit/4 {
		return
	}
	c.byKey[k] = c.order.PushFront(&cachedBlock{k, data})
	c.size += cap(data)
	for c.size > c.limit {
		c.drop(c.order.Back())
	}
}

func (c *Cache) drop(el *list.Element) {
	old := c.order.Remove(el).(*cachedBlock)
	delete(c.byKey, old.key)
	c.size -= cap(old.data)
}

func (c *Cache) forget(s *Segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, el := range c.byKey {
		if k.segment == s {
			c.drop(el)
		}
	}
}

// cached returns a block, from memory if it is there. It must not be changed.
func (s *Segment) cached(k kind, block int) ([]byte, error) {
	key := blockKey{s, k, block}
	if data := s.cache.get(key); data != nil {
		return data, nil
	}
	data, err := s.read(s.blocks[k][block])
	if err == nil {
		s.cache.put(key, data)
	}
	return data, err
}
