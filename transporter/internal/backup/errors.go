package backup

import (
	"context"
	"errors"
	"fmt"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// vaultError marks what the vault said: it is never the fault of a message, and ends the run.
type vaultError struct{ error }

func (e vaultError) Unwrap() error { return e.error }

// endError marks an error of the source that ends the run.
type endError struct{ error }

func (e endError) Unwrap() error { return e.error }

// plain takes the marks off and gives an error without a kind one.
func plain(err error) error {
	var end endError
	var v vaultError
	var f *fault.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &v):
		err = v.error
	case errors.As(err, &end):
		err = end.error
	}
	if errors.As(err, &f) {
		return err
	}
	return fault.New(fault.KindOf(err), "%w", err)
}

func wrap(err error, doing string) error { return fmt.Errorf("%s: %w", doing, err) }

// verdict is what an error of the source means for the thing that was being read.
type verdict uint8

const (
	lost    verdict = iota // for good, as far as this run can tell
	passing                // may be read later
	gone                   // is not there any more
	end                    // concerns more than this thing: the run ends
)

// shielded turns a panic into a fault, so that one broken message costs itself and not the process with everybody's tasks.
func shielded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Unknown, "internal error: %v", p)
		}
	}()
	return do()
}

// judge sorts an error by its kind alone.
func judge(ctx context.Context, err error) verdict {
	var v vaultError
	var e endError
	if ctx.Err() != nil || errors.As(err, &v) || errors.As(err, &e) {
		return end
	}
	switch fault.KindOf(err) {
	case fault.Canceled, fault.Unauthorized:
		return end
	case fault.NotFound:
		return gone
	case fault.Throttled, fault.Unavailable, fault.Timeout:
		return passing
	default:
		return lost
	}
}

// examine finds out what an error of reading a message means: whether the message is to blame, or the connection or mailbox
// as a whole, by asking for the one thing that is smallest. The error it returns ends the run.
func (e *engine) examine(ctx context.Context, id mail.MessageID, err error) (verdict, error) {
	first := judge(ctx, err)
	switch first {
	case end:
		return end, err
	case lost:
		return lost, nil
	case passing, gone:
	}
	where, locateErr := e.src.Locate(ctx, []mail.MessageID{id})
	switch {
	case locateErr != nil || len(where) != 1:
		return end, endError{err}
	case where[0].Err == nil && !where[0].Exists:
		return gone, nil
	case where[0].Err == nil && first == gone: // the message is there, so it is a part of it that is not
		return lost, nil
	}
	return passing, nil
}

// loss describes err as the loss of (a part of) a message.
func loss(m *mail.Message, what string, err error) mail.Loss {
	var f *fault.Fault
	l := mail.Loss{Message: m.ID, Folder: m.Folder, Subject: m.Subject, What: what, Reason: err.Error()}
	if errors.As(err, &f) {
		l.RequestID = f.RequestID
	}
	return l
}

// whole reports whether a record lacks nothing.
func whole(m *record.Message) bool { return m != nil && len(m.Lost) == 0 }
