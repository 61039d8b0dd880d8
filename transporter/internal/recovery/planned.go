package recovery

import (
	"slices"
	"strings"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// Action is what a plan would do with a message. The texts are stored.
type Action string

// The actions.
const (
	Create     Action = "create"
	Leave      Action = "skip"
	Beside     Action = "rename"
	Replace    Action = "overwrite"
	Impossible Action = "impossible"
)

var actions = map[action]Action{actSkip: Leave, actCreate: Create, actRename: Beside, actOverwrite: Replace}

// Planned is one line of a plan.
type Planned struct {
	Action Action
	// Folder and Message are the kept ones. Message is empty for messages that cannot be named: Count tells how many.
	Folder  mail.FolderID
	Message mail.MessageID
	Count   int64
	// To is the path of the folder in the mailbox, from the top; empty when impossible.
	To []string
	// Reason is why it is impossible.
	Reason string
}

// plan tells the line of a message that was decided.
func (r *Runner) plan(st step, m *record.Message) {
	if r.o.Planned == nil || !r.o.Request.PlanOnly {
		return
	}
	r.countFolder(st.source.folder.ID, actions[st.action], 1)
	r.o.Planned(Planned{Action: actions[st.action], Folder: st.source.folder.ID, Message: m.ID, Count: 1, To: st.place.path()})
}

// cannot tells the line of messages that a plan could not bring back.
func (r *Runner) cannot(folder mail.FolderID, m *record.Message, count int64, reason string) {
	if r.o.Planned == nil || !r.o.Request.PlanOnly {
		return
	}
	r.countFolder(folder, Impossible, count)
	p := Planned{Action: Impossible, Folder: folder, Count: count, Reason: reason}
	if m != nil {
		p.Message = m.ID
	}
	r.o.Planned(p)
}

// path returns the names from the top to the place.
func (p *place) path() []string {
	var names []string
	for at := p; at != nil && len(names) < 100; at = at.parent {
		names = append(names, strings.TrimSpace(at.name))
	}
	slices.Reverse(names)
	return names
}
