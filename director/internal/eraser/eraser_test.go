package eraser_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/eraser"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// shelves keep the points of jobs: "job/point".
type shelves struct {
	mu     sync.Mutex
	points map[record.RepositoryID][]string
	fail   map[record.RepositoryID]error
	// most bounds the deletions until killed is called; 0 for none.
	most   int
	killed func()
	stuck  bool
}

func (s *shelves) PointIDs(_ context.Context, at record.RepositoryID, key depot.Key, most int) ([]record.PointID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail[at]; err != nil {
		return nil, err
	}
	var list []record.PointID
	for _, p := range s.points[at] {
		if strings.HasPrefix(p, string(key.Job)+"/") && len(list) < most {
			list = append(list, record.PointID(p))
		}
	}
	return list, nil
}

func (s *shelves) DeletePoints(ctx context.Context, at record.RepositoryID, ids []record.PointID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.fail[at]); err != nil || s.stuck {
		return err
	}
	s.points[at] = slices.DeleteFunc(s.points[at], func(p string) bool { return slices.Contains(ids, record.PointID(p)) })
	if s.most--; s.most == 0 {
		s.killed()
	}
	return nil
}

func (s *shelves) repair(at record.RepositoryID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fail, at)
}

func (s *shelves) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, list := range s.points {
		n += len(list)
	}
	return n
}

type room struct {
	t     *testing.T
	store *store.Store
	*shelves
	now time.Time
	e   *eraser.Eraser
}

// newRoom has a job that is being deleted, with 1200 points in one, two in two and none in three; another job has one point.
func newRoom(t *testing.T) *room {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, 32), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &shelves{points: map[record.RepositoryID][]string{"one": {"other/1"}, "two": {"job/x", "job/y"}}, fail: map[record.RepositoryID]error{}}
	for n := range 1200 {
		s.points["one"] = append(s.points["one"], fmt.Sprint("job/", n))
	}
	r := &room{t: t, store: st, shelves: s, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := &record.Deletion{Asked: r.now}
	r.update(func(tx *store.Tx) error {
		for _, id := range []record.RepositoryID{"one", "two", "three"} {
			d.Places = append(d.Places, record.DeletionPlace{Repository: id, Name: string(id)})
			if err := store.Repositories.Put(tx, record.Repository{ID: id, Name: string(id), Attached: true}); err != nil {
				return err
			}
		}
		return errors.Join(store.Jobs.Put(tx, record.Job{ID: "job", Name: "Daily", Deletion: d}), store.Jobs.Put(tx, record.Job{ID: "other", Name: "Other"}))
	})
	r.restart()
	return r
}

func (r *room) restart() {
	r.e = eraser.New(eraser.Options{Store: r.store, Depot: r.shelves, Now: func() time.Time { return r.now }, Logger: hclog.NewNullLogger()})
}

func (r *room) update(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.store.Update(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) attach(id record.RepositoryID, attached bool) {
	r.t.Helper()
	r.update(func(tx *store.Tx) error {
		return store.Repositories.Put(tx, record.Repository{ID: id, Name: string(id), Attached: attached})
	})
}

func (r *room) step() {
	r.t.Helper()
	if err := r.e.Step(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// want compares what is written of the deletion: a line for each place, none when the job is gone.
func (r *room) want(lines ...string) {
	r.t.Helper()
	var got []string
	err := r.store.View(func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, "job")
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range j.Deletion.Places {
			got = append(got, fmt.Sprintf("%s %d %t %s", p.Name, p.Deleted, p.Done, p.Waiting))
		}
		return nil
	})
	if err != nil || !slices.Equal(got, lines) {
		r.t.Errorf("got %q, want %q (%v)", got, lines, err)
	}
}

func TestAJobGoesWithAllItsPointsAndNoOther(t *testing.T) {
	r := newRoom(t)
	r.step()
	r.want()
	if r.left() != 1 {
		t.Errorf("%d points are left, want the other job's", r.left())
	}
}

func TestWhatCannotBeDeletedIsToldAndDoneLater(t *testing.T) {
	r := newRoom(t)
	r.attach("one", false)
	r.fail["two"] = fault.New(fault.Unavailable, "Transporter east cannot be reached")
	r.step()
	r.want("one 0 false repository one is detached; attach it", "two 0 false Transporter east cannot be reached", "three 0 true ")
	r.fail["two"] = nil
	r.attach("one", true)
	r.step()
	r.want("one 1200 true ", "two 0 false Transporter east cannot be reached", "three 0 true ")
	r.now = r.now.Add(2 * time.Minute)
	r.step()
	r.want()
	if r.left() != 1 {
		t.Errorf("%d points are left", r.left())
	}
}

func TestADeletionGoesOnAfterARestart(t *testing.T) {
	r := newRoom(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.most, r.killed = 1, cancel // dies with the first 500 points gone, and before that is written
	if err := r.e.Step(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if r.left() != 703 {
		t.Fatalf("%d points are left in the middle", r.left())
	}
	r.want("one 0 false ", "two 0 false ", "three 0 false ")
	r.restart()
	r.step()
	r.want()
	if r.left() != 1 {
		t.Errorf("%d points are left", r.left())
	}
}

func TestARepositoryThatWasRemovedHoldsNothingUp(t *testing.T) {
	r := newRoom(t)
	r.attach("one", false)
	r.step()
	r.update(func(tx *store.Tx) error { return store.Repositories.Delete(tx, "one") })
	r.step()
	r.want()
}

func TestADeletionThatAPersonEndsStops(t *testing.T) {
	r := newRoom(t)
	r.most, r.killed = 1, func() {
		if err := r.store.Update(t.Context(), func(tx *store.Tx) error { return store.Jobs.Delete(tx, "job") }); err != nil {
			t.Error(err)
		}
	}
	r.step()
	if r.left() != 703 {
		t.Errorf("%d points are left, want those behind the first portion", r.left())
	}
}

func TestPointsThatDoNotGoAreToldInsteadOfTriedForEver(t *testing.T) {
	r := newRoom(t)
	r.stuck = true
	r.step()
	if r.left() != 1203 {
		t.Fatal("points went")
	}
	err := r.store.View(func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, "job")
		if err == nil && !strings.Contains(j.Deletion.Places[0].Waiting, "still there") {
			t.Errorf("got %q", j.Deletion.Places[0].Waiting)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhatComesBackWakesTheEraser(t *testing.T) {
	for name, tc := range map[string]struct{ away, back func(*room, chan struct{}) }{
		"a repository is attached": {
			func(r *room, _ chan struct{}) { r.attach("one", false) },
			func(r *room, _ chan struct{}) { r.attach("one", true) },
		},
		"a Transporter is reached": {
			func(r *room, _ chan struct{}) { r.fail["one"] = fault.New(fault.Unavailable, "out of reach") },
			func(r *room, fleet chan struct{}) { r.repair("one"); fleet <- struct{}{} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			synctest.Test(t, func(t *testing.T) {
				fleet := make(chan struct{}, 1)
				r.e.Changes = func() (<-chan struct{}, func()) { return fleet, func() {} }
				tc.away(r, fleet)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- r.e.Run(ctx) }()
				synctest.Wait()
				if r.left() != 1201 {
					t.Errorf("%d points are left before", r.left())
				}
				begun := time.Now()
				tc.back(r, fleet)
				synctest.Wait()
				if r.left() != 1 || !time.Now().Equal(begun) {
					t.Errorf("%d points are left", r.left())
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
