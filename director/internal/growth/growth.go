// Package growth asks now and then how much repositories take and how far their search indexes are, keeps a sample of each day,
// and foretells when disks will be full.
package growth

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/overview"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Depot asks about repositories.
type Depot interface {
	List() ([]record.Repository, error)
	Inspect(ctx context.Context, id record.RepositoryID) (record.Repository, error)
	SearchIndex(ctx context.Context, id record.RepositoryID) (*transporterv1.SearchIndex, error)
}

// Options of a Service. All are required but Every.
type Options struct {
	Store *store.Store
	Depot Depot
	// Reachable reports whether a Transporter answers: those that do not are not waited for.
	Reachable func(record.TransporterID) bool
	Now       func() time.Time
	Logger    hclog.Logger
	// Every is how often repositories are asked; 0 means ten minutes.
	Every time.Duration
}

const (
	defaultEvery = 10 * time.Minute
	// askWait bounds the questions about one repository.
	askWait = time.Minute
	// calm is the least time between two rounds: runs of many small jobs end one soon after the other.
	calm = 20 * time.Second
	// together is how many repositories are asked at once.
	together = 4
)

// Service keeps samples. Its methods may be called by several goroutines.
type Service struct {
	Options
	mu     sync.Mutex
	search map[record.RepositoryID]overview.SearchState
	full   map[record.RepositoryID]time.Time
}

// New returns a service that has not begun.
func New(o Options) *Service {
	if o.Every == 0 {
		o.Every = defaultEvery
	}
	return &Service{Options: o, search: map[record.RepositoryID]overview.SearchState{}, full: map[record.RepositoryID]time.Time{}}
}

// Run asks until ctx ends: every so often, and soon after a run or another activity has ended.
func (s *Service) Run(ctx context.Context) error {
	watch := store.Runs.Watch(s.Store, "")
	defer watch.Close()
	ended := make(chan struct{}, 1)
	go s.follow(ctx, watch, ended)
	// The first time soon after the start, when Transporters have been reached.
	timer := time.NewTimer(min(s.Every, time.Minute))
	defer timer.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ended:
			timer.Reset(max(0, calm-time.Since(last)))
			continue
		case <-timer.C:
		}
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("repositories not measured; trying again", "error", err)
		}
		last = time.Now()
		timer.Reset(s.Every)
	}
}

// follow tells when something ended.
func (s *Service) follow(ctx context.Context, watch *store.Watch, ended chan<- struct{}) {
	for {
		keys, err := watch.Next(ctx)
		if err != nil {
			return // the Director shuts down
		}
		if !s.anyEnded(keys) {
			continue
		}
		select {
		case ended <- struct{}{}:
		default:
		}
	}
}

func (s *Service) anyEnded(runs []string) bool {
	any := false
	err := s.Store.View(func(tx *store.Tx) error {
		for _, key := range runs {
			if r, err := store.Runs.Get(tx, key); err == nil && !r.Ended.IsZero() {
				any = true
				return nil
			}
		}
		return nil
	})
	return any && err == nil
}

// Step asks about all attached repositories, and keeps what they say as the sample of the day.
func (s *Service) Step(ctx context.Context) error {
	all, err := s.Depot.List()
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, together)
	for _, r := range all {
		if !r.Attached || !s.Reachable(r.Transporter) {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, askWait)
			defer cancel()
			s.ask(ctx, r.ID)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the Director shuts down: half a round is not kept
	}
	return s.keep(ctx)
}

