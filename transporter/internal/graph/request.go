package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

const (
	immutableIDs = `IdType="ImmutableId"`
	unsafeHTML   = "outlook.allow-unsafe-html"
	userAgent    = "Holdfast/1.0"
)

// request is one request to Graph, in a form that can be sent more than once.
type request struct {
	kind    RequestKind
	method  string // default GET
	url     string // absolute
	mailbox mail.MailboxID

	preferNow func() []string // preferences beside immutable ids, asked before each try
	failed    func()          // told of each failure that may come from asking for too much
	repeated  func()          // told before it is sent again although an earlier try may have been carried out

	body        func() io.Reader // a new reader for each try; nil for none
	size        int64            // of the body
	contentType string           // default JSON
	header      map[string]string

	cost    governor.Cost
	metered int  // as how many requests it is counted; default 1
	write   bool // must not be repeated when its fate is unknown
	foreign bool // goes to a pre-authorised address on another host: without a token
	tries   int  // default Limits.Tries
}

// do sends the request until an answer of success has been handled. The handler gets each such answer with a fresh body
// and may thus be called more than once; an error of its own making that must end the request it wraps in stopError, any
// other counts as a broken answer. The error that do returns is ready to leave the package.
func (c *Client) do(ctx context.Context, r request, handle func(*http.Response) error) error {
	return finish(c.attempt(ctx, r, handle))
}

// attempt is do without the last step: what it returns can still be asked what Graph said.
func (c *Client) attempt(ctx context.Context, r request, handle func(*http.Response) error) error {
	limits := c.opts.Limits
	tries := or(r.tries, limits.Tries)
	key := c.key(r.mailbox)
	var failures, throttles int
	var renewed bool
	for {
		var used string
		err := c.send(ctx, r, &used, handle)
		if err == nil {
			return nil
		}
		var stop *stopError
		if errors.As(err, &stop) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s of a mailbox: %w", r.kind, context.Cause(ctx))
		}
		a, answered := answerOf(err)
		var m meaning
		if answered {
			m = a.meaning()
		}
		c.logFailure(r, err, a)
		switch {
		case m.throttle:
			throttles++
			c.countThrottled()
			pause := a.retryAfter
			if !a.hasRetry {
				pause = c.backoff(throttles)
			}
			if throttles >= limits.ThrottleTries || pause > limits.MaxPause {
				a.retryAfter = pause
				return err
			}
			c.gov.Pause(key, max(pause, 50*time.Millisecond)) // the next try waits there, and so does all else
			continue
		case answered && a.status == http.StatusUnauthorized && !m.noMailbox && !renewed && !r.foreign:
			renewed = true
			c.creds.discard(used, a.claims)
			continue
		case answered && !m.again, !answered && !passing(err):
			return err
		}
		if r.write && !neverSent(err) {
			return &uncertainError{err}
		}
		if r.failed != nil && !neverSent(err) && (!answered || !a.hasRetry) {
			r.failed()
		}
		failures++
		if failures >= tries {
			return err
		}
		wait := c.backoff(failures)
		if answered && a.hasRetry {
			wait = min(a.retryAfter, limits.MaxPause)
			c.gov.Pause(key, wait)
		}
		if r.repeated != nil && !neverSent(err) {
			r.repeated()
		}
		c.countRetried()
		if err := c.gov.Sleep(ctx, key, wait); err != nil {
			return err
		}
	}
}

// passing reports whether a failure without an answer may pass.
func passing(err error) bool {
	var t transientError
	return errors.As(err, &t)
}

// uncertainError is the failure of a write that may have happened.
type uncertainError struct{ error }

func (e *uncertainError) Unwrap() error        { return e.error }
func (e *uncertainError) Is(target error) bool { return target == ErrUncertain }

// backoff is the wait before try n+1: full jitter under a doubling bound.
func (c *Client) backoff(n int) time.Duration {
	bound := min(c.opts.Limits.Backoff<<min(n-1, 16), c.opts.Limits.MaxBackoff)
	return time.Duration(rand.Int64N(int64(bound) + 1)) //nolint:gosec // jitter needs no secrecy
}

