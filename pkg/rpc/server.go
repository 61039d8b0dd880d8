package rpc

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Server is a gRPC server with its health service.
type Server struct {
	*grpc.Server
	Health *health.Server
}

// NewServer returns a server for the TLS configuration (identity.ServerTLS), ready for services to be registered. The
// logger may be nil.
func NewServer(config *tls.Config, log hclog.Logger) *Server {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	options := append(serverOptions(log), grpc.Creds(credentials.NewTLS(config)))
	s := &Server{Server: grpc.NewServer(options...), Health: health.NewServer()}
	healthpb.RegisterHealthServer(s.Server, s.Health)
	return s
}

// Run serves the listener until ctx ends; then it turns NOT_SERVING, lets calls end for up to drain, and cuts the rest. It
// returns when everything it started is gone. The listener is closed.
func (s *Server) Run(ctx context.Context, l net.Listener, drain time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.Health.Shutdown()
	stopped := make(chan struct{})
	go func() {
		s.GracefulStop()
		close(stopped)
	}()
	timer := time.NewTimer(drain)
	defer timer.Stop()
	select {
	case <-stopped:
	case <-timer.C:
		s.Stop()
		<-stopped
	}
	if err := <-done; !errors.Is(err, grpc.ErrServerStopped) { // it was stopped before it began to serve
		return err
	}
	return nil
}
