package graph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"holdfast/pkg/fault"
)

// What errors.Is finds beside the fault kinds.
var (
	// ErrResync means that Graph has forgotten the cursor: read the folder again from the empty cursor, and compare.
	ErrResync = errors.New("the cursor is no longer valid")
	// ErrFolderGone means that the folder was deleted since it was listed.
	ErrFolderGone = errors.New("the folder is gone")
	// ErrMailboxGone means that there is no mailbox (any more) behind the id.
	ErrMailboxGone = errors.New("the mailbox is gone")
	// ErrUncertain means that a write was sent and its answer lost: it may have happened.
	ErrUncertain = errors.New("it is not known whether Microsoft carried out the request")
)

// maxMessage bounds the words of Microsoft that are kept, in bytes.
const maxMessage = 300

// answerError is an answer of Graph other than the one asked for (contract 9).
type answerError struct {
	status     int
	code       string // the innermost that is known, else the outermost
	message    string
	requestID  string
	retryAfter time.Duration
	hasRetry   bool   // the answer said how long to wait
	claims     string // demanded by a 401
	// fromSession is set when it is the answer of an upload session and not of Graph.
	fromSession bool
}

func (e *answerError) Error() string {
	words := http.StatusText(e.status)
	if e.code != "" {
		words = e.code
	}
	if e.message != "" && e.message != e.code {
		return fmt.Sprintf("Microsoft answered %d %s: %s", e.status, words, e.message)
	}
	return fmt.Sprintf("Microsoft answered %d %s", e.status, words)
}

// Is reports whether the answer means one of this package's sentinels.
func (e *answerError) Is(target error) bool {
	switch target {
	case ErrResync:
		return e.meaning().resync
	case ErrMailboxGone:
		return e.meaning().noMailbox
	}
	return false
}

func (e *answerError) has(code string) bool { return strings.EqualFold(e.code, code) }

func (e *answerError) meaning() meaning {
	m, ok := codes[strings.ToLower(e.code)]
	if !ok {
		m = meaning{kind: kindOfStatus(e.status)}
	}
	switch {
	case e.status == http.StatusTooManyRequests:
		m.throttle, m.kind = true, fault.Throttled
	case e.status == http.StatusGone:
		m.resync, m.kind = true, fault.Conflict
	case ok:
	case e.status == http.StatusRequestTimeout, e.status == 500, e.status == 502, e.status == 503, e.status == 504, e.status == 509:
		m.again = true
	}
	return m
}

// answerOf returns the answer of Graph within err.
func answerOf(err error) (*answerError, bool) {
	var a *answerError
	ok := errors.As(err, &a)
	return a, ok
}

// finish turns an internal error into the fault that leaves this package. Faults, the caller's own errors and the
// context's pass unchanged.
func finish(err error) error {
	var stop *stopError
	var f *fault.Fault
	var a *answerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stop):
		return stop.err
	case errors.As(err, &f), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &a):
		f = fault.New(a.meaning().kind, "%w", err)
		f.RequestID, f.RetryAfter = a.requestID, a.retryAfter
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, "%w", err)
	}
	return fault.New(fault.Unavailable, "%w", err)
}

// stopError carries an error of the caller's out of a handler: it is no fault of the answer and must not be retried.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }
func (e *stopError) Unwrap() error { return e.err }

// transientError marks a failure that may pass.
type transientError struct{ error }

func (e transientError) Unwrap() error { return e.error }

// transient marks the fault as one that may pass.
func transient(f *fault.Fault) *fault.Fault {
	f.Cause = transientError{errors.New(f.Message)}
	return f
}

// reach explains why a host gave no answer at all. The caller has seen to it that the context has not ended.
func reach(address string, err error) error {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var dns *net.DNSError
	var proxy *net.OpError
	at := host(address)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &proxy) && proxy.Op == "proxyconnect": // what is wrong is not at Microsoft
		return transient(fault.New(fault.Unavailable, "%s cannot be reached: %s", at, clip(oneLine(fault.Unreached(err)))))
	case errors.As(err, &unknown):
		return fault.New(fault.Unavailable, "the certificate of %s is signed by an authority that is not trusted here", at)
	case errors.As(err, &name), errors.As(err, &certificate):
		return fault.New(fault.Unavailable, "the certificate of %s is not valid for it", at)
	case errors.As(err, &dns):
		return transient(fault.New(fault.Unavailable, "%s cannot be reached: its name is not known (DNS)", at))
	case isNetTimeout(err):
		return transient(fault.New(fault.Timeout, "%s did not answer in time", at))
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return transient(fault.New(fault.Unavailable, "%s closed the connection before it had answered", at))
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which holds ids
	}
	return transient(fault.New(fault.Unavailable, "%s cannot be reached: %s", at, clip(oneLine(fault.Unreached(err)))))
}

func isNetTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// unsentError marks a failure before the request was sent.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

// neverSent reports whether the request cannot have reached the host.
func neverSent(err error) bool {
	var op *net.OpError
	var unsent unsentError
	return errors.As(err, &unsent) || errors.As(err, &op) && op.Op == "dial"
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

func clip(s string) string {
	if len(s) > maxMessage {
		return strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}
