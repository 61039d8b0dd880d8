package graphsim

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// wait takes time, unless the client goes away.
func wait(r *http.Request, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.Context().Done():
		return fail(499, "ClientClosedRequest", "The client went away.")
	}
}

// injectEarly does what a fault does to the connection; true means that there is nothing more to do. In a batch, which has
// one connection for all, an item whose connection is to break is answered as a gateway does that lost the service.
func (s *Server) injectEarly(p *reply, r *http.Request, f *Fault) bool {
	if wait(r, f.Delay) != nil {
		panic(http.ErrAbortHandler)
	}
	if f.Hold {
		select {
		case <-f.Removed():
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	p.slow, p.cut = f.SlowBody, f.TruncateAt
	switch {
	case f.Reset:
		p.reset()
	case f.LoseReply:
		p.discard = true
	case f.Status != 0 && f.Body == "html":
		p.Header().Set("Content-Type", "text/html")
		setRetryAfter(p, f, s.tenant.Now())
		p.WriteHeader(f.Status)
		_, _ = io.WriteString(p, "<html><head><title>Service unavailable</title></head><body>The service is unavailable.</body></html>")
		return true
	case f.Status != 0 && f.Body == "empty":
		setRetryAfter(p, f, s.tenant.Now())
		p.WriteHeader(f.Status)
		return true
	}
	return false
}

// reset breaks the connection at once, with a TCP reset where there is one connection to one request.
func (p *reply) reset() {
	if conn, _, err := http.NewResponseController(p.ResponseWriter).Hijack(); err == nil {
		if t, ok := conn.(*tls.Conn); ok {
			if raw, ok := t.NetConn().(*net.TCPConn); ok {
				_ = raw.SetLinger(0)
				_ = raw.Close()
			}
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// setRetryAfter writes the header as the fault has it; "date:5" is a date five seconds from now.
func setRetryAfter(w http.ResponseWriter, f *Fault, now time.Time) {
	if v := retryAfter(f, now); v != "" {
		w.Header().Set("Retry-After", v)
	}
}

func retryAfter(f *Fault, now time.Time) string {
	if seconds, ok := strings.CutPrefix(f.RetryAfter, "date:"); ok {
		n, err := strconv.ParseFloat(seconds, 64)
		if err != nil {
			return f.RetryAfter
		}
		return now.Add(time.Duration(n * float64(time.Second))).UTC().Format(http.TimeFormat)
	}
	return f.RetryAfter
}

func (c *call) injectStatus(f *Fault) error {
	e := faultError(f.Status, f.Code, f.Message)
	if f.Status == 401 {
		e = expiredAccess()
	}
	if v := retryAfter(f, c.s.tenant.Now()); v != "" {
		_ = e.withHeader("Retry-After", v)
	}
	return e
}
