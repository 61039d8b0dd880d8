package ferry

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// watched is a listener that knows when bytes last came in.
type watched struct {
	net.Listener
	idle time.Duration
	last atomic.Int64 // nanoseconds since began
	from time.Time
}

func newWatched(l net.Listener, idle time.Duration) *watched {
	return &watched{Listener: l, idle: idle, from: time.Now()}
}

// Accept implements net.Listener.
func (w *watched) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w.touch()
	return &watchedConn{conn, w}, nil
}

func (w *watched) touch() { w.last.Store(int64(time.Since(w.from))) }

func (w *watched) quiet() time.Duration { return time.Since(w.from) - time.Duration(w.last.Load()) }

// watch calls end once nothing came in for the idle time.
func (w *watched) watch(ctx context.Context, end func()) {
	timer := time.NewTimer(w.idle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		left := w.idle - w.quiet()
		if left <= 0 {
			end()
			return
		}
		timer.Reset(left)
	}
}

type watchedConn struct {
	net.Conn
	w *watched
}

// Read implements net.Conn.
func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.w.touch()
	}
	return n, err
}
