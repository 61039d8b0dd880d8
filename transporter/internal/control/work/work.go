// Package work makes the work of tasks from the Director's requests: it joins a Graph client, the engine of a backup or a
// recovery, and a repository, here or behind another Transporter. It decides nothing about mail.
package work

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/account"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
)

// Repositories are those attached to this Transporter. NotFound when one is not.
type Repositories interface {
	// Vault begins a session for one backup in a repository. Closing it ends the use of the repository.
	Vault(ctx context.Context, repository string, key record.BackupKey, run record.RunID) (backup.Vault, error)
	// Point opens a recovery point. done ends the use of the repository.
	Point(ctx context.Context, repository string, point record.PointID) (p recovery.Point, key record.BackupKey, done func(), err error)
	Upkeep
}

// Dial begins a session in a repository behind another Transporter.
type Dial func(ctx context.Context, at RemoteVault, run record.RunID) (backup.Vault, error)

// RemoteVault is a transfer port, who must answer there, and the token that opens it.
type RemoteVault struct {
	Address       string
	TransporterID string
	Token         []byte
}

// Options make a Bench. All are required.
type Options struct {
	Accounts     *account.Pool
	Repositories Repositories
	Dial         Dial
	// JournalDir holds the journals of recoveries.
	JournalDir string
	Now        func() time.Time
	Logger     hclog.Logger
}

// Bench makes work.
type Bench struct {
	o Options
	// drilling hears the phases of drills, in a test: an error is the death of the process.
	drilling func(phase string) error
}

// New returns a bench.
func New(o Options) *Bench { return &Bench{o: o} }

// maxTaskID bounds a task id where it becomes a file name.
const maxTaskID = 128

// journalPath returns the journal of a task. An id that could name another file is Invalid.
func (b *Bench) journalPath(id string) (string, error) {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	}
	if id == "" || len(id) > maxTaskID || strings.HasPrefix(id, ".") || strings.ContainsFunc(id, func(r rune) bool { return !safe(r) }) {
		return "", fault.InvalidField("task_id", "the task id %q cannot name a file", id)
	}
	return filepath.Join(b.o.JournalDir, id+".journal"), nil
}

func mailboxIn(m *transporterv1.Mailbox) (mail.Mailbox, error) {
	if m.GetId() == "" {
		return mail.Mailbox{}, fault.InvalidField("mailbox.id", "the mailbox is missing")
	}
	return mail.Mailbox{
		ID: mail.MailboxID(m.GetId()), Name: m.GetName(), Address: m.GetAddress(), Kind: mail.MailboxKind(m.GetKind()),
	}, nil
}

// sum is the number of requests in a count by kind, sign-in excepted: that does not go to Graph.
func sum(byKind map[string]int64) int64 {
	var n int64
	for kind, k := range byKind {
		if kind != "token" {
			n += k
		}
	}
	return n
}
