package repository

import (
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
)

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

func fromLosses(list []*pb.Loss) []mail.Loss {
	out := make([]mail.Loss, len(list))
	for i := range list {
		out[i] = fromLoss(list[i])
	}
	return out
}
