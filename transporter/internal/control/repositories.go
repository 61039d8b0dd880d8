package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/repository/disk"
)

// CheckFolder implements ControlService.
func (s *Service) CheckFolder(ctx context.Context, req *transporterv1.CheckFolderRequest) (*transporterv1.CheckFolderResponse, error) {
	path := req.GetPath()
	if !filepath.IsAbs(path) {
		return nil, fault.InvalidField("path", "the path %q is not absolute; give the whole path from the root", path)
	}
	answer := &transporterv1.CheckFolderResponse{}
	err := repository.Check(ctx, path, 0)
	switch {
	case err == nil:
	case errors.Is(err, fault.Conflict) && repository.Exists(path):
		answer.IsRepository = true
	default:
		return nil, err
	}
	if info, err := os.Stat(path); err == nil {
		answer.Exists = info.IsDir()
	}
	answer.TotalBytes, answer.FreeBytes = space(path)
	return answer, nil
}

// space returns size and free space of the disk that path is on, or will be on; zeros when that cannot be known.
func space(path string) (total, free int64) {
	for {
		total, free, err := disk.Space(path)
		if err == nil || filepath.Dir(path) == path {
			return total, free
		}
		path = filepath.Dir(path)
	}
}

// CreateRepository implements ControlService.
func (s *Service) CreateRepository(ctx context.Context, req *transporterv1.CreateRepositoryRequest) (*transporterv1.CreateRepositoryResponse, error) {
	level, ok := levels[req.GetCodec()]
	if !ok {
		return nil, fault.InvalidField("codec", "this Transporter does not know that compression")
	}
	id, err := s.Shelf.Create(ctx, shelf.Request{ID: req.GetRepositoryId(), Path: req.GetPath(), Secret: secretIn(req.GetKey())},
		req.GetName(), level)
	if err != nil {
		return nil, err
	}
	s.Logger.Info("repository created", "repository", id)
	r, err := s.describe(ctx, id)
	return &transporterv1.CreateRepositoryResponse{Repository: r}, err
}

// AttachRepository implements ControlService.
func (s *Service) AttachRepository(ctx context.Context, req *transporterv1.AttachRepositoryRequest) (*transporterv1.AttachRepositoryResponse, error) {
	if !filepath.IsAbs(req.GetPath()) {
		return nil, fault.InvalidField("path", "the path %q is not absolute; give the whole path from the root", req.GetPath())
	}
	attach := s.Shelf.Attach
	if req.GetRecreate() {
		attach = s.Shelf.Recreate
	}
	id, err := attach(ctx, shelf.Request{ID: req.GetRepositoryId(), Path: req.GetPath(), Secret: secretIn(req.GetKey())})
	if err != nil {
		return nil, err
	}
	s.Logger.Info("repository attached", "repository", id)
	s.warn(id)
	r, err := s.describe(ctx, id)
	return &transporterv1.AttachRepositoryResponse{Repository: r}, err
}

// warn logs what was found wrong with a repository when it was opened, and mended as far as it could be.
func (s *Service) warn(id string) {
	repo, done, err := s.Shelf.Use(id)
	if err != nil {
		return // detached again
	}
	defer done()
	for _, p := range repo.Problems() {
		s.Logger.Warn("repository needs attention; verify it", "repository", id, "path", p.Path, "reason", p.Reason)
	}
}

// DetachRepository implements ControlService.
func (s *Service) DetachRepository(ctx context.Context, req *transporterv1.DetachRepositoryRequest) (*transporterv1.DetachRepositoryResponse, error) {
	if err := s.Shelf.Detach(ctx, req.GetRepositoryId()); err != nil {
		return nil, err
	}
	s.Logger.Info("repository detached", "repository", req.GetRepositoryId())
	return &transporterv1.DetachRepositoryResponse{}, nil
}

// GetRepository implements ControlService.
func (s *Service) GetRepository(ctx context.Context, req *transporterv1.GetRepositoryRequest) (*transporterv1.GetRepositoryResponse, error) {
	r, err := s.describe(ctx, req.GetRepositoryId())
	return &transporterv1.GetRepositoryResponse{Repository: r}, err
}

// DeleteRepository implements ControlService.
func (s *Service) DeleteRepository(ctx context.Context, req *transporterv1.DeleteRepositoryRequest) (*transporterv1.DeleteRepositoryResponse, error) {
	if err := s.Shelf.Delete(ctx, req.GetRepositoryId(), req.GetPath()); err != nil {
		return nil, err
	}
	s.Logger.Info("repository deleted", "repository", req.GetRepositoryId())
	return &transporterv1.DeleteRepositoryResponse{}, nil
}

var levels = map[transporterv1.Codec]repository.Level{
	transporterv1.Codec_CODEC_UNSPECIFIED: repository.Balanced,
	transporterv1.Codec_CODEC_NONE:        repository.None,
	transporterv1.Codec_CODEC_FAST:        repository.Fast,
	transporterv1.Codec_CODEC_BALANCED:    repository.Balanced,
	transporterv1.Codec_CODEC_BEST:        repository.Best,
}

var codecs = map[repository.Level]transporterv1.Codec{
	repository.None: transporterv1.Codec_CODEC_NONE, repository.Fast: transporterv1.Codec_CODEC_FAST,
	repository.Balanced: transporterv1.Codec_CODEC_BALANCED, repository.Best: transporterv1.Codec_CODEC_BEST,
}

func secretIn(k *transporterv1.RepositoryKey) repository.Secret {
	return repository.Secret{Passphrase: k.GetPassphrase(), KeyFile: k.GetKeyFile()}
}

// describe returns what an attached repository is and how full.
func (s *Service) describe(ctx context.Context, id string) (*transporterv1.Repository, error) {
	repo, done, err := s.Shelf.Use(id)
	if err != nil {
		return nil, err
	}
	defer done()
	r := &transporterv1.Repository{
		Id: id, Name: repo.Name(), Path: repo.Path(), Codec: codecs[repo.Level()], Encrypted: repo.Encrypted(),
		Created: stamp(repo.Created()),
	}
	sums, index, err := s.Shelf.Statistics(ctx, repo)
	if err != nil {
		return nil, err
	}
	r.Backups, r.Points = int64(sums.Backups), int64(sums.Points)
	r.Blobs = sums.Content.Blobs + sums.Trees.Blobs
	r.StoredBytes, r.IndexBytes = sums.Used-index, index
	r.UniqueBytes = sums.Content.Plain + sums.Trees.Plain
	r.LogicalBytes = sums.LogicalAll
	if sums.Survey != nil {
		survey := shelf.SurveyReport(sums.Survey)
		r.Survey = surveyOut(&survey)
	}
	r.TotalBytes, r.FreeBytes = sums.Total, sums.Free
	return r, nil
}
