package search

import (
	"context"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
)

// Library is the mail that is searched; a repository is one. It must be fit for several goroutines.
type Library interface {
	segment.Sealer
	// Points lists all recovery points, those of a backup together and oldest first.
	Points(ctx context.Context) ([]record.Point, error)
	// Open opens a point; NotFound when it was deleted.
	Open(ctx context.Context, id record.PointID) (Point, error)
	// Content returns up to limit bytes of content, from the beginning. Corrupt when they cannot be read.
	Content(ctx context.Context, c record.Content, limit int64) ([]byte, error)
}

// Point is one recovery point.
type Point interface {
	Info() record.Point
	Folders() []mail.Folder
	// Each calls fn for every message, folder by folder, and returns how many cannot be read. An error of fn ends it.
	Each(ctx context.Context, fn func(*record.Message) error) (unreadable int64, err error)
	// Diff calls fn for every message of which this point and a newer one of the same backup have different records: old is
	// nil where this point does not have it, new where the newer one does not. It returns how many messages of the newer one
	// cannot be read among what differs.
	Diff(ctx context.Context, newer Point, fn func(before, after *record.Message) error) (unreadable int64, err error)
	// Message returns the record of a message by its folder, id and time of receipt; NotFound when it is not there.
	Message(ctx context.Context, m *mail.Message) (*record.Message, error)
}
