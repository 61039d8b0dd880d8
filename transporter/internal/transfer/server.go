package transfer

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// Options make a Server. All are required.
type Options struct {
	// Token must be shown by the peer with every call.
	Token []byte
	// Begin opens the session. Its context lasts as long as the session.
	Begin func(ctx context.Context, run record.RunID) (backup.Vault, error)
}

// Server lends one session to one peer.
type Server struct {
	pb.UnimplementedVaultServiceServer
	o    Options
	over chan struct{}

	// mu is held for writing by what must run alone, and for reading by the other calls while they use the vault.
	mu    sync.RWMutex
	vault backup.Vault // nil before Begin and after the end
	begun bool
	ended bool
}

// NewServer returns a server to be registered. It opens nothing.
func NewServer(o Options) *Server { return &Server{o: o, over: make(chan struct{})} }

// Register adds the service to a gRPC server.
func (s *Server) Register(r grpc.ServiceRegistrar) { pb.RegisterVaultServiceServer(r, s) }

// Done is closed when the session is over, sealed or not: the port has no more use.
func (s *Server) Done() <-chan struct{} { return s.over }

// Close ends the session, if there is one, and makes the token void. It waits for calls that use the vault. A second Close
// does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	s.ended = true
	defer close(s.over)
	v := s.vault
	s.vault = nil
	if v == nil {
		return nil
	}
	return v.Close()
}

// admit refuses whoever does not show the token.
func (s *Server) admit(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if tokens := md.Get(tokenKey); len(tokens) != 1 || !sameToken(tokens[0], s.o.Token) {
		return fault.New(fault.Unauthorized, "the transfer's token is missing or wrong")
	}
	return nil
}

// use calls f with the vault, together with other calls.
func (s *Server) use(ctx context.Context, f func(backup.Vault) error) error {
	if err := s.admit(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.with(f)
}

// alone calls f with the vault, with no other call at the same time.
func (s *Server) alone(ctx context.Context, f func(backup.Vault) error) error {
	if err := s.admit(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.with(f)
}

func (s *Server) with(f func(backup.Vault) error) error {
	switch {
	case s.vault != nil:
		return f(s.vault)
	case s.ended:
		return errOver()
	default:
		return fault.New(fault.Invalid, "Begin must come first")
	}
}

func errOver() error {
	return fault.New(fault.Unavailable, "the transfer is over; a new one must be opened")
}

// Begin implements VaultService.
func (s *Server) Begin(req *pb.BeginRequest, stream grpc.ServerStreamingServer[pb.BeginResponse]) error {
	ctx := stream.Context()
	if err := s.admit(ctx); err != nil {
		return err
	}
	if req.GetRunId() == "" || len(req.GetRunId()) > maxID {
		return fault.InvalidField("run_id", "the run is missing")
	}
	state, err := s.begin(ctx, record.RunID(req.GetRunId()))
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // the peer that could hear of it is gone
	if err := sendState(state, stream.Send); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return fault.New(fault.Canceled, "the peer is gone")
	case <-s.over:
		return nil
	}
}

func (s *Server) begin(ctx context.Context, run record.RunID) (backup.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return backup.State{}, errOver()
	case s.begun:
		return backup.State{}, fault.New(fault.Conflict, "the transfer's session has begun already")
	}
	v, err := s.o.Begin(ctx, run)
	if err != nil {
		return backup.State{}, err // the peer may try again
	}
	s.vault, s.begun = v, true
	return v.State(), nil
}

// End implements VaultService.
func (s *Server) End(ctx context.Context, _ *pb.EndRequest) (*pb.EndResponse, error) {
	if err := s.admit(ctx); err != nil {
		return nil, err
	}
	return &pb.EndResponse{}, s.Close()
}

// cut says of a stream that ended too soon that it did.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the call ended before its last part")
	}
	return fault.FromStatus(err)
}
