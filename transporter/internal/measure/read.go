package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// readAll reads every message of the newest point of every backup, body and attachments, and writes them to the null
// device. Every piece is checked against its hash on the way.
func readAll(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		backups, err := r.Backups(ctx)
		if err != nil {
			return nil, err
		}
		var messages, bytes atomic.Int64
		g, inner := errgroup.WithContext(ctx)
		g.SetLimit(runtime.GOMAXPROCS(0))
		for _, b := range backups {
			g.Go(func() error {
				sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				defer sink.Close()
				return eachMessage(inner, r, b.Newest.ID, func(m *record.Message) error {
					messages.Add(1)
					n, err := write(inner, r, m, sink)
					bytes.Add(n)
					return err
				})
			})
		}
		err = g.Wait()
		return counts{"messages": float64(messages.Load()), "bytes": float64(bytes.Load())}, err
	})
}

func eachMessage(ctx context.Context, r *repository.Repository, id record.PointID, fn func(m *record.Message) error) error {
	p, err := r.Point(ctx, id)
	if err != nil {
		return err
	}
	for _, f := range p.Folders() {
		for m, err := range p.All(ctx, f.ID) {
			if err == nil {
				err = fn(m)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes the content of a message, and of messages attached to it.
func write(ctx context.Context, r *repository.Repository, m *record.Message, w io.Writer) (int64, error) {
	var sum int64
	contents := []record.Content{m.Body, m.MIME}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		contents = append(contents, a.Content)
		if a.Item != nil {
			n, err := write(ctx, r, a.Item, w)
			sum += n
			if err != nil {
				return sum, err
			}
		}
	}
	for _, c := range contents {
		if c.Size == 0 {
			continue
		}
		rc := r.Content(ctx, c)
		n, err := io.Copy(w, rc)
		sum += n
		if err = errors.Join(err, rc.Close()); err != nil {
			return sum, err
		}
		if n != c.Size {
			return sum, fmt.Errorf("content has %d bytes, not %d", n, c.Size)
		}
	}
	return sum, nil
}

func verify(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		report, err := r.Verify(ctx, repository.VerifyFull, nil)
		if err != nil {
			return nil, err
		}
		if !report.Sound() {
			return nil, fmt.Errorf("the repository is damaged: %+v %+v", report.Damage, report.Problems)
		}
		return counts{"blobs": float64(report.Blobs), "bytes": float64(report.Bytes), "messages": float64(report.Messages)}, nil
	})
}

// place is where one message is, as a person's list of messages knows it.
type place struct {
	point   record.PointID
	folder  mail.FolderID
	message mail.MessageID
}

// places draws messages at random, the same ones every time.
func places(ctx context.Context, r *repository.Repository, n int) ([]place, error) {
	backups, err := r.Backups(ctx)
	if err != nil {
		return nil, err
	}
	var all []place
	for _, b := range backups {
		err := eachMessage(ctx, r, b.Newest.ID, func(m *record.Message) error {
			all = append(all, place{b.Newest.ID, m.Folder, m.ID})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the repository has no messages")
	}
	rnd := rand.New(rand.NewPCG(1, uint64(len(all))))
	drawn := make([]place, n)
	for i := range drawn {
		drawn[i] = all[rnd.IntN(len(all))]
	}
	return drawn, nil
}

func (p *place) read(ctx context.Context, r *repository.Repository) (int64, error) {
	point, err := r.Point(ctx, p.point)
	if err != nil {
		return 0, err
	}
	m, err := point.Message(ctx, p.folder, p.message)
	if err != nil {
		return 0, err
	}
	return write(ctx, r, m, io.Discard)
}

// list writes the ids of some messages to standard error, one a line, for oneMessage.
func list(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		drawn, err := places(ctx, r, t.count)
		for _, p := range drawn {
			id := strings.Join([]string{string(p.point), string(p.folder), string(p.message)}, "\n")
			fmt.Fprintln(os.Stderr, base64.RawURLEncoding.EncodeToString([]byte(id)))
		}
		return counts{"messages": float64(len(drawn))}, err
	})
}

// oneMessage reads one message whole: what a process costs that does nothing else.
func oneMessage(ctx context.Context, t *measured) (counts, error) {
	id, err := base64.RawURLEncoding.DecodeString(t.id)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(string(id), "\n")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q names no message", t.id)
	}
	p := place{record.PointID(parts[0]), mail.FolderID(parts[1]), mail.MessageID(parts[2])}
	began := time.Now()
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		open := time.Since(began)
		n, err := p.read(ctx, r)
		return counts{"bytes": float64(n), "open_ms": ms(open), "read_ms": ms(time.Since(began) - open)}, err
	})
}

// someMessages reads messages one after the other in a repository that is open.
func someMessages(ctx context.Context, t *measured) (counts, error) {
	return t.opened(ctx, func(r *repository.Repository) (counts, error) {
		drawn, err := places(ctx, r, t.count)
		if err != nil {
			return nil, err
		}
		var took []time.Duration
		for i := range drawn {
			began := time.Now()
			if _, err := drawn[i].read(ctx, r); err != nil {
				return nil, err
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return counts{"median_ms": ms(took[len(took)/2]), "p99_ms": ms(took[len(took)*99/100]), "max_ms": ms(took[len(took)-1])}, nil
	})
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
