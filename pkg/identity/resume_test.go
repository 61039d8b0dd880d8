package identity_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/pkg/identity"
)

// credentials returns what a party of that name needs.
func credentials(t *testing.T, a *identity.Authority, name identity.URI) identity.Credentials {
	t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := key.CertificateRequest()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := a.Sign(request, name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return identity.Credentials{Key: key, Certificate: certificate, CA: a.Certificate()}
}

// A session of TLS outlives the connection; what was allowed with the first connection must be asked again with the next.
func TestWhoIsNotAllowedAnyMoreIsRefusedInAResumedSession(t *testing.T) {
	a, err := identity.NewAuthority("i1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var allowed atomic.Bool
	allowed.Store(true)
	server := credentials(t, a, identity.Transporter("i1", "t1"))
	config := identity.ServerTLS(func() identity.Credentials { return server }, func(identity.URI) bool { return allowed.Load() })
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go greet(conn)
		}
	}()
	caller := credentials(t, a, identity.Transporter("i1", "t2"))
	client := identity.ClientTLS(func() identity.Credentials { return caller }, identity.Transporter("i1", "t1"))
	client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	client.ServerName = "t1"
	if err := hear(l.Addr().String(), client); err != nil {
		t.Fatalf("allowed: %v", err)
	}
	allowed.Store(false)
	if err := hear(l.Addr().String(), client); err == nil {
		t.Error("who is not allowed any more was let in")
	}
}

func greet(conn net.Conn) {
	defer conn.Close()
	_, _ = conn.Write([]byte("hello"))
	_, _ = io.Copy(io.Discard, conn)
}

// hear connects and reads what the server says, by which time the client has the server's session ticket.
func hear(address string, config *tls.Config) error {
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, len("hello")))
	return err
}

func TestAnExpiredCertificateIsSaidToHaveExpired(t *testing.T) {
	a, err := identity.NewAuthority("i1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	late := func() time.Time { return time.Now().Add(identity.LeafValidity + time.Hour) }
	server, caller := credentials(t, a, identity.Transporter("i1", "t1")), credentials(t, a, identity.Director("i1"))
	caller.Now = late
	l, err := tls.Listen("tcp", "127.0.0.1:0",
		identity.ServerTLS(func() identity.Credentials { return server }, func(identity.URI) bool { return true }))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			greet(conn)
		}
	}()
	err = hear(l.Addr().String(), identity.ClientTLS(func() identity.Credentials { return caller }, identity.Transporter("i1", "t1")))
	if err == nil || strings.Contains(err.Error(), "not of this installation") || !strings.Contains(err.Error(), "clock") {
		t.Errorf("got %v, want a sentence about expiry and clocks", err)
	}
}
