package tree

import (
	"bytes"
	"fmt"

	"holdfast/pkg/fault"
)

// witness keeps what a builder was given apart from the bytes that it makes of it. Before a page or node is saved its bytes
// are read as every reader will read them and compared with that, so that a fault of the builder, or of the machine's memory,
// ends the sealing and is not met at a recovery. It costs a decoding of what is written, not of what is shared.
type witness struct {
	entries []Entry // of the page that is being filled
	pages   Sums    // of all pages so far, shared ones included
	last    Key     // of the last entry; of a shared page, its first
	any     bool    // whether there was a page
}

// entry notes an entry of the page.
func (w *witness) entry(e *Entry) { w.entries = append(w.entries, *e) }

// page compares the bytes of a page with its entries, and forgets them.
func (w *witness) page(data []byte, r *Ref) error {
	var sums Sums
	n := 0
	err := decodePage(data, func(e *Entry) error {
		if n == len(w.entries) {
			return mismatch("a page has more than its %d entries", n)
		}
		want := &w.entries[n]
		if e.Key != want.Key || e.ID != want.ID || e.Weight != want.Weight || !bytes.Equal(e.Record, want.Record) {
			return mismatch("entry %d of a page is another", n)
		}
		sums.add(Sums{Messages: 1, Weight: e.Weight})
		n++
		return nil
	})
	switch {
	case err != nil:
		return unlike(err)
	case n != len(w.entries):
		return unlike(mismatch("a page has %d of %d entries", n, len(w.entries)))
	case sums != r.Sums || r.Level != 0 || r.First != w.entries[0].Key:
		return unlike(mismatch("a page is counted wrongly"))
	}
	last := w.entries[n-1].Key
	clear(w.entries) // their memory is that of other pages
	w.entries = w.entries[:0]
	if err := w.leaf(r); err != nil {
		return err
	}
	w.last = last
	return nil
}

// leaf notes a page, new or shared, which must stand behind the one before.
func (w *witness) leaf(r *Ref) error {
	if w.any && w.last.Compare(r.First) >= 0 {
		return unlike(mismatch("a page begins before the one in front of it ends"))
	}
	w.pages.add(r.Sums)
	w.last, w.any = r.First, true
	return nil
}

// node compares the bytes of a node with its children.
func (w *witness) node(data []byte, r *Ref, children []Ref) error {
	got, err := decodeNode(data, r.Level)
	if err != nil {
		return unlike(err)
	}
	if len(got) != len(children) {
		return unlike(mismatch("a node has %d of %d children", len(got), len(children)))
	}
	var sums Sums
	for i := range got {
		if got[i] != children[i] {
			return unlike(mismatch("child %d of a node is another", i))
		}
		sums.add(got[i].Sums)
	}
	if sums != r.Sums || r.First != got[0].First {
		return unlike(mismatch("a node is counted wrongly"))
	}
	return nil
}

// root makes sure that the tree counts all pages.
func (w *witness) root(r *Ref) error {
	var sums Sums
	if r != nil {
		sums = r.Sums
	}
	if sums != w.pages || len(w.entries) > 0 {
		return unlike(mismatch("the tree has %d of %d messages", sums.Messages, w.pages.Messages+int64(len(w.entries))))
	}
	return nil
}

func mismatch(format string, args ...any) error { return fmt.Errorf(format, args...) }

func unlike(err error) error {
	return fault.New(fault.Corrupt, "the list of messages does not read back as what it was made of (%w); nothing was sealed: check the memory of this machine and run the backup again", err)
}
