package shelf

import (
	"context"

	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/search/library"
)

// searcher keeps the search index of an attached repository up to date, beside everything else.
type searcher struct {
	*search.Index
	cancel context.CancelFunc
	done   chan struct{}
}

func startSearch(repo *repository.Repository) *searcher {
	ctx, cancel := context.WithCancel(context.Background())
	s := &searcher{
		Index: search.New(library.Library{Repository: repo}, search.Options{Dir: repo.SearchFolder()}), cancel: cancel, done: make(chan struct{}),
	}
	go func() { // stop waits for it
		defer close(s.done)
		s.Run(ctx, nil) // its status says what went wrong
	}()
	return s
}

// stop returns when nothing reads the repository for the index any more.
func (s *searcher) stop() {
	s.cancel()
	<-s.done
}

// Search returns the search index of an attached repository, and the function that ends its use. NotFound when it is not
// attached.
func (s *Shelf) Search(id string) (*search.Index, func(), error) {
	e, done, err := s.use(id)
	if err != nil {
		return nil, nil, err
	}
	return e.search.Index, done, nil
}

// DeletePoints deletes points of an attached repository, which from then on are not found either. Those that are not there
// are passed over.
func (s *Shelf) DeletePoints(ctx context.Context, id string, points []record.PointID) error {
	e, done, err := s.use(id)
	if err != nil {
		return err
	}
	defer done()
	_, err = e.repo.DeletePoints(ctx, points)
	if err == nil {
		e.search.Deleted(points)
	} else {
		e.search.Wake() // some may be gone
	}
	return err
}

// Seal implements backup.Vault.
func (v *vault) Seal(ctx context.Context, sum backup.Summary) (record.Point, error) {
	p, err := v.Vault.Seal(ctx, sum)
	if err == nil {
		v.sealed(p)
	}
	return p, err
}
