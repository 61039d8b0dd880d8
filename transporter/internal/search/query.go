package search

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
	"holdfast/transporter/internal/search/words"
)

// Query is what to look for. Everything that is set must be true of a message.
type Query struct {
	// Text is looked for in subject, addresses and body, see words.Parse. From, To and Attachment are looked for in the sender, in
	// all recipients, and in the names of attachments.
	Text, From, To, Attachment string
	// Since and Before are times of receipt: from the one on, before the other. Zero is none.
	Since, Before time.Time
	// WithAttachments wants messages that have some; WithoutAttachments those that have none.
	WithAttachments, WithoutAttachments bool
	// Larger and Smaller are sizes in bytes: at least, at most. 0 is none.
	Larger, Smaller int64
	Scope           Scope
	// Limit is how many messages to return at most; 0 means 50.
	Limit int
	// Cursor goes on behind an earlier answer (Answer.Next).
	Cursor string
	// Patience is how long to wait for points in the scope that are not indexed yet; they are then indexed before others. 0 is
	// a moment where little is missing, else not at all.
	Patience time.Duration
}

// Limits of a query.
const (
	defaultLimit = 50
	MaxLimit     = 1000
	// maxRead is how many messages are read for one answer to see whether a phrase is in them.
	maxRead = 3000
	// maxPoints is how many points are listed for one folder of a message; Place.More counts the others.
	maxPoints = 100
)

// Hit is a message that was found.
type Hit struct {
	// Message is its record, as the newest point in the scope has it, and Point that point.
	Message *record.Message
	Point   record.PointID
	Backup  record.BackupKey
	Origin  record.Origin // of the point
	// Path is the names of the folders around it, outermost first.
	Path []string
	Size int64
	// Cursor goes on behind this message.
	Cursor string
	// Attachments says whether it has any.
	Attachments bool
	// Places are where it is within the scope, newest first.
	Places []Place
}

// Place is a folder that has a message, in points of one backup.
type Place struct {
	Backup record.BackupKey
	Folder mail.FolderID
	Points []PointRef // newest first
	More   int        // points beyond those
}

// PointRef names a point.
type PointRef struct {
	ID           record.PointID
	Time, Sealed time.Time
}

// Answer is what a search has to say beside the messages.
type Answer struct {
	// Total is how many messages match, on all pages. With AtLeast it may be more: not all were looked at.
	Total   int64
	AtLeast bool
	// Next is the cursor of the next page; empty when there is none.
	Next string
	// Behind counts the points in the scope that are not indexed yet: messages that only they have are not found.
	Behind int64
	// Unreadable counts messages of points in the scope that could not be read when they were indexed.
	Unreadable int64
}

// condition is one term in one field.
type condition struct {
	field segment.Field
	term  words.Term
	needs []words.Need
	sure  bool
}

// prepared is a query that makes sense.
type prepared struct {
	Query
	conditions []condition
	sure       bool
	after      *position
}

// position is a place in the order of answers: newest first, of the same second the last indexed first.
type position struct {
	received int64
	doc      uint32
}

func (p position) before(o position) bool {
	return p.received > o.received || p.received == o.received && p.doc > o.doc
}

func (x *Index) prepare(q Query) (*prepared, error) {
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Limit < 0 || q.Limit > MaxLimit {
		return nil, fault.InvalidField("limit", "a page has 1 to %d messages", MaxLimit)
	}
	if q.Larger < 0 || q.Smaller < 0 {
		return nil, fault.InvalidField("larger", "a size is not negative")
	}
	p := &prepared{Query: q, sure: true}
	for _, f := range []struct {
		field segment.Field
		name  string
		text  string
	}{{segment.Text, "text", q.Text}, {segment.From, "from", q.From}, {segment.To, "to", q.To}, {segment.Attachment, "attachment", q.Attachment}} {
		terms, err := words.Parse(f.text)
		if err != nil {
			return nil, fault.InvalidField(f.name, "%w", err)
		}
		for _, t := range terms {
			c := condition{field: f.field, term: t}
			c.needs, c.sure = t.Needs()
			p.sure = p.sure && c.sure
			p.conditions = append(p.conditions, c)
		}
	}
	if q.Scope.Point != "" {
		if _, ok := rawPointID(q.Scope.Point); !ok {
			return nil, fault.InvalidField("point", "%q is not the id of a recovery point", q.Scope.Point)
		}
	}
	if q.Cursor != "" {
		after, err := x.positionOf(q.Cursor)
		if err != nil {
			return nil, err
		}
		p.after = after
	}
	return p, nil
}

// A cursor is, in base64, the index's epoch and the position of the last message of a page.
func (x *Index) cursor(p position) string {
	out := append([]byte{}, x.epoch[:]...)
	out = binary.AppendVarint(out, p.received)
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(out, uint64(p.doc)))
}

func (x *Index) positionOf(cursor string) (*position, error) {
	bad := fault.InvalidField("cursor", "the cursor is not one of a search")
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(data) < 10 {
		return nil, bad
	}
	received, n := binary.Varint(data[8:])
	if n <= 0 {
		return nil, bad
	}
	doc, m := binary.Uvarint(data[8+n:])
	if m <= 0 || 8+n+m != len(data) || doc > 1<<32-1 {
		return nil, bad
	}
	x.mu.RLock()
	same := [8]byte(data[:8]) == x.epoch
	x.mu.RUnlock()
	if !same { // the index was made anew: numbers are others, so that of one second some may come again
		return &position{received, 1<<32 - 1}, nil
	}
	return &position{received, uint32(doc)}, nil
}

// Search calls fn for the messages that match, newest first, one page of them. An error of fn ends it and is returned. A query that makes no sense is
// Invalid, a point that is not there NotFound. Points that are not indexed yet are waited for as long as Patience says, and else
// counted in the answer. While the index is read or made anew from nothing it is Unavailable.
func (x *Index) Search(ctx context.Context, q Query, fn func(*Hit) error) (*Answer, error) {
	if err := x.await(ctx, q.Scope, x.patience(&q)); err != nil {
		return nil, err
	}
	p, err := x.prepare(q)
	if err != nil {
		return nil, err
	}
	if q.Scope.Point != "" {
		if _, err := x.lib.Open(ctx, q.Scope.Point); err != nil {
			return nil, err
		}
	}
	s := &searching{
		x: x, ctx: ctx, q: p, fn: fn, points: map[record.PointID]Point{}, read: reader{lib: x.lib},
		folders: map[record.PointID]map[mail.FolderID]mail.Folder{},
	}
	answer, err := s.run()
	if errors.Is(err, errDamaged) {
		x.damage(err)
		return nil, fault.New(fault.Unavailable, "the search index was damaged and is made anew; search again in a while: %w", err)
	}
	return answer, err
}

// await waits until the index is there, and for points in the scope.
func (x *Index) await(ctx context.Context, s Scope, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	if patience > 0 {
		defer x.want(s)()
	}
	for {
		x.mu.RLock()
		synced, broken, trouble, behind, changed := x.synced, x.broken, x.trouble, x.behind(s), x.changed
		x.mu.RUnlock()
		if broken == nil && synced && behind == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			switch {
			case broken != nil:
				return fault.New(fault.Unavailable, "the search index cannot be used: %w", broken)
			case !synced && trouble != nil:
				return fault.New(fault.Unavailable, "there is no search index at the moment: %w", trouble)
			case !synced:
				return fault.New(fault.Unavailable, "the search index is being opened; search again in a while")
			}
			return nil
		}
	}
}
