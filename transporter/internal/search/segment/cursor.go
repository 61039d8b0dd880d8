package segment

import "bytes"

// cursor goes through the words of a segment in order, one block in memory at a time.
type cursor struct {
	words    reading
	postings reading
	number   int // of the next block of words
	left     decoder
	word     []byte // behind its field; the one at hand
	ref      uint64
	last     []byte
	block    int // of postings, in data
	data     []byte
	any      bool // data is there
}

func newCursor(s *Segment) *cursor {
	return &cursor{words: reading{s: s}, postings: reading{s: s}, word: make([]byte, 0, maxWord+1)}
}

// next returns the next word behind its field, and where its postings are; no word at the end. The word is good until the
// next call.
func (c *cursor) next() ([]byte, uint64, error) {
	s := c.words.s
	c.last = append(c.last[:0], c.word...)
	first := false
	if len(c.left.data) == 0 {
		if c.number == len(s.blocks[wordBlock]) {
			c.word = c.word[:0]
			return nil, 0, nil
		}
		data, err := c.words.block(wordBlock, c.number)
		if err != nil {
			return nil, 0, err
		}
		c.left, c.number, first = decoder{data: data}, c.number+1, true
		c.word = c.word[:0]
	}
	d := &c.left
	shared := int(d.below(uint64(len(c.word)) + 1))
	rest := d.bytes(int(d.below(maxWord + 2)))
	word := append(c.word[:shared], rest...)
	if length := d.below(maxBlock); length == 0 {
		c.ref = single | d.below(uint64(s.Docs))
	} else {
		c.ref = d.below(uint64(len(s.blocks[postingBlock]))) << 32
		c.ref |= d.below(maxBlock)
	}
	if d.fault || first && shared != 0 || len(word) < 2 || len(word) > maxWord+1 || word[0] >= byte(Fields) || bytes.IndexByte(word[1:], 0) >= 0 ||
		bytes.Compare(c.last, word) >= 0 {
		return nil, 0, damaged("its dictionary cannot be read")
	}
	c.word = word
	return word, c.ref, nil
}

// documents returns the documents of the word at hand, in the memory of docs. They are asked for in order, so the block at
// hand is kept, and not in the cache, which is for those who search.
func (c *cursor) documents(docs []uint32) ([]uint32, error) {
	if c.ref&single != 0 {
		return append(docs[:0], uint32(c.ref)), nil
	}
	if at := int(c.ref >> 32); !c.any || at != c.block {
		data, err := c.postings.block(postingBlock, at)
		if err != nil {
			return nil, err
		}
		c.block, c.data, c.any = at, data, true
	}
	docs = docs[:0]
	if at := int(uint32(c.ref)); at >= len(c.data) || decodePosting(c.data[at:], c.words.s.Docs, func(d uint32) { docs = append(docs, d) }) == 0 {
		return nil, damaged("postings cannot be read")
	}
	return docs, nil
}
