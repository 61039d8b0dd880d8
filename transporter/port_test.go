package transporter

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// full is a listener of a process that has no descriptor left.
type full struct {
	asked  atomic.Int64
	closed chan struct{}
}

func (f *full) Accept() (net.Conn, error) {
	select {
	case <-f.closed:
		return nil, net.ErrClosed
	default:
	}
	f.asked.Add(1)
	if f.asked.Load() > 100_000 {
		return nil, errors.New("asked without end")
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
}

func (f *full) Close() error   { close(f.closed); return nil }
func (f *full) Addr() net.Addr { return &net.TCPAddr{} }

func TestAPortWithoutDescriptorsWaitsForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &full{closed: make(chan struct{})}
		p := listenOn(l)
		<-time.After(time.Minute)
		if n := l.asked.Load(); n < 30 || n > 200 {
			t.Errorf("asked %d times in a minute", n)
		}
		p.close()
	})
}
