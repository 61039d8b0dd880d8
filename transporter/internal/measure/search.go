package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/measure/prose"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/search/library"
)

// What is searched: mailboxes of so many messages, in pages as a backup commits them.
const (
	perMailbox = 10_000
	perCommit  = 200
)

// writeProse backs up invented messages, at the repository's side of a backup: pieces, checkpoints, points.
func writeProse(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		var text int64
		began := cpu()
		var making time.Duration
		for from := 0; from < t.count; from += perMailbox {
			key := record.BackupKey{Account: "a", Mailbox: mail.MailboxID(fmt.Sprint("box", from/perMailbox)), Job: "j"}
			s, err := r.Begin(ctx, key, record.RunID(t.runs))
			if err != nil {
				return nil, err
			}
			for at := from; at < min(t.count, from+perMailbox); at += perCommit {
				before := cpu()
				list := prose.Messages(at, min(t.count, at+perCommit)-at)
				making += cpu() - before
				n, err := commit(ctx, s, list)
				if err != nil {
					return nil, err
				}
				text += n
			}
			_, err = s.Seal(ctx, backup.Summary{Run: record.RunID(t.runs), Time: time.Now(), Folders: prose.Folders()})
			if err != nil {
				return nil, err
			}
		}
		return counts{"backup_cpu_s": (cpu() - began - making).Seconds(), "text_bytes": float64(text)}, nil
	})
}

// commit keeps messages and returns how many bytes of text they have.
func commit(ctx context.Context, s *repository.Session, list []prose.Message) (text int64, err error) {
	byFolder := map[mail.FolderID][]record.Message{}
	for i := range list {
		m := &list[i]
		h := record.Sum(m.Body)
		if err := s.Put(ctx, h, m.Body); err != nil {
			return 0, err
		}
		m.Record.Body = record.Content{Size: int64(len(m.Body)), Pieces: []record.Piece{{Hash: h, Size: int64(len(m.Body))}}}
		byFolder[m.Record.Folder] = append(byFolder[m.Record.Folder], m.Record)
		text += int64(m.Text)
	}
	for folder, messages := range byFolder {
		cursor := mail.Cursor(messages[len(messages)-1].ID)
		if err := s.Commit(ctx, backup.Checkpoint{Folder: folder, Cursor: cursor, Messages: messages}); err != nil {
			return 0, err
		}
	}
	return text, nil
}

// indexProse makes the search index.
func indexProse(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		idle := resident()
		x := search.New(library.Library{Repository: r}, search.Options{Dir: r.SearchFolder()})
		defer x.Close()
		began, wall := cpu(), time.Now()
		if err := x.Update(ctx); err != nil {
			return nil, err
		}
		s := x.Status()
		return counts{
			"index_cpu_s": (cpu() - began).Seconds(), "index_wall_s": time.Since(wall).Seconds(), "index_bytes": float64(s.Bytes),
			"documents": float64(s.Documents), "segments": float64(s.Segments), "words": float64(s.Words), "idle_bytes": float64(idle), "peak_bytes": float64(peak()),
		}, nil
	})
}

// askProse searches for common, rare and absent parts of words, a page each.
func askProse(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		idle := resident()
		x := search.New(library.Library{Repository: r}, search.Options{Dir: r.SearchFolder()})
		defer x.Close()
		began := time.Now()
		if err := x.Update(ctx); err != nil {
			return nil, err
		}
		out := counts{"open_ms": ms(time.Since(began)), "idle_bytes": float64(idle)}
		rnd := rand.New(rand.NewPCG(1, 2))
		var all []time.Duration
		spent := cpu()
		for _, kind := range []string{"common", "rare", "absent"} {
			var took []time.Duration
			var found int64
			for range t.asks {
				q := search.Query{Text: prose.Part(rnd, kind)}
				began := time.Now()
				answer, err := x.Search(ctx, q, func(*search.Hit) error { return nil })
				if err != nil {
					return nil, err
				}
				took = append(took, time.Since(began))
				found += answer.Total
			}
			all = append(all, took...)
			slices.Sort(took)
			out[kind+"_p50_ms"], out[kind+"_p99_ms"] = ms(took[len(took)/2]), ms(took[len(took)*99/100])
			out[kind+"_found"] = float64(found) / float64(t.asks)
		}
		slices.Sort(all)
		out["cpu_ms"] = ms(cpu()-spent) / float64(len(all))
		out["p50_ms"], out["p99_ms"] = ms(all[len(all)/2]), ms(all[len(all)*99/100])
		out["index_memory_bytes"], out["peak_bytes"] = float64(x.Status().Memory), float64(peak())
		return out, nil
	})
}
