package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/measure/decoded"
	"holdfast/transporter/internal/measure/eml"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// tasks is how many mailboxes are backed up at the same time: a job's default.
const tasks = 3

func create(ctx context.Context, t *measured) (counts, error) {
	o, err := t.options()
	if err != nil {
		return nil, err
	}
	r, err := repository.Create(ctx, o)
	if err != nil {
		return nil, err
	}
	return nil, r.Close()
}

// backUp backs every mailbox up, each in its own session, several at a time.
func backUp(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		boxes, err := os.ReadDir(t.mail)
		if err != nil {
			return nil, err
		}
		total := counts{}
		var mu sync.Mutex
		g, inner := errgroup.WithContext(ctx)
		g.SetLimit(tasks)
		for _, box := range boxes {
			g.Go(func() error {
				got, err := t.backUpBox(inner, r, box.Name())
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				total["read_messages"] += float64(got.MessagesDone)
				total["read_bytes"] += float64(got.BytesRead)
				total["new_bytes"] += float64(got.BytesNew)
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		s, err := r.Statistics(ctx)
		if err != nil {
			return nil, err
		}
		total["messages"] = float64(s.Messages)
		total["blobs"] = float64(s.Content.Blobs + s.Trees.Blobs)
		total["used_bytes"] = float64(s.Used)
		return total, nil
	})
}

func (t *measured) backUpBox(ctx context.Context, r *repository.Repository, box string) (backup.Snapshot, error) {
	src, done := t.source(box)
	defer done()
	key := record.BackupKey{Account: "measured", Mailbox: mail.MailboxID(box), Job: "measured"}
	session, err := r.Begin(ctx, key, record.RunID(t.runs))
	if err != nil {
		return backup.Snapshot{}, err
	}
	defer func() { _ = session.Close() }() // after sealing it does nothing; without, the error of the backup says more
	result, err := backup.Run(ctx, src, session, backup.Options{
		Run: record.RunID(t.runs), Origin: record.Origin{MailboxName: box, MailboxAddress: box + "@example.com", JobName: "measured"},
	}, nil)
	return result.Progress, err
}

// deleteSome deletes all points of a share of the backups.
func deleteSome(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		backups, err := r.Backups(ctx)
		if err != nil {
			return nil, err
		}
		deleted := 0
		for _, b := range backups[:int(float64(len(backups))*t.share+0.5)] {
			points, err := r.Points(ctx, b.Key)
			if err != nil {
				return nil, err
			}
			for _, p := range points {
				if err := r.DeletePoint(ctx, p.ID); err != nil {
					return nil, err
				}
				deleted++
			}
		}
		return counts{"points": float64(deleted)}, nil
	})
}

// source returns a mailbox to back up, and what is to be called when that is done.
func (t *measured) source(box string) (backup.Source, func()) {
	dir, later := filepath.Join(t.mail, box), ""
	if t.later != "" {
		later = filepath.Join(t.later, box)
	}
	if !t.decoded {
		return &eml.Mailbox{Dir: dir, Later: later}, func() {}
	}
	m := &decoded.Mailbox{Dir: dir, Later: later}
	return m, func() { _ = m.Close() } // it was only read
}

// decode writes mailboxes of .eml files in decoded form.
func decode(ctx context.Context, t *measured) (counts, error) {
	boxes, err := os.ReadDir(t.mail)
	if err != nil {
		return nil, err
	}
	for _, box := range boxes {
		if err := decoded.Write(ctx, filepath.Join(t.repository, box.Name()), &eml.Mailbox{Dir: filepath.Join(t.mail, box.Name())}); err != nil {
			return nil, err
		}
	}
	return counts{"mailboxes": float64(len(boxes))}, nil
}

// reclaim frees the space of what was deleted.
func reclaim(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		done, err := r.Reclaim(ctx, repository.ReclaimOptions{Share: t.share}, nil)
		if err != nil {
			return nil, err
		}
		if len(done.Left) > 0 {
			return nil, fmt.Errorf("packs were left alone: %+v", done.Left)
		}
		return counts{"freed_bytes": float64(done.Freed), "garbage_bytes": float64(done.Garbage)}, nil
	})
}
