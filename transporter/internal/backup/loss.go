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

// enter notes the losses of one message, in place of earlier ones; that it was not seen is the least of them.
func (l *ledger) enter(id mail.MessageID, e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.messages[id]; known && e.unseen {
		return
	}
	l.messages[id] = e
}

// strike notes that a message is whole, or gone.
func (l *ledger) strike(id mail.MessageID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.messages, id)
}

// tried reports whether this version of the message was tried in this run, and failed.
func (l *ledger) tried(id mail.MessageID, changeKey string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.messages[id]
	return ok && e.changeKey == changeKey && changeKey != ""
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
