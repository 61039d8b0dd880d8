package graphsim

import (
	"compress/gzip"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
	"holdfast/test/graphsim/internal/traffic"
)

// maxRequest is the largest request body through Graph (contract 6.9).
const maxRequest = 4 << 20

// serveFront tells identity from Graph; both are on one listener.
func (s *Server) serveFront(w http.ResponseWriter, r *http.Request) {
	segs, err := splitPath(r.URL.EscapedPath())
	if err != nil || len(segs) == 0 {
		http.NotFound(w, r)
		return
	}
	path := "/" + strings.Join(segs[1:], "/")
	switch {
	case segs[0] == "v1.0" || segs[0] == "beta":
		s.serveGraph(w, r, segs[0], segs[1:])
	case path == "/v2.0/.well-known/openid-configuration" && r.Method == http.MethodGet:
		s.counters.Begin("openid", "")
		s.serveOpenID(w, r, segs[0])
	case path == "/oauth2/v2.0/token" && r.Method == http.MethodPost:
		s.counters.Begin("token", "")
		p := newReply(w, r)
		if f := s.faults.Hit(traffic.Request{Kind: "token", Method: r.Method}); f != nil && s.injectEarly(p, f) {
			return
		}
		s.serveToken(w, r, segs[0])
	default:
		http.NotFound(w, r)
	}
}

// serveGraph answers one Graph request.
func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request, version string, segs []string) {
	p := newReply(w, r)
	c := s.newCall(p, r, version)
	c.serve(segs)
	p.close()
}

