package tenant

import "time"

// event is one change, as journaled. Exactly one of its parts is set. Records are whole: replaying is putting them back.
type event struct {
	Seq        uint64         `json:"seq"`
	Mailbox    string         `json:"mb,omitempty"`
	User       *User          `json:"user,omitempty"`
	Folder     *Folder        `json:"folder,omitempty"`
	FolderGone uint32         `json:"folderGone,omitempty"`
	Message    *Message       `json:"msg,omitempty"`
	Changed    Props          `json:"changed,omitempty"`
	Gone       uint64         `json:"gone,omitempty"`
	Session    *Session       `json:"session,omitempty"`
	SessionEnd string         `json:"sessionEnd,omitempty"`
	Offset     *time.Duration `json:"offset,omitempty"`
}

// Tx changes the state inside Update.
type Tx struct {
	*State
	Now    time.Time
	tenant *Tenant
}

// Mailbox of a user id, to be changed; nil when it has none.
func (tx *Tx) Mailbox(id string) *Mailbox { return tx.own(id) }

func (tx *Tx) do(e event) {
	e.Seq = tx.Seq + 1
	tx.apply(&e)
	if j := tx.tenant.journal; j != nil {
		j.add(&e)
	}
}

// PutUser adds or replaces a user. A user with a mailbox gets one with its default folders when it has none yet.
func (tx *Tx) PutUser(u User) { tx.do(event{User: &u}) }

// PutFolder adds or replaces a folder of the mailbox; a zero Num asks for a new one, which is returned.
func (tx *Tx) PutFolder(mailbox string, f Folder) uint32 {
	if f.Num == 0 {
		f.Num = tx.own(mailbox).nextFolder
	}
	tx.do(event{Mailbox: mailbox, Folder: &f})
	return f.Num
}

// RemoveFolder forgets a folder that holds nothing.
func (tx *Tx) RemoveFolder(mailbox string, num uint32) {
	tx.do(event{Mailbox: mailbox, FolderGone: num})
}

// PutMessage adds or replaces a message; changed says which properties differ from before. A zero UID asks for a new
// message. A folder other than before is a move. The stored message is returned.
func (tx *Tx) PutMessage(mailbox string, m Message, changed Props) *Message {
	mb := tx.own(mailbox)
	old := mb.Message(m.UID)
	if m.UID == 0 {
		m.UID = mb.nextUID
		m.Created = tx.Now.Truncate(time.Second)
		changed = PropAll
	} else if old != nil && old.Folder != m.Folder {
		m.Moves++
		changed |= PropParentFolder
	}
	m.Modified = tx.Now.Truncate(time.Second)
	tx.do(event{Mailbox: mailbox, Message: &m, Changed: changed})
	return mb.Message(m.UID)
}

// RemoveMessage forgets a message for good.
func (tx *Tx) RemoveMessage(mailbox string, uid uint64) { tx.do(event{Mailbox: mailbox, Gone: uid}) }

// PutSession adds or replaces an upload session.
func (tx *Tx) PutSession(s Session) { tx.do(event{Session: &s}) }

// RemoveSession ends an upload session.
func (tx *Tx) RemoveSession(id string) { tx.do(event{SessionEnd: id}) }

// SetOffset moves the tenant's clock against the real one.
func (tx *Tx) SetOffset(d time.Duration) { tx.do(event{Offset: &d}) }

// apply is the only place that changes a State.
func (s *State) apply(e *event) {
	s.Seq = e.Seq
	switch {
	case e.User != nil:
		s.applyUser(e.User)
	case e.Folder != nil:
		s.own(e.Mailbox).applyFolder(e.Folder, e.Seq)
	case e.FolderGone != 0:
		s.own(e.Mailbox).applyFolderGone(e.FolderGone, e.Seq)
	case e.Message != nil:
		s.own(e.Mailbox).applyMessage(e.Message, e.Changed, e.Seq)
	case e.Gone != 0:
		s.own(e.Mailbox).applyGone(e.Gone, e.Seq)
	case e.Session != nil:
		s.sessions[e.Session.ID] = e.Session
	case e.SessionEnd != "":
		delete(s.sessions, e.SessionEnd)
	case e.Offset != nil:
		s.offset.Store(int64(*e.Offset))
	}
}