// send sends the request once. used is set to the token that went with it.
func (c *Client) send(ctx context.Context, r request, used *string, handle func(*http.Response) error) error {
	cost := r.cost
	cost.Upload = r.size
	release, err := c.gov.Acquire(ctx, c.key(r.mailbox), cost)
	if err != nil {
		return unsentError{err}
	}
	if !r.foreign { // only now: a wait can be longer than a token holds
		token, err := c.creds.get(ctx)
		if err != nil {
			release()
			return unsentError{err}
		}
		*used = token.Token
	}
	caller := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	end := func() {
		cancel(nil)
		release()
	}
	req, err := c.build(ctx, r, *used)
	if err != nil {
		end()
		return err
	}
	c.count(sent(r.kind, max(r.metered, 1)))
	resp, err := c.http.Do(req)
	if err != nil {
		end()
		if caller.Err() != nil {
			return caller.Err()
		}
		return &sendError{cause: err, fault: reach(req.URL.String(), err)}
	}
	guard(ctx, cancel, resp, c.opts.Limits.Silence, end)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		err := readAnswerError(resp, c.opts.Now())
		if resp.StatusCode != http.StatusServiceUnavailable {
			drain(resp.Body) // after a 503 Microsoft wants a new connection
		}
		_ = resp.Body.Close()
		return err
	}
	if err := handle(resp); err != nil {
		_ = resp.Body.Close()
		return broken(req.URL.Host, err)
	}
	return nil
}

// sendError keeps the cause of a failure to send beside its sentence.
type sendError struct{ cause, fault error }

func (e *sendError) Error() string   { return e.fault.Error() }
func (e *sendError) Unwrap() []error { return []error{e.fault, e.cause} }

// broken judges a handler's error: faults, answers and the caller's own pass, anything else is an answer that broke off or
// made no sense, which may pass.
func broken(host string, err error) error {
	var stop *stopError
	var f *fault.Fault
	var a *answerError
	if errors.As(err, &stop) || errors.As(err, &f) || errors.As(err, &a) {
		return err
	}
	return transient(fault.New(fault.Unavailable, "the answer of %s broke off or cannot be read: %s", host, clip(err.Error())))
}

func (c *Client) build(ctx context.Context, r request, token string) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if r.body != nil {
		body = r.body()
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url, body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "build a request: %w", err)
	}
	req.Header.Set("User-Agent", userAgent)
	if !r.foreign {
		// The last gate before the token leaves: only Graph's own root, whatever the address came from.
		if req.URL.Scheme != "https" || !strings.EqualFold(req.URL.Host, c.root.Host) {
			return nil, fault.New(fault.Invalid, "refused to send the token to %s", req.URL.Host)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", "application/json")
		req.Header.Set("client-request-id", uuid.NewString())
		req.Header.Set("return-client-request-id", "true")
		prefer := []string{immutableIDs}
		if r.preferNow != nil {
			prefer = append(prefer, r.preferNow()...)
		}
		req.Header.Set("Prefer", strings.Join(prefer, ", "))
	}
	if body != nil {
		req.ContentLength = r.size
		req.Header.Set("Content-Type", "application/json")
		if r.contentType != "" {
			req.Header.Set("Content-Type", r.contentType)
		}
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// logFailure says what went wrong with a request, without Microsoft's words: those may name folders and addresses.
func (c *Client) logFailure(r request, err error, a *answerError) {
	if a != nil {
		c.log.Debug("graph request failed", "kind", string(r.kind), "mailbox", string(r.mailbox), "status", a.status,
			"code", a.code, "request_id", a.requestID, "retry_after", a.retryAfter)
		return
	}
	c.log.Debug("graph request failed", "kind", string(r.kind), "mailbox", string(r.mailbox), "fault", fault.KindOf(err).Error())
}
