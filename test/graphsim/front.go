package graphsim

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
	"holdfast/test/graphsim/internal/traffic"
)

// maxRequest is the largest request body through Graph (contract 6.9).
const maxRequest = 4 << 20

// serveFront tells identity from Graph; both are on one listener. Under the real names, each host has its own only.
func (s *Server) serveFront(w http.ResponseWriter, r *http.Request) {
	segs, err := splitPath(r.URL.EscapedPath())
	switch {
	case err != nil || len(segs) == 0 || segs[0] == "":
	case segs[0] == "v1.0" || segs[0] == "beta":
		if loginCloud(r.Host) == nil {
			s.serveGraph(w, r, segs[0], segs[1:])
			return
		}
	case graphCloud(r.Host) == nil && s.serveIdentity(w, r, segs):
		return
	}
	s.counters.Begin("unknown", "")
	s.counters.End(http.StatusNotFound, 0, 0)
	http.NotFound(w, r)
}

// setDate sets the Date header by the tenant's clock.
func (s *Server) setDate(w http.ResponseWriter) {
	w.Header().Set("Date", s.tenant.Now().Add(s.settings.Load().DateSkew).Format(http.TimeFormat))
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
	s.setDate(p)
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
	defer c.finish()
	rt, err := c.route(segs)
	c.s.counters.Begin(c.kind, c.mailboxID())
	if err == nil {
		err = c.run(rt)
	}
	if err == nil {
		return
	}
	var ae *apiError
	if !errors.As(err, &ae) {
		if c.w.status != 0 || errors.Is(err, errBroken) {
			panic(http.ErrAbortHandler) // an answer half written can only be broken off
		}
		ae = fail(500, "ErrorInternalServerError", "%s", err.Error())
	}
	c.writeError(ae)
}

// finish counts the answer, however it ended.
func (c *call) finish() { c.s.counters.End(c.w.sent(), int64(len(c.body)), c.w.n) }

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
		q, err := parseQuery(c.r.URL.RawQuery)
		if err != nil {
			return badRequest("The query string is malformed.")
		}
		c.query = q
	}
	if aerr := c.readBody(); aerr != nil {
		return aerr
	}
	leave, aerr := c.admit(rt)
	if aerr != nil {
		return aerr
	}
	defer leave()
	fault := c.s.faults.Hit(traffic.Request{
		Kind: c.kind, Method: c.r.Method, Mailbox: c.mailboxID(), App: c.claims.App, Now: c.s.tenant.Now(),
		Items: c.items(), Size: c.contentSize(), Page: c.askedPage(),
	})
	if err := wait(c.r, c.s.dice.latency(c.set, c.kind, c.mailboxID())); err != nil {
		return err
	}
	if fault != nil && c.s.injectEarly(c.w, c.r, fault) {
		return nil
	} else if fault != nil && fault.Status != 0 {
		return c.injectStatus(fault)
	}
	if aerr := c.permitted(rt); aerr != nil {
		return aerr
	}
	err := rt.handle(c)
	if c.w.discard {
		panic(http.ErrAbortHandler)
	}
	return err
}

// askedPage is the size of the page that a request asks for, for faults that spare small ones; 0 for none.
func (c *call) askedPage() int {
	if n, err := strconv.Atoi(c.option("top")); err == nil {
		return n
	}
	return c.prefer.MaxPageSize
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
	case u == nil || u.Gone():
		return fail(404, "ErrorInvalidUser", "The requested user '%s' is invalid.", c.args[0])
	case u.Denied:
		return fail(403, "ErrorAccessDenied", "Access to OData is disabled.")
	case !u.Mailbox:
		return c.s.noMailbox(u)
	}
	return nil
}

// alternating is the NoMailbox of a user for whom the two answers take turns, as was reported (contract 2.2).
const alternating = "alternate"

func (s *Server) noMailbox(u *tenant.User) *apiError {
	code := u.NoMailbox
	if code == alternating && s.turn.Add(1)%2 == 0 {
		code = "ResourceNotFound"
	}
	switch code {
	case "ResourceNotFound":
		return fail(404, code, "Resource could not be discovered.")
	case "", alternating, "MailboxNotEnabledForRESTAPI":
		return fail(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
	case "MailboxNotSupportedForRESTAPI":
		return fail(404, code, "REST API is not yet supported for this mailbox.")
	}
	return fail(404, code, "The mailbox could not be found.")
}
