package segment

// nameList is a block of names that is being written. Ids of messages are long and mostly alike, above all at the beginning.
type nameList struct {
	data []byte
	last string
}

func (n *nameList) add(d *Doc) {
	most := min(len(d.ID), len(n.last))
	head := 0
	for head < most && d.ID[head] == n.last[head] {
		head++
	}
	tail := 0
	for tail < most-head && d.ID[len(d.ID)-1-tail] == n.last[len(n.last)-1-tail] {
		tail++
	}
	n.data = append(n.data, d.Key[:]...)
	n.data = putUint(putUint(n.data, uint64(head)), uint64(tail))
	n.data = putString(n.data, d.ID[head:len(d.ID)-tail])
	n.last = d.ID
}

// names calls fn for the documents of a block of names. The id is good until fn returns.
func (s *Segment) names(block int, data []byte, fn func(doc uint32, key Key, id []byte)) error {
	d := &decoder{data: data}
	from := uint32(block * nameDocs)
	var id, last []byte
	for doc := from; doc < min(s.Docs, from+nameDocs); doc++ {
		if !s.present.Has(doc) {
			continue
		}
		var key Key
		copy(key[:], d.bytes(len(key)))
		head := int(d.below(uint64(len(last)) + 1))
		tail := int(d.below(uint64(len(last)-head) + 1))
		middle := d.bytes(int(d.below(maxName + 1)))
		if d.fault || head+len(middle)+tail > maxName {
			return damaged("names cannot be read")
		}
		id = append(append(append(id[:0], last[:head]...), middle...), last[len(last)-tail:]...)
		fn(doc, key, id)
		id, last = last, id
	}
	if !d.ok() {
		return damaged("names cannot be read")
	}
	return nil
}
