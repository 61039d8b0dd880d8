// Package history removes what happened long ago: runs and other activities with their tasks, losses and scripts, and reports
// that were sent. It looks once a day, and removes a little at a time, so that nobody is held up. What stays however old it
// is: the last run of each job, what the plan of a job refers to, what has not ended or is not settled, recoveries whose undo
// stays, and runs that made recovery points which are still there or whose repository cannot be asked.
package history

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Depot lists recovery points.
type Depot interface {
	List() ([]record.Repository, error)
	Points(ctx context.Context, id record.RepositoryID, key depot.Key) ([]*transporterv1.Point, error)
}

// Options of a Service. All are required.
type Options struct {
	Store  *store.Store
	Depot  Depot
	Now    func() time.Time
	Logger hclog.Logger
}

// Service keeps the history short.
type Service struct {
	Options
	mu sync.Mutex // one sweep at a time
}

// New returns a service that has not begun.
func New(o Options) *Service { return &Service{Options: o} }

const (
	// every is how often history is swept, look how often it is looked whether that is due.
	every = 24 * time.Hour
	look  = 10 * time.Minute
	// batch is how many records one transaction removes.
	batch = 500
)

// Run works until the context is done.
func (s *Service) Run(ctx context.Context) error {
	for {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("history could not be swept; trying again", "error", err)
		}
		timer := time.NewTimer(look)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// Step sweeps when a day has passed since the last time, or the clock was set back.
func (s *Service) Step(ctx context.Context) error {
	h, err := s.Settings()
	if err != nil {
		return err
	}
	if since := s.Now().Sub(h.Swept); since >= 0 && since < every {
		return nil
	}
	return s.Sweep(ctx)
}

// Settings returns for how long history is kept.
func (s *Service) Settings() (record.History, error) {
	var h record.History
	err := s.Store.View(func(tx *store.Tx) (err error) { h, err = settings(tx); return err })
	return h, err
}

func settings(tx *store.Tx) (record.History, error) {
	if !store.Histories.Has(tx, store.OnlyKey) {
		return record.History{Days: record.DefaultHistoryDays}, nil
	}
	return store.Histories.Get(tx, store.OnlyKey)
}

// Set says for how many days history is kept. It takes effect with the next sweep.
func (s *Service) Set(ctx context.Context, days int) (record.History, error) {
	var h record.History
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if h, err = settings(tx); err != nil {
			return err
		}
		h.Days = days
		return store.Histories.Put(tx, h)
	})
	return h, err
}

// Sweep removes what is old enough now.
func (s *Service) Sweep(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.Settings()
	if err != nil {
		return err
	}
	before := s.Now().AddDate(0, 0, -h.Days)
	old, err := s.old(before)
	if err != nil {
		return err
	}
	if old, err = s.pointless(ctx, old); err != nil {
		return err
	}
	for i := range old {
		if err := s.remove(ctx, old[i].run); err != nil {
			return err
		}
	}
	if err := s.reports(ctx, before); err != nil {
		return err
	}
	if len(old) > 0 {
		s.Logger.Info("old activities removed from the history", "removed", len(old), "days", h.Days)
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		h, err := settings(tx)
		if err != nil {
			return err
		}
		h.Swept, h.Removed = s.Now(), int64(len(old))
		return store.Histories.Put(tx, h)
	})
}

// past is a run that is old, with the repositories in which it made points.
type past struct {
	run    record.Run
	points map[record.RepositoryID]bool
}

