package backup

import (
	"cmp"
	"slices"
	"sync"

	"holdfast/pkg/mail"
)

// ledger keeps what could not be kept. What is read whole later, or found to be gone, is struck out.
type ledger struct {
	mu       sync.Mutex
	messages map[mail.MessageID]entry
	folders  map[mail.FolderID]mail.Loss
}

type entry struct {
	losses    []mail.Loss
	changeKey string // of the version that was tried
	passing   bool   // worth another try in this run
	// unseen is set for a message that a folder reported gone before any folder had reported it. It is no loss, but has
	// to be looked for before the run ends: it may have left and come back unreported.
	unseen bool
}

func newLedger() *ledger {
	return &ledger{messages: map[mail.MessageID]entry{}, folders: map[mail.FolderID]mail.Loss{}}
}

// take notes what became of a message, and returns the losses that its checkpoint must carry.
func (l *ledger) take(out outcome) []mail.Loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch _, known := l.messages[out.id]; {
	case len(out.losses) > 0 && out.unseen && known: // that it was not seen is the least of its losses
	case len(out.losses) > 0:
		l.messages[out.id] = entry{losses: out.losses, changeKey: out.key, passing: out.passing, unseen: out.unseen}
	case out.known != nil:
		return out.known // again: a restart may have forgotten them
	case !out.gone:
		delete(l.messages, out.id)
	}
	return out.losses
}

// tried returns the losses of this version of the message, if it was tried in this run; nil when it was not, or is whole.
func (l *ledger) tried(id mail.MessageID, changeKey string) []mail.Loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.messages[id]; changeKey != "" && e.changeKey == changeKey {
		return e.losses
	}
	return nil
}

func (l *ledger) enterFolder(loss mail.Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.folders[loss.Folder] = loss
}

// passing returns the messages that are worth another try.
func (l *ledger) passing() []mail.MessageID {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []mail.MessageID
	for id, e := range l.messages {
		if e.passing {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// unseen reports whether all that is known of the message is that it is gone.
func (l *ledger) unseen(id mail.MessageID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.messages[id].unseen
}

// size returns how many messages and folders are lost or incomplete.
func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.folders)
	for _, e := range l.messages {
		if !e.unseen {
			n++
		}
	}
	return n
}

// all returns every loss: folders first, then messages, by id.
func (l *ledger) all() []mail.Loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []mail.Loss
	for _, loss := range l.folders {
		all = append(all, loss)
	}
	for _, e := range l.messages {
		if !e.unseen {
			all = append(all, e.losses...)
		}
	}
	slices.SortStableFunc(all, func(a, b mail.Loss) int {
		return cmp.Or(cmp.Compare(a.Message, b.Message), cmp.Compare(a.Folder, b.Folder))
	})
	return all
}

// lostMessages returns the messages of the losses, each once.
func lostMessages(losses []mail.Loss) []mail.MessageID {
	var ids []mail.MessageID
	for _, l := range losses {
		if l.Message != "" {
			ids = append(ids, l.Message)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
