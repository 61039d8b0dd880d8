package graphsim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"holdfast/test/graphsim/corpus"
	"holdfast/test/graphsim/internal/tenant"
)

// User is a user to add: what is left empty is made up from the name.
type User = tenant.User

// AddUsers adds users, and gives those with a mailbox its default folders. It returns them with their ids. A user whose
// id exists is changed instead.
func (s *Server) AddUsers(users ...User) ([]User, error) {
	out := make([]User, 0, len(users))
	err := s.tenant.Update(func(tx *tenant.Tx) error {
		for _, u := range users {
			s.completeUser(&u)
			if u.Bulk != nil {
				if err := u.Bulk.Validate(); err != nil {
					return err
				}
			}
			tx.PutUser(u)
			out = append(out, u)
		}
		return nil
	})
	return out, err
}

func (s *Server) completeUser(u *User) {
	if u.UserPrincipalName == "" {
		u.UserPrincipalName = strings.ToLower(strings.Join(strings.Fields(u.DisplayName), ".")) + "@" + s.opts.Domain
	}
	if u.DisplayName == "" {
		u.DisplayName, _, _ = strings.Cut(u.UserPrincipalName, "@")
	}
	if u.ID == "" {
		sum := sha256.Sum256([]byte(s.opts.Tenant + strings.ToLower(u.UserPrincipalName)))
		h := hex.EncodeToString(sum[:16])
		u.ID = h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
	}
	u.ID = strings.ToLower(u.ID)
	if u.Mail == "" && u.Mailbox {
		u.Mail = u.UserPrincipalName
	}
	if u.UserType == "" {
		u.UserType = "Member"
	}
	if u.ProxyAddresses == nil && u.Mail != "" {
		u.ProxyAddresses = []string{"SMTP:" + u.Mail}
	}
}

// AddMessages adds messages to a mailbox, making the folders that they name.
func (s *Server) AddMessages(mailbox string, messages ...corpus.Message) error {
	return s.addMessages(mailbox, messages, newContents(s.tenant.Blobs))
}

func (s *Server) addMessages(mailbox string, messages []corpus.Message, store *contents) error {
	ready := make([]*tenant.Message, len(messages))
	for i := range messages {
		m, err := s.message(&messages[i], store)
		if err != nil {
			return err
		}
		ready[i] = m
	}
	return s.tenant.Update(func(tx *tenant.Tx) error {
		mb, err := mailboxOf(tx, mailbox)
		if err != nil {
			return err
		}
		for i, m := range ready {
			m.Folder = folderAt(tx, mb, messages[i].Folder)
			m.ConversationID, m.ConversationIndex = tenant.Conversation(mb.ID, m.Subject)
			tx.PutMessage(mb.ID, *m, tenant.PropAll)
		}
		return nil
	})
}

// directory is a state, or one that is being changed.
type directory interface {
	User(name string) *tenant.User
	Mailbox(id string) *tenant.Mailbox
}

func mailboxOf(st directory, name string) (*tenant.Mailbox, error) {
	if u := st.User(name); u != nil {
		if mb := st.Mailbox(u.ID); mb != nil {
			return mb, nil
		}
	}
	return nil, fmt.Errorf("no mailbox %q", name)
}

// folderAt finds or makes the folder of a path; its first part may be a well-known name. No path is the inbox.
func folderAt(tx *tenant.Tx, mb *tenant.Mailbox, path []string) uint32 {
	if len(path) == 0 {
		path = []string{"inbox"}
	}
	at := mb.Role("msgfolderroot").Num
	if f := mb.Role(path[0]); f != nil {
		at, path = f.Num, path[1:]
	}
	for _, name := range path {
		var next uint32
		for _, f := range mb.Children(at) {
			if f.Name == name {
				next = f.Num
			}
		}
		if next == 0 {
			next = tx.PutFolder(mb.ID, tenant.Folder{Parent: at, Name: name})
		}
		at = next
	}
	return at
}

// AddFolder makes the folders of a path and sets what is special about the last one. With again, it is made even when a
// sibling has its name, as other protocols can (contract 3.7).
func (s *Server) AddFolder(mailbox string, path []string, hidden, search, again bool) error {
	return s.tenant.Update(func(tx *tenant.Tx) error {
		mb, err := mailboxOf(tx, mailbox)
		if err != nil {
			return err
		}
		if len(path) == 0 {
			return fmt.Errorf("no folder path")
		}
		parent := mb.Role("msgfolderroot").Num
		if len(path) > 1 {
			parent = folderAt(tx, mb, path[:len(path)-1])
		}
		name := path[len(path)-1]
		if mb.ChildNamed(parent, name) != nil && !again {
			return fmt.Errorf("folder %q exists", strings.Join(path, "/"))
		}
		tx.PutFolder(mb.ID, tenant.Folder{Parent: parent, Name: name, Hidden: hidden, Search: search})
		return nil
	})
}
