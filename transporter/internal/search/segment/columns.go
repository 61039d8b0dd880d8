package segment

// Columns are what is kept in memory of each document while people search: 20 bytes, and a bit.
type Columns struct {
	received []int64
	sizes    []int64
	mailbox  []uint32
	attached Set
}

// Received returns when a document of the segment was received.
func (c *Columns) Received(doc uint32) int64 { return c.received[doc] }

// SizeOf returns the size of the message.
func (c *Columns) SizeOf(doc uint32) int64 { return c.sizes[doc] }

// Attached returns the documents with attachments. They must not be changed.
func (c *Columns) Attached() Set { return c.attached }

func (c *Columns) doc(doc uint32) Doc {
	return Doc{Mailbox: c.mailbox[doc], Received: c.received[doc], Size: c.sizes[doc], Attachments: c.attached.Has(doc)}
}

func (s *Segment) newColumns() (*Columns, error) {
	c := &Columns{received: make([]int64, s.Docs), sizes: make([]int64, s.Docs), mailbox: make([]uint32, s.Docs), attached: NewSet(s.Docs)}
	err := s.columns(func(doc uint32, d *Doc) error {
		c.received[doc], c.sizes[doc], c.mailbox[doc] = d.Received, d.Size, d.Mailbox
		if d.Attachments {
			c.attached.Add(doc)
		}
		return nil
	})
	return c, err
}

// columns calls fn for what the columns say of each document that was not dropped. What d points to is good until fn returns.
func (s *Segment) columns(fn func(doc uint32, d *Doc) error) error {
	r := reading{s: s}
	for b := range s.blocks[columnBlock] {
		if err := r.columns(b, fn); err != nil {
			return err
		}
	}
	return nil
}

// reading reads blocks one after the other in the same memory.
type reading struct {
	s   *Segment
	box []byte
}

// block reads a block, which is good until the next is read.
func (r *reading) block(k kind, number int) (data []byte, err error) {
	data, r.box, err = r.s.readInto(r.s.blocks[k][number], r.box)
	return data, err
}

// columns reads one block of columns.
func (r *reading) columns(number int, fn func(doc uint32, d *Doc) error) error {
	data, err := r.block(columnBlock, number)
	if err != nil {
		return err
	}
	d := &decoder{data: data}
	var out Doc
	doc := uint32(number * columnDocs)
	for range min(columnDocs, r.s.Docs-doc) {
		if flags := d.below(3); flags > 0 {
			out.Attachments = flags == 2
			out.Received += d.int()
			out.Size = int64(d.below(1 << 62))
			out.Mailbox = uint32(d.below(uint64(len(r.s.Mailboxes))))
			if d.fault {
				break
			}
			if err := fn(doc, &out); err != nil {
				return err
			}
		}
		doc++
	}
	if !d.ok() {
		return damaged("its columns cannot be read")
	}
	return nil
}

// InMailbox returns the documents of a mailbox, a place in Mailboxes. It reads all columns.
func (s *Segment) InMailbox(number uint32) (Set, error) {
	mine := NewSet(s.Docs)
	err := s.columns(func(doc uint32, d *Doc) error {
		if d.Mailbox == number {
			mine.Add(doc)
		}
		return nil
	})
	return mine, err
}
