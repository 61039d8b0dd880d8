package repository

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// messageTable tells where the messages of a point are: sorted entries of 32 bytes. The index keeps it for the newest point
// of a backup as segments; each says by an identity which trees it brings the table up to. A table that is missing or of
// other trees is made by walking the trees.
//
//	segment = identity (32), entry…
//	entry   = id hash (16), folder (4 bytes of the SHA-256 of its id), seconds (8), nanoseconds (4)     little-endian
//
// An entry whose nanoseconds are 2^32-1 says that the message is no longer there.
type messageTable struct {
	entries  []located
	identity [32]byte
	// appended counts entries in segments behind the first.
	appended int
}

type located struct {
	hash   message.Hash
	folder uint32
	sec    int64
	nano   uint32
}

const (
	locatedSize = 32
	removed     = math.MaxUint32
	useTable    = "message table"
)

func shortFolder(id mail.FolderID) uint32 {
	sum := sha256.Sum256([]byte(id))
	return binary.LittleEndian.Uint32(sum[:])
}

// identity tells trees apart: the same folders with the same trees have the same.
func identity(folders []folder) [32]byte {
	h := sha256.New()
	for i := range folders {
		if t := folders[i].tree; t != nil {
			sum := sha256.Sum256([]byte(folders[i].ID))
			h.Write(sum[:])
			h.Write(t.Hash[:])
		}
	}
	return [32]byte(h.Sum(nil))
}

// find returns the places of a message: one, unless something went wrong.
func (t *messageTable) find(h message.Hash) []located {
	at, ok := slices.BinarySearchFunc(t.entries, h, func(l located, h message.Hash) int { return bytes.Compare(l.hash[:], h[:]) })
	if !ok {
		return nil
	}
	end := at + 1
	for end < len(t.entries) && t.entries[end].hash == h {
		end++
	}
	return t.entries[at:end]
}

// change returns the table with changes, which are sorted by hash, made to it.
func (t *messageTable) change(changes []located) []located {
	out := make([]located, 0, len(t.entries)+len(changes))
	rest := t.entries
	for i := range changes {
		c := &changes[i]
		for len(rest) > 0 && bytes.Compare(rest[0].hash[:], c.hash[:]) < 0 {
			out = append(out, rest[0])
			rest = rest[1:]
		}
		for len(rest) > 0 && rest[0].hash == c.hash {
			rest = rest[1:]
		}
		if c.nano != removed {
			out = append(out, *c)
		}
	}
	return append(out, rest...)
}

// tableUse names the box of a segment: one that replaces the table is the first, so that nobody misses what is gone before.
func tableUse(first bool) string {
	if first {
		return useTable + ", first"
	}
	return useTable
}

func encodeSegment(identity [32]byte, entries []located) []byte {
	b := make([]byte, 0, 32+len(entries)*locatedSize)
	b = append(b, identity[:]...)
	for i := range entries {
		e := &entries[i]
		b = append(b, e.hash[:]...)
		b = binary.LittleEndian.AppendUint32(b, e.folder)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.sec))
		b = binary.LittleEndian.AppendUint32(b, e.nano)
	}
	return b
}

func decodeSegment(b []byte) ([32]byte, []located, error) {
	if len(b) < 32 || (len(b)-32)%locatedSize != 0 {
		return [32]byte{}, nil, fault.New(fault.Corrupt, "a table of messages is damaged")
	}
	entries := make([]located, (len(b)-32)/locatedSize)
	for i := range entries {
		p := b[32+i*locatedSize:]
		e := located{
			hash: message.Hash(p), folder: binary.LittleEndian.Uint32(p[16:]), sec: int64(binary.LittleEndian.Uint64(p[20:])),
			nano: binary.LittleEndian.Uint32(p[28:]),
		}
		if i > 0 && bytes.Compare(entries[i-1].hash[:], e.hash[:]) > 0 {
			return [32]byte{}, nil, fault.New(fault.Corrupt, "a table of messages is damaged")
		}
		entries[i] = e
	}
	return [32]byte(b), entries, nil
}

// loadTable returns the table of a point.
func (r *Repository) loadTable(ctx context.Context, backup index.Backup, ro *root) (*messageTable, error) {
	want := identity(ro.folders)
	t := &messageTable{}
	first := true
	err := r.index.Segments(backup, func(box []byte) error {
		plain, err := r.ring.Unbox(tableUse(first), box)
		if err != nil {
			return err
		}
		id, entries, err := decodeSegment(plain)
		if err != nil {
			return err
		}
		if first {
			t.entries = entries
		} else {
			t.entries = t.change(entries)
			t.appended += len(entries)
		}
		t.identity, first = id, false
		return nil
	})
	if err == nil && !first && t.identity == want {
		return t, nil
	}
	if err != nil && fault.KindOf(err) != fault.Corrupt {
		return nil, err
	}
	return r.walkTable(ctx, ro, want)
}

func (r *Repository) walkTable(ctx context.Context, ro *root, want [32]byte) (*messageTable, error) {
	// Appended is such that the next point writes the whole table.
	t := &messageTable{identity: want, appended: math.MaxInt32}
	for i := range ro.folders {
		f := &ro.folders[i]
		if f.tree == nil {
			continue
		}
		short := shortFolder(f.ID)
		err := tree.Range(ctx, r.trees, *f.tree, 0, f.tree.Sums.Messages, false, func(e *tree.Entry) error {
			t.entries = append(t.entries, located{e.Key.ID, short, e.Key.Sec, e.Key.Nano})
			return nil
		}, func(tree.Gap) error { return nil }) // what cannot be read is as if it were not there
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(t.entries, compareLocated)
	return t, nil
}

func compareLocated(a, b located) int { return bytes.Compare(a.hash[:], b.hash[:]) }

// receivedHints returns when a message was received according to the newest point of the backup.
func (r *Repository) receivedHints(ctx context.Context, k record.BackupKey, h message.Hash) ([]int64, error) {
	backup := r.backupID(k)
	r.mu.Lock()
	t := r.hints[backup]
	r.mu.Unlock()
	records, err := r.index.Points(&backup)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	newest := records[len(records)-1].Point
	if t == nil || t.point != newest {
		ro, err := r.loadRoot(newest)
		if fault.KindOf(err) == fault.Corrupt {
			return nil, nil // only a hint is missing
		}
		if err != nil {
			return nil, err
		}
		table, err := r.loadTable(ctx, backup, ro)
		if fault.KindOf(err) == fault.Corrupt {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		t = &hintTable{point: newest, table: table}
		r.mu.Lock()
		if len(r.hints) >= maxHints {
			clear(r.hints)
		}
		r.hints[backup] = t
		r.mu.Unlock()
	}
	var secs []int64
	for _, l := range t.table.find(h) {
		secs = append(secs, l.sec)
	}
	return secs, nil
}

// maxHints bounds the tables kept for readers.
const maxHints = 4

type hintTable struct {
	point index.Point
	table *messageTable
}