// old returns the runs that ended before a time and that nothing in the store refers to.
func (s *Service) old(before time.Time) ([]past, error) {
	var list []past
	err := s.Store.View(func(tx *store.Tx) error {
		stays, err := named(tx, before)
		if err != nil {
			return err
		}
		for r, err := range store.Runs.All(tx, "") {
			if err != nil {
				return err
			}
			if !r.Status.Ended() || !r.Ended.Before(before) || stays[r.ID] || store.RunsActive.Has(tx, string(r.ID)) || store.RunsToPrune.Has(tx, string(r.ID)) {
				continue
			}
			p := past{run: r, points: map[record.RepositoryID]bool{}}
			for t, err := range store.Tasks.All(tx, store.TaskPrefix(r.ID)) {
				if err != nil {
					return err
				}
				if t.Point != "" && r.Kind == record.KindBackup {
					p.points[t.Repository] = true
				}
			}
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// named returns the runs that something else in the store refers to.
func named(tx *store.Tx, before time.Time) (map[record.RunID]bool, error) {
	stays := map[record.RunID]bool{}
	for j, err := range store.Jobs.All(tx, "") {
		if err != nil {
			return nil, err
		}
		stays[j.LastRun] = true
	}
	for p, err := range store.Plans.All(tx, "") {
		if err != nil {
			return nil, err
		}
		for _, id := range p.Followed {
			stays[id] = true
		}
	}
	for id := range store.TasksUnsettled.All(tx, "") {
		stays[runOf(id)] = true
	}
	for r, err := range store.Runs.All(tx, "") {
		if err != nil {
			return nil, err
		}
		if r.Kind != record.KindUndo || r.Status.Ended() && r.Ended.Before(before) {
			continue
		}
		t, err := store.Tasks.Get(tx, string(record.TaskOf(r.ID, 1)))
		if err != nil {
			return nil, err
		}
		if t.Undo != nil {
			stays[runOf(string(t.Undo.Of))] = true
		}
	}
	return stays, nil
}

// runOf returns the run of a task, whose id ends with its position.
func runOf(task string) record.RunID {
	if i := strings.LastIndexByte(task, '-'); i > 0 {
		return record.RunID(task[:i])
	}
	return record.RunID(task)
}

// pointless returns those of the runs that made no point which may still be there.
func (s *Service) pointless(ctx context.Context, old []past) ([]past, error) {
	asked := map[record.RepositoryID]map[string]bool{}
	all, err := s.Depot.List()
	if err != nil {
		return nil, err
	}
	known := map[record.RepositoryID]bool{}
	for _, r := range all {
		known[r.ID] = true
	}
	var list []past
	for _, p := range old {
		stays := false
		for id := range p.points {
			if !known[id] {
				continue // the repository was removed
			}
			runs, ok := asked[id]
			if !ok {
				if runs, err = s.runsIn(ctx, id); err != nil {
					return nil, err
				}
				asked[id] = runs
			}
			stays = stays || runs == nil || runs[string(p.run.ID)]
		}
		if !stays {
			list = append(list, p)
		}
	}
	return list, nil
}

// runsIn returns the runs that the points of a repository refer to; nil when it cannot be asked.
func (s *Service) runsIn(ctx context.Context, id record.RepositoryID) (map[string]bool, error) {
	points, err := s.Depot.Points(ctx, id, depot.Key{})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		s.Logger.Info("old runs stay, because their repository cannot be asked for its points", "repository", id, "kind", fault.KindOf(err).Error())
		return nil, nil
	}
	runs := make(map[string]bool)
	for _, p := range points {
		runs[p.GetRunId()] = true
	}
	return runs, nil
}

// remove removes a run: its tasks first, some at a time, so that a crash leaves a shorter run and not tasks of none.
func (s *Service) remove(ctx context.Context, run record.Run) error {
	for left := true; left; {
		err := s.Store.Update(ctx, func(tx *store.Tx) error {
			left = false
			var tasks []string
			for t, err := range store.Tasks.All(tx, store.TaskPrefix(run.ID)) {
				if err != nil {
					return err
				}
				if left = len(tasks) == batch; left {
					break
				}
				tasks = append(tasks, string(t.ID))
			}
			for _, id := range tasks {
				if err := removeTask(tx, id); err != nil {
					return err
				}
			}
			if left {
				return nil
			}
			return removeRun(tx, run)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func removeTask(tx *store.Tx, id string) error {
	for _, drop := range []func(*store.Tx, string) error{store.Losses.Delete, store.Recoveries.Delete, store.Tasks.Delete} {
		if err := drop(tx, id); err != nil {
			return err
		}
	}
	return nil
}

func removeRun(tx *store.Tx, run record.Run) error {
	if err := store.RunScripts.Delete(tx, string(run.ID)); err != nil {
		return err
	}
	if run.Job != "" {
		if err := store.RunsOfJob.Remove(tx, store.JobRunKey(run.Job, run.ID)); err != nil {
			return err
		}
	}
	return store.Runs.Delete(tx, string(run.ID))
}

// reports removes reports that ended before a time.
func (s *Service) reports(ctx context.Context, before time.Time) error {
	for left := true; left; {
		err := s.Store.Update(ctx, func(tx *store.Tx) error {
			left = false
			var old []string
			for d, err := range store.Deliveries.All(tx, "") {
				if err != nil {
					return err
				}
				if d.Ended.IsZero() || !d.Ended.Before(before) {
					continue
				}
				if left = len(old) == batch; left {
					break
				}
				old = append(old, string(d.ID))
			}
			for _, id := range old {
				if err := store.Deliveries.Delete(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
