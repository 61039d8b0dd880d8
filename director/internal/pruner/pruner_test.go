package pruner_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
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
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// shelf keeps points as a repository does.
type shelf struct {
	points []*transporterv1.Point
	fail   error
}

func (s *shelf) Points(_ context.Context, id record.RepositoryID, key depot.Key) ([]*transporterv1.Point, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	if id != "repo" || key.Job != "job" {
		return nil, fmt.Errorf("asked for %s of %s", key.Job, id)
	}
	var list []*transporterv1.Point
	for _, p := range s.points {
		if key.Mailbox == "" || string(key.Mailbox) == p.GetKey().GetMailboxId() {
			list = append(list, p)
		}
	}
	return list, nil
}

func (s *shelf) DeletePoints(_ context.Context, _ record.RepositoryID, ids []record.PointID) error {
	s.points = slices.DeleteFunc(s.points, func(p *transporterv1.Point) bool { return slices.Contains(ids, record.PointID(p.GetId())) })
	return nil
}

func (s *shelf) add(mailbox string, day int) {
	s.points = append(s.points, &transporterv1.Point{
		Id: fmt.Sprint(mailbox, "-", day), Key: &transporterv1.BackupKey{AccountId: "acc", MailboxId: mailbox, JobId: "job"},
		Origin: &transporterv1.Origin{MailboxAddress: mailbox + "@contoso.example"}, Complete: true,
		Time: timestamppb.New(time.Date(2026, 11, day, 22, 0, 0, 0, time.UTC)),
	})
}

func (s *shelf) ids() []string {
	var list []string
	for _, p := range s.points {
		list = append(list, p.GetId())
	}
	slices.Sort(list)
	return list
}

type room struct {
	t     *testing.T
	store *store.Store
	shelf *shelf
	now   time.Time
	p     *pruner.Pruner
}

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
	r := &room{t: t, store: st, shelf: &shelf{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	r.p = pruner.New(pruner.Options{Store: st, Depot: r.shelf, Now: func() time.Time { return r.now }, Logger: hclog.NewNullLogger()})
	return r
}

// run records a run that ended, with points of the mailboxes.
func (r *room) run(policy retention.Policy, mailboxes ...mail.MailboxID) {
	r.t.Helper()
	err := r.store.Update(r.t.Context(), func(tx *store.Tx) error {
		errs := []error{
			store.Jobs.Put(tx, record.Job{ID: "job", Name: "Daily", LastRun: "run", Repository: "repo", Retention: record.Retention{Policy: policy}}),
			store.Runs.Put(tx, record.Run{ID: "run", Kind: record.KindBackup, Job: "job", Status: record.RunSucceeded}),
			store.RunsToPrune.Add(tx, "run"), store.Repositories.Put(tx, record.Repository{ID: "repo", Name: "Vault"}),
		}
		for i, m := range mailboxes {
			errs = append(errs, store.Tasks.Put(tx, record.Task{
				ID: record.TaskOf("run", i+1), Run: "run", Account: "acc", Mailbox: m, Repository: "repo", Status: record.TaskSucceeded, Point: "p",
			}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) step() {
	r.t.Helper()
	if err := r.p.Step(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func TestRetentionIsAppliedToWhatARunBackedUp(t *testing.T) {
	r := newRoom(t)
	for day := 1; day <= 4; day++ {
		r.shelf.add("a", day)
		r.shelf.add("b", day)
	}
	r.run(retention.Policy{Last: 2}, "a")
	r.step()
	want := []string{"a-3", "a-4", "b-1", "b-2", "b-3", "b-4"}
	if got := r.shelf.ids(); !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
	r.shelf.add("a", 5)
	r.step()
	if got := len(r.shelf.ids()); got != 7 {
		t.Errorf("a run's retention was applied twice: %v", r.shelf.ids())
	}
	if err := r.p.Apply(t.Context(), "job"); err != nil {
		t.Fatal(err)
	}
	r.step()
	if got := r.shelf.ids(); !slices.Equal(got[:2], []string{"a-4", "a-5"}) {
		t.Errorf("on demand: left %v", got)
	}
}

func TestARepositoryOutOfReachDelaysRetention(t *testing.T) {
	r := newRoom(t)
	r.shelf.add("a", 1)
	r.shelf.add("a", 2)
	r.run(retention.Policy{Last: 1}, "a")
	r.shelf.fail = fault.New(fault.Unavailable, "out of reach")
	r.step()
	r.shelf.fail = nil
	r.step()
	if len(r.shelf.points) != 2 {
		t.Error("it was tried again at once")
	}
	r.now = r.now.Add(6 * time.Minute)
	r.step()
	if got := r.shelf.ids(); !slices.Equal(got, []string{"a-2"}) {
		t.Errorf("left %v", got)
	}
}

func TestWithoutPolicyOrJobEverythingStays(t *testing.T) {
	r := newRoom(t)
	r.shelf.add("a", 1)
	r.shelf.add("a", 2)
	r.run(retention.Policy{}, "a")
	r.step()
	r.run(retention.Policy{Last: 1}, "a")
	if err := r.store.Update(t.Context(), func(tx *store.Tx) error { return store.Jobs.Delete(tx, "job") }); err != nil {
		t.Fatal(err)
	}
	r.step()
	if len(r.shelf.points) != 2 {
		t.Errorf("left %v", r.shelf.ids())
	}
}

func TestAPreviewDeletesNothingAndTellsWhy(t *testing.T) {
	r := newRoom(t)
	for day := 1; day <= 3; day++ {
		r.shelf.add("a", day)
	}
	r.shelf.add("b", 1)
	r.run(retention.Policy{})
	got, unread, err := r.p.Preview(t.Context(), record.Job{ID: "job", Repository: "repo"}, "", retention.Policy{Last: 1, Daily: 2})
	if err != nil || len(unread) > 0 {
		t.Fatal(unread, err)
	}
	var lines []string
	for _, b := range got {
		for _, d := range b.Decisions {
			lines = append(lines, fmt.Sprint(b.Address, " ", d.ID, " ", d.Reasons))
		}
	}
	want := []string{
		"a@contoso.example a-3 [newest last daily]", "a@contoso.example a-2 [daily]", "a@contoso.example a-1 []",
		"b@contoso.example b-1 [newest last daily]",
	}
	if !slices.Equal(lines, want) || len(r.shelf.points) != 4 {
		t.Errorf("got %q", lines)
	}
}
