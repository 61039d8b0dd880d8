package repository

import (
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
)

// loadLosses returns the losses of a point. Where the list is damaged, it returns what can be read of it, and Corrupt.
func (r *Repository) loadLosses(p *pb.Root) ([]mail.Loss, error) {
	items, damage, err := r.trees.loadItems(p.GetLosses(), func(data []byte) bool {
		var l pb.Loss
		return proto.Unmarshal(data, &l) == nil && (l.GetMessage() != "" || l.GetFolder() != "")
	})
	if err != nil {
		return nil, err
	}
	list := make([]mail.Loss, 0, len(items))
	for _, data := range items {
		var l pb.Loss
		if err := proto.Unmarshal(data, &l); err != nil {
			damage = fault.New(fault.Corrupt, "a list of losses is damaged: %w", err)
			continue
		}
		list = append(list, fromLoss(&l))
	}
	return list, damage
}

// loadPending returns the removals that a point leaves to the next session, as loadLosses does.
func (r *Repository) loadPending(p *pb.Root) ([]*pb.Gone, error) {
	items, damage, err := r.trees.loadItems(p.GetPending(), func(data []byte) bool {
		var g pb.Gone
		return proto.Unmarshal(data, &g) == nil && g.GetMessage() != ""
	})
	if err != nil {
		return nil, err
	}
	list := make([]*pb.Gone, 0, len(items))
	for _, data := range items {
		var g pb.Gone
		if err := proto.Unmarshal(data, &g); err != nil {
			damage = fault.New(fault.Corrupt, "a list of removals is damaged: %w", err)
			continue
		}
		list = append(list, &g)
	}
	return list, damage
}

func toLoss(l mail.Loss) *pb.Loss {
	return &pb.Loss{
		Message: string(l.Message), Folder: string(l.Folder), Subject: l.Subject, What: l.What, Reason: l.Reason, RequestId: l.RequestID,
	}
}

func fromLoss(l *pb.Loss) mail.Loss {
	return mail.Loss{
		Message: mail.MessageID(l.GetMessage()), Folder: mail.FolderID(l.GetFolder()), Subject: l.GetSubject(), What: l.GetWhat(),
		Reason: l.GetReason(), RequestID: l.GetRequestId(),
	}
}

func toLosses(list []mail.Loss) []*pb.Loss {
	out := make([]*pb.Loss, len(list))
	for i := range list {
		out[i] = toLoss(list[i])
	}
	return out
}
