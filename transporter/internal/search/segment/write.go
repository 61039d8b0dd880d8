package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// content is what is written: of a builder, or of segments that are joined.
type content struct {
	base, docs uint32
	mailboxes  []Mailbox
	// eachChapter calls for the chapters in order.
	eachChapter func(fn func(*Chapter) error) error
	// eachDoc calls for each number below docs; nil for one that was dropped.
	eachDoc  func(fn func(*Doc) error) error
	eachWord func(fn func(word []byte, docs []uint32) error) error
}

// Place is where segments lie.
type Place struct {
	FS     disk.FS
	Dir    string
	Sealer Sealer
}

// temporary ends the name of a segment that is being written.
const temporary = ".new"

// Write writes what a builder has to a file, durably. A crash leaves nothing, or the whole under its name, or a file whose
// name ends in ".new".
func (p Place) Write(name string, b *Builder) error { return p.write(name, b.content()) }

func (p Place) write(name string, c *content) (err error) {
	path := filepath.Join(p.Dir, name)
	_ = p.FS.Remove(path + temporary) // of a process that was killed
	f, err := p.FS.Create(path + temporary)
	if err != nil {
		return disk.Fault(err, "create", path+temporary)
	}
	w := &writer{place: p, name: name, file: f}
	w.put([]byte(magic))
	w.content(c)
	if w.err == nil {
		w.err = f.Sync()
	}
	if err := errors.Join(w.err, f.Close()); err != nil {
		_ = p.FS.Remove(path + temporary) // removed when the index is opened, too
		return disk.Fault(err, "write", path)
	}
	if err := p.FS.Rename(path+temporary, path); err != nil {
		return disk.Fault(err, "rename", path+temporary)
	}
	return disk.Fault(p.FS.SyncDir(p.Dir), "sync", p.Dir)
}

// writer writes one segment. After an error it does nothing.
type writer struct {
	place  Place
	name   string
	file   disk.File
	at     int64
	blocks [kinds][]extent
	err    error

	words, postings []byte
	last            []byte // word
	count           uint64 // of words
	present         uint64 // documents
}

func (w *writer) put(data []byte) {
	if w.err != nil {
		return
	}
	_, w.err = w.file.WriteAt(data, w.at)
	w.at += int64(len(data))
}

func use(name string, at int64) string { return fmt.Sprintf("segment %s %d", name, at) }

func (w *writer) seal(data []byte) extent {
	box := w.place.Sealer.SealDerived(use(w.name, w.at), data)
	e := extent{w.at, len(box)}
	w.put(box)
	return e
}

func (w *writer) block(k kind, data []byte) {
	if len(data) > 0 && w.err == nil {
		w.blocks[k] = append(w.blocks[k], w.seal(data))
	}
}

func (w *writer) content(c *content) {
	check := func(err error) {
		if w.err == nil {
			w.err = err
		}
	}
	check(c.eachWord(w.word))
	w.block(postingBlock, w.postings)
	w.block(wordBlock, w.words)
	check(w.documents(c))
	check(c.eachChapter(func(c *Chapter) error {
		for _, part := range parted(*c) {
			w.block(chapterBlock, appendChapter(nil, &part))
		}
		return w.err
	}))
	w.directory(c)
}

func (w *writer) word(word []byte, docs []uint32) error {
	if w.err != nil || len(docs) == 0 {
		return w.err
	}
	if len(w.postings) >= blockSize {
		w.block(postingBlock, w.postings)
		w.postings = w.postings[:0]
	}
	if len(w.words) >= blockSize {
		w.block(wordBlock, w.words)
		w.words, w.last = w.words[:0], w.last[:0]
	}
	shared := 0
	for shared < min(len(word), len(w.last)) && word[shared] == w.last[shared] {
		shared++
	}
	w.words = putUint(w.words, uint64(shared))
	w.words = putUint(w.words, uint64(len(word)-shared))
	w.words = append(w.words, word[shared:]...)
	w.last = append(w.last[:0], word...)
	w.count++
	if len(docs) == 1 {
		w.words = putUint(append(w.words, 0), uint64(docs[0]))
		return nil
	}
	at := len(w.postings)
	w.postings = appendPosting(w.postings, docs)
	// The number of the block, so that blocks of words stand alone.
	w.words = putUint(w.words, uint64(len(w.postings)-at))
	w.words = putUint(w.words, uint64(len(w.blocks[postingBlock])))
	w.words = putUint(w.words, uint64(at))
	return nil
}

func (w *writer) documents(c *content) error {
	var columns []byte
	var names nameList
	before, n := int64(0), 0
	err := c.eachDoc(func(d *Doc) error {
		n++
		if d == nil {
			columns = append(columns, 0)
		} else {
			w.present++
			columns = appendColumns(columns, d, before)
			before = d.Received
			names.add(d)
		}
		if n%columnDocs == 0 {
			w.block(columnBlock, columns)
			columns, before = columns[:0], 0
		}
		if n%nameDocs == 0 {
			w.block(nameBlock, names.data)
			names = nameList{data: names.data[:0]}
		}
		return w.err
	})
	w.block(columnBlock, columns)
	if n%nameDocs != 0 {
		w.block(nameBlock, names.data)
	}
	return err
}

// appendColumns appends what stays in memory of a document. The flags are 1 for attachments.
func appendColumns(dst []byte, d *Doc, before int64) []byte {
	flags := uint64(0)
	if d.Attachments {
		flags = 1
	}
	dst = putUint(dst, 1+flags)
	dst = binary.AppendVarint(dst, d.Received-before)
	dst = putUint(dst, uint64(max(0, d.Size)))
	return putUint(dst, uint64(d.Mailbox))
}

func (w *writer) directory(c *content) {
	var d []byte
	for _, v := range []uint64{uint64(c.base), uint64(c.docs), w.present, w.count, uint64(len(c.mailboxes))} {
		d = putUint(d, v)
	}
	for _, m := range c.mailboxes {
		d = putString(putString(d, m.Account), m.Mailbox)
	}
	for _, list := range w.blocks {
		d = putUint(d, uint64(len(list)))
		for _, e := range list {
			d = putUint(putUint(d, uint64(e.at)), uint64(e.length))
		}
	}
	if len(d) > maxBlock && w.err == nil {
		w.err = fault.New(fault.Exhausted, "a segment of the search index grows too large")
	}
	e := w.seal(d)
	t := binary.LittleEndian.AppendUint64(nil, uint64(e.at))
	t = binary.LittleEndian.AppendUint32(t, uint32(e.length))
	t = binary.LittleEndian.AppendUint32(t, crc32.Checksum(t, crc32.MakeTable(crc32.Castagnoli)))
	t = binary.LittleEndian.AppendUint64(t, formatNo)
	w.put(append(t, endMagic...))
}

// parted cuts a chapter into some that are not too long.
func parted(c Chapter) []Chapter {
	events := c.Events
	c.Events = events[:min(len(events), maxEvents)]
	parts := []Chapter{c}
	for events = events[len(c.Events):]; len(events) > 0; {
		n := min(len(events), maxEvents)
		parts = append(parts, Chapter{Account: c.Account, Mailbox: c.Mailbox, Job: c.Job, Events: events[:n]})
		events = events[n:]
	}
	return parts
}
