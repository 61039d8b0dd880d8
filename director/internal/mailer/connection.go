package mailer

import (
	"net"
	"sync"
)

// connection is closed once, also by who does not use it.
type connection struct {
	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// set keeps the connection; one that comes too late is closed at once.
func (c *connection) set(conn net.Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.Close() // nothing was sent through it
		return errClosed
	}
	c.conn = conn
	return nil
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.conn != nil {
		_ = c.conn.Close() // after what matters was said, or to end what cannot be heard
	}
}
