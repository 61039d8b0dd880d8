// Package balance compares a mailbox with the recovery point that was made of it, folder by folder, and gives a reason for
// every difference, as far as one is known: what could not be kept, what changed while the run went on, what is left out by
// choice. It is a pure calculation over counts; what it cannot explain it says so of.
package balance

import (
	"cmp"
	"slices"
	"strings"

	"holdfast/pkg/mail"
)

// MaxOutside is how many folders that are not in a point a ledger lists; the rest are counted.
const MaxOutside = 200

// Why says why a folder is not in the point. Numbers are stored.
type Why uint8

// The reasons.
const (
	Hidden Why = 1 // left out by choice
	Young  Why = 2 // made while the run went on
)

// Outside is a folder that the mailbox had and the point has not.
type Outside struct {
	ID, Parent mail.FolderID
	Name       string
	Total      int64 // when the run ended
	Why        Why
}

// Ledger is what a run notes of the mailbox for the comparison.
type Ledger struct {
	// After is what each folder of the point held when the run ended; one that was gone by then is not in it.
	After map[mail.FolderID]int64
	// Outside are at most MaxOutside folders that are not in the point; the others are counted.
	Outside                   []Outside
	MoreFolders, MoreMessages int64
	// Same is set when hidden folders were not asked for, because nothing else changed: they are those of the last point.
	Same bool
}

// Inherit takes the hidden folders over from the ledger of the last point, where they were not asked for.
func (l *Ledger) Inherit(last *Ledger) {
	if !l.Same || last == nil {
		return
	}
	for _, o := range last.Outside {
		if o.Why == Hidden {
			l.Add(o)
		}
	}
	l.MoreFolders += last.MoreFolders
	l.MoreMessages += last.MoreMessages
}

// Add notes a folder that is not in the point.
func (l *Ledger) Add(o Outside) {
	if len(l.Outside) < MaxOutside {
		l.Outside = append(l.Outside, o)
		return
	}
	l.MoreFolders++
	l.MoreMessages += o.Total
}

// Cause is a kind of reason. Numbers are those of the API.
type Cause int32

// The causes.
const (
	Lost          Cause = 1
	Unreadable    Cause = 2
	Excluded      Cause = 3
	Changed       Cause = 4
	FolderChanged Cause = 5
	Unexplained   Cause = 6
)

// Reason explains a part of a difference, in messages: positive where the point has fewer than the mailbox.
type Reason struct {
	Cause    Cause
	Messages int64
	Text     string
}

// Folder compares one folder.
type Folder struct {
	ID   mail.FolderID
	Path string
	// Before is what it held when the run began, Tenant when it ended, Kept what the point holds.
	Before, Tenant, Kept int64
	Reasons              []Reason
}

// Differs reports whether the mailbox and the point do not hold the same number, or something else is to be told.
func (f *Folder) Differs() bool { return len(f.Reasons) > 0 }

// Sum is the sum over the folders that are backed up.
type Sum struct {
	Tenant, Kept int64
	// Folders that differ, or are left out.
	Folders int64
	// Unexplained counts messages, in either direction.
	Unexplained int64
}

// Kept is a folder of a point.
type Kept struct {
	mail.Folder
	Messages int64
	// Pending messages left the folder, and were neither found elsewhere yet nor verified to be deleted: they stay.
	Pending int64
}

