package recovery

import (
	"fmt"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery/journal"
)

// action is what is done with a kept message. Numbers are stored in journals.
type action uint8

const (
	actSkip      action = 0
	actCreate    action = 1
	actRename    action = 2
	actOverwrite action = 3
)

// past is what the journal tells of earlier attempts.
type past struct {
	done map[key]action
	// own are hashes of ids that this recovery made or replaced: they are never taken for mail that was there before.
	own map[key]struct{}
	// open are intents without an end, by recovery id.
	open map[ID]journal.Entry
	// replaced are creations whose overwritten message is not recorded as deleted, by recovery id.
	replaced map[ID]journal.Entry
	// voids count the tries of a kept message that left nothing.
	voids map[key]int
	// made are the folders that were made, and making are those that were about to be.
	made   map[mail.FolderID]bool
	making makings
}

func newPast() *past {
	return &past{
		done: map[key]action{}, own: map[key]struct{}{}, open: map[ID]journal.Entry{},
		replaced: map[ID]journal.Entry{}, voids: map[key]int{}, made: map[mail.FolderID]bool{}, making: makings{},
	}
}

// replay takes one entry of the journal.
func (p *past) replay(e journal.Entry) error {
	if p.making.replay(e) {
		if e.Kind == journal.KindFolder {
			p.made[mail.FolderID(e.New)] = true
		}
		return nil
	}
	id := ID(e.ID)
	switch e.Kind {
	case journal.KindIntent:
		if e.Source == nil {
			return fault.New(fault.Corrupt, "an intent names no message")
		}
		p.open[id] = e
		return nil
	case journal.KindDone, journal.KindVoid:
		intent, ok := p.open[id]
		if !ok {
			return fault.New(fault.Corrupt, "an end without an intent")
		}
		delete(p.open, id)
		source := key(*intent.Source)
		if e.Kind == journal.KindVoid {
			p.voids[source]++
			return nil
		}
		p.finished(source, intent, e.New)
		return nil
	case journal.KindRemoved:
		delete(p.replaced, id)
		return nil
	default:
		return fault.New(fault.Unsupported, "an entry of kind %q is unknown to this version", e.Kind)
	}
}

func (p *past) finished(source key, intent journal.Entry, created string) {
	p.done[source] = action(intent.Action)
	p.own[hashOf(created)] = struct{}{}
	delete(p.voids, source)
	if intent.Old != "" {
		p.own[hashOf(intent.Old)] = struct{}{}
		p.replaced[ID(intent.ID)] = intent
	}
}

// requestHash is what must be the same for a journal to be gone on with.
func requestHash(r Request, point, target string) string {
	parts := []string{r.Task, point, target, r.Into, fmt.Sprint(r.IfExists)}
	for _, f := range r.Selection.Folders {
		parts = append(parts, "folder", string(f))
	}
	for _, m := range r.Selection.Messages {
		parts = append(parts, "message", string(m.Folder), string(m.Message))
	}
	if r.IfFolder != FolderMerge {
		parts = append(parts, "if a folder exists", fmt.Sprint(r.IfFolder))
	}
	k := hashOf(parts...)
	return fmt.Sprintf("%x", k[:])
}

// isOwn reports whether this recovery made or replaced the message.
func (r *Runner) isOwn(id mail.MessageID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.past.own[hashOf(string(id))]
	return ok
}
