package segment

import (
	"encoding/binary"
)

// Postings are kept as distances, or as bits where that is shorter.
const (
	asDistances = 0
	asBits      = 1
)

// appendPosting appends the postings of a word: ascending documents, two at least.
func appendPosting(dst []byte, docs []uint32) []byte {
	dst = putUint(dst, uint64(len(docs)))
	first, last := docs[0]/8, docs[len(docs)-1]/8
	head := len(dst)
	if bits := int(last-first) + 1; len(docs) <= bits { // distances take a byte each at least
		dst = append(dst, asDistances)
		before := int64(-1)
		for _, d := range docs {
			dst = putUint(dst, uint64(int64(d)-before))
			before = int64(d)
		}
		if len(dst)-head <= bits+6 {
			return dst
		}
		dst = dst[:head]
	}
	dst = append(dst, asBits)
	dst = putUint(dst, uint64(first))
	at := len(dst)
	dst = append(dst, make([]byte, last-first+1)...)
	for _, d := range docs {
		dst[at+int(d/8-first)] |= 1 << (d & 7)
	}
	return dst
}

// decodePosting calls fn for the documents of the postings, all of which are below limit, in order. It returns how long the
// postings are; 0 when they are damaged: fn may then have been called.
func decodePosting(data []byte, limit uint32, fn func(doc uint32)) int {
	d := decoder{data: data}
	count := d.below(uint64(limit) + 1)
	how := d.uint()
	switch {
	case d.fault || count < 2:
		return 0
	case how == asDistances:
		before := int64(-1)
		for range count {
			step := d.uint()
			if step == 0 || step > uint64(int64(limit)-1-before) {
				return 0
			}
			before += int64(step)
			fn(uint32(before))
		}
	case how == asBits:
		first := d.below(uint64(limit))
		for at := first * 8; count > 0; at += 8 {
			b := d.bytes(1)
			if d.fault || at >= uint64(limit) {
				return 0
			}
			for bit := range uint64(8) {
				if b[0]&(1<<bit) == 0 {
					continue
				}
				if at+bit >= uint64(limit) || count == 0 {
					return 0
				}
				count--
				fn(uint32(at + bit))
			}
		}
	default:
		return 0
	}
	if d.fault {
		return 0
	}
	return len(data) - len(d.data)
}

// addPosting adds the documents of postings to a set of limit documents; false when they are damaged.
func addPosting(data []byte, limit uint32, into Set) bool {
	count, n := binary.Uvarint(data)
	if n <= 0 || n >= len(data) || count < 2 || count > uint64(limit) {
		return false
	}
	if data[n] == asBits {
		return addBits(data[n+1:], count, limit, into)
	}
	if data[n] != asDistances {
		return false
	}
	data = data[n+1:]
	doc := int64(-1)
	for range count {
		if len(data) == 0 {
			return false
		}
		step := uint64(data[0])
		if step < 0x80 {
			data = data[1:]
		} else {
			var n int
			if step, n = binary.Uvarint(data); n <= 0 {
				return false
			}
			data = data[n:]
		}
		if step-1 >= uint64(int64(limit)-1-doc) { // also 0
			return false
		}
		doc += int64(step)
		into.Add(uint32(doc))
	}
	return true
}

func addBits(data []byte, count uint64, limit uint32, into Set) bool {
	first, n := binary.Uvarint(data)
	if n <= 0 || first > uint64(limit)/8 {
		return false
	}
	data = data[n:]
	// The bits end with the byte of the last document.
	var seen uint64
	for i := 0; seen < count; i++ {
		if i >= len(data) {
			return false
		}
		b := data[i]
		at := first + uint64(i)
		if b != 0 {
			if at*8+uint64(7-leadingZeros(b)) >= uint64(limit) {
				return false
			}
			seen += uint64(ones[b])
			into[at>>3] |= uint64(b) << (at & 7 * 8)
		} else if at*8 >= uint64(limit) {
			return false
		}
	}
	return seen == count
}

var ones = func() (t [256]uint8) {
	for i := range t {
		t[i] = t[i/2] + uint8(i&1)
	}
	return t
}()

func leadingZeros(b byte) int {
	n := 0
	for b&0x80 == 0 {
		b <<= 1
		n++
	}
	return n
}
