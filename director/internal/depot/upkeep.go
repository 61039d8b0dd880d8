package depot

import (
	"context"
	"slices"
	"sync"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// SetCodec changes how new data in a repository is compressed.
func (s *Service) SetCodec(ctx context.Context, id record.RepositoryID, codec record.Codec) (record.Repository, error) {
	var answer *transporterv1.SetCodecResponse
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.SetCodec(ctx, &transporterv1.SetCodecRequest{RepositoryId: string(id), Codec: transporterv1.Codec(codec)})
		return err
	})
	if err != nil {
		return record.Repository{}, err
	}
	s.remember(ctx, id, answer.GetRepository())
	return s.Get(id)
}

// ChangeKey makes a repository open with another key. An empty current key takes the stored one. The next key is stored
// before the Transporter is asked: whatever happens in between, one of the two that are known opens the repository.
func (s *Service) ChangeKey(ctx context.Context, id record.RepositoryID, current, next record.RepositoryKey) (record.Repository, error) {
	r, err := s.Ensure(ctx, id)
	if err != nil {
		return record.Repository{}, err
	}
	if !r.Encrypted {
		return record.Repository{}, fault.New(fault.Invalid, "repository %s is not encrypted, and what is in it stays so; make an encrypted one and copy the backups there", r.Name)
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err != nil {
		return record.Repository{}, err
	}
	if r, err = s.settleKey(ctx, client, r); err != nil {
		return record.Repository{}, err
	}
	if current.Empty() {
		current = r.Key
	}
	if err := s.put(ctx, id, func(r *record.Repository) { r.NextKey = next }); err != nil {
		return record.Repository{}, err
	}
	// Not repeated after a lost answer, as With would: the current key may be the next one by then.
	err = s.reach(r, askKey(ctx, client, id, current, next))
	ctx = context.WithoutCancel(ctx)
	switch {
	case err == nil:
		err = s.put(ctx, id, func(r *record.Repository) { r.Key, r.NextKey = next, record.RepositoryKey{} })
	case fault.Temporary(err), fault.KindOf(err) == fault.Canceled, fault.KindOf(err) == fault.Unknown:
		return record.Repository{}, fault.New(fault.KindOf(err), "whether the key was changed is not known, both are kept: %w", err)
	default:
		s.edit(ctx, id, func(r *record.Repository) { r.NextKey = record.RepositoryKey{} })
	}
	if err != nil {
		return record.Repository{}, err
	}
	s.Logger.Info("repository key changed", "repository", id)
	return s.Get(id)
}

func askKey(ctx context.Context, client transporterv1.ControlServiceClient, id record.RepositoryID, current, next record.RepositoryKey) error {
	_, err := client.ChangeKey(ctx, &transporterv1.ChangeKeyRequest{
		RepositoryId: string(id), Current: wire.Key(current), Next: wire.Key(next),
	})
	return err
}

// settleKey finds out which key opens a repository after a change whose end is not known, by changing the one that it was
// to become to itself.
func (s *Service) settleKey(ctx context.Context, client transporterv1.ControlServiceClient, r record.Repository) (record.Repository, error) {
	if r.NextKey.Empty() {
		return r, nil
	}
	refused := askKey(ctx, client, r.ID, r.NextKey, r.NextKey)
	if refused != nil && fault.KindOf(refused) != fault.Unauthorized {
		return r, s.reach(r, refused)
	}
	err := s.put(ctx, r.ID, func(now *record.Repository) {
		if refused == nil {
			now.Key = now.NextKey
		}
		now.NextKey = record.RepositoryKey{}
		r = *now
	})
	return r, err
}

func (s *Service) put(ctx context.Context, id record.RepositoryID, change func(*record.Repository)) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Repositories.Get(tx, string(id))
		if err != nil {
			return err
		}
		change(&r)
		return store.Repositories.Put(tx, r)
	})
}

// attach asks a Transporter to attach a repository, with the key to which it was being changed if the other does not open
// it. It returns the key that did.
func (s *Service) attach(ctx context.Context, client transporterv1.ControlServiceClient, r record.Repository, recreate bool) (*transporterv1.Repository, record.RepositoryKey, error) {
	ask := func(key record.RepositoryKey) (*transporterv1.AttachRepositoryResponse, error) {
		return client.AttachRepository(ctx, &transporterv1.AttachRepositoryRequest{
			RepositoryId: string(r.ID), Path: r.Path, Key: wire.Key(key), Recreate: recreate,
		})
	}
	answer, err := ask(r.Key)
	if err == nil {
		return answer.GetRepository(), r.Key, nil
	}
	if r.NextKey.Empty() || fault.KindOf(err) != fault.Unauthorized {
		return nil, r.Key, err
	}
	next, nextErr := ask(r.NextKey)
	if nextErr != nil {
		return nil, r.Key, err
	}
	return next.GetRepository(), r.NextKey, nil
}

// DeletePoints deletes recovery points for ever. Those that are not there are passed over.
func (s *Service) DeletePoints(ctx context.Context, id record.RepositoryID, points []record.PointID) error {
	ids := make([]string, len(points))
	for i, p := range points {
		ids[i] = string(p)
	}
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) error {
		_, err := c.DeletePoints(ctx, &transporterv1.DeletePointsRequest{RepositoryId: string(id), PointIds: ids})
		return err
	})
	if err == nil {
		s.Logger.Info("recovery points deleted", "repository", id, "points", len(ids))
	}
	return err
}

// Numbers in a list are asked for anew when they are older than this, and for this long.
const (
	freshFor  = 2 * time.Second
	freshWait = 3 * time.Second
)

// Fresh lists all repositories with numbers of now. Where a Transporter does not answer at once they are those of the time
// at which it was asked last.
func (s *Service) Fresh(ctx context.Context) ([]record.Repository, error) {
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, freshWait)
	defer cancel()
	var wg sync.WaitGroup
	room := make(chan struct{}, 16)
	for i := range all {
		r := &all[i]
		if !r.Attached || s.Now().Sub(r.Statistics.At) < freshFor || !s.isOpen(*r, s.Fleet.Status(r.Transporter).Started) {
			continue
		}
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			client, err := s.Fleet.Client(r.Transporter)
			if err != nil {
				return
			}
			answer, err := client.GetRepository(asking, &transporterv1.GetRepositoryRequest{RepositoryId: string(r.ID)})
			if err != nil {
				return
			}
			s.remember(ctx, r.ID, answer.GetRepository())
			if now, err := s.Get(r.ID); err == nil {
				*r = now
			}
		})
	}
	wg.Wait()
	return slices.Clip(all), ctx.Err()
}
