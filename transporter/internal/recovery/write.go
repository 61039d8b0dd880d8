package recovery

import (
	"context"
	"errors"
	"fmt"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery/journal"
)

// maxTries is how often one message is created when the answer is lost and nothing is found: the request itself is
// repeated by the target, so this is for answers lost for good.
const maxTries = 3

// Failures in a row after which the mailbox, not the message, is taken to be the trouble.
const (
	maxTemporary = 8
	maxRefused   = 20
)

// failing counts failures in a row.
type failing struct{ temporary, refused int }

// write brings one message back and settles how it ended.
func (r *Runner) write(ctx context.Context, st step, sk key) {
	created, err := r.create(ctx, st, sk)
	if err != nil {
		r.failed(st, err)
		return
	}
	r.mu.Lock()
	r.failing = failing{}
	r.mu.Unlock()
	r.countAction(st.action)
	r.done.messages.Add(1)
	r.done.written.Add(1)
	r.done.attachments.Add(int64(len(st.message.Attachments)))
	r.done.bytes.Add(logicalSize(st))
	r.notes.about(st.message)
	for _, n := range created.Notes {
		r.notes.add(n)
	}
	for _, l := range created.Losses {
		r.lose(r.loss(st, l.What, l.Reason, l.RequestID))
	}
	for _, why := range st.message.Lost {
		r.lose(r.loss(st, "message", "the backup has it only in part: "+why, ""))
	}
	for _, a := range st.message.Attachments {
		if a.Lost != "" {
			r.lose(r.loss(st, "attachment", "the backup does not have an attachment: "+a.Lost, ""))
		}
	}
}

// create makes the message, journalled, and removes what it overwrites.
func (r *Runner) create(ctx context.Context, st step, sk key) (Created, error) {
	r.mu.Lock()
	tries := r.past.voids[sk]
	r.mu.Unlock()
	for try := tries; ; try++ {
		id := recoveryID(r.o.Request.Task, sk, try)
		created, settled, err := r.attempt(ctx, st, sk, id)
		if err == nil {
			return created, r.replaced(ctx, st, id)
		}
		if !settled || !uncertain(err) || try+1 >= tries+maxTries || ctx.Err() != nil {
			return Created{}, err
		}
	}
}

// attempt announces, creates and records once. Settled is false when it is still not known what became of it: the intent
// stays open and the next attempt of the task looks it up.
func (r *Runner) attempt(ctx context.Context, st step, sk key, id ID) (c Created, settled bool, err error) {
	item := Item{Folder: st.place.id, ID: id, Message: st.message, Open: r.o.Point.Open}
	src := journal.Source(sk)
	intent := journal.Entry{
		Kind: journal.KindIntent, ID: string(id), Source: &src, Action: uint8(st.action),
		Folder: string(st.place.id), Old: string(st.old),
	}
	if err := r.append(intent, true); err != nil {
		return Created{}, false, err
	}
	created, err := r.o.Target.Create(ctx, item)
	if err != nil && uncertain(err) {
		if ctx.Err() != nil {
			return Created{}, false, err
		}
		found, findErr := r.o.Target.Find(ctx, item)
		switch {
		case errors.Is(findErr, fault.NotFound):
		case findErr != nil:
			return Created{}, false, errors.Join(findErr, err) // what kept it from being looked up is what counts
		case found.Whole:
			created, err = Created{ID: found.ID, ChangeKey: found.ChangeKey}, nil
		default:
			if discardErr := r.o.Target.Discard(ctx, item.Folder, found.ID); discardErr != nil {
				return Created{}, false, errors.Join(err, discardErr)
			}
		}
	}
	if err != nil {
		return Created{}, true, errors.Join(err, r.append(journal.Entry{Kind: journal.KindVoid, ID: string(id)}, false))
	}
	r.mu.Lock()
	r.past.own[hashOf(string(created.ID))] = struct{}{}
	r.mu.Unlock()
	done := journal.Entry{Kind: journal.KindDone, ID: string(id), New: string(created.ID), Change: created.ChangeKey}
	return created, true, r.append(done, false)
}

// replaced deletes the message that was overwritten. When that fails the new one stays, and both are there: a loss.
func (r *Runner) replaced(ctx context.Context, st step, id ID) error {
	if st.old == "" {
		return nil
	}
	if err := r.o.Target.Remove(ctx, st.place.id, st.old); err != nil {
		if fatalKind(err) || ctx.Err() != nil {
			return err
		}
		r.lose(r.loss(st, "message", "it was brought back, but the one it replaces could not be deleted: "+err.Error(),
			requestID(err)))
		return nil
	}
	return r.append(journal.Entry{Kind: journal.KindRemoved, ID: string(id)}, false)
}

// append writes to the journal; an error of it ends the recovery, because nothing may be written that is not announced.
func (r *Runner) append(e journal.Entry, durable bool) error {
	err := r.journal.Append(e)
	if err == nil && durable {
		err = r.journal.Sync()
	}
	if err != nil {
		r.setFatal(err)
	}
	return err
}

// failed records that a message could not be brought back, and ends the recovery when it is not the message's fault.
func (r *Runner) failed(st step, err error) {
	if fatalKind(err) {
		r.setFatal(err)
		return
	}
	r.mu.Lock()
	switch {
	case fault.Temporary(err), errors.Is(err, fault.Unknown):
		r.failing.temporary++
	case errors.Is(err, fault.Denied), errors.Is(err, fault.NotFound):
		r.failing.refused++
	}
	hopeless := r.failing.temporary >= maxTemporary || r.failing.refused >= maxRefused
	r.mu.Unlock()
	if hopeless {
		r.setFatal(fmt.Errorf("many messages in a row could not be written, the last because: %w", err))
	}
	r.count(func(rep *Report) { rep.Failed++ })
	r.done.messages.Add(1)
	r.lose(r.loss(st, "message", err.Error(), requestID(err)))
}

func (r *Runner) loss(st step, what, reason, request string) mail.Loss {
	return mail.Loss{
		Message: st.message.ID, Folder: st.source.folder.ID, Subject: st.message.Subject,
		What: what, Reason: reason, RequestID: request,
	}
}

// uncertain reports whether a failed creation may have made the message all the same.
func uncertain(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Canceled, fault.Unknown:
		return true
	default:
		return false
	}
}

// fatalKind reports whether an error concerns the recovery and not one message: nobody is signed in, the mailbox or the
// journal's disk is full, Microsoft asks to wait longer than the target is willing to, or a person stopped it.
func fatalKind(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unauthorized, fault.Exhausted, fault.Throttled, fault.Canceled:
		return true
	default:
		return false
	}
}

func logicalSize(st step) int64 {
	size := st.message.Body.Size
	for _, a := range st.message.Attachments {
		size += a.Content.Size
	}
	return size
}
