package segment

import (
	"context"

	"holdfast/transporter/internal/search/words"
)

// perCheck is how many postings are read between looks at the context.
const perCheck = 1024

// Match adds the documents that have a word which fits, in a field, to a set of the segment's documents.
func (s *Segment) Match(ctx context.Context, f Field, need words.Need, into Set) (err error) {
	l, err := s.load()
	if err != nil {
		return err
	}
	dict := l.dict
	n := 0
	block, data := -1, []byte(nil)
	dict.each(f, need, func(i int) bool {
		if n++; n%perCheck == 0 {
			if err = ctx.Err(); err != nil {
				return false
			}
		}
		ref := dict.refs[i]
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
