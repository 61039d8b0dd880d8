package graphsim

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"holdfast/test/graphsim/internal/tenant"
)

// Bulk is mail that is made when it is asked for; see User.Bulk.
type Bulk = tenant.Bulk

// handleAdmin adds the parts of the control endpoint that are about apps, limits and faults.
func (s *Server) handleAdmin(on func(string, func(*http.Request) (any, error))) {
	on("GET /_control/apps", func(*http.Request) (any, error) { return s.Apps(), nil })
	on("POST /_control/apps", func(r *http.Request) (any, error) {
		var a App
		if err := decodeStrict(r, &a); err != nil {
			return nil, err
		}
		return nil, s.PutApp(a)
	})
	on("POST /_control/apps/{app}/revoke", func(r *http.Request) (any, error) { return nil, s.RevokeTokens(r.PathValue("app")) })
	on("GET /_control/faults", func(*http.Request) (any, error) { return s.faults.List(), nil })
	on("DELETE /_control/faults", func(*http.Request) (any, error) { s.faults.Clear(); return nil, nil })
	on("DELETE /_control/faults/{id}", func(r *http.Request) (any, error) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil || !s.faults.Remove(id) {
			return nil, errors.New("no fault " + r.PathValue("id"))
		}
		return nil, nil
	})
	on("POST /_control/faults", func(r *http.Request) (any, error) {
		var f Fault
		if err := decodeStrict(r, &f); err != nil {
			return nil, err
		}
		id, err := s.AddFault(f)
		return map[string]int{"id": id}, err
	})
	on("GET /_control/throttle", func(*http.Request) (any, error) { return s.throttle.Limits(), nil })
	on("PUT /_control/throttle", func(r *http.Request) (any, error) {
		var l Limits
		err := decodeStrict(r, &l)
		if err == nil {
			s.throttle.SetLimits(l)
		}
		return s.throttle.Limits(), err
	})
	on("PUT /_control/mailboxes/{user}/throttle", func(r *http.Request) (any, error) {
		var l Limits
		if err := decodeStrict(r, &l); err != nil {
			return nil, err
		}
		return nil, s.SetMailboxThrottle(r.PathValue("user"), &l)
	})
	on("DELETE /_control/mailboxes/{user}/throttle", func(r *http.Request) (any, error) {
		return nil, s.SetMailboxThrottle(r.PathValue("user"), nil)
	})
}

// idOf resolves a user by any of its names.
func (s *Server) idOf(name string) (string, error) {
	var id string
	s.tenant.View(func(st *tenant.State) {
		if u := st.User(name); u != nil {
			id = u.ID
		}
	})
	if id == "" {
		return "", errors.New("no user " + name)
	}
	return id, nil
}

// AddFault adds a rule and returns its id. Its mailbox may be named by any name of the user.
func (s *Server) AddFault(f Fault) (int, error) {
	if f.Mailbox != "" {
		id, err := s.idOf(f.Mailbox)
		if err != nil {
			return 0, err
		}
		f.Mailbox = id
	}
	return s.faults.Add(f), nil
}

// SetMailboxThrottle gives a mailbox limits of its own; nil takes them away.
func (s *Server) SetMailboxThrottle(mailbox string, l *Limits) error {
	id, err := s.idOf(mailbox)
	if err == nil {
		s.throttle.SetMailbox(id, l)
	}
	return err
}

// Apps that are registered.
func (c *Control) Apps(ctx context.Context) (out []App, err error) {
	return out, c.do(ctx, http.MethodGet, "apps", nil, &out)
}

// PutApp registers an app, or replaces the one of its id.
func (c *Control) PutApp(ctx context.Context, a App) error {
	return c.do(ctx, http.MethodPost, "apps", a, nil)
}

// RevokeTokens voids the tokens that an app has now.
func (c *Control) RevokeTokens(ctx context.Context, app string) error {
	return c.do(ctx, http.MethodPost, "apps/"+url.PathEscape(app)+"/revoke", nil, nil)
}

// RemoveFault removes one rule.
func (c *Control) RemoveFault(ctx context.Context, id int) error {
	return c.do(ctx, http.MethodDelete, "faults/"+strconv.Itoa(id), nil, nil)
}

// SetMailboxThrottle gives a mailbox limits of its own; nil takes them away.
func (c *Control) SetMailboxThrottle(ctx context.Context, mailbox string, l *Limits) error {
	if l == nil {
		return c.do(ctx, http.MethodDelete, box(mailbox, "throttle"), nil, nil)
	}
	return c.do(ctx, http.MethodPut, box(mailbox, "throttle"), l, nil)
}

// ExpireDeltaAs makes the service forget the delta tokens of a mailbox and answer with this status and code.
func (c *Control) ExpireDeltaAs(ctx context.Context, mailbox string, status int, code string) error {
	return c.do(ctx, http.MethodPost, box(mailbox, "expire-delta"), map[string]any{"code": code, "status": status}, nil)
}
