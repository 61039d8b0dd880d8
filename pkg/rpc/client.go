package rpc

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"holdfast/pkg/fault"
)

// Dial returns a connection to address ("host:port") under the TLS configuration (identity.ClientTLS, PinnedTLS). It
// connects when it is first used and again after every loss, with backoff up to ten seconds. Errors of calls are faults.
func Dial(address string, config *tls.Config) (*grpc.ClientConn, error) {
	wait := backoff.DefaultConfig
	wait.BaseDelay = 200 * time.Millisecond
	wait.MaxDelay = 10 * time.Second
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: keepaliveEvery, Timeout: keepaliveTimeout, PermitWithoutStream: true,
		}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: wait, MinConnectTimeout: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage)),
		grpc.WithChainUnaryInterceptor(unaryFaults),
		grpc.WithChainStreamInterceptor(streamFaults),
	)
	if err != nil {
		return nil, fault.New(fault.Invalid, "address %q: %w", address, err)
	}
	return conn, nil
}

func unaryFaults(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, UnaryDeadline)
		defer cancel()
	}
	return received(call(ctx, method, req, reply, cc, opts...))
}

func streamFaults(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer,
	opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, received(err)
	}
	return faultStream{s}, nil
}

// faultStream turns the statuses of a stream into faults; io.EOF stays what it is.
type faultStream struct{ grpc.ClientStream }

func (s faultStream) RecvMsg(m any) error { return keepEOF(s.ClientStream.RecvMsg(m)) }
func (s faultStream) SendMsg(m any) error { return keepEOF(s.ClientStream.SendMsg(m)) }

func keepEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return received(err)
}

// received returns the error of a call as a fault. Where the peer was not reached, what gRPC puts around the reason is
// stripped: it helps nobody.
func received(err error) error {
	err = fault.FromStatus(err)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind != fault.Unavailable {
		return err
	}
	text := f.Message
	for _, cut := range []string{`connection error: desc = "`, `transport: Error while dialing: `, `transport: `} {
		if _, after, ok := strings.Cut(text, cut); ok {
			text = after
		}
	}
	if text != f.Message {
		f.Message = fault.UnreachedText(strings.TrimSuffix(text, `"`))
	}
	return err
}
