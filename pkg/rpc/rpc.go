// Package rpc assembles gRPC servers and clients the one way that Holdfast uses them: mutual TLS by identity, faults on
// both sides of the wire, bounded messages, keepalive, deadlines for unary calls, recovery from a panic, health, and one
// log line for a call that went wrong. It knows no service.
package rpc

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"holdfast/pkg/fault"
)

// MaxMessage bounds one message in either direction, in bytes: a piece of content (4 MiB) and room for its frame.
const MaxMessage = 8 << 20

// UnaryDeadline is given to a unary call that comes without a deadline.
const UnaryDeadline = 2 * time.Minute

// Keepalive finds a peer whose machine vanished in less than a minute, also on a stream that is idle.
const (
	keepaliveEvery   = 20 * time.Second
	keepaliveTimeout = 20 * time.Second
)

// logFailure writes one line for a call that failed by our fault or the machine's; what a caller did wrong is the caller's.
func logFailure(log hclog.Logger, method string, err error) {
	switch fault.KindOf(err) {
	case fault.Unknown, fault.Corrupt, fault.Exhausted:
		log.Error("call failed", "method", method, "kind", fault.KindOf(err).Error(), "error", err)
	default:
		log.Debug("call failed", "method", method, "kind", fault.KindOf(err).Error())
	}
}

func recovered(log hclog.Logger, method string, r any) error {
	log.Error("call panicked", "method", method, "panic", r, "stack", string(debug.Stack()))
	return fault.New(fault.Unknown, "internal error; see the log of this service")
}

func serverOptions(log hclog.Logger) []grpc.ServerOption {
	unary := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = recovered(log, info.FullMethod, r)
			}
			if err != nil {
				logFailure(log, info.FullMethod, err)
				err = fault.ToStatus(err)
			}
		}()
		return next(ctx, req)
	}
	stream := func(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = recovered(log, info.FullMethod, r)
			}
			if err != nil {
				logFailure(log, info.FullMethod, err)
				err = fault.ToStatus(err)
			}
		}()
		return next(srv, s)
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(unary),
		grpc.ChainStreamInterceptor(stream),
		grpc.MaxRecvMsgSize(MaxMessage),
		grpc.MaxSendMsgSize(MaxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveEvery, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveEvery / 2, PermitWithoutStream: true}),
	}
}
