package backup

import (
	"maps"
	"sync"

	"holdfast/pkg/mail"
)

// Phase is what a backup is doing, in words for people.
type Phase string

// The phases, in order. Trying again happens before and after the reading of mail.
const (
	PhaseListing  Phase = "listing folders"
	PhaseRetrying Phase = "trying again what was lost"
	PhaseReading  Phase = "reading mail"
	PhaseRemovals Phase = "checking removals"
	PhaseSealing  Phase = "sealing"
)

// Snapshot is how far a backup is.
type Snapshot struct {
	Phase        Phase
	FoldersDone  int64
	FoldersTotal int64
	// MessagesDone counts messages that are known to be kept as they are now; MessagesTotal what the mailbox says it has.
	MessagesDone  int64
	MessagesTotal int64
	// Changed counts messages that were staged because they are new or differ, Deleted those found to be gone, Lost those
	// that are missing or incomplete, Attachments those that were read.
	Changed     int64
	Deleted     int64
	Lost        int64
	Attachments int64
	// BytesRead counts content read from the mailbox, BytesNew the part of it that the vault did not have.
	BytesRead int64
	BytesNew  int64
	// Requests to Microsoft, by what they were for.
	Requests map[string]int64
	// Waiting says what is being waited for; empty when nothing is.
	Waiting string
}

// Progress is the live view of a backup. The zero value is ready; its methods may be called at any time.
type Progress struct {
	mu     sync.Mutex
	src    Source
	s      Snapshot
	totals map[mail.FolderID]int64
	seen   map[mail.FolderID]int64
	done   map[mail.FolderID]bool
}

// Snapshot returns how far the backup is now.
func (p *Progress) Snapshot() Snapshot {
	p.mu.Lock()
	src, s := p.src, p.s
	for id, total := range p.totals {
		s.MessagesTotal += total
		if p.done[id] {
			s.MessagesDone += total
			s.FoldersDone++
		} else {
			s.MessagesDone += min(p.seen[id], total)
		}
	}
	s.FoldersTotal = int64(len(p.totals))
	p.mu.Unlock()
	if src != nil { // outside the lock: the source has its own
		s.Requests = maps.Clone(src.Requests())
		s.Waiting = src.Waiting()
	}
	return s
}

func (p *Progress) attach(src Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.src = src
}

func (p *Progress) phase(phase Phase) {
	p.add(func(s *Snapshot) { s.Phase = phase })
}

func (p *Progress) add(f func(*Snapshot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.s)
}

// folders takes a new listing over. What was read of a folder stays known.
func (p *Progress) folders(folders []mail.Folder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.totals = make(map[mail.FolderID]int64, len(folders))
	for _, f := range folders {
		p.totals[f.ID] = int64(f.Total)
	}
	if p.seen == nil {
		p.seen, p.done = map[mail.FolderID]int64{}, map[mail.FolderID]bool{}
	}
}

func (p *Progress) read(folder mail.FolderID, messages int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[folder] += int64(messages)
}

// restarted forgets what was counted for a folder whose enumeration begins anew.
func (p *Progress) restarted(folder mail.FolderID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[folder] = 0
}

func (p *Progress) finished(folder mail.FolderID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[folder] = true
}
