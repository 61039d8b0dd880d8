package site

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// Link is a way to an address that can be cut: clients dial the link, and it dials the address. It is up at first.
type Link struct {
	// Name says between whom it is.
	Name   string
	target string
	listen net.Listener
	wg     sync.WaitGroup

	mu     sync.Mutex
	state  linkState
	mended chan struct{} // closed while it is not stalled
	pairs  map[*pair]struct{}
	// carried counts bytes in both directions.
	carried int64
}

type linkState int

const (
	linkUp linkState = iota
	linkCut
	linkStalled
)

// pair is one connection through a link.
type pair struct{ client, server net.Conn }

// NewLink listens at an address ("127.0.0.1:0" for any port) for what is to go to another.
func NewLink(name, address, target string) (*Link, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	open := make(chan struct{})
	close(open)
	link := &Link{Name: name, target: target, listen: l, mended: open, pairs: map[*pair]struct{}{}}
	link.wg.Add(1)
	go link.accept()
	return link, nil
}

// Address returns where the link is dialled.
func (l *Link) Address() string { return l.listen.Addr().String() }

// Carried returns how many bytes went through so far.
func (l *Link) Carried() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.carried
}

// Reset breaks all connections, as a firewall does that forgets them; new ones get through.
func (l *Link) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.pairs {
		p.reset()
	}
}

// Cut breaks all connections and lets no new ones through until it is mended.
func (l *Link) Cut() {
	l.set(linkCut)
	l.Reset()
}

// Stall holds everything back, as a network does that loses all packets: nobody is told, connections stay, and go on once it
// is mended.
func (l *Link) Stall() { l.set(linkStalled) }

// Mend lets everything through.
func (l *Link) Mend() { l.set(linkUp) }

func (l *Link) set(state linkState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == linkStalled {
		close(l.mended)
	}
	if l.state = state; state == linkStalled {
		l.mended = make(chan struct{})
	}
}

// Close ends the link and everything that goes through it.
func (l *Link) Close() error {
	err := l.listen.Close()
	l.Cut()
	l.wg.Wait()
	return err
}

func (l *Link) accept() {
	defer l.wg.Done()
	for {
		client, err := l.listen.Accept()
		if err != nil {
			return // closed
		}
		l.wg.Add(1)
		go l.carry(client)
	}
}

// carry takes one connection to the target and back.
func (l *Link) carry(client net.Conn) {
	defer l.wg.Done()
	p := &pair{client: client}
	if !l.pass() {
		p.reset()
		return
	}
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", l.target)
	if err != nil {
		p.reset() // nobody is there
		return
	}
	p.server = server
	l.mu.Lock()
	cut := l.state == linkCut
	if !cut {
		l.pairs[p] = struct{}{}
	}
	l.mu.Unlock()
	if cut { // meanwhile
		p.reset()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.copy(server, client) })
	both.Go(func() { l.copy(client, server) })
	both.Wait()
	l.mu.Lock()
	delete(l.pairs, p)
	l.mu.Unlock()
	p.reset()
}

// pass waits while the link is stalled, and reports whether it is up.
func (l *Link) pass() bool {
	for {
		l.mu.Lock()
		state, mended := l.state, l.mended
		l.mu.Unlock()
		if state != linkStalled {
			return state == linkUp
		}
		<-mended
	}
}

// copy takes bytes one way until either side ends.
func (l *Link) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !l.pass() {
			to.Close()
			from.Close()
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				from.Close()
				return
			}
			l.mu.Lock()
			l.carried += int64(n)
			l.mu.Unlock()
		}
		switch {
		case errors.Is(err, io.EOF):
			if half, ok := to.(*net.TCPConn); ok {
				_ = half.CloseWrite() // the other way may go on
			}
			return
		case err != nil:
			to.Close()
			return
		}
	}
}

// reset ends a connection without a goodbye.
func (p *pair) reset() {
	for _, c := range []net.Conn{p.client, p.server} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it may be closed already
			_ = tcp.Close()
		}
	}
}
