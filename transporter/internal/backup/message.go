package backup

import (
	"context"
	"fmt"
	"io"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// maxDepth bounds messages within messages; Graph expands up to 30 levels (contract 5.2).
const maxDepth = 32

// outcome is what became of one message.
type outcome struct {
	id      mail.MessageID
	stage   *record.Message // to be committed; nil when the last record stands
	restage bool            // stage is what the vault has already, or as good as
	// watch is set when no folder has reported the record: it is to be verified in every run until one does, because a folder
	// does not report gone what it never reported.
	watch   bool
	gone    bool // reported to be gone from the folder
	deleted bool // found to be nowhere
	// known are losses of an earlier try in this run, of which nothing new is known.
	known   []mail.Loss
	unseen  bool // gone, and never there as far as the vault knows
	losses  []mail.Loss
	passing bool
	key     string // of the version that was tried, with losses
	bytes   int64  // read for it
	read    int64  // when it was, see order
}

// reader makes one record.
type reader struct {
	engine  *engine
	message *record.Message
	outcome outcome
	// where numbers the attachment that is being read ("2", "2.1").
	where []int
}

// build makes the record of a message that was read, taking over from old what need not be read again. What cannot be read
// is in the outcome's losses. Its error ends the run.
func (e *engine) build(ctx context.Context, at place, m mail.Message, body string, old *record.Message) (outcome, error) {
	rec := &record.Message{Message: m}
	r := &reader{engine: e, message: rec, outcome: outcome{id: m.ID, stage: rec, key: m.ChangeKey, read: at.read}}
	var err error
	if rec.Body, err = r.keep(ctx, strings.NewReader(body)); err != nil {
		return r.outcome, err
	}
	if reusable(old, &m, rec.Body, at.folder == "") {
		rec.Attachments, rec.MIME = old.Attachments, old.MIME
	} else if hasAttachments(&m, body) || old != nil && len(old.Attachments) > 0 {
		// Inline attachments stay when an edit takes their last "cid:" out of the body, and hasAttachments tells of no inline
		// ones: a message that had attachments is asked.
		if err := r.attachments(ctx, old); err != nil || r.outcome.gone {
			return r.outcome, err
		}
	}
	if rec.MIME.Size == 0 && (e.opts.EvidenceCopy || wantsMIME(rec)) {
		if err := r.mime(ctx); err != nil {
			return r.outcome, err
		}
	}
	return r.outcome, nil
}

func (r *reader) keep(ctx context.Context, content io.Reader) (record.Content, error) {
	kept, err := r.engine.cutter.Cut(content, func(hash record.Hash, data []byte) error {
		return r.engine.send.add(ctx, hash, data)
	})
	r.outcome.bytes += kept.Size
	return kept, err
}

// attachments reads all attachments of the message.
func (r *reader) attachments(ctx context.Context, old *record.Message) error {
	if err := acquire(ctx, r.engine.requests); err != nil {
		return err
	}
	defer release(r.engine.requests)
	m := r.message
	err := shielded(func() error {
		return r.engine.src.Attachments(ctx, m.ID, func(a Attachment) error {
			r.where = append(r.where[:0], len(m.Attachments)+1)
			kept, err := r.attachment(ctx, a, 1)
			if err != nil {
				return endError{err}
			}
			m.Attachments = append(m.Attachments, kept)
			return nil
		})
	})
	if err == nil {
		return nil
	}
	v, err2 := r.engine.examine(ctx, m.ID, err)
	switch v {
	case end:
		return err2
	case gone:
		r.outcome.stage, r.outcome.gone = nil, true
		return nil
	case lost, passing:
	}
	if len(m.Attachments) == 0 && old != nil && len(old.Attachments) > 0 {
		m.Attachments = old.Attachments
		m.Lost = append(m.Lost, "the attachments are those of an earlier version of this message")
	}
	r.lose("attachment", fmt.Errorf("attachments could not be read: %w", err), v)
	return nil
}

// attachment keeps one attachment. Only what ends the run is an error.
func (r *reader) attachment(ctx context.Context, a Attachment, depth int) (record.Attachment, error) {
	kept := record.Attachment{Attachment: normalAttachment(a.Attachment)}
	err := a.Err
	switch {
	case err != nil:
	case depth > maxDepth:
		err = fault.New(fault.Unsupported, "messages are nested more than %d levels deep", maxDepth)
	default:
		if a.Content != nil {
			kept.Content, err = r.keep(ctx, a.Content)
		}
		if err == nil && a.Item != nil {
			kept.Item, err = r.item(ctx, a.Item, depth)
		}
	}
	if err == nil {
		r.engine.progress.add(func(s *Snapshot) { s.Attachments++ })
		if a.Instead != nil {
			v := judge(ctx, a.Instead)
			if v == end {
				return kept, a.Instead
			}
			r.lose("attachment", fmt.Errorf("attachment %s could be read as a file only, not as a message: %w", r.number(), a.Instead), v)
		}
		return kept, nil
	}
	v := judge(ctx, err)
	if v == end {
		return kept, err
	}
	kept.Content, kept.Item, kept.Lost = record.Content{}, nil, err.Error()
	r.lose("attachment", fmt.Errorf("attachment %s could not be read: %w", r.number(), err), v)
	return kept, nil
}

// item keeps a message that is attached to another.
func (r *reader) item(ctx context.Context, item *Item, depth int) (*record.Message, error) {
	rec := &record.Message{Message: normal(item.Message)}
	var err error
	if rec.Body, err = r.keep(ctx, strings.NewReader(item.Body)); err != nil {
		return nil, err
	}
	r.where = append(r.where, 0)
	for i, a := range item.Attachments {
		r.where[len(r.where)-1] = i + 1
		kept, err := r.attachment(ctx, a, depth+1)
		if err != nil {
			return nil, endError{err}
		}
		rec.Attachments = append(rec.Attachments, kept)
	}
	r.where = r.where[:len(r.where)-1]
	return rec, nil
}

// mime keeps the message as Exchange renders it.
func (r *reader) mime(ctx context.Context) error {
	if err := acquire(ctx, r.engine.requests); err != nil {
		return err
	}
	defer release(r.engine.requests)
	var kept record.Content
	err := shielded(func() error {
		body, err := r.engine.src.MIME(ctx, r.message.ID)
		if err != nil {
			return err
		}
		defer body.Close()
		kept, err = r.keep(ctx, body)
		return err
	})
	if err == nil {
		r.message.MIME = kept
		return nil
	}
	v, err2 := r.engine.examine(ctx, r.message.ID, err)
	switch v {
	case end:
		return err2
	case gone:
		r.outcome.stage, r.outcome.gone = nil, true
	case lost, passing:
		r.lose("message", fmt.Errorf("the MIME copy could not be read: %w", err), v)
	}
	return nil
}

// lose notes that a part of the message is missing.
func (r *reader) lose(what string, err error, v verdict) {
	r.message.Lost = append(r.message.Lost, err.Error())
	r.outcome.losses = append(r.outcome.losses, loss(&r.message.Message, what, err))
	r.outcome.passing = r.outcome.passing || v == passing
}

// number returns the place of the attachment that is being read.
func (r *reader) number() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(r.where), " ", "."), "[]")
}
