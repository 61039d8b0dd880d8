// Package fault is the one vocabulary of errors in Holdfast. A fault has a kind, which programs branch on, and a
// sentence, which people read: what happened and, where there is one, the remedy. Kinds survive gRPC and Connect
// (see status.go), so errors.Is(err, fault.Throttled) holds on either side of the wire.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is a class of error. A Kind is itself an error, made to be the target of errors.Is.
type Kind uint8

// The kinds. Their numbers cross the wire and are stored in run records: append only.
const (
	Unknown      Kind = 0
	Invalid      Kind = 1  // the request is wrong; repeating it cannot help
	NotFound     Kind = 2  // the thing named does not exist
	Conflict     Kind = 3  // the thing exists already, or is in a state that forbids this
	Denied       Kind = 4  // known who asks, and they may not
	Unauthorized Kind = 5  // not known who asks: wrong secret, expired token
	Throttled    Kind = 6  // asked to wait; RetryAfter says how long
	Unavailable  Kind = 7  // out of reach now; trying again may help
	Corrupt      Kind = 8  // stored bytes are not what was written
	Exhausted    Kind = 9  // disk full, quota full, limit reached
	Canceled     Kind = 10 // stopped by a person or a shutdown
	Timeout      Kind = 11 // took longer than allowed
	Unsupported  Kind = 12 // this version, cloud or mailbox cannot do it
)

var names = [...]string{
	"unknown", "invalid", "not found", "conflict", "denied", "unauthorized", "throttled", "unavailable", "corrupt",
	"exhausted", "canceled", "timeout", "unsupported",
}

// Error returns the kind's name, so that a bare Kind is a usable if terse error.
func (k Kind) Error() string {
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("fault kind %d", uint8(k))
}

// Fault is an error with a kind. Build one with New or Wrap; fields may be set before it is shared, never after.
type Fault struct {
	Kind    Kind
	Message string
	// Field names the request field at fault ("job.options.parallel"), with Invalid.
	Field string
	// RetryAfter is how long to wait before trying again; zero when not known.
	RetryAfter time.Duration
	// RequestID is Microsoft's request-id where the fault came from Graph.
	RequestID string
	Cause     error
}

// New returns a fault of the kind with a formatted sentence. A %w verb keeps its operand as the cause.
func New(k Kind, format string, args ...any) *Fault {
	err := fmt.Errorf(format, args...)
	return &Fault{Kind: k, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// InvalidField returns an Invalid fault that names the field at fault.
func InvalidField(field, format string, args ...any) *Fault {
	f := New(Invalid, format, args...)
	f.Field = field
	return f
}

// Error returns the sentence.
func (f *Fault) Error() string {
	if f.Message == "" {
		return f.Kind.Error()
	}
	return f.Message
}

// Unwrap returns the cause, if any.
func (f *Fault) Unwrap() error { return f.Cause }

// Is reports whether target is this fault's kind.
func (f *Fault) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == f.Kind
}

// KindOf returns the kind of the outermost fault in err's chain. Context errors are Canceled and Timeout; anything else is
// Unknown.
func KindOf(err error) Kind {
	var f *Fault
	var k Kind
	switch {
	case errors.As(err, &f):
		return f.Kind
	case errors.As(err, &k):
		return k
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Unknown
}

// RetryAfter returns how long the fault in err's chain asks to wait; zero when it does not say.
func RetryAfter(err error) time.Duration {
	var f *Fault
	if errors.As(err, &f) {
		return f.RetryAfter
	}
	return 0
}

// Temporary reports whether trying the same again later may help.
func Temporary(err error) bool {
	switch KindOf(err) {
	case Throttled, Unavailable, Timeout:
		return true
	default:
		return false
	}
}
