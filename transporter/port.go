package transporter

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"holdfast/pkg/fault"
)

// port is a listening port that several servers take in turn, so that it is never given up while one replaces another.
type port struct {
	l     net.Listener
	conns chan net.Conn
	done  chan struct{}
	// closing is closed before the listener is, so that nobody waits to accept again.
	closing chan struct{}
	wg      sync.WaitGroup
}

// openPort listens. Unavailable, in one sentence, when the address is taken or not of this machine.
func openPort(address string) (*port, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fault.New(fault.Unavailable, "the address %s is in use by another program: stop that, or choose another "+
			"control address", address)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot listen on %s: %w", address, err)
	}
	return listenOn(l), nil
}

func listenOn(l net.Listener) *port {
	p := &port{l: l, conns: make(chan net.Conn), done: make(chan struct{}), closing: make(chan struct{})}
	p.wg.Go(p.accept)
	return p
}

// acceptAgain is how long to wait after a connection could not be accepted for want of descriptors or memory.
const acceptAgain = time.Second

func (p *port) address() net.Addr { return p.l.Addr() }

func (p *port) accept() {
	defer close(p.done)
	for {
		conn, err := p.l.Accept()
		if err != nil {
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() && !errors.Is(err, net.ErrClosed) {
				if !p.pause() {
					return
				}
				continue
			}
			return
		}
		p.conns <- conn
	}
}

// pause waits before the next try, and returns false when the port is being closed.
func (p *port) pause() bool {
	timer := time.NewTimer(acceptAgain)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.closing:
		return false
	}
}

// close gives the port up and waits until nothing is accepted any more.
func (p *port) close() {
	close(p.closing)
	p.l.Close()
	for {
		select {
		case conn := <-p.conns: // accepted, but nobody serves any more
			conn.Close()
		case <-p.done:
			p.wg.Wait()
			return
		}
	}
}

// turn returns a listener for one server. Closing it leaves the port open.
func (p *port) turn() net.Listener { return &turn{port: p, closed: make(chan struct{})} }

type turn struct {
	*port
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (t *turn) Accept() (net.Conn, error) {
	select {
	case <-t.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case conn := <-t.conns:
		return conn, nil
	case <-t.closed:
		return nil, net.ErrClosed
	case <-t.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (t *turn) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

// Addr implements net.Listener.
func (t *turn) Addr() net.Addr { return t.l.Addr() }