// ask has the statistics of a repository brought up to date, and looks at its search index.
func (s *Service) ask(ctx context.Context, id record.RepositoryID) {
	r, err := s.Depot.Inspect(ctx, id)
	if err != nil || r.Error != "" {
		return // the repository's record says why
	}
	index, err := s.Depot.SearchIndex(ctx, id)
	if err != nil {
		if ctx.Err() == nil && fault.KindOf(err) != fault.Unsupported {
			s.Logger.Debug("search index not asked", "repository", id, "kind", fault.KindOf(err).Error())
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, now := s.search[id], overview.SearchState{Behind: index.GetPointsBehind(), Trouble: index.GetTrouble()}
	if now.Behind > 0 || now.Trouble != "" {
		if now.Since = was.Since; now.Since.IsZero() {
			now.Since = s.Now()
		}
	}
	s.search[id] = now
}

// Search tells how the search index of a repository was when it was last asked.
func (s *Service) Search(id record.RepositoryID) (overview.SearchState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, ok := s.search[id]
	return state, ok
}

// Full tells when the disk of a repository will be full, as far as its growth says.
func (s *Service) Full(id record.RepositoryID) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.full[id]
	return at, ok
}

// keep writes the samples of the day, drops those that are too old or of no repository, and works out when disks are full.
func (s *Service) keep(ctx context.Context) error {
	full := map[record.RepositoryID]time.Time{}
	now := s.Now()
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		clear(full)
		of := map[record.RepositoryID][]record.SpaceSample{}
		for x, err := range store.SpaceSamples.All(tx, "") {
			if err != nil {
				return err
			}
			of[x.Repository] = append(of[x.Repository], x)
		}
		for r, err := range store.Repositories.All(tx, "") {
			if err != nil {
				return err
			}
			list := of[r.ID]
			delete(of, r.ID)
			if today := sample(&r); r.Attached && !today.At.IsZero() {
				if list, err = put(tx, list, today); err != nil {
					return err
				}
			}
			if f := Foretell(list, now); !f.Full.IsZero() {
				full[r.ID] = f.Full
			}
		}
		for _, list := range of { // their repositories are gone
			if err := drop(tx, list); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.mu.Lock()
		s.full = full
		s.mu.Unlock()
	}
	return err
}

// put writes a sample in place of that of its day, and drops the oldest beyond what is kept.
func put(tx *store.Tx, list []record.SpaceSample, x record.SpaceSample) ([]record.SpaceSample, error) {
	if n := len(list); n > 0 && list[n-1].Day() == x.Day() {
		if list[n-1] == x {
			return list, nil
		}
		list = list[:n-1]
	}
	list = append(slices.Clone(list), x)
	if over := len(list) - record.MaxSpaceSamples; over > 0 {
		if err := drop(tx, list[:over]); err != nil {
			return nil, err
		}
		list = list[over:]
	}
	return list, store.SpaceSamples.Put(tx, x)
}

func drop(tx *store.Tx, list []record.SpaceSample) error {
	for i := range list {
		if err := store.SpaceSamples.Delete(tx, store.SpaceSampleKey(list[i].Repository, list[i].Day())); err != nil {
			return err
		}
	}
	return nil
}

// sample is what a repository takes, as far as is known; without a time when it was never measured.
func sample(r *record.Repository) record.SpaceSample {
	t := r.Statistics
	x := record.SpaceSample{
		Repository: r.ID, At: t.At, LogicalBytes: t.LogicalBytes, UniqueBytes: t.UniqueBytes, StoredBytes: t.StoredBytes,
		FreeBytes: t.FreeBytes, TotalBytes: t.TotalBytes, Points: t.Points, Backups: t.Backups,
	}
	if t.Survey != nil {
		x.GarbageBytes = t.Survey.Garbage
	}
	return x
}

// Series is what a repository took day by day.
type Series struct {
	Repository record.RepositoryID
	Name       string
	Samples    []record.SpaceSample
	Forecast
}

// Series returns the samples of the last days, oldest first, of one repository or (id empty) all; the last is as new as is known.
// NotFound when there is no such repository.
func (s *Service) Series(id record.RepositoryID, days int) ([]Series, error) {
	var list []Series
	now := s.Now()
	from := now.UTC().AddDate(0, 0, 1-days).Format(time.DateOnly)
	err := s.Store.View(func(tx *store.Tx) error {
		if id != "" {
			if _, err := store.Repositories.Get(tx, string(id)); err != nil {
				return err
			}
		}
		for r, err := range store.Repositories.All(tx, string(id)) {
			if err != nil {
				return err
			}
			if id != "" && r.ID != id {
				continue
			}
			one := Series{Repository: r.ID, Name: r.Name}
			for x, err := range store.SpaceSamples.All(tx, store.SpaceSampleKey(r.ID, "")) {
				if err != nil {
					return err
				}
				one.Samples = append(one.Samples, x)
			}
			if last := sample(&r); !last.At.IsZero() {
				if n := len(one.Samples); n > 0 && one.Samples[n-1].Day() >= last.Day() {
					one.Samples = one.Samples[:n-1]
				}
				one.Samples = append(one.Samples, last)
			}
			one.Forecast = Foretell(one.Samples, now)
			one.Samples = slices.DeleteFunc(one.Samples, func(x record.SpaceSample) bool { return x.Day() < from })
			list = append(list, one)
		}
		return nil
	})
	return list, err
}

// Sum adds series up, day by day; a day on which one was not measured takes its last measure before.
func Sum(list []Series) []record.SpaceSample {
	var days []string
	for _, s := range list {
		for i := range s.Samples {
			days = append(days, s.Samples[i].Day())
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	sums := make([]record.SpaceSample, len(days))
	for _, s := range list {
		next := 0
		var last record.SpaceSample
		for n, day := range days {
			for next < len(s.Samples) && s.Samples[next].Day() <= day {
				last = s.Samples[next]
				next++
			}
			add(&sums[n], &last)
		}
	}
	return sums
}

func add(to, x *record.SpaceSample) {
	if x.At.After(to.At) {
		to.At = x.At
	}
	to.LogicalBytes += x.LogicalBytes
	to.UniqueBytes += x.UniqueBytes
	to.StoredBytes += x.StoredBytes
	to.GarbageBytes += x.GarbageBytes
	to.FreeBytes += x.FreeBytes
	to.TotalBytes += x.TotalBytes
	to.Points += x.Points
	to.Backups += x.Backups
}
