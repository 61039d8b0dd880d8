package api

import (
	"context"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

type repositories struct{ Options }

func takeKey(k *directorv1.RepositoryKey) record.RepositoryKey {
	return record.RepositoryKey{Passphrase: k.GetPassphrase(), KeyFile: k.GetKeyFile()}
}

func (s *repositories) CreateRepository(ctx context.Context, q *directorv1.CreateRepositoryRequest) (*directorv1.CreateRepositoryResponse, error) {
	codec := record.Codec(q.GetCodec())
	if codec == 0 {
		codec = record.CodecBalanced
	}
	r, err := s.Depot.Create(ctx, record.Repository{
		Name: q.GetName(), Transporter: record.TransporterID(q.GetTransporterId()), Path: q.GetPath(), Codec: codec,
		Key: takeKey(q.GetKey()),
	})
	if err != nil {
		return nil, err
	}
	return &directorv1.CreateRepositoryResponse{Repository: s.showRepository(r)}, nil
}

func (s *repositories) ListRepositories(ctx context.Context, _ *directorv1.ListRepositoriesRequest) (*directorv1.ListRepositoriesResponse, error) {
	all, err := s.Depot.Fresh(ctx)
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListRepositoriesResponse{}
	for _, r := range all {
		answer.Repositories = append(answer.Repositories, s.showRepository(r))
	}
	return answer, nil
}

func (s *repositories) GetRepository(ctx context.Context, q *directorv1.GetRepositoryRequest) (*directorv1.GetRepositoryResponse, error) {
	r, err := s.Depot.Inspect(ctx, record.RepositoryID(q.GetRepositoryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.GetRepositoryResponse{Repository: s.showRepository(r)}, nil
}

func (s *repositories) AttachRepository(ctx context.Context, q *directorv1.AttachRepositoryRequest) (*directorv1.AttachRepositoryResponse, error) {
	var r record.Repository
	var err error
	if id := q.GetRepositoryId(); id != "" {
		if r, err = s.Depot.Get(record.RepositoryID(id)); err == nil && q.GetRecreate() && q.GetConfirmName() != r.Name {
			return nil, fault.InvalidField("confirm_name", "to delete its backups for good and begin it anew, give the repository's name, %s", r.Name)
		}
		if err == nil {
			r, err = s.Depot.Attach(ctx, r.ID, takeKey(q.GetKey()), q.GetRecreate())
		}
	} else if q.GetRecreate() {
		return nil, fault.InvalidField("recreate", "only a repository that is known is begun anew; attach it first")
	} else {
		r, err = s.Depot.Adopt(ctx, record.Repository{
			Name: q.GetName(), Transporter: record.TransporterID(q.GetTransporterId()), Path: q.GetPath(), Key: takeKey(q.GetKey()),
		})
	}
	if err != nil {
		return nil, err
	}
	return &directorv1.AttachRepositoryResponse{Repository: s.showRepository(r)}, nil
}

func (s *repositories) DetachRepository(ctx context.Context, q *directorv1.DetachRepositoryRequest) (*directorv1.DetachRepositoryResponse, error) {
	r, err := s.Depot.Detach(ctx, record.RepositoryID(q.GetRepositoryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.DetachRepositoryResponse{Repository: s.showRepository(r)}, nil
}

func (s *repositories) RemoveRepository(ctx context.Context, q *directorv1.RemoveRepositoryRequest) (*directorv1.RemoveRepositoryResponse, error) {
	id := record.RepositoryID(q.GetRepositoryId())
	r, err := s.Depot.Get(id)
	if err != nil {
		return nil, err
	}
	if q.GetDeleteData() && q.GetConfirmName() != r.Name {
		return nil, fault.InvalidField("confirm_name", "to delete its backups for good, give the repository's name, %s", r.Name)
	}
	return &directorv1.RemoveRepositoryResponse{}, s.Depot.Remove(ctx, id, q.GetDeleteData())
}

func (s *repositories) VerifyRepository(ctx context.Context, q *directorv1.VerifyRepositoryRequest) (*directorv1.VerifyRepositoryResponse, error) {
	run, err := s.Dispatcher.StartVerify(ctx, record.RepositoryID(q.GetRepositoryId()), q.GetFull())
	if err != nil {
		return nil, err
	}
	return &directorv1.VerifyRepositoryResponse{ActivityId: string(run.ID)}, nil
}

func (s *repositories) ListFolders(ctx context.Context, q *directorv1.ListFoldersRequest) (*directorv1.ListFoldersResponse, error) {
	id := record.RepositoryID(q.GetRepositoryId())
	content, err := s.Depot.Folders(ctx, id, record.PointID(q.GetPointId()))
	if err != nil {
		return nil, err
	}
	return showFolders(id, content), nil
}

func (s *repositories) ListMessages(ctx context.Context, q *directorv1.ListMessagesRequest) (*directorv1.ListMessagesResponse, error) {
	page, err := s.Depot.Messages(ctx, &transporterv1.ListMessagesRequest{
		RepositoryId: q.GetRepositoryId(), PointId: q.GetPointId(), FolderId: q.GetFolderId(), Offset: q.GetOffset(),
		Limit: q.GetLimit(), OldestFirst: q.GetOldestFirst(), Order: transporterv1.MessageOrder(q.GetOrder()), Ascending: q.GetAscending(),
		Filter: q.GetFilter(), Unread: q.GetUnread(), Flagged: q.GetFlagged(), WithAttachments: q.GetWithAttachments(),
	})
	if err != nil {
		return nil, err
	}
	return showMessages(page), nil
}
