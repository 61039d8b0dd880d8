package api

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/proto"

	"holdfast/director/internal/auth"
	"holdfast/pkg/fault"
)

// gate is what every call passes: who asks, may they, does the request make sense; and on the way out, faults in the
// form that carries their kind.
type gate struct{ Options }

var _ connect.Interceptor = (*gate)(nil)

// unaryWait bounds a call that is not a stream. Reading all mailboxes of a large tenant takes the longest.
const unaryWait = 35 * time.Minute

type callerKey struct{}

// callerOf returns who asks. Methods that need nobody signed in have none.
func callerOf(ctx context.Context) auth.Caller {
	c, _ := ctx.Value(callerKey{}).(auth.Caller)
	return c
}

func (g *gate) admit(ctx context.Context, procedure string, header http.Header) (context.Context, error) {
	if allowed[procedure] == anyone {
		return ctx, nil
	}
	token, cookie := bearer(header), false
	if token == "" {
		token = cookieOf(header)
		cookie = token != ""
	}
	if token == "" {
		return ctx, ended{permit(procedure, nil)}
	}
	c, err := g.Auth.Authenticate(token)
	if fault.KindOf(err) == fault.Unauthorized {
		return ctx, ended{err}
	}
	if err != nil {
		return ctx, err
	}
	ctx = context.WithValue(ctx, callerKey{}, c)
	if cookie {
		if err := sameOrigin(ctx); err != nil {
			return ctx, err
		}
	}
	if err := permit(procedure, &c); err != nil {
		return ctx, err
	}
	g.Auth.Touch(ctx, c, remoteOf(ctx))
	return ctx, nil
}

// hold ends the context when the caller of something that lasts may not go on. Release ends the watch over it, and returns
// why the context was ended, if it was.
func (g *gate) hold(ctx context.Context, procedure string) (held context.Context, release func() error) {
	c := callerOf(ctx)
	if c.Token == "" {
		return ctx, func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	var lapse error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if lapse = g.Auth.Follow(ctx, c, func(now *auth.Caller) error { return permit(procedure, now) }); lapse != nil {
			cancel()
		}
	}()
	return ctx, func() error {
		cancel()
		<-done
		if fault.KindOf(lapse) == fault.Unauthorized {
			return ended{lapse}
		}
		return lapse
	}
}

// bearer returns the token in a header; empty when there is none.
func bearer(h http.Header) string {
	scheme, token, ok := strings.Cut(h.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// WrapUnary guards calls.
func (g *gate) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		procedure, begun := req.Spec().Procedure, time.Now()
		ctx, cancel := context.WithTimeout(ctx, unaryWait)
		defer cancel()
		n := g.begin(procedure)
		ctx, err := g.admit(ctx, procedure, req.Header())
		n.ctx = ctx
		n.asked(req.Any())
		if err == nil {
			err = validate(req.Any())
		}
		if n.admitted = err == nil; n.admitted && audited[procedure] == done {
			n.seek() // before the points may be gone
		}
		var answer connect.AnyResponse
		if err == nil {
			answer, err = next(ctx, req)
		}
		if err == nil {
			n.answered(answer.Any())
		}
		n.end(err)
		return answer, g.done(procedure, begun, err)
	}
}

// WrapStreamingClient is for clients, which the Director is not.
func (g *gate) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler guards streams. They end when the Director shuts down.
func (g *gate) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		procedure, begun := conn.Spec().Procedure, time.Now()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if g.Closing != nil {
			stop := context.AfterFunc(g.Closing, cancel)
			defer stop()
		}
		n := g.begin(procedure)
		n.lasting = true
		ctx, err := g.admit(ctx, procedure, conn.RequestHeader())
		n.ctx = ctx
		if err == nil {
			held, release := g.hold(ctx, procedure)
			err = next(held, &validated{conn, n})
			if lapse := release(); lapse != nil {
				err = lapse
			}
		}
		if err != nil && g.Closing != nil && g.Closing.Err() != nil {
			err = fault.New(fault.Unavailable, "the Director is shutting down")
		}
		n.end(err)
		return g.done(procedure, begun, err)
	}
}

// validated checks requests as a stream's handler receives them.
type validated struct {
	connect.StreamingHandlerConn
	note *note
}

func (v *validated) Receive(m any) error {
	if err := v.StreamingHandlerConn.Receive(m); err != nil {
		return err
	}
	v.note.asked(m)
	err := validate(m)
	v.note.admitted = err == nil
	return err
}

// done turns what a call returned into what the caller gets, and counts it.
func (g *gate) done(procedure string, begun time.Time, err error) error {
	code := "ok"
	if err != nil {
		switch fault.KindOf(err) {
		case fault.Unknown, fault.Corrupt, fault.Exhausted:
			if !errors.As(err, new(*connect.Error)) {
				g.Logger.Error("call failed", "method", procedure, "kind", fault.KindOf(err).Error(), "error", err)
			}
		default:
			g.Logger.Debug("call failed", "method", procedure, "kind", fault.KindOf(err).Error())
		}
		over := errors.As(err, new(ended))
		err = connectError(err)
		var c *connect.Error
		if over && errors.As(err, &c) {
			c.Meta().Set(sessionHeader, "ended")
		}
		code = connect.CodeOf(err).String()
	}
	if g.Called != nil {
		g.Called(procedure, code, time.Since(begun))
	}
	return err
}

// connectError returns err with its kind, field and wait as details, as faults travel between processes.
func connectError(err error) error {
	var c *connect.Error
	var f *fault.Fault
	if errors.As(err, &c) && !errors.As(err, &f) {
		return err
	}
	e := connect.NewError(connect.Code(fault.Code(err)), errors.New(err.Error()))
	info, retry := fault.Details(err)
	for _, m := range []proto.Message{info, retry} {
		if m == nil || !m.ProtoReflect().IsValid() {
			continue
		}
		if d, derr := connect.NewErrorDetail(m); derr == nil {
			e.AddDetail(d)
		}
	}
	return e
}

func recovered(log hclog.Logger) func(context.Context, connect.Spec, http.Header, any) error {
	return func(_ context.Context, spec connect.Spec, _ http.Header, r any) error {
		log.Error("call panicked", "method", spec.Procedure, "panic", r, "stack", string(debug.Stack()))
		return fault.New(fault.Unknown, "internal error; see the Director's log")
	}
}
