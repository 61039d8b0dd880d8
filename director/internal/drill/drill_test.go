package drill_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/drill"
	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// starter writes what a dispatcher would, and refuses with err when that is set.
type starter struct {
	store           *store.Store
	err             error
	started, failed []string
}

func (s *starter) StartDrill(ctx context.Context, w dispatch.Drill) (record.Run, error) {
	if s.err != nil {
		return record.Run{}, s.err
	}
	s.started = append(s.started, w.Cause)
	run := record.Run{ID: record.RunID("run" + string(rune('0'+len(s.started)))), Kind: record.KindDrill}
	return run, s.store.Update(ctx, func(tx *store.Tx) error { return w.Also(tx, run.ID) })
}

func (s *starter) FailDrill(ctx context.Context, w dispatch.Drill, why error) error {
	s.failed = append(s.failed, why.Error())
	return s.store.Update(ctx, func(tx *store.Tx) error { return w.Also(tx, "failed") })
}

func TestADrillIsStartedByTheClockOnce(t *testing.T) {
	db, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, store.KeySize), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	now := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	s := &starter{store: db}
	service := drill.New(drill.Options{Store: db, Dispatcher: s, Now: func() time.Time { return now }, Logger: hclog.NewNullLogger()})
	daily := record.Schedule{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Weekly, Days: 0x7f, Start: schedule.Clock(4 * 60)}}
	want := record.Drill{Name: "Weekly", Job: "job", Account: "a", Mailbox: "m", Enabled: true, Schedules: []record.Schedule{daily}}
	if _, err := service.Create(t.Context(), want); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("a drill of a job that is not there: %v", err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		if err := store.Jobs.Put(tx, record.Job{ID: "job", Name: "Job"}); err != nil {
			return err
		}
		return store.Mailboxes.Put(tx, record.Mailbox{Account: "a", ID: "m", Name: "Test"})
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := service.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Create(t.Context(), want); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second of the same name: %v", err)
	}
	step := func(at time.Time) {
		t.Helper()
		now = at
		for range 2 { // what was done is not done again
			if err := service.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if step(now); len(s.started) != 0 {
		t.Fatalf("it was started before its time: %v", s.started)
	}
	at := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	if step(at); len(s.started) != 1 || !strings.HasPrefix(s.started[0], "schedule: ") {
		t.Fatalf("got %v, want one start by the clock", s.started)
	}
	if step(at.AddDate(0, 0, 5)); len(s.started) != 2 { // five days of which the Director was off
		t.Errorf("missed starts were made up for by %d", len(s.started)-1)
	}
	s.err = fault.New(fault.Unavailable, "the Transporter is away")
	if step(at.AddDate(0, 0, 6)); len(s.failed) != 1 {
		t.Errorf("got %v, want one failure", s.failed)
	}
	if d, err = service.Get(d.ID); err != nil || d.LastRun != "failed" || d.LastError == "" {
		t.Errorf("it is kept as %+v, %v", d, err)
	}
	s.err = nil
	if step(at.AddDate(0, 0, 7)); len(s.started) != 3 {
		t.Errorf("it was not started after a failure: %v", s.started)
	}
	d.Enabled = false
	if _, err := service.Update(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if step(at.AddDate(0, 0, 8)); len(s.started) != 3 {
		t.Error("a disabled one was started")
	}
}
