package api

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"connectrpc.com/connect"

	"holdfast/pkg/fault"
)

// sessionCookie holds a browser's session. Its prefix makes browsers take it from this host alone, over HTTPS, for all paths
// (RFC 6265bis, section 4.1.3.2). It is not parted by port: of two Directors on one host a browser is signed in to one.
const sessionCookie = "__Host-holdfast"

// sessionHeader tells a client that nobody is signed in (any more), which no other Unauthorized does.
const sessionHeader = "Holdfast-Session"

// ended is the fault of a call that comes without a session, or with one that is over.
type ended struct{ error }

func (e ended) Unwrap() error { return e.error }

// cookieOf returns the token in a browser's cookie; empty when there is none.
func cookieOf(h http.Header) string {
	c, err := (&http.Request{Header: h}).Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie adds the session to the answer of a call; an empty token takes it away.
func setCookie(ctx context.Context, token string, life time.Duration) {
	info, ok := connect.CallInfoForHandlerContext(ctx)
	if !ok {
		return
	}
	c := http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: true,
		SameSite: http.SameSiteStrictMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	info.ResponseHeader().Add("Set-Cookie", c.String())
}

// origin is where a request comes from, as far as it shows.
type origin struct {
	remote, agent string
	// foreign is set when a page of another origin may make the request.
	foreign bool
}

type originKey struct{}

// front notes of each request where it comes from, before Connect takes it apart.
func front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := origin{remote: r.RemoteAddr, agent: r.UserAgent(), foreign: foreign(r)}
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			o.remote = host
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), originKey{}, o)))
	})
}

func originOf(ctx context.Context) origin {
	o, _ := ctx.Value(originKey{}).(origin)
	return o
}

// remoteOf returns the host that a call came from.
func remoteOf(ctx context.Context) string { return originOf(ctx).remote }

// sameOrigin is Denied for a call that a page of another origin makes: browsers add the cookie to it if that page is of the
// same site, and nobody asked the user.
func sameOrigin(ctx context.Context) error {
	if !originOf(ctx).foreign {
		return nil
	}
	return fault.New(fault.Denied, "the call comes from a page of another origin, or does not tell from which; a browser session is for "+
		"the Director's own pages, programs use a token")
}

// foreign reports whether a request may come from a page of another origin. Browsers tell with Sec-Fetch-Site ("none": the
// user typed the address or opened a bookmark), older ones with Origin, which they all send with a POST.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	from := r.Header.Get("Origin")
	if from == "" {
		return r.Method != http.MethodGet && r.Method != http.MethodHead
	}
	u, err := url.Parse(from)
	return err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}

// fronted is a mux whose handlers are behind front.
type fronted struct{ *http.ServeMux }

func (m fronted) Handle(pattern string, h http.Handler) { m.ServeMux.Handle(pattern, front(h)) }

func (m fronted) HandleFunc(pattern string, h http.HandlerFunc) { m.Handle(pattern, h) }
