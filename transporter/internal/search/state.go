package search

import (
	"cmp"
	"encoding/hex"
	"math"
	"slices"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
)

// open is the last point of a place that no point has ended.
const open = math.MaxUint32

// place is that a message lies in a folder in all points of a backup from first to last.
type place struct{ doc, folder, first, last uint32 }

// pointState is an indexed point.
type pointState struct {
	segment.Point
	live    bool // the library has it
	visible bool // its documents are in segments
}

// backup is what the index knows of a backup.
type backup struct {
	key      record.BackupKey
	points   []pointState // by Seq
	next     uint32       // Seq of the next point
	places   []place      // by document, then first
	folders  map[uint32]string
	byFolder map[string]uint32
	tables   map[uint32][]segment.Branch
}

func newBackup(key record.BackupKey) *backup {
	return &backup{key: key, folders: map[uint32]string{}, byFolder: map[string]uint32{}, tables: map[uint32][]segment.Branch{}}
}

func (b *backup) box() segment.Mailbox {
	return segment.Mailbox{Account: string(b.key.Account), Mailbox: string(b.key.Mailbox)}
}

func keyOfChapter(c *segment.Chapter) record.BackupKey {
	return record.BackupKey{Account: mail.AccountID(c.Account), Mailbox: mail.MailboxID(c.Mailbox), Job: record.JobID(c.Job)}
}

// apply adds what a chapter says.
func (b *backup) apply(c *segment.Chapter, visible bool) {
	for _, p := range c.Points {
		b.points = append(b.points, pointState{Point: p, live: true, visible: visible})
		b.next = max(b.next, p.Seq+1)
	}
	for _, f := range c.Folders {
		if was, ok := b.folders[f.No]; ok && was != f.ID && b.byFolder[was] == f.No {
			delete(b.byFolder, was) // the number was given anew once no point had the folder
		}
		b.folders[f.No] = f.ID
		b.byFolder[f.ID] = f.No
	}
	for _, t := range c.Tables {
		b.tables[t.No] = t.Folders
	}
	inOrder := true
	for _, e := range c.Events {
		b.next = max(b.next, e.Seq+1)
		if e.Gone {
			continue
		}
		p := place{e.Doc, e.Folder, e.Seq, open}
		inOrder = inOrder && (len(b.places) == 0 || comparePlaces(b.places[len(b.places)-1], p) <= 0)
		b.places = append(b.places, p)
	}
	if !inOrder {
		slices.SortFunc(b.places, comparePlaces)
	}
	for _, e := range c.Events {
		if e.Gone {
			if p := b.openPlace(e.Doc, e.Folder, e.Seq); p != nil {
				p.last = e.Seq - 1
			}
		}
	}
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.doc, b.doc), cmp.Compare(a.first, b.first), cmp.Compare(a.folder, b.folder))
}

// placesOf returns the places of a document.
func (b *backup) placesOf(doc uint32) []place {
	from, _ := slices.BinarySearchFunc(b.places, doc, func(p place, doc uint32) int { return cmp.Compare(p.doc, doc) })
	to := from
	for to < len(b.places) && b.places[to].doc == doc {
		to++
	}
	return b.places[from:to]
}

// openPlace returns the place of a document in a folder that began before a point and has not ended.
func (b *backup) openPlace(doc, folder, before uint32) *place {
	list := b.placesOf(doc)
	for i := range slices.Backward(list) {
		if p := &list[i]; p.folder == folder && p.last == open && p.first < before {
			return p
		}
	}
	return nil
}

// point returns the indexed point with a number; nil when it is not there.
func (b *backup) point(seq uint32) *pointState {
	i, ok := slices.BinarySearchFunc(b.points, seq, func(p pointState, seq uint32) int { return cmp.Compare(p.Seq, seq) })
	if !ok {
		return nil
	}
	return &b.points[i]
}

// span counts points so that it can be told whether a place has any of them.
type span struct{ seqs []uint32 }

// points returns those that want chooses.
func (b *backup) span(want func(*pointState) bool) span {
	var s span
	for i := range b.points {
		if want(&b.points[i]) {
			s.seqs = append(s.seqs, b.points[i].Seq)
		}
	}
	return s
}

// has reports whether a chosen point lies between two numbers, both included.
func (s span) has(first, last uint32) bool {
	i, _ := slices.BinarySearch(s.seqs, first)
	return i < len(s.seqs) && s.seqs[i] <= last
}

// below returns the folders of a table that are the folder or lie below it.
func (b *backup) below(table, folder uint32) map[uint32]bool {
	in := map[uint32]bool{folder: true}
	list := b.tables[table]
	for grown := true; grown; {
		grown = false
		for _, f := range list {
			if f.Parent > 0 && in[f.Parent-1] && !in[f.No] {
				in[f.No], grown = true, true
			}
		}
	}
	return in
}

// folderNumber returns the number of a folder, adding a new one to the chapter.
func (b *backup) folderNumber(id string, c *segment.Chapter) uint32 {
	n, ok := b.byFolder[id]
	if !ok {
		for used := range b.folders {
			n = max(n, used+1)
		}
		b.folders[n], b.byFolder[id] = id, n
		c.Folders = append(c.Folders, segment.Folder{No: n, ID: id})
	}
	return n
}

// tableOf returns the number of the table of these folders, adding a new one to the chapter.
func (b *backup) tableOf(folders []mail.Folder, c *segment.Chapter) uint32 {
	there := map[mail.FolderID]bool{}
	for i := range folders {
		there[folders[i].ID] = true
	}
	var list []segment.Branch
	for i := range folders {
		f := segment.Branch{No: b.folderNumber(string(folders[i].ID), c)}
		if there[folders[i].Parent] {
			f.Parent = b.folderNumber(string(folders[i].Parent), c) + 1
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(x, y segment.Branch) int { return cmp.Compare(x.No, y.No) })
	next := uint32(0)
	for n, t := range b.tables {
		if slices.Equal(t, list) {
			return n
		}
		next = max(next, n+1)
	}
	b.tables[next] = list
	c.Tables = append(c.Tables, segment.Table{No: next, Folders: list})
	return next
}

func pointID(p *segment.Point) record.PointID { return record.PointID(hex.EncodeToString(p.ID[:])) }

func rawPointID(id record.PointID) (raw [32]byte, ok bool) {
	if len(id) != 2*len(raw) {
		return raw, false
	}
	_, err := hex.Decode(raw[:], []byte(id))
	return raw, err == nil
}
