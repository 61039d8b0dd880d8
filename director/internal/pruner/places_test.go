package pruner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/pruner"
	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// shelves are several repositories of one job.
type shelves struct {
	points map[record.RepositoryID][]string // ids like "a-12": mailbox and day
	away   map[record.RepositoryID]bool
	asked  int
}

func (s *shelves) Points(_ context.Context, id record.RepositoryID, key depot.Key) ([]*transporterv1.Point, error) {
	s.asked++
	if s.away[id] {
		return nil, fault.New(fault.Conflict, "repository %s is detached", id)
	}
	var list []*transporterv1.Point
	for _, id := range s.points[id] {
		mailbox, day, _ := strings.Cut(id, "-")
		if key.Mailbox != "" && string(key.Mailbox) != mailbox {
			continue
		}
		var n int
		_, _ = fmt.Sscan(day, &n)
		list = append(list, &transporterv1.Point{
			Id: id, Key: &transporterv1.BackupKey{AccountId: "acc", MailboxId: mailbox, JobId: "job"}, Complete: true,
			Time: timestamppb.New(time.Date(2026, 11, n, 22, 0, 0, 0, time.UTC)),
		})
	}
	return list, nil
}

func (s *shelves) DeletePoints(_ context.Context, at record.RepositoryID, ids []record.PointID) error {
	s.points[at] = slices.DeleteFunc(s.points[at], func(id string) bool { return slices.Contains(ids, record.PointID(id)) })
	return nil
}

// spread is a job of which mailbox a moved from old to young.
func spread(t *testing.T) (*room, *shelves, record.Job) {
	t.Helper()
	r := newRoom(t)
	s := &shelves{points: map[record.RepositoryID][]string{
		"old": {"a-1", "a-2", "a-3", "b-1"}, "young": {"a-4", "a-5", "a-3"}, "stranger": {"a-1"},
	}, away: map[record.RepositoryID]bool{}}
	r.p = pruner.New(pruner.Options{Store: r.store, Depot: s, Now: func() time.Time { return r.now }, Logger: hclog.NewNullLogger()})
	r.run(retention.Policy{Last: 3}, "a")
	j := record.Job{
		ID: "job", Name: "Daily", LastRun: "run", Repository: "young", Former: []record.RepositoryID{"old", "removed"},
		Retention: record.Retention{Policy: retention.Policy{Last: 3}},
	}
	err := r.store.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(store.Jobs.Put(tx, j), store.Repositories.Put(tx, record.Repository{ID: "old"}),
			store.Repositories.Put(tx, record.Repository{ID: "young"}), store.Repositories.Put(tx, record.Repository{ID: "stranger"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, s, j
}

func (s *shelves) want(t *testing.T, at record.RepositoryID, want ...string) {
	t.Helper()
	if got := s.points[at]; !slices.Equal(got, want) {
		t.Errorf("%s has %v, want %v", at, got, want)
	}
}

func TestRetentionCountsThePointsOfAllRepositoriesTogether(t *testing.T) {
	r, s, _ := spread(t)
	r.step()
	s.want(t, "old", "a-3", "b-1") // the copy of a-3 is no point of its own
	s.want(t, "young", "a-4", "a-5", "a-3")
	s.want(t, "stranger", "a-1")
}

func TestWhatIsHiddenMakesOthersStayAndIsDoneLater(t *testing.T) {
	r, s, _ := spread(t)
	s.away["young"] = true
	r.step()
	s.want(t, "old", "a-1", "a-2", "a-3", "b-1")
	asked := s.asked
	r.now = r.now.Add(6 * time.Minute)
	r.step()
	if s.asked != asked+1 {
		t.Errorf("while it is away, %d calls were made, want one", s.asked-asked)
	}
	s.away["young"] = false
	r.now = r.now.Add(6 * time.Minute)
	r.step()
	s.want(t, "old", "a-3", "b-1")
	asked = s.asked
	r.now = r.now.Add(6 * time.Minute)
	r.step()
	if s.asked != asked {
		t.Error("what was done is done again")
	}
}

func TestAPreviewNamesWhatItCouldNotSee(t *testing.T) {
	r, s, j := spread(t)
	for _, tc := range []struct {
		away   []record.RepositoryID
		gone   string
		unread []record.RepositoryID
		kind   fault.Kind
	}{
		{nil, "a-2 in old, a-1 in old", nil, 0},
		{[]record.RepositoryID{"young"}, "", []record.RepositoryID{"young"}, 0},
		{[]record.RepositoryID{"young", "old"}, "", nil, fault.Conflict},
	} {
		clear(s.away)
		for _, id := range tc.away {
			s.away[id] = true
		}
		list, unread, err := r.p.Preview(t.Context(), j, "a", j.Retention.Policy)
		if err != nil && fault.KindOf(err) != tc.kind || err == nil && tc.kind != 0 {
			t.Errorf("%v: %v", tc.away, err)
		}
		var gone []string
		for _, b := range list {
			for _, d := range b.Decisions {
				if !d.Keep() {
					gone = append(gone, fmt.Sprintf("%s in %s", d.ID, d.Repository))
				}
			}
		}
		if got := strings.Join(gone, ", "); got != tc.gone || !slices.Equal(unread, tc.unread) {
			t.Errorf("%v: got %q, unread %v", tc.away, got, unread)
		}
	}
}
