package work

import (
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/graph"
)

// NewSource returns a mailbox as a backup's work reads it.
func NewSource(c *graph.Client, id mail.MailboxID, o graph.FolderOptions) backup.Source {
	return source{mailbox{client: c, id: id, now: time.Now}, o}
}

// Drilling has the phases of drills heard; an error is the death of the process.
func (b *Bench) Drilling(fn func(phase string) error) { b.drilling = fn }
