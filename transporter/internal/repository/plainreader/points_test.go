package plainreader

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"

	"github.com/klauspost/compress/snappy"
)

// message is a protobuf of which nothing is known but the wire format: the values of each field in order.
type message map[int][]value

type value struct {
	number uint64
	bytes  []byte
}

func parse(b []byte) (message, error) {
	m := message{}
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errors.New("not a protobuf")
		}
		b = b[n:]
		var v value
		switch tag & 7 {
		case 0:
			if v.number, n = binary.Uvarint(b); n <= 0 {
				return nil, errors.New("not a protobuf")
			}
			b = b[n:]
		case 2:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return nil, errors.New("not a protobuf")
			}
			v.bytes = b[n : n+int(size)]
			b = b[n+int(size):]
		default:
			return nil, errors.New("no record has fields of this kind")
		}
		m[int(tag>>3)] = append(m[int(tag>>3)], v)
	}
	return m, nil
}

func (m message) text(field int) string { return string(m.raw(field)) }

func (m message) raw(field int) []byte {
	if v := m[field]; len(v) > 0 {
		return v[len(v)-1].bytes
	}
	return nil
}

func (m message) num(field int) uint64 {
	if v := m[field]; len(v) > 0 {
		return v[len(v)-1].number
	}
	return 0
}

func (m message) sub(field int) message {
	out, err := parse(m.raw(field))
	if err != nil {
		return message{}
	}
	return out
}

// packed returns repeated numbers, which lie in one value.
func (m message) packed(field int) (list []uint64) {
	for _, v := range m[field] {
		for b := v.bytes; len(b) > 0; {
			x, n := binary.Uvarint(b)
			if n <= 0 {
				return nil
			}
			list, b = append(list, x), b[n:]
		}
	}
	return list
}

// point is a recovery point as a list of what is in it.
type point struct {
	run     string
	losses  int
	folders map[string][]mail // by name
}

type mail struct {
	id       string
	subject  string
	contents []content
}

type content struct {
	sum  string
	size int64
}

// points returns the points by their ids.
func (r *repository) points() (map[string]point, error) {
	deleted := map[string]bool{}
	roots := map[string]message{}
	for _, b := range r.blobs {
		if b.typ != 5 && b.typ != 6 {
			continue
		}
		data, err := r.plain(b)
		if err != nil {
			return nil, err
		}
		m, err := parse(data)
		if err != nil {
			return nil, err
		}
		if b.typ == 6 {
			deleted[hex.EncodeToString(m.raw(1))] = true
			continue
		}
		id := sha256.Sum256(data)
		roots[hex.EncodeToString(id[:])] = m
	}
	out := map[string]point{}
	for id, root := range roots {
		if deleted[id] {
			continue
		}
		p, err := r.point(root)
		if err != nil {
			return nil, err
		}
		out[id] = p
	}
	return out, nil
}

func (r *repository) point(root message) (point, error) {
	if root.num(13) != 0 {
		return point{}, errors.New("a later version wrote this point")
	}
	p := point{run: root.text(3), folders: map[string][]mail{}}
	losses, err := r.list(root.sub(11))
	if err != nil {
		return p, err
	}
	p.losses = len(losses[1])
	table, err := r.list(root.sub(10))
	if err != nil {
		return p, err
	}
	for _, v := range table[1] {
		f, err := parse(v.bytes)
		if err != nil {
			return p, err
		}
		tree := f.sub(11)
		var list []mail
		if len(tree) > 0 {
			if list, err = r.tree(tree.raw(1), byte(tree.num(2))); err != nil {
				return p, err
			}
			if counts := tree.sub(3); counts.num(2) != uint64(len(list)) {
				return p, errors.New("a tree does not have as many messages as it says")
			}
		}
		p.folders[f.text(3)] = list
	}
	return p, nil
}

// list joins the parts of a list.
func (r *repository) list(l message) (message, error) {
	var data []byte
	for _, part := range l[1] {
		b, err := r.get(part.bytes)
		if err != nil {
			return nil, err
		}
		data = append(data, b...)
	}
	if uint64(len(data)) != l.num(2) {
		return nil, errors.New("a list is not as long as it says")
	}
	return parse(data)
}

