package segment

import (
	"context"

	"holdfast/transporter/internal/search/words"
)

// perCheck is how many postings are read between looks at the context.
const perCheck = 1024

// Match adds the documents that have a word which fits, in a field, to a set of the segment's documents.
func (s *Segment) Match(ctx context.Context, f Field, need words.Need, into Set) (err error) {
	n := 0
	block, data := -1, []byte(nil)
	s.dict.each(f, need, func(i int) bool {
		if n++; n%perCheck == 0 {
			if err = ctx.Err(); err != nil {
				return false
			}
		}
		ref := s.dict.refs[i]
		if ref&single != 0 {
			into.Add(uint32(ref))
			return true
		}
		if at := int(ref >> 32); at != block {
			if data, err = s.cached(postingBlock, at); err != nil {
				return false
			}
			block = at
		}
		if at := int(uint32(ref)); at >= len(data) || !addPosting(data[at:], s.Docs, into) {
			err = damaged("postings cannot be read")
			return false
		}
		return true
	})
	return err
}

// posting returns the documents of a word, in the memory of docs. Words come in order, so the block at hand is kept, and not the
// cache, which is for those who search.
func (c *cursor) posting(docs []uint32) ([]uint32, error) {
	ref := c.s.dict.refs[c.at]
	if ref&single != 0 {
		return append(docs[:0], uint32(ref)), nil
	}
	if at := int(ref >> 32); c.data == nil || at != c.block {
		data, err := c.s.read(c.s.blocks[postingBlock][at])
		if err != nil {
			return nil, err
		}
		c.block, c.data = at, data
	}
	docs = docs[:0]
	if at := int(uint32(ref)); at >= len(c.data) || decodePosting(c.data[at:], c.s.Docs, func(d uint32) { docs = append(docs, d) }) == 0 {
		return nil, damaged("postings cannot be read")
	}
	return docs, nil
}
