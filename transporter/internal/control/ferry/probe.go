package ferry

import (
	"context"
	"net"
	"strconv"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/rpc"
)

const (
	// probeLife is how long a port waits to be tried.
	probeLife = 30 * time.Second
	// probeWait bounds one try.
	probeWait = 10 * time.Second
	// probeCalls is how many round trips are measured, of which the shortest counts.
	probeCalls = 3
)

// OpenProbe opens a port at which another Transporter can find out whether it gets through: of the same ports, with the
// same proof of who both are, as for a transfer, and with nothing to be had behind it. It closes by itself.
func (f *Ferry) OpenProbe(source string) (port int, err error) {
	own, err := f.o.Credentials().Name()
	if err != nil {
		return 0, err
	}
	if source == "" {
		return 0, fault.InvalidField("source_transporter_id", "it must be said which Transporter will try")
	}
	peer := identity.Transporter(own.Installation(), source)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, fault.New(fault.Unavailable, "the Transporter is shutting down")
	}
	l, port, err := f.listen()
	if err != nil {
		return 0, err
	}
	server := rpc.NewServer(identity.ServerTLS(f.o.Credentials, func(p identity.URI) bool { return p == peer }), f.o.Logger)
	life, cancel := context.WithTimeout(context.Background(), probeLife)
	t := &crossing{id: "probe " + strconv.Itoa(port), cancel: cancel, done: make(chan struct{})}
	f.open[t.id] = t
	go func() {
		defer close(t.done)
		defer cancel()
		if err := server.Run(life, l, 0); err != nil {
			f.o.Logger.Debug("probe port ended", "port", port, "error", err)
		}
		f.mu.Lock()
		delete(f.open, t.id)
		f.mu.Unlock()
	}()
	return port, nil
}

// Probe tries a port that another Transporter opened, and returns how long a call there and back takes.
func (f *Ferry) Probe(ctx context.Context, address, transporter string) (time.Duration, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return 0, fault.InvalidField("address", "%q is no address with a port", address)
	}
	own, err := f.o.Credentials().Name()
	if err != nil {
		return 0, err
	}
	conn, err := rpc.Dial(address, identity.ClientTLS(f.o.Credentials, identity.Transporter(own.Installation(), transporter)))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	shortest := time.Duration(0)
	for n := range probeCalls + 1 { // the first one connects
		begun := time.Now()
		if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
			return 0, err
		}
		if took := time.Since(begun); n > 0 && (shortest == 0 || took < shortest) {
			shortest = took
		}
	}
	return shortest, nil
}
