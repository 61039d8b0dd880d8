package transfer

import (
	"context"
	"crypto/tls"
	"errors"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/pkg/rpc"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// endTimeout is how long Close waits for the peer to close the session. A peer that is slower closes it all the same.
const endTimeout = 10 * time.Second

// Client is a session in a repository behind another Transporter: a backup.Vault.
type Client struct {
	conn    *grpc.ClientConn
	service pb.VaultServiceClient
	token   string
	state   backup.State
	puts    puts

	life   context.Context //nolint:containedctx // of the session, which outlives its calls
	cancel context.CancelFunc
	gone   chan struct{} // closed when the peer is gone
	cause  error         // why; to be read when gone is closed
	sealed bool
	closed atomic.Bool
}

var _ backup.Vault = (*Client)(nil)

// Dial connects to address under the TLS configuration and begins a session there.
func Dial(ctx context.Context, address string, config *tls.Config, token []byte, run record.RunID) (*Client, error) {
	conn, err := rpc.Dial(address, config)
	if err != nil {
		return nil, err
	}
	return Begin(ctx, conn, token, run)
}

// Begin begins a session over the connection, which the client then owns: Close closes it, and so does an error here.
func Begin(ctx context.Context, conn *grpc.ClientConn, token []byte, run record.RunID) (*Client, error) {
	c := &Client{conn: conn, service: pb.NewVaultServiceClient(conn), token: encodeToken(token), gone: make(chan struct{})}
	c.life, c.cancel = context.WithCancel(c.outgoing(context.WithoutCancel(ctx)))
	c.puts.client = c
	stop := context.AfterFunc(ctx, c.cancel)
	stream, err := c.service.Begin(c.life, &pb.BeginRequest{RunId: string(run)})
	if err == nil {
		c.state, err = receiveState(stream.Recv)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = c.failed(ctx, err)
		c.cancel()
		return nil, errors.Join(err, conn.Close())
	}
	go func() {
		defer close(c.gone)
		_, c.cause = stream.Recv() // nothing comes any more but the end
	}()
	return c, nil
}

func (c *Client) outgoing(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, tokenKey, c.token)
}

// State implements backup.Vault.
func (c *Client) State() backup.State { return c.state }

// Close implements backup.Vault.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.puts.abandon()
	if !c.sealed && !c.isGone() {
		ctx, cancel := context.WithTimeout(c.life, endTimeout)
		_, _ = c.service.End(ctx, &pb.EndRequest{}) // when it fails, the end of the connection does the same
		cancel()
	}
	c.cancel()
	<-c.gone
	return c.conn.Close()
}

// usable refuses calls after Close.
func (c *Client) usable() error {
	if c.closed.Load() {
		return fault.New(fault.Conflict, "the session has ended")
	}
	return nil
}

// failed gives an error of the connection its kind: whatever ends a call that its caller did not end means that the peer
// is gone.
func (c *Client) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	err = fault.FromStatus(err)
	kind := fault.KindOf(err)
	switch {
	case ctx.Err() != nil:
		return fault.New(fault.KindOf(ctx.Err()), "%w", ctx.Err())
	case kind == fault.Canceled, kind == fault.Unknown && c.isGone():
		return fault.New(fault.Unavailable, "the Transporter with the repository is gone: %w", err)
	}
	return err
}

func (c *Client) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}
