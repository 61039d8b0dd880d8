// Package library lets a repository be searched: it is package search's view of one.
package library

import (
	"context"
	"errors"
	"io"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/search"
)

// Library is an open repository. The caller closes the repository when nobody searches any more.
type Library struct{ *repository.Repository }

var _ search.Library = Library{}

// Points implements search.Library.
func (l Library) Points(ctx context.Context) ([]record.Point, error) {
	backups, err := l.Backups(ctx)
	if err != nil {
		return nil, err
	}
	var list []record.Point
	for i := range backups {
		points, err := l.Repository.Points(ctx, backups[i].Key)
		if err != nil {
			return nil, err
		}
		list = append(list, points...)
	}
	return list, nil
}

// Open implements search.Library.
func (l Library) Open(ctx context.Context, id record.PointID) (search.Point, error) {
	p, err := l.Point(ctx, id)
	if err != nil {
		return nil, err
	}
	return point{p}, nil
}

// Content implements search.Library.
func (l Library) Content(ctx context.Context, c record.Content, limit int64) ([]byte, error) {
	r := l.Repository.Content(ctx, c)
	data := make([]byte, max(0, min(c.Size, limit)))
	_, err := io.ReadFull(r, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && len(data) > 0 {
		err = fault.New(fault.Corrupt, "content is shorter than its record says")
	}
	return data, errors.Join(err, r.Close())
}

type point struct{ *repository.Point }

// Folders implements search.Point.
func (p point) Folders() []mail.Folder {
	list := p.Point.Folders()
	out := make([]mail.Folder, len(list))
	for i := range list {
		out[i] = list[i].Folder
	}
	return out
}

// Each implements search.Point.
func (p point) Each(ctx context.Context, fn func(*record.Message) error) (unreadable int64, err error) {
	for _, f := range p.Point.Folders() {
		for m, err := range p.All(ctx, f.ID) {
			var gaps *repository.UnreadableError
			if errors.As(err, &gaps) {
				for _, g := range gaps.Gaps {
					unreadable += g.Count
				}
				continue
			}
			if err == nil {
				err = fn(m)
			}
			if err != nil {
				return unreadable, err
			}
		}
	}
	return unreadable, nil
}

// Diff implements search.Point.
func (p point) Diff(ctx context.Context, newer search.Point, fn func(before, after *record.Message) error) (unreadable int64, err error) {
	now, ok := newer.(point)
	if !ok {
		return 0, fault.New(fault.Invalid, "the points are not of one repository")
	}
	err = p.Point.Diff(ctx, now.Point, func(d repository.Difference) error {
		switch {
		case d.Damage != nil && d.Damage.InNew:
			unreadable += d.Damage.Messages
		case d.Old != nil || d.New != nil:
			return fn(d.Old, d.New)
		}
		return nil
	})
	return unreadable, err
}

// Message implements search.Point.
func (p point) Message(ctx context.Context, m *mail.Message) (*record.Message, error) {
	return p.MessageAt(ctx, m)
}