// Compare compares the folders of a point with the mailbox. Without a ledger (nil), as in points of earlier versions, the
// mailbox is taken as it was when the run began, and only losses explain anything. Folders that differ come first, then by path.
func Compare(kept []Kept, losses []mail.Loss, l *Ledger) ([]Folder, Sum) {
	lost, unreadable := count(losses)
	paths := pathsOf(kept, l)
	list := make([]Folder, 0, len(kept))
	var sum Sum
	for i := range kept {
		k := &kept[i]
		f := Folder{ID: k.ID, Path: paths[k.ID], Before: int64(k.Total), Tenant: int64(k.Total), Kept: k.Messages}
		gone := false
		if l != nil {
			var there bool
			f.Tenant, there = l.After[k.ID]
			gone = !there
		}
		f.explain(k, lost[k.ID], unreadable[k.ID], gone)
		list = append(list, f)
	}
	if l != nil {
		list = append(list, outside(l, paths)...)
	}
	for i := range list {
		f := &list[i]
		if !excluded(f) {
			sum.Tenant += f.Tenant
			sum.Kept += f.Kept
		}
		if f.Differs() {
			sum.Folders++
		}
		for _, r := range f.Reasons {
			if r.Cause == Unexplained {
				sum.Unexplained += max(r.Messages, -r.Messages)
			}
		}
	}
	if l != nil {
		sum.Folders += l.MoreFolders
	}
	slices.SortStableFunc(list, func(a, b Folder) int {
		return cmp.Or(-compareBools(a.Differs(), b.Differs()), strings.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	return list, sum
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func excluded(f *Folder) bool { return len(f.Reasons) == 1 && f.Reasons[0].Cause == Excluded }

// count returns how many messages each folder lost, and the folders that could not be read, with why.
func count(losses []mail.Loss) (lost map[mail.FolderID]int64, unreadable map[mail.FolderID]string) {
	lost, unreadable = map[mail.FolderID]int64{}, map[mail.FolderID]string{}
	seen := map[mail.MessageID]bool{}
	for _, l := range losses {
		switch {
		case l.What == "folder":
			unreadable[l.Folder] = l.Reason
		case l.What == "message" && !seen[l.Message]:
			seen[l.Message] = true
			lost[l.Folder]++
		}
	}
	return lost, unreadable
}

// explain gives reasons for what a folder's counts differ by, the surest first.
func (f *Folder) explain(k *Kept, lost int64, unreadable string, gone bool) {
	left := f.Tenant - f.Kept // what is still to be explained; positive where the point has fewer
	give := func(c Cause, most int64, text string) {
		n := max(min(left, most), -most)
		if n != 0 {
			f.Reasons = append(f.Reasons, Reason{c, n, text})
			left -= n
		}
	}
	if gone {
		give(FolderChanged, abs(left), "the folder was deleted while the run went on; the point has it as it was")
		return
	}
	if left > 0 {
		give(Lost, lost, "could not be kept; the losses of the point say why")
	}
	if left > 0 && unreadable != "" {
		give(Unreadable, left, unreadable)
	}
	if left < 0 {
		give(Changed, k.Pending, "left the folder, and are kept until it is known that they are deleted")
	}
	switch moved := f.Tenant - f.Before; {
	case left > 0 && moved > 0:
		give(Changed, moved, "came while the run went on; the next run has them")
	case left < 0 && moved < 0:
		give(Changed, -moved, "went while the run went on")
	}
	if left > 0 {
		give(Unexplained, left, "no reason is known; Microsoft also counts items here that are no messages")
	} else {
		give(Unexplained, -left, "no reason is known")
	}
}

func abs(n int64) int64 { return max(n, -n) }

func outside(l *Ledger, paths map[mail.FolderID]string) []Folder {
	var list []Folder
	for _, o := range l.Outside {
		f := Folder{ID: o.ID, Path: paths[o.ID], Tenant: o.Total}
		switch {
		case o.Total == 0:
		case o.Why == Young:
			f.Reasons = []Reason{{FolderChanged, o.Total, "the folder was made while the run went on; the next run has it"}}
		case o.Why == Hidden:
			f.Before = o.Total
			f.Reasons = []Reason{{Excluded, o.Total, "hidden folders are left out by the job's options"}}
		default:
			f.Reasons = []Reason{{Unexplained, o.Total, "no reason is known"}}
		}
		list = append(list, f)
	}
	return list
}

// maxDepth bounds a path; a tree that bites its tail ends there.
const maxDepth = 300

// pathsOf names each folder from the top.
func pathsOf(kept []Kept, l *Ledger) map[mail.FolderID]string {
	type node struct {
		parent mail.FolderID
		name   string
	}
	nodes := map[mail.FolderID]node{}
	for _, k := range kept {
		nodes[k.ID] = node{k.Parent, k.Name}
	}
	if l != nil {
		for _, o := range l.Outside {
			nodes[o.ID] = node{o.Parent, o.Name}
		}
	}
	paths := make(map[mail.FolderID]string, len(nodes))
	for id := range nodes {
		var names []string
		for at, depth := id, 0; depth < maxDepth; depth++ {
			n, ok := nodes[at]
			if !ok {
				break
			}
			names = append(names, n.name)
			at = n.parent
		}
		slices.Reverse(names)
		paths[id] = "/" + strings.Join(names, "/")
	}
	return paths
}
