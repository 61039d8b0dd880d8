package transfer

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/record"
)

// puts is the stream of pieces to the peer, open from the first piece to the next call that needs all of them there.
type puts struct {
	client *Client

	mu     sync.Mutex
	stream grpc.ClientStreamingClient[pb.PutRequest, pb.PutResponse]
	cancel context.CancelFunc
	sent   int64
	flying map[record.Hash]struct{} // sent by this stream, so the peer may not know it yet
	err    error                    // of an earlier stream: the session is broken
}

// Put implements backup.Vault. It returns when the piece is on its way.
func (c *Client) Put(ctx context.Context, hash record.Hash, data []byte) error {
	if err := c.usable(); err != nil {
		return err
	}
	if n := len(data); n == 0 || n > record.MaxPiece {
		return fault.New(fault.Invalid, "a piece of %d bytes", n)
	}
	if record.Sum(data) != hash {
		return fault.New(fault.Invalid, "%d bytes do not fit the hash %s", len(data), hash)
	}
	return c.puts.put(ctx, hash, data)
}

func (p *puts) put(ctx context.Context, hash record.Hash, data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if err := ctx.Err(); err != nil {
		return p.client.failed(ctx, err)
	}
	if _, ok := p.flying[hash]; ok {
		return nil
	}
	if p.stream == nil {
		life, cancel := context.WithCancel(p.client.life)
		stream, err := p.client.service.Put(life)
		if err != nil {
			cancel()
			return p.broke(ctx, err)
		}
		p.stream, p.cancel, p.sent, p.flying = stream, cancel, 0, map[record.Hash]struct{}{}
	}
	stop := context.AfterFunc(ctx, p.cancel) // a peer that takes nothing must not hold us
	err := p.stream.Send(&pb.PutRequest{Hash: hash[:], Data: data})
	stop()
	if err != nil {
		return p.broke(ctx, err)
	}
	p.sent++
	p.flying[hash] = struct{}{}
	return nil
}

// broke ends the stream with the error that ended it. The lock is held.
func (p *puts) broke(ctx context.Context, err error) error {
	if p.stream != nil && errors.Is(err, io.EOF) { // the peer has ended it, and says why
		_, err = p.stream.CloseAndRecv()
	}
	if err == nil {
		err = fault.New(fault.Unavailable, "the peer took no more pieces")
	}
	p.err = p.client.failed(ctx, err)
	p.drop()
	return p.err
}

func (p *puts) drop() {
	if p.cancel != nil {
		p.cancel()
	}
	p.stream, p.cancel, p.flying = nil, nil, nil
}

// flush returns when the peer has taken all pieces sent so far.
func (p *puts) flush(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil || p.stream == nil {
		return p.err
	}
	stop := context.AfterFunc(ctx, p.cancel)
	resp, err := p.stream.CloseAndRecv()
	stop()
	if err == nil && resp.GetPieces() != p.sent {
		err = fault.New(fault.Corrupt, "the peer took %d of %d pieces", resp.GetPieces(), p.sent)
	}
	if err != nil {
		return p.broke(ctx, err)
	}
	p.drop()
	return nil
}

// underway reports whether the piece was sent, and the peer may not know it yet.
func (p *puts) underway(hash record.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.flying[hash]
	return ok
}

// abandon gives up what is on its way.
func (p *puts) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}
