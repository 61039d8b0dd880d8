package repository

import (
	"holdfast/transporter/internal/repository/message"
)

// segment returns what brings the message table up to the new point; nil if it is so already.
func (w *sealing) segment(folders []folder) (data []byte, replace bool) {
	next := identity(folders)
	if w.s.base == nil {
		return encodeSegment(next, w.changes), true
	}
	if next == identity(w.s.base.folders) {
		return nil, false
	}
	for i := range w.s.base.folders {
		if f := &w.s.base.folders[i]; f.tree != nil && !w.folders[f.ID] {
			w.emptied[f.short] = true // it may come back, but not with these messages
		}
	}
	t := w.s.table
	if t == nil || w.partly {
		// The table is made by a walk when it is needed.
		return encodeSegment([32]byte{}, nil), true
	}
	if len(w.emptied) == 0 && t.appended+len(w.changes) <= max(1024, len(t.entries)/4) {
		return encodeSegment(next, w.changes), false
	}
	entries := t.change(w.changes)
	if len(w.emptied) > 0 {
		entries = w.prune(entries)
	}
	return encodeSegment(next, entries), true
}

// prune drops entries of messages that a full enumeration did not name.
func (w *sealing) prune(entries []located) []located {
	changed := map[message.Hash]bool{}
	for h := range w.s.stage.newest {
		changed[h] = w.s.stage.live(h) >= 0
	}
	out := entries[:0]
	for _, l := range entries {
		if !w.emptied[l.folder] || changed[l.hash] {
			out = append(out, l)
		}
	}
	return out
}
