package rpc_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/rpc"
)

func newAuthority(t *testing.T) *identity.Authority {
	t.Helper()
	a, err := identity.NewAuthority("site", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newParty(t *testing.T, a *identity.Authority, name identity.URI, now time.Time) func() identity.Credentials {
	t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := key.CertificateRequest()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Sign(request, name, now)
	if err != nil {
		t.Fatal(err)
	}
	return func() identity.Credentials {
		return identity.Credentials{Key: key, Certificate: cert, CA: a.Certificate()}
	}
}

// failing answers the health service's List with a fault and with a panic.
type failing struct {
	healthpb.UnimplementedHealthServer
	err error
}

func (f failing) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if f.err == nil {
		panic("boom")
	}
	return nil, f.err
}

func serve(t *testing.T, creds func() identity.Credentials, allow func(identity.URI) bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := rpc.NewServer(identity.ServerTLS(creds, allow), nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l, time.Second) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func check(t *testing.T, address string, creds func() identity.Credentials, want identity.URI) error {
	t.Helper()
	conn, err := rpc.Dial(address, identity.ClientTLS(creds, want))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	return err
}

func TestOnlyTheRightPartiesTalk(t *testing.T) {
	a := newAuthority(t)
	now := time.Now()
	director := newParty(t, a, identity.Director("site"), now)
	one := newParty(t, a, identity.Transporter("site", "one"), now)
	address := serve(t, one, func(u identity.URI) bool { return u == identity.Director("site") })

	if err := check(t, address, director, identity.Transporter("site", "one")); err != nil {
		t.Fatalf("the Director is refused: %v", err)
	}
	for name, tc := range map[string]struct {
		creds func() identity.Credentials
		want  identity.URI
	}{
		"another Transporter":             {newParty(t, a, identity.Transporter("site", "two"), now), identity.Transporter("site", "one")},
		"a Director of another authority": {newParty(t, newAuthority(t), identity.Director("site"), now), identity.Transporter("site", "one")},
		"an expired certificate":          {newParty(t, a, identity.Director("site"), now.Add(-2*identity.LeafValidity)), identity.Transporter("site", "one")},
		"a server of another name":        {director, identity.Transporter("site", "two")},
	} {
		if err := check(t, address, tc.creds, tc.want); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v, want to be refused", name, err)
		}
	}
}

func TestFaultsAndPanicsCrossTheWire(t *testing.T) {
	a := newAuthority(t)
	creds := newParty(t, a, identity.Director("site"), time.Now())
	for name, tc := range map[string]struct {
		err  error
		kind fault.Kind
		text string
	}{
		"a fault": {fault.New(fault.Exhausted, "disk of /backup is full"), fault.Exhausted, "disk of /backup is full"},
		"a panic": {nil, fault.Unknown, "internal error"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := rpc.NewServer(identity.ServerTLS(creds, func(identity.URI) bool { return true }), nil)
		service := healthpb.Health_ServiceDesc
		service.ServiceName = "test.Failing"
		s.RegisterService(&service, failing{err: tc.err})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, l, time.Second) }()

		conn, err := rpc.Dial(l.Addr().String(), identity.ClientTLS(creds, identity.Director("site")))
		if err != nil {
			t.Fatal(err)
		}
		err = conn.Invoke(t.Context(), "/test.Failing/Check", &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckResponse{},
			grpc.WaitForReady(true))
		if fault.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: got %v of kind %v", name, err, fault.KindOf(err))
		}
		conn.Close()
		stop()
		<-done
	}
}

func TestAPeerOutOfReachIsSaidPlainly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	a := newAuthority(t)
	err = check(t, address, newParty(t, a, identity.Director("site"), time.Now()), identity.Transporter("site", "one"))
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), address) ||
		strings.Contains(err.Error(), "desc =") || strings.Contains(err.Error(), "transport:") {
		t.Errorf("got %q", err)
	}
}

func TestStoppedBeforeItBegan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // which of the two comes first differs
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := rpc.NewServer(&tls.Config{MinVersion: tls.VersionTLS13}, nil).Run(ctx, l, time.Second); err != nil {
			t.Fatalf("a server that is stopped as it starts ended with %v", err)
		}
	}
}
