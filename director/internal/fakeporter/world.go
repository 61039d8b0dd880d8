// Package fakeporter is Transporters for tests of the Director: real pairing, mutual TLS and gRPC, with repositories and
// mailboxes that exist in memory only. They keep the contract of the control service to the letter and note, as
// violations, what no Director may do: two writers in one backup, an attempt that goes back, a task that is forgotten
// while it runs.
package fakeporter

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// World is what all Transporters of a test share: the disks, the tenant, and the ways between Transporters.
type World struct {
	mu           sync.Mutex
	repositories map[string]*repository // by path
	transfers    map[string]*transfer   // by token
	sessions     map[string]*session    // by repository and backup
	seals        map[string]int         // by run and mailbox
	mailboxes    map[string][]*transporterv1.Mailbox
	secrets      map[string]string
	holds        map[string]int64 // messages by mailbox
	violations   []string
	next         int
}

// NewWorld returns an empty world.
func NewWorld() *World {
	return &World{
		repositories: map[string]*repository{}, transfers: map[string]*transfer{}, sessions: map[string]*session{},
		seals: map[string]int{}, mailboxes: map[string][]*transporterv1.Mailbox{}, secrets: map[string]string{},
		holds: map[string]int64{},
	}
}

// repository is a folder on a disk.
type repository struct {
	info       *transporterv1.Repository
	passphrase string
	attachedTo string // Transporter
	points     []*transporterv1.Point
}

// transfer is an open way into a repository.
type transfer struct {
	id, repositoryPath, target, source string
	port                               int32
	key                                *transporterv1.BackupKey
	used                               bool
}

// session is one attempt writing one backup.
type session struct {
	owner, transfer, source, target string
	broken                          chan struct{}
}

// Tenant sets the secret and the mailboxes of a tenant.
func (w *World) Tenant(tenant, secret string, mailboxes ...*transporterv1.Mailbox) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets[tenant], w.mailboxes[tenant] = secret, mailboxes
}

// Violations returns what was done that may not be.
func (w *World) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.violations)
}

// Seals returns how often a mailbox was sealed in a run; sealing again with the same run is once.
func (w *World) Seals(run, mailbox string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seals[run+"/"+mailbox]
}

// Points returns how many points there are in all repositories.
func (w *World) Points() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.repositories {
		n += len(r.points)
	}
	return n
}

// Repositories returns how many folders hold a repository.
func (w *World) Repositories() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.repositories)
}

// OpenTransfers returns how many ways are open that were used. One that was never used ends by itself, in time.
func (w *World) OpenTransfers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, t := range w.transfers {
		if t.used {
			n++
		}
	}
	return n
}

// violate notes what may not be; w.mu is held.
func (w *World) violate(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

func backupOf(path string, k *transporterv1.BackupKey) string {
	return strings.Join([]string{path, k.GetAccountId(), k.GetMailboxId(), k.GetJobId()}, "|")
}

// attached returns the path of a repository that is attached to a Transporter; w.mu is held.
func (w *World) attached(porter, id string) (*repository, string, error) {
	for path, r := range w.repositories {
		if r.info.GetId() == id && r.attachedTo == porter {
			return r, path, nil
		}
	}
	return nil, "", fault.New(fault.Conflict, "repository %s is not attached here", id)
}

// begin opens a session for an attempt.
func (w *World) begin(porter, owner string, work *transporterv1.BackupWork) (*session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &session{owner: owner, source: porter, broken: make(chan struct{})}
	var path string
	switch v := work.GetVault().GetVault().(type) {
	case *transporterv1.VaultAddress_LocalRepositoryId:
		_, p, err := w.attached(porter, v.LocalRepositoryId)
		if err != nil {
			return nil, err
		}
		path, s.target = p, porter
	case *transporterv1.VaultAddress_Remote:
		t := w.transfers[string(v.Remote.GetToken())]
		if t == nil {
			return nil, fault.New(fault.Unavailable, "the transfer is closed")
		}
		if t.source != porter || t.target != v.Remote.GetTransporterId() || !strings.HasSuffix(v.Remote.GetAddress(), fmt.Sprintf(":%d", t.port)) {
			w.violate("%s uses the transfer %s that is not for it", owner, t.id)
			return nil, fault.New(fault.Denied, "the transfer is not for this Transporter")
		}
		if t.used {
			w.violate("%s uses the token of transfer %s a second time", owner, t.id)
			return nil, fault.New(fault.Denied, "the token was used")
		}
		if !proto.Equal(t.key, work.GetKey()) {
			w.violate("%s uses transfer %s for another backup", owner, t.id)
		}
		t.used = true
		path, s.target, s.transfer = t.repositoryPath, t.target, t.id
	default:
		w.violate("%s has no vault", owner)
		return nil, fault.New(fault.Invalid, "no vault")
	}
	key := backupOf(path, work.GetKey())
	if other := w.sessions[key]; other != nil {
		return nil, fault.New(fault.Conflict, "another session for this backup is open: %s", other.owner)
	}
	for _, other := range w.sessions {
		if other.owner == owner {
			w.violate("%s opens two sessions", owner)
		}
	}
	w.sessions[key] = s
	return s, nil
}

// seal makes the point of a session, the same again for the same run.
func (w *World) seal(s *session, run string, work *transporterv1.BackupWork) (*transporterv1.Point, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key, path := "", ""
	for k, open := range w.sessions {
		if open == s {
			key = k
		}
	}
	if key == "" {
		return nil, fault.New(fault.Unavailable, "the vault is out of reach")
	}
	path, _, _ = strings.Cut(key, "|")
	delete(w.sessions, key)
	r := w.repositories[path]
	for _, p := range r.points {
		if p.GetRunId() == run && proto.Equal(p.GetKey(), work.GetKey()) {
			return p, nil
		}
	}
	w.next++
	w.seals[run+"/"+work.GetMailbox().GetId()]++
	p := &transporterv1.Point{
		Id: fmt.Sprintf("point-%d", w.next), Key: work.GetKey(), RunId: run, Complete: true,
		Origin: &transporterv1.Origin{
			AccountName: work.GetAccount().GetName(), MailboxName: work.GetMailbox().GetName(),
			MailboxAddress: work.GetMailbox().GetAddress(), MailboxKind: work.GetMailbox().GetKind(), JobName: work.GetJobName(),
		},
		Counts: &transporterv1.Counts{Folders: 2, Messages: 3},
	}
	r.points = append(r.points, p)
	return p, nil
}

// end closes a session without sealing.
func (w *World) end(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(func(other *session) bool { return other == s })
}

// drop ends sessions; w.mu is held.
func (w *World) drop(which func(*session) bool) {
	for key, s := range w.sessions {
		if which(s) {
			delete(w.sessions, key)
			close(s.broken)
		}
	}
}

// died is what the death of a Transporter's process means to the others.
func (w *World) died(porter string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(func(s *session) bool { return s.source == porter || s.target == porter })
	for token, t := range w.transfers {
		if t.target == porter {
			delete(w.transfers, token)
		}
	}
	for _, r := range w.repositories {
		if r.attachedTo == porter {
			r.attachedTo = ""
		}
	}
}
