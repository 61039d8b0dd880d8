package segment

import (
	"encoding/binary"
	"math"
)

func putUint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func putString(dst []byte, s string) []byte { return append(putUint(dst, uint64(len(s))), s...) }

// decoder reads what was put. After the first fault everything it gives is zero, and fault stays.
type decoder struct {
	data  []byte
	fault bool
}

func (d *decoder) uint() uint64 {
	if len(d.data) > 0 && d.data[0] < 0x80 {
		v := d.data[0]
		d.data = d.data[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return v
}

// below reads a number that must be below a limit.
func (d *decoder) below(limit uint64) uint64 {
	v := d.uint()
	if v >= limit {
		d.fail()
		return 0
	}
	return v
}

func (d *decoder) uint32() uint32 { return uint32(d.below(math.MaxUint32 + 1)) }

// count reads how many things follow, each of which takes a byte at least.
func (d *decoder) count() int { return int(d.below(uint64(len(d.data)) + 1)) }

func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.data) {
		d.fail()
		return nil
	}
	b := d.data[:n]
	d.data = d.data[n:]
	return b
}

func (d *decoder) string() string {
	n := d.count()
	if n > maxText {
		d.fail()
		return ""
	}
	return string(d.bytes(n))
}

func (d *decoder) fail() { d.data, d.fault = nil, true }

// ok reports whether everything was read, and nothing else was there.
func (d *decoder) ok() bool { return !d.fault && len(d.data) == 0 }
