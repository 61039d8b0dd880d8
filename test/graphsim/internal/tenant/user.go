package tenant

import (
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
	// Deleted users are gone from the directory; their mail is kept for the truth.
	Deleted bool `json:"deleted,omitempty"`
	// DeltaExpired is the event before which delta tokens are no longer known (contract 4.6).
	DeltaExpired uint64 `json:"deltaExpired,omitempty"`
	// DeltaError is the code for an expired token; empty is SyncStateNotFound.
	DeltaError string `json:"deltaError,omitempty"`
}

func (s *State) applyUser(u *User) {
	if _, ok := s.users[u.ID]; !ok {
		s.userOrder = append(s.userOrder, u.ID)
	}
	s.users[u.ID] = u
	if u.Mailbox && s.mailboxes[u.ID] == nil {
		s.mailboxes[u.ID] = newMailbox(u.ID)
	}
}

// User finds a user by id, user principal name or address; nil when there is none. Deleted users are found only by id.
func (s *State) User(name string) *User {
	if u, ok := s.users[strings.ToLower(name)]; ok {
		return u
	}
	for _, u := range s.users {
		if !u.Deleted && (strings.EqualFold(u.UserPrincipalName, name) || strings.EqualFold(u.Mail, name)) {
			return u
		}
	}
	return nil
}

// Users lists all users in the order they were added, deleted ones left out.
func (s *State) Users() []*User {
	out := make([]*User, 0, len(s.userOrder))
	for _, id := range s.userOrder {
		if u := s.users[id]; !u.Deleted {
			out = append(out, u)
		}
	}
	return slices.Clip(out)
}

// Mailbox of a user id; nil when it has none.
func (s *State) Mailbox(id string) *Mailbox { return s.mailboxes[id] }

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
