package transfer

import (
	"context"
	"errors"
	"io"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// Have implements backup.Vault.
func (c *Client) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	have := make([]bool, 0, len(hashes))
	for batch := range slices.Chunk(hashes, maxHashes) {
		req := &pb.HaveRequest{Hashes: make([][]byte, len(batch))}
		for i := range batch {
			req.Hashes[i] = batch[i][:]
		}
		resp, err := c.service.Have(c.outgoing(ctx), req)
		if err != nil {
			return nil, c.failed(ctx, err)
		}
		if len(resp.GetHave()) != len(batch) {
			return nil, fault.New(fault.Corrupt, "the peer answered for %d of %d pieces", len(resp.GetHave()), len(batch))
		}
		for i, b := range resp.GetHave() {
			have = append(have, b == 1 || c.puts.underway(batch[i]))
		}
	}
	return have, nil
}

// Lookup implements backup.Vault.
func (c *Client) Lookup(ctx context.Context, ids []mail.MessageID) ([]*record.Message, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	found := make([]*record.Message, len(ids))
	start := 0
	for batch := range slices.Chunk(ids, maxLookup) {
		req := &pb.LookupRequest{MessageIds: make([]string, len(batch))}
		for i, id := range batch {
			req.MessageIds[i] = string(id)
		}
		if err := c.lookup(ctx, req, found[start:start+len(batch)]); err != nil {
			return nil, c.failed(ctx, err)
		}
		start += len(batch)
	}
	return found, nil
}

func (c *Client) lookup(ctx context.Context, req *pb.LookupRequest, found []*record.Message) error {
	ctx, cancel := context.WithCancel(ctx) // ends the stream also where it is not read to its end
	defer cancel()
	stream, err := c.service.Lookup(c.outgoing(ctx), req)
	if err != nil {
		return err
	}
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		i := int(resp.GetPosition())
		if i < 0 || i >= len(found) || resp.GetRecord().GetId() != req.GetMessageIds()[i] {
			return fault.New(fault.Corrupt, "the peer sent a message that was not asked for")
		}
		if found[i], err = fromRecord(resp.GetRecord()); err != nil {
			return err
		}
	}
}

// Commit implements backup.Vault.
func (c *Client) Commit(ctx context.Context, checkpoint backup.Checkpoint) error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := c.puts.flush(ctx); err != nil {
		return err
	}
	streaming, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.service.Commit(c.outgoing(streaming))
	if err != nil {
		return c.failed(ctx, err)
	}
	if err := sendCheckpoint(checkpoint, stream.Send); err != nil && !errors.Is(err, io.EOF) {
		return c.failed(ctx, err)
	}
	_, err = stream.CloseAndRecv() // also says why the peer ended the stream early
	return c.failed(ctx, err)
}

// Pending implements backup.Vault.
func (c *Client) Pending(ctx context.Context, limit int) ([]backup.Gone, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	resp, err := c.service.Pending(c.outgoing(ctx), &pb.PendingRequest{Limit: int32(max(1, min(limit, maxPending)))})
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	var list []backup.Gone
	for _, g := range resp.GetGone() {
		list = append(list, backup.Gone{Message: mail.MessageID(g.GetMessageId()), Folder: mail.FolderID(g.GetFolderId())})
	}
	return list, nil
}

// Seal implements backup.Vault.
func (c *Client) Seal(ctx context.Context, s backup.Summary) (record.Point, error) {
	if err := c.usable(); err != nil {
		return record.Point{}, err
	}
	if err := c.puts.flush(ctx); err != nil {
		return record.Point{}, err
	}
	streaming, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.service.Seal(c.outgoing(streaming))
	if err != nil {
		return record.Point{}, c.failed(ctx, err)
	}
	if err := sendSummary(s, stream.Send); err != nil && !errors.Is(err, io.EOF) {
		return record.Point{}, c.failed(ctx, err)
	}
	resp, err := stream.CloseAndRecv()
	if err != nil {
		return record.Point{}, c.failed(ctx, err)
	}
	point, err := fromPoint(resp.GetPoint())
	c.sealed = err == nil
	return point, err
}