func (s *Server) newCall(p *reply, r *http.Request, version string) *call {
	c := &call{s: s, w: p, r: r, id: newGUID(), set: s.settings.Load(), version: version, prefer: odata.ParsePrefer(r.Header)}
	h := p.Header()
	h.Set("request-id", c.id)
	h.Set("client-request-id", c.clientID())
	h.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"SIM"}}`)
	h.Set("OData-Version", "4.0")
	h.Set("Cache-Control", "private")
	return c
}

// serve counts, checks, throttles, breaks on demand and then answers.
func (c *call) serve(segs []string) {
	rt, err := c.route(segs)
	c.s.counters.Begin(c.kind, c.mailboxID())
	if err == nil {
		err = c.run(rt)
	}
	if err != nil {
		var ae *apiError
		if !errors.As(err, &ae) {
			if c.w.status != 0 || errors.Is(err, errBroken) {
				c.finish()
				panic(http.ErrAbortHandler) // an answer half written can only be broken off
			}
			ae = fail(500, "ErrorInternalServerError", "%s", err.Error())
		}
		c.writeError(ae)
	}
	c.finish()
}

func (c *call) finish() { c.s.counters.End(c.w.status, int64(len(c.body)), c.w.n) }

func (c *call) mailboxID() string {
	if c.user == nil {
		return ""
	}
	return c.user.ID
}

func (c *call) run(rt *route) error {
	var aerr *apiError
	if c.claims, aerr = c.s.authorize(c.r); aerr != nil {
		return aerr
	}
	if c.query == nil {
		q, err := url.ParseQuery(c.r.URL.RawQuery)
		if err != nil {
			return badRequest("The query string is malformed.")
		}
		c.query = q
	}
	if aerr := c.readBody(); aerr != nil {
		return aerr
	}
	if rt.mail && c.user != nil {
		leave, aerr := c.s.enter(c.claims.App, c.user.ID, int64(len(c.body)))
		if aerr != nil {
			return aerr
		}
		defer leave()
	}
	fault := c.s.faults.Hit(traffic.Request{Kind: c.kind, Method: c.r.Method, Mailbox: c.mailboxID(), Items: c.items(), Size: c.contentSize()})
	if err := c.wait(c.set.Latency); err != nil {
		return err
	}
	if fault != nil && c.s.injectEarly(c.w, fault) {
		return nil
	} else if fault != nil && fault.Status != 0 {
		return c.injectStatus(fault)
	}
	if aerr := c.permitted(rt); aerr != nil {
		return aerr
	}
	err := rt.handle(c)
	if c.w.discard {
		c.finish()
		panic(http.ErrAbortHandler)
	}
	return err
}

// readBody takes the whole request body, compressed or not, within the limit.
func (c *call) readBody() *apiError {
	if c.batched || c.r.Body == nil {
		return nil
	}
	var in io.Reader = c.r.Body
	if strings.EqualFold(c.r.Header.Get("Content-Encoding"), "gzip") {
		gz, err := gzip.NewReader(in)
		if err != nil {
			return badRequest("The request body is not gzip.")
		}
		in = gz
	}
	p, err := readAll(in, maxRequest)
	switch {
	case errors.Is(err, errTooLarge) && c.set.TooLargeIs400:
		return badRequest("The maximum request length supported is 4MB.")
	case errors.Is(err, errTooLarge):
		return fail(413, "RequestEntityTooLarge", "The maximum request length supported is 4MB.")
	case err != nil:
		return fail(400, "RequestBodyRead", "The request body could not be read.")
	}
	c.body = p
	return nil
}

// enter takes a place under the limits of contract 10 and returns how to give it back.
func (s *Server) enter(app, mailbox string, upload int64) (func(), *apiError) {
	key := app + "|" + mailbox
	n, refused := s.throttle.Enter(key, time.Now(), upload)
	if refused == nil {
		s.counters.InFlight(mailbox, n)
		return func() { s.throttle.Leave(key) }, nil
	}
	lim := s.throttle.Limits()
	retry := lim.RetryAfter
	e := fail(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
	if !refused.Concurrent {
		e = fail(429, "TooManyRequests", "Please retry again later.")
		if lim.FloatRetry {
			retry = strconv.FormatFloat(refused.RetryAfter.Seconds()+0.001, 'f', 3, 64)
		} else {
			retry = strconv.Itoa(int(math.Ceil(refused.RetryAfter.Seconds())))
		}
	}
	if retry != "none" {
		_ = e.withHeader("Retry-After", retry)
	}
	return nil, e
}

// permitted checks the roles of contract 1.7 and that there is a mailbox to be reached (contract 2.2).
func (c *call) permitted(rt *route) *apiError {
	if len(rt.roles) > 0 && !c.claims.has(rt.roles...) {
		if rt.mail {
			return fail(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
		}
		return fail(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	if !rt.mail {
		return nil
	}
	switch u := c.user; {
	case u == nil || u.Deleted:
		return fail(404, "ErrorInvalidUser", "The requested user '%s' is invalid.", c.args[0])
	case u.Denied:
		return fail(403, "ErrorAccessDenied", "Access to OData is disabled.")
	case !u.Mailbox:
		return c.s.noMailbox(u)
	}
	return nil
}

func (s *Server) noMailbox(u *tenant.User) *apiError {
	if u.NoMailbox == "ResourceNotFound" {
		return fail(404, "ResourceNotFound", "Resource could not be discovered.")
	}
	if u.NoMailbox != "" {
		return fail(404, u.NoMailbox, "The mailbox could not be found.")
	}
	return fail(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
}

func (c *call) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.r.Context().Done():
		return fail(499, "ClientClosedRequest", "The client went away.")
	}
}

// injectEarly does what a fault does to the connection; true means that there is nothing more to do.
func (s *Server) injectEarly(p *reply, f *Fault) bool {
	if f.Delay > 0 {
		<-time.After(f.Delay)
	}
	p.slow, p.cut = f.SlowBody, f.TruncateAt
	switch {
	case p.ResponseWriter == nil:
		return false // within a batch there is no connection of its own
	case f.Reset:
		s.counters.End(0, 0, 0)
		panic(http.ErrAbortHandler)
	case f.LoseReply:
		p.discard = true
	case f.Status != 0 && f.Body == "html":
		p.Header().Set("Content-Type", "text/html")
		setRetryAfter(p, f)
		p.WriteHeader(f.Status)
		_, _ = io.WriteString(p, "<html><head><title>Service unavailable</title></head><body>The service is unavailable.</body></html>")
		return true
	case f.Status != 0 && f.Body == "empty":
		setRetryAfter(p, f)
		p.WriteHeader(f.Status)
		return true
	}
	return false
}

func setRetryAfter(p *reply, f *Fault) {
	if f.RetryAfter != "" {
		p.Header().Set("Retry-After", f.RetryAfter)
	}
}

func (c *call) injectStatus(f *Fault) error {
	e := faultError(f.Status, f.Code, f.Message)
	if f.Status == 401 {
		e = expiredAccess()
	}
	if f.RetryAfter != "" {
		_ = e.withHeader("Retry-After", f.RetryAfter)
	}
	return e
}