// cursor reads numbers and bytes one behind the other.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (r *repository) tree(h []byte, level byte) ([]mail, error) {
	data, err := r.get(h)
	if err != nil {
		return nil, err
	}
	if len(data) < 2 || data[0] != 1 {
		return nil, errors.New("not a page of this version")
	}
	if level == 0 {
		return r.page(data[1:])
	}
	if data[1] != level {
		return nil, errors.New("a node of another level")
	}
	var out []mail
	c := cursor{b: data[2:]}
	for len(c.b) > 0 {
		child := c.take(32)
		c.varint()
		c.uvarint()
		c.take(16)
		messages := c.uvarint()
		c.uvarint()
		c.uvarint()
		c.uvarint()
		if c.bad {
			return nil, errors.New("a node is cut")
		}
		part, err := r.tree(child, level-1)
		if err != nil {
			return nil, err
		}
		if uint64(len(part)) != messages {
			return nil, errors.New("a child does not have as many messages as its node says")
		}
		out = append(out, part...)
	}
	return out, nil
}

func (r *repository) page(b []byte) ([]mail, error) {
	var out []mail
	c := cursor{b: b}
	for len(c.b) > 0 {
		id, record := c.entry()
		if c.bad {
			return nil, errors.New("a page is cut")
		}
		m, err := parse(record)
		if err != nil {
			return nil, err
		}
		one := mail{id: id, subject: m.text(6)}
		if one.contents, err = r.contents(m); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (c *cursor) entry() (id string, record []byte) {
	id = string(c.take(c.uvarint()))
	c.varint()
	for range 4 {
		c.uvarint()
	}
	return id, c.take(c.uvarint())
}

// contents returns what a record has bytes of: body, MIME, attachments, those of attached messages behind each.
func (r *repository) contents(m message) ([]content, error) {
	if m.num(35) != 0 {
		return nil, errors.New("a later version wrote this record")
	}
	var out []content
	add := func(c message) error {
		h := sha256.New()
		var size int64
		hashes := c.raw(1)
		for _, n := range c.packed(2) {
			piece, err := r.get(hashes[:32])
			if err != nil {
				return err
			}
			if uint64(len(piece)) != n {
				return errors.New("a piece is not as long as its record says")
			}
			h.Write(piece)
			size += int64(n)
			hashes = hashes[32:]
		}
		out = append(out, content{hex.EncodeToString(h.Sum(nil)), size})
		return nil
	}
	if err := errors.Join(add(m.sub(31)), add(m.sub(32))); err != nil {
		return nil, err
	}
	for _, v := range m[33] {
		a, err := parse(v.bytes)
		if err != nil {
			return nil, err
		}
		if err := add(a.sub(10)); err != nil {
			return nil, err
		}
		if len(a[11]) > 0 {
			inner, err := r.contents(a.sub(11))
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		}
	}
	return out, nil
}

// journal returns the ids of the messages that an interrupted backup has committed, and the last cursor.
func (r *repository) journal(path string) (ids []string, at string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	if len(b) < 64 || string(b[:8]) != "HFJRNL\x1a\n" || binary.LittleEndian.Uint16(b[8:]) != 1 || binary.LittleEndian.Uint32(b[60:]) != sum(b[:60]) {
		return nil, "", errors.New("not a journal")
	}
	b = b[64:]
	for first := true; len(b) >= 20; first = false {
		m, n := int(binary.LittleEndian.Uint32(b[4:])), int(binary.LittleEndian.Uint32(b[8:]))
		if string(b[:4]) != "HFJF" || binary.LittleEndian.Uint32(b[16:]) != sum(b[:16]) || 20+m+n > len(b) || binary.LittleEndian.Uint32(b[12:]) != sum(b[20:20+m+n]) {
			break // torn
		}
		statement, err := r.boxed("statement", b[20:20+m])
		if err != nil {
			return nil, "", err
		}
		c, err := parse(statement)
		if err != nil {
			return nil, "", err
		}
		records := b[20+m : 20+m+n]
		b = b[20+m+n:]
		if first {
			continue // what the session started from
		}
		if c.text(2) != "" {
			at = c.text(2)
		}
		for _, v := range c[6] {
			staged, err := parse(v.bytes)
			if err != nil {
				return nil, "", err
			}
			entry, err := r.boxed("record", records[:staged.num(5)])
			if err != nil {
				return nil, "", err
			}
			records = records[staged.num(5):]
			cur := cursor{b: entry}
			id, record := cur.entry()
			if _, err := parse(record); err != nil || cur.bad || len(cur.b) > 0 {
				return nil, "", errors.New("not an entry")
			}
			ids = append(ids, id)
		}
	}
	return ids, at, nil
}

func (r *repository) boxed(use string, box []byte) ([]byte, error) {
	block, err := r.keys.unbox(use, box)
	if err != nil {
		return nil, err
	}
	return snappy.Decode(nil, block)
}
