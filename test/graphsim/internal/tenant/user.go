package tenant

import (
	"iter"
	"slices"
	"strings"
)

// User is a directory user; its mailbox has the same id.
type User struct {
	ID                string   `json:"id"`
	DisplayName       string   `json:"displayName"`
	UserPrincipalName string   `json:"userPrincipalName"`
	Mail              string   `json:"mail,omitempty"`
	GivenName         string   `json:"givenName,omitempty"`
	Surname           string   `json:"surname,omitempty"`
	JobTitle          string   `json:"jobTitle,omitempty"`
	AccountEnabled    bool     `json:"accountEnabled"`
	UserType          string   `json:"userType,omitempty"` // "Member" or "Guest"
	ProxyAddresses    []string `json:"proxyAddresses,omitempty"`

	// Purpose is mailboxSettings.userPurpose: user, shared, room, equipment, linked, others.
	Purpose string `json:"purpose,omitempty"`
	// Language of the default folders' names: "en", "de", "fr".
	Language string `json:"language,omitempty"`
	// Mailbox is false for a user without one. NoMailbox is the error code for it; empty is MailboxNotEnabledForRESTAPI.
	Mailbox   bool   `json:"mailbox"`
	NoMailbox string `json:"noMailbox,omitempty"`
	// Denied makes every mail call 403, as an application access policy does (contract 1.7).
	Denied bool `json:"denied,omitempty"`
	// DeltaQuota makes delta calls 403 ErrorQuotaExceeded (contract 4.7); Full refuses creates as well.
	DeltaQuota bool `json:"deltaQuota,omitempty"`
	Full       bool `json:"full,omitempty"`
	// Quota in bytes: beyond it, the mailbox is as with DeltaQuota and Full. Zero: none.
	Quota int64 `json:"quota,omitempty"`
	// Deleted users are gone from the directory, but could be restored; Purged ones are gone for good (contract 2.3). Their
	// mail is kept for the truth.
	Deleted bool `json:"deleted,omitempty"`
	Purged  bool `json:"purged,omitempty"`
	// DeltaExpired is the event before which delta tokens are no longer known (contract 4.6).
	DeltaExpired uint64 `json:"deltaExpired,omitempty"`
	// DeltaError is the code for an expired token; empty is SyncStateNotFound. DeltaStatus is its status; zero is 410.
	DeltaError  string `json:"deltaError,omitempty"`
	DeltaStatus int    `json:"deltaStatus,omitempty"`
	// Bulk is mail that the mailbox begins with, made when it is asked for. It is set when the user is made.
	Bulk *Bulk `json:"bulk,omitempty"`

	born *origin // set with the mailbox
}

// origin is what a mailbox is made of before anything happens in it.
type origin struct {
	seq      uint64
	language string
	bulk     *Bulk
	owner    *User
}

// folders that the mailbox begins with, each of which takes an event number.
func (o *origin) folders() uint64 {
	n := uint64(len(defaultFolders))
	if o.bulk != nil && !o.bulk.OneFolder {
		n += uint64(o.bulk.Folders)
	}
	return n
}

func (s *State) applyUser(u *User) {
	old := s.users[u.ID]
	switch {
	case old == nil:
		s.userOrder = append(s.userOrder, u.ID)
	default:
		u.born = old.born
		s.unname(old)
	}
	if u.Mailbox && u.born == nil {
		u.born = &origin{s.Seq, u.Language, u.Bulk, u}
		s.Seq += u.born.folders()
	}
	s.users[u.ID] = u
	s.name(u)
	s.noteUser(old, u)
}

// Gone tells whether the user is no longer in the directory.
func (u *User) Gone() bool { return u.Deleted || u.Purged }

func (u *User) names() [2]string {
	return [2]string{strings.ToLower(u.UserPrincipalName), strings.ToLower(u.Mail)}
}

func (s *State) name(u *User) {
	for _, n := range u.names() {
		if _, taken := s.byName[n]; !taken && !u.Gone() && n != "" {
			s.byName[n] = u.ID
		}
	}
}

func (s *State) unname(u *User) {
	for _, n := range u.names() {
		if s.byName[n] == u.ID {
			delete(s.byName, n)
		}
	}
}

// User finds a user by id, user principal name or address; nil when there is none. Deleted users are found only by id.
func (s *State) User(name string) *User {
	name = strings.ToLower(name)
	if u, ok := s.users[name]; ok {
		return u
	}
	return s.users[s.byName[name]]
}

// Users lists all users in the order they were added, deleted ones left out.
func (s *State) Users() []*User {
	out := make([]*User, 0, len(s.userOrder))
	for _, id := range s.userOrder {
		if u := s.users[id]; !u.Gone() {
			out = append(out, u)
		}
	}
	return slices.Clip(out)
}

// Mailbox of a user id; nil when it has none. One in which nothing happened yet is made on the way, and not kept.
func (s *State) Mailbox(id string) *Mailbox {
	if mb := s.mailboxes[id]; mb != nil {
		return mb
	}
	u := s.users[id]
	if u == nil || u.born == nil {
		return nil
	}
	return s.pristine.get(u)
}

// own is the mailbox of a user id, to be changed: from now on it is kept.
func (s *State) own(id string) *Mailbox {
	mb := s.Mailbox(id)
	if mb != nil && s.mailboxes[id] == nil {
		s.mailboxes[id] = mb
		s.pristine.drop(id)
	}
	return mb
}

// UsersFrom are the users in the order they were added, from the n-th on, deleted ones included.
func (s *State) UsersFrom(n int) iter.Seq[*User] {
	return func(yield func(*User) bool) {
		for _, id := range s.userOrder[min(n, len(s.userOrder)):] {
			if !yield(s.users[id]) {
				return
			}
		}
	}
}

// Size is how many users the directory holds, deleted ones included.
func (s *State) Size() int { return len(s.userOrder) }

// Kept is how many mailboxes are held in memory because something happened in them.
func (s *State) Kept() int { return len(s.mailboxes) }

// Session by id; nil when there is none.
func (s *State) Session(id string) *Session { return s.sessions[id] }

// SessionsOf are the upload sessions open on one message.
func (s *State) SessionsOf(mailbox string, uid uint64) []*Session {
	var out []*Session
	for _, x := range s.sessions {
		if x.Mailbox == mailbox && x.UID == uid {
			out = append(out, x)
		}
	}
	return out
}
