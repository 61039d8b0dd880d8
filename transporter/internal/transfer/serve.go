package transfer

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// Have implements VaultService.
func (s *Server) Have(ctx context.Context, req *pb.HaveRequest) (*pb.HaveResponse, error) {
	if n := len(req.GetHashes()); n > maxHashes {
		return nil, tooMany("hashes", n, maxHashes)
	}
	hashes := make([]record.Hash, len(req.GetHashes()))
	for i, b := range req.GetHashes() {
		var err error
		if hashes[i], err = fromHash(b); err != nil {
			return nil, err
		}
	}
	resp := &pb.HaveResponse{Have: make([]byte, len(hashes))}
	return resp, s.use(ctx, func(v backup.Vault) error {
		have, err := v.Have(ctx, hashes)
		for i := range have {
			if have[i] {
				resp.Have[i] = 1
			}
		}
		return err
	})
}

// Put implements VaultService.
func (s *Server) Put(stream grpc.ClientStreamingServer[pb.PutRequest, pb.PutResponse]) error {
	ctx := stream.Context()
	if err := s.admit(ctx); err != nil {
		return err
	}
	resp := &pb.PutResponse{}
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(resp)
		}
		if err != nil {
			return fault.FromStatus(err)
		}
		hash, err := fromHash(req.GetHash())
		if err != nil {
			return err
		}
		if n := len(req.GetData()); n == 0 || n > record.MaxPiece {
			return fault.New(fault.Invalid, "a piece of %d bytes", n)
		}
		if err := s.use(ctx, func(v backup.Vault) error { return v.Put(ctx, hash, req.GetData()) }); err != nil {
			return err
		}
		resp.Pieces++
	}
}

// Lookup implements VaultService.
func (s *Server) Lookup(req *pb.LookupRequest, stream grpc.ServerStreamingServer[pb.LookupResponse]) error {
	if n := len(req.GetMessageIds()); n > maxLookup {
		return tooMany("messages", n, maxLookup)
	}
	ids := make([]mail.MessageID, len(req.GetMessageIds()))
	for i, id := range req.GetMessageIds() {
		ids[i] = mail.MessageID(id)
	}
	var records []*record.Message
	err := s.use(stream.Context(), func(v backup.Vault) (err error) {
		records, err = v.Lookup(stream.Context(), ids)
		return err
	})
	if err != nil {
		return err
	}
	for i, m := range records {
		if m == nil {
			continue
		}
		if err := stream.Send(&pb.LookupResponse{Position: int32(i), Record: toRecord(m)}); err != nil {
			return err
		}
	}
	return nil
}

// Commit implements VaultService.
func (s *Server) Commit(stream grpc.ClientStreamingServer[pb.CommitRequest, pb.CommitResponse]) error {
	if err := s.admit(stream.Context()); err != nil {
		return err
	}
	c, err := receiveCheckpoint(stream.Recv)
	if err != nil {
		return err
	}
	err = s.alone(stream.Context(), func(v backup.Vault) error { return v.Commit(stream.Context(), c) })
	if err != nil {
		return err
	}
	return stream.SendAndClose(&pb.CommitResponse{})
}

// Pending implements VaultService.
func (s *Server) Pending(ctx context.Context, req *pb.PendingRequest) (*pb.PendingResponse, error) {
	limit := int(req.GetLimit())
	if limit < 1 || limit > maxPending {
		return nil, fault.InvalidField("limit", "%d is not between 1 and %d", limit, maxPending)
	}
	resp := &pb.PendingResponse{}
	return resp, s.use(ctx, func(v backup.Vault) error {
		pending, err := v.Pending(ctx, limit)
		for _, g := range pending {
			resp.Gone = append(resp.Gone, &pb.Gone{MessageId: string(g.Message), FolderId: string(g.Folder)})
		}
		return err
	})
}

// Seal implements VaultService. The session stays until the peer leaves, so that it may ask again.
func (s *Server) Seal(stream grpc.ClientStreamingServer[pb.SealRequest, pb.SealResponse]) error {
	if err := s.admit(stream.Context()); err != nil {
		return err
	}
	summary, err := receiveSummary(stream.Recv)
	if err != nil {
		return err
	}
	resp := &pb.SealResponse{}
	err = s.alone(stream.Context(), func(v backup.Vault) error {
		point, err := v.Seal(stream.Context(), summary)
		resp.Point = toPoint(point)
		return err
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(resp)
}
