package work_test

import (
	"context"
	"encoding/pem"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/control/account"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/task"
)

// scene is a backed-up mailbox of a simulated tenant, and a bench to work on it.
type scene struct {
	t        *testing.T
	sim      *graphsim.Server
	account  *transporterv1.Account
	bench    *work.Bench
	shelf    *shelf.Shelf
	journals string // the folder of journals and plans
	mailbox  string
	original []graphsim.TruthLine
	point    record.Point
}

const repo = "0198c0de-0000-7000-8000-000000000001"

// newScene makes a mailbox with so many messages and backs it up. Clients wait milliseconds where they would wait seconds.
func newScene(t *testing.T, messages int, change ...func(*graphsim.Server, string)) *scene {
	t.Helper()
	sim, err := graphsim.Start(graphsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	seeded, err := sim.Seed(graphsim.SeedOptions{Seed: 11, Generate: &corpus.Options{
		Mailboxes: 1, PerMailbox: messages, OnlyCarried: true, TotalBytes: int64(messages) * 20_000,
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, sim: sim, mailbox: seeded.Mailboxes[0]}
	for _, f := range change {
		f(sim, s.mailbox)
	}
	root := strings.TrimSuffix(sim.GraphURL(), "/")
	s.account = &transporterv1.Account{
		Id: "acc", TenantId: sim.TenantID(), ClientId: graphsim.DefaultApp, ClientSecret: graphsim.DefaultSecret,
		Cloud: transporterv1.Cloud_CLOUD_CUSTOM, Authority: strings.TrimSuffix(sim.Authority(), "/"), GraphRoot: root, CaPem: sim.CA(),
	}
	if block, _ := pem.Decode(s.account.CaPem); block == nil {
		t.Fatal("the tenant's authority is not PEM")
	}
	dir := t.TempDir()
	pool := account.New(account.Options{
		Spool: dir, Now: time.Now, Logger: hclog.NewNullLogger(),
		Limits: graph.Limits{Backoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond, Tries: 4},
	})
	s.shelf = shelf.New(func() string { return "tr1" }, time.Now)
	t.Cleanup(func() {
		if err := s.shelf.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.shelf.Create(t.Context(), shelf.Request{ID: repo, Path: filepath.Join(dir, "vault")}, "Vault", 1); err != nil {
		t.Fatal(err)
	}
	s.journals = filepath.Join(dir, "journal")
	s.bench = work.New(work.Options{
		Accounts: pool, Repositories: s.shelf, JournalDir: s.journals, Now: time.Now, Logger: hclog.NewNullLogger(),
	})
	s.original = s.truth()
	w, err := s.bench.Backup("run1", &transporterv1.BackupWork{
		Account: s.account, Key: &transporterv1.BackupKey{AccountId: "acc", MailboxId: s.mailbox, JobId: "job"},
		Mailbox: &transporterv1.Mailbox{Id: s.mailbox}, HiddenFolders: true,
		Vault: &transporterv1.VaultAddress{Vault: &transporterv1.VaultAddress_LocalRepositoryId{LocalRepositoryId: repo}},
	})
	if err != nil {
		t.Fatal(err)
	}
	state := s.run(t.Context(), w, nil)
	if state.Status != task.Succeeded {
		t.Fatalf("the backup ended %v: %v %v", state.Status, state.Err, state.Losses)
	}
	s.point = *state.Outcome.Point
	return s
}

// run runs work to its end on a board. When kill is closed the work is cut off, as by the death of the process.
func (s *scene) run(ctx context.Context, w task.Work, kill <-chan struct{}) task.State {
	s.t.Helper()
	b := task.New(task.Options{})
	defer b.Drain(0)
	if _, err := b.Start(task.Spec{ID: "t", Kind: "test", Work: w}); err != nil {
		s.t.Fatal(err)
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	var killer sync.WaitGroup
	defer killer.Wait()
	killer.Go(func() {
		select {
		case <-kill:
			_ = b.Stop("t", true)
		case <-watching.Done():
		}
	})
	var last task.State
	err := b.Watch(ctx, "t", func(state task.State) error {
		last = state
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	cancel()
	return last
}

// recovery returns the work of bringing the mailbox back.
func (s *scene) recovery(id string, change ...func(*transporterv1.RecoveryWork)) task.Work {
	s.t.Helper()
	req := &transporterv1.RecoveryWork{
		Account: s.account, Mailbox: &transporterv1.Mailbox{Id: s.mailbox}, RepositoryId: repo, PointId: string(s.point.ID),
	}
	for _, f := range change {
		f(req)
	}
	w, err := s.bench.Recovery(id, req)
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

func (s *scene) truth() []graphsim.TruthLine {
	s.t.Helper()
	lines, err := s.sim.Truth(s.mailbox, graphsim.TruthOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return lines
}

// destroy deletes all mail for good.
func (s *scene) destroy() {
	s.t.Helper()
	for _, folder := range [][]string{nil, {"deleteditems"}} {
		if _, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "permanent", Folder: folder}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// asBefore fails the test where the mailbox departs from what it was. More may lie in the folders of the paths given: it
// returns how much.
func (s *scene) asBefore(what string, more ...string) (extra int) {
	s.t.Helper()
	n := 0
	for _, d := range graphsim.Compare(s.original, s.truth(), graphsim.CompareOptions{Ignore: []string{"extended"}}) {
		if strings.Contains(d.Want, "@legacy.example") { // an address that Graph refuses
			continue
		}
		if d.Kind == "extra" && d.Message != "" && slices.Contains(more, d.Path) {
			extra++
			continue
		}
		if n++; n <= 10 {
			s.t.Errorf("%s: %s", what, d)
		}
	}
	return extra
}

// fault injects a fault, and sees to it that it fired before the test ended.
func (s *scene) fault(f graphsim.Fault) {
	s.t.Helper()
	id, err := s.sim.Control().AddFault(s.t.Context(), f)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		all, err := s.sim.Control().Faults(context.WithoutCancel(s.t.Context()))
		if err != nil {
			s.t.Error(err)
		}
		for _, g := range all {
			if g.ID == id && g.Fired == 0 {
				s.t.Errorf("the fault %+v never fired", g)
			}
		}
	})
}

func (s *scene) succeeds(what string, state task.State, created int64) {
	s.t.Helper()
	if state.Status != task.Succeeded {
		s.t.Fatalf("%s ended %v: %v, losses %v", what, state.Status, state.Err, state.Losses)
	}
	if got := state.Outcome.Recovery.Created; got != created {
		s.t.Errorf("%s created %d, want %d", what, got, created)
	}
}

func isKind(err error, k fault.Kind) bool { return errors.Is(err, k) }

// count returns how many messages the folder of the path held at first.
func (s *scene) count(path string) int {
	n := 0
	for _, line := range s.original {
		if line.Message != nil && line.Message.Path == path {
			n++
		}
	}
	return n
}
