//go:build unix

package repository

import (
	"fmt"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// BenchmarkReclaim tells what it costs to free the space of one backup among three whose messages came in turns, so that
// every pack has garbage.
func BenchmarkReclaim(b *testing.B) {
	for _, encrypted := range []bool{false, true} {
		b.Run(fmt.Sprint("encrypted=", encrypted), func(b *testing.B) {
			for b.Loop() {
				benchmarkReclaim(b, encrypted)
			}
		})
	}
}

func benchmarkReclaim(b *testing.B, encrypted bool) {
	const messages = 9000
	ctx := b.Context()
	o := Options{Path: b.TempDir(), Name: "bench", Level: Fast, Cost: cheap}
	if encrypted {
		o.Secret.Passphrase = "x"
	}
	r, err := Create(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	c := newCorpus()
	var sessions [3]*Session
	for i := range sessions {
		if sessions[i], err = r.Begin(ctx, record.BackupKey{Account: "a", Mailbox: mail.MailboxID(fmt.Sprint(i)), Job: "j"}, "run"); err != nil {
			b.Fatal(err)
		}
	}
	for at := 0; at < messages; at += 20 {
		s := sessions[at/20%3]
		cp := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(fmt.Sprint(at))}
		for i := range 20 {
			m := c.sample(at + i)
			noise := c.noise(20_000 + c.rnd.IntN(200_000))
			m.pieces = append(m.pieces, noise)
			m.m.MIME = record.Content{Size: int64(len(noise)), Pieces: []record.Piece{{Hash: record.Sum(noise), Size: int64(len(noise))}}}
			for _, p := range m.pieces {
				if err := s.Put(ctx, record.Sum(p), p); err != nil {
					b.Fatal(err)
				}
			}
			cp.Messages = append(cp.Messages, m.m)
		}
		if err := s.Commit(ctx, cp); err != nil {
			b.Fatal(err)
		}
	}
	for _, s := range sessions {
		if _, err := s.Seal(ctx, summary("run", "inbox")); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.DeleteBackup(ctx, sessions[1].key); err != nil {
		b.Fatal(err)
	}
	begun, used := time.Now(), cpu(b)
	var marked time.Duration
	done, err := r.Reclaim(ctx, ReclaimOptions{}, func(p Progress) {
		if p.Phase == "mark" {
			marked = time.Since(begun)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(begun).Seconds(), "reclaim-s")
	b.ReportMetric(marked.Seconds(), "mark-s")
	b.ReportMetric((cpu(b) - used).Seconds(), "reclaim-cpu-s")
	b.ReportMetric(float64(done.Freed)/1e6, "freed-MB")
	b.ReportMetric(float64(done.Rewritten), "packs")
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}
