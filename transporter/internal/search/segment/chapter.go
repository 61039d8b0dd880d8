package segment

import "encoding/binary"

// A chapter is stored as account, mailbox, job, then each list as its length and its members in the order of their fields;
// documents of events as varint distance from the event before. A document's number and 1 bit are joined: gone or not.

const maxText = 64 << 10 // of an id

func appendChapter(dst []byte, c *Chapter) []byte {
	dst = putString(putString(putString(dst, c.Account), c.Mailbox), c.Job)
	dst = putUint(dst, uint64(len(c.Points)))
	for i := range c.Points {
		p := &c.Points[i]
		dst = append(putUint(dst, uint64(p.Seq)), p.ID[:]...)
		dst = binary.AppendVarint(binary.AppendVarint(dst, p.Time), p.Sealed)
		dst = putUint(putUint(dst, uint64(p.Table)), p.Unreadable)
	}
	dst = putUint(dst, uint64(len(c.Folders)))
	for _, f := range c.Folders {
		dst = putString(putUint(dst, uint64(f.No)), f.ID)
	}
	dst = putUint(dst, uint64(len(c.Tables)))
	for _, t := range c.Tables {
		dst = putUint(putUint(dst, uint64(t.No)), uint64(len(t.Folders)))
		for _, b := range t.Folders {
			dst = putUint(putUint(dst, uint64(b.No)), uint64(b.Parent))
		}
	}
	dst = putUint(dst, uint64(len(c.Events)))
	before := uint32(0)
	for _, e := range c.Events {
		gone := uint64(0)
		if e.Gone {
			gone = 1
		}
		dst = putUint(dst, uint64(e.Seq)<<1|gone)
		dst = binary.AppendVarint(dst, int64(e.Doc)-int64(before))
		dst = putUint(dst, uint64(e.Folder))
		before = e.Doc
	}
	return dst
}

func decodeChapter(data []byte) (*Chapter, error) {
	d := &decoder{data: data}
	c := &Chapter{Account: d.string(), Mailbox: d.string(), Job: d.string()}
	for range d.count() {
		p := Point{Seq: d.uint32()}
		copy(p.ID[:], d.bytes(len(p.ID)))
		p.Time, p.Sealed = d.int(), d.int()
		p.Table, p.Unreadable = d.uint32(), d.uint()
		c.Points = append(c.Points, p)
		if d.fault {
			break
		}
	}
	for range d.count() {
		c.Folders = append(c.Folders, Folder{No: d.uint32(), ID: d.string()})
		if d.fault {
			break
		}
	}
	for range d.count() {
		t := Table{No: d.uint32()}
		for range d.count() {
			t.Folders = append(t.Folders, Branch{No: d.uint32(), Parent: d.uint32()})
			if d.fault {
				break
			}
		}
		c.Tables = append(c.Tables, t)
		if d.fault {
			break
		}
	}
	n := d.count()
	before := int64(0)
	for range n {
		v := d.below(1 << 33)
		doc := before + d.int()
		if doc < 0 || doc > 1<<32-1 {
			d.fail()
		}
		before = doc
		c.Events = append(c.Events, Event{Seq: uint32(v >> 1), Doc: uint32(doc), Folder: d.uint32(), Gone: v&1 != 0})
		if d.fault {
			break
		}
	}
	if !d.ok() {
		return nil, damaged("what it says of a backup cannot be read")
	}
	return c, nil
}
