package graphsim

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/tenant"
	"holdfast/test/graphsim/internal/traffic"
)

// admit takes a place under the limits of contract 10 and returns how to give it back. A batch counts by its items.
func (c *call) admit(rt *route) (func(), *apiError) {
	none := func() {}
	if rt.kind == "batch" {
		return none, nil
	}
	if refused := c.s.throttle.App(c.claims.App, c.s.tenant.Now()); refused != nil {
		return nil, c.s.tooMany(c.s.throttle.Limits(), refused)
	}
	switch {
	case strings.HasPrefix(rt.kind, "users."):
		return none, c.admitDirectory()
	case rt.mail && c.user != nil:
		return c.s.enter(c.claims.App, c.user.ID, int64(len(c.body)))
	}
	return none, nil
}

// enter takes a place of an app on a mailbox.
func (s *Server) enter(app, mailbox string, upload int64) (func(), *apiError) {
	n, refused := s.throttle.Enter(app, mailbox, s.tenant.Now(), upload)
	if refused == nil {
		s.counters.InFlight(mailbox, n)
		return func() { s.throttle.Leave(app, mailbox) }, nil
	}
	lim := s.throttle.LimitsOf(mailbox)
	if !refused.Concurrent {
		return nil, s.tooMany(lim, refused)
	}
	e := fail(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
	if lim.RetryAfter != "none" {
		_ = e.withHeader("Retry-After", lim.RetryAfter)
	}
	return nil, e
}

// tooMany is the generic 429 (contract 10.2), with the time to wait in one of the forms of contract 9.3.
func (s *Server) tooMany(lim traffic.Limits, refused *traffic.Refusal) *apiError {
	e := fail(429, "TooManyRequests", "Please retry again later.")
	d := refused.RetryAfter
	switch {
	case lim.RetryAfter == "none":
		return e
	case lim.DateRetry:
		return e.withHeader("Retry-After", s.tenant.Now().Add(d+time.Second).Format(http.TimeFormat))
	case lim.FloatRetry:
		return e.withHeader("Retry-After", strconv.FormatFloat(d.Seconds()+0.001, 'f', 3, 64))
	}
	return e.withHeader("Retry-After", strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))))
}

// nearLimit is from where on the directory says how much of the limit is spent.
const nearLimit = 0.8

// admitDirectory takes resource units (contract 10.1).
func (c *call) admitDirectory() *apiError {
	units := c.units()
	users := 0
	c.s.tenant.View(func(st *tenant.State) { users = st.Size() })
	used, refused := c.s.throttle.Directory(c.claims.App, c.s.tenant.Now(), units, users)
	h := c.w.Header()
	h.Set("x-ms-resource-unit", strconv.Itoa(units))
	if used >= nearLimit {
		h.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(used, 'f', 2, 64))
	}
	if refused == nil {
		return nil
	}
	return c.s.tooMany(c.s.throttle.Limits(), refused).
		withHeader("x-ms-throttle-scope", fmt.Sprintf("Tenant_Application/ReadWrite/%s/%s", c.claims.App, c.s.opts.Tenant)).
		withHeader("x-ms-throttle-information", "ResourceUnitLimitExceeded")
}

// units that a request of the directory costs: two for a list, one for a single user; less for $select and a small $top, more
// for $expand (contract 10.1).
func (c *call) units() int {
	n := 2
	if c.kind == "users.get" {
		n = 1
	}
	if c.has("select") {
		n--
	}
	if c.has("expand") {
		n++
	}
	if top, err := strconv.Atoi(c.option("top")); err == nil && top < 20 {
		n--
	}
	return max(n, 1)
}
