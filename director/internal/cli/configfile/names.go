package configfile

import (
	"strings"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// idPrefix marks a reference by id, to what has no name.
const idPrefix = "id:"

// State is what a Director has.
type State struct {
	Transporters  []*pb.Transporter
	Accounts      []*pb.Account
	Repositories  []*pb.Repository
	Jobs          []*pb.Job
	Drills        []*pb.Drill
	Notifications *pb.NotificationSettings
	History       *pb.History
	Backup        *pb.DirectorBackup
	// Mailboxes by account, of those accounts that need to be known.
	Mailboxes map[string][]*pb.Mailbox
}

// directory is the names of one kind.
type directory struct {
	kind  string
	ids   map[string]string // by key
	shown map[string]string // by key
	names map[string]string // by id
}

func newDirectory(kind string) directory {
	return directory{kind: kind, ids: map[string]string{}, shown: map[string]string{}, names: map[string]string{}}
}

// add takes in one that is there. Invalid when the name is another's or cannot be told from an id.
func (d *directory) add(id, name string) error {
	if strings.HasPrefix(name, idPrefix) {
		return invalid("the name of the %s %q cannot be told from an id; give it another", d.kind, name)
	}
	if other, ok := d.ids[key(name)]; ok && other != id {
		return invalid("two of the kind %s are called %q; give one another name", d.kind, name)
	}
	d.ids[key(name)], d.shown[key(name)], d.names[id] = id, name, name
	return nil
}

// name is how an id is written.
func (d *directory) name(id string) string {
	if id == "" {
		return ""
	}
	if name, ok := d.names[id]; ok {
		return name
	}
	return idPrefix + id
}

// canonical is a name as it is written where the object is.
func (d *directory) canonical(name string) string {
	if shown, ok := d.shown[key(name)]; ok {
		return shown
	}
	if id, ok := strings.CutPrefix(name, idPrefix); ok {
		return d.name(id)
	}
	return name
}

// id of a name; "" for "". Invalid when there is none.
func (d *directory) id(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if id, ok := strings.CutPrefix(name, idPrefix); ok {
		return id, nil
	}
	if id, ok := d.ids[key(name)]; ok {
		return id, nil
	}
	return "", invalid("there is no %s %q", d.kind, name)
}

// known tells whether a name is that of one that is there, or will be.
func (d *directory) known(name string) bool {
	_, ok := d.shown[key(name)]
	return ok || name == "" || strings.HasPrefix(name, idPrefix)
}

// referred refuses a name of which there is none, and will be none.
func (d *directory) referred(name string) error {
	if !d.known(name) {
		return invalid("there is no %s %q", d.kind, name)
	}
	return nil
}

// names turn ids into names and back.
type names struct {
	transporters, accounts, repositories, jobs directory
	mailboxes                                  map[string]directory // by account id
}

// namesOf reads the names of what is there. Two mailboxes of one address are told apart by id.
func namesOf(s *State) (*names, error) {
	n := &names{
		transporters: newDirectory("Transporter"), accounts: newDirectory("account"), repositories: newDirectory("repository"),
		jobs: newDirectory("job"), mailboxes: map[string]directory{},
	}
	for _, x := range s.Transporters {
		if err := n.transporters.add(x.GetId(), x.GetName()); err != nil {
			return nil, err
		}
	}
	for _, x := range s.Accounts {
		if err := n.accounts.add(x.GetId(), x.GetName()); err != nil {
			return nil, err
		}
	}
	for _, x := range s.Repositories {
		if err := n.repositories.add(x.GetId(), x.GetName()); err != nil {
			return nil, err
		}
	}
	for _, x := range s.Jobs {
		if err := n.jobs.add(x.GetId(), x.GetName()); err != nil {
			return nil, err
		}
	}
	for account, list := range s.Mailboxes {
		n.learn(account, list)
	}
	return n, nil
}

// learn takes in the mailboxes of an account. Of several with one address the one that is not gone has it; if that does
// not decide, none.
func (n *names) learn(account string, list []*pb.Mailbox) {
	d := newDirectory("mailbox")
	for _, gone := range []bool{false, true} {
		count := map[string]int{}
		for _, m := range list {
			if m.GetGone() == gone {
				count[key(m.GetAddress())]++
			}
		}
		for _, m := range list {
			address := m.GetAddress()
			if m.GetGone() != gone || address == "" || count[key(address)] > 1 || d.ids[key(address)] != "" ||
				strings.HasPrefix(address, idPrefix) {
				continue
			}
			d.ids[key(address)], d.shown[key(address)], d.names[m.GetId()] = m.GetId(), address, address
		}
	}
	n.mailboxes[account] = d
}

// mailbox is how a mailbox of an account is written.
func (n *names) mailbox(account, id string) string {
	d := n.mailboxes[account]
	return d.name(id)
}

// accountOf is the account that has a mailbox; other when it is in none of those that are known.
func (n *names) accountOf(mailbox, other string) string {
	for account, d := range n.mailboxes {
		if _, ok := d.names[mailbox]; ok {
			return account
		}
	}
	return other
}

// mailboxID of an address in an account that is there.
func (n *names) mailboxID(account, address string) (string, error) {
	d, ok := n.mailboxes[account]
	if !ok {
		d = newDirectory("mailbox")
	}
	id, err := d.id(address)
	if err != nil {
		return "", invalid("%w in the account %q; if it is new there, say: holdfast account refresh", err, n.accounts.name(account))
	}
	return id, nil
}

// canonicalMailbox is an address as the account of that name has it.
func (n *names) canonicalMailbox(account, address string) string {
	d, ok := n.mailboxes[n.accounts.ids[key(account)]]
	if !ok {
		return address
	}
	return d.canonical(address)
}
