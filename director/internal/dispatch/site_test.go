package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/fleet"
	"holdfast/director/internal/inventory"
	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/trust"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// patience bounds how long a test waits for anything.
const patience = 30 * time.Second

// site is one Director's parts on one data folder, with fake Transporters. It can be killed and started again.
type site struct {
	t     *testing.T
	path  string
	world *fakeporter.World
	tune  func(*dispatch.Options)

	store      *store.Store
	fleet      *fleet.Fleet
	depot      *depot.Service
	inventory  *inventory.Service
	jobs       *jobs.Service
	dispatcher *dispatch.Dispatcher
	stop       func()
	// failpoint is asked at each commit of the next start.
	failpoint func(string) error
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newTunedSite(t, nil)
}

func newTunedSite(t *testing.T, tune func(*dispatch.Options)) *site {
	t.Helper()
	s := &site{t: t, path: filepath.Join(t.TempDir(), "director.db"), world: fakeporter.NewWorld(), tune: tune}
	s.start()
	t.Cleanup(func() {
		s.kill()
		for _, v := range s.world.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
	return s
}

func testLogger() hclog.Logger {
	if os.Getenv("HOLDFAST_TEST_LOG") == "" {
		return hclog.NewNullLogger()
	}
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, TimeFormat: "05.000"})
}

var errKilled = errors.New("killed")

// start starts the parts on what the data folder holds.
func (s *site) start() {
	s.t.Helper()
	must := func(err error) {
		if err != nil {
			s.t.Helper()
			s.t.Fatal(err)
		}
	}
	log := testLogger()
	var err error
	s.store, err = store.Open(s.path, func(bool) ([]byte, error) { return make([]byte, store.KeySize), nil })
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	trusted, err := trust.Open(ctx, s.store, time.Now)
	must(err)
	s.fleet = fleet.New(fleet.Options{Store: s.store, Trust: trusted, Logger: log, Now: time.Now, StatusEvery: 20 * time.Millisecond})
	s.inventory = inventory.New(inventory.Options{Store: s.store, Fleet: s.fleet, Logger: log, Now: time.Now})
	s.depot = depot.New(depot.Options{Store: s.store, Fleet: s.fleet, Logger: log, Now: time.Now})
	s.jobs = jobs.New(jobs.Options{Store: s.store, Now: time.Now})
	o := dispatch.Options{
		Store: s.store, Fleet: s.fleet, Depot: s.depot, Inventory: s.inventory, Logger: log, Now: time.Now,
		RetryBase: 5 * time.Millisecond, RetryMax: 50 * time.Millisecond, StartWait: patience, LostAfter: patience,
		StopWait: 50 * time.Millisecond, FlushEvery: 20 * time.Millisecond, WatchEvery: time.Millisecond,
	}
	if s.tune != nil {
		s.tune(&o)
	}
	s.dispatcher, err = dispatch.Open(ctx, o)
	must(err)
	if fp := s.failpoint; fp != nil {
		s.store.SetFailpoint(func(point string) error {
			if ctx.Err() != nil {
				return errKilled
			}
			if err := fp(point); err != nil {
				cancel()
				return err
			}
			return nil
		})
	}
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{s.fleet.Run, s.depot.Run, s.dispatcher.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	s.stop = func() {
		cancel()
		wg.Wait()
		_ = s.store.Close()
	}
}

// kill ends everything without a word to anybody.
func (s *site) kill() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// restart kills and starts.
func (s *site) restart() {
	s.t.Helper()
	s.kill()
	s.start()
}

// eventually waits for a condition.
func (s *site) eventually(what string, ok func() bool) {
	s.t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			s.t.Fatalf("waited in vain for %s", what)
		case <-ticker.C:
		}
	}
}

// porter pairs a new Transporter.
func (s *site) porter(name string) *fakeporter.Porter {
	s.t.Helper()
	p := fakeporter.New(s.t, s.world)
	_, err := s.fleet.Pair(s.t.Context(), fleet.Candidate{Name: name, Address: p.Address(), Code: p.Code()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.eventually(name+" to be reached", func() bool { return s.fleet.Status(record.TransporterID(p.ID())).Reachable })
	return p
}

// account adds an account with mailboxes m1, m2, … and reads them.
func (s *site) account(mailboxes int) mail.AccountID {
	s.t.Helper()
	var list []*transporterv1.Mailbox
	for n := range mailboxes {
		id := fmt.Sprintf("m%d", n+1)
		list = append(list, &transporterv1.Mailbox{Id: id, Name: fmt.Sprintf("Mailbox %03d", n+1), Address: id + "@example.com"})
	}
	s.world.Tenant("tenant", "secret", list...)
	a, _, err := s.inventory.Add(s.t.Context(), record.Account{
		Name: "Example", Tenant: "tenant", ClientID: "client", Cloud: record.CloudGlobal,
		Credential: record.Credential{Secret: "secret"},
	}, true)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.inventory.Refresh(s.t.Context(), a.ID); err != nil {
		s.t.Fatal(err)
	}
	return a.ID
}

func (s *site) repository(on *fakeporter.Porter) record.RepositoryID {
	s.t.Helper()
	r, err := s.depot.Create(s.t.Context(), record.Repository{
		Name: "Vault", Transporter: record.TransporterID(on.ID()), Path: "/backup/vault", Codec: record.CodecBalanced,
		Key: record.RepositoryKey{Passphrase: "passphrase"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.ID
}

func (s *site) job(name string, r record.RepositoryID, o record.JobOptions, items ...record.SourceItem) record.JobID {
	s.t.Helper()
	if o.Retries == nil { // they have tests of their own
		o.Retries = new(int32)
	}
	j, err := s.jobs.Create(s.t.Context(), record.Job{Name: name, Items: items, Repository: r, Options: o, Enabled: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return j.ID
}

func (s *site) run(j record.JobID) record.RunID {
	s.t.Helper()
	r, err := s.dispatcher.StartJob(s.t.Context(), j, dispatch.Scope{})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.ID
}

// end waits for a run to end and returns it.
func (s *site) end(id record.RunID) dispatch.RunView {
	s.t.Helper()
	var v dispatch.RunView
	s.eventually("the run to end", func() bool {
		var err error
		if v, err = s.dispatcher.Look(id); err != nil {
			s.t.Fatal(err)
		}
		return v.Status.Ended()
	})
	return v
}

// settled waits until nothing is left of ended tasks anywhere.
func (s *site) settled(porters ...*fakeporter.Porter) {
	s.t.Helper()
	s.eventually("tasks to be settled", func() bool {
		left := s.unsettled() > 0
		for _, p := range porters {
			left = left || len(p.Tasks()) > 0
		}
		return !left && s.world.OpenTransfers() == 0
	})
}

// sealedOnce checks that each of the mailboxes m1… was sealed once in the run.
func (s *site) sealedOnce(run record.RunID, mailboxes int) {
	s.t.Helper()
	for n := range mailboxes {
		id := fmt.Sprintf("m%d", n+1)
		if got := s.world.Seals(string(run), id); got != 1 {
			s.t.Errorf("mailbox %s was sealed %d times, want once", id, got)
		}
	}
}

func whole(a mail.AccountID) record.SourceItem { return record.SourceItem{Account: a} }

func (s *site) tasks(id record.RunID) []dispatch.TaskView {
	s.t.Helper()
	_, list, _, err := s.dispatcher.LookInto(id, "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// unsettledTasks returns the tasks that hold something yet.
func (s *site) unsettledTasks() iter.Seq[string] {
	return func(yield func(string) bool) {
		_ = s.store.View(func(tx *store.Tx) error {
			for id := range store.TasksUnsettled.All(tx, "") {
				if !yield(id) {
					break
				}
			}
			return nil
		})
	}
}

type (
	mailFolder = mail.FolderID
	mailID     = mail.MailboxID
)

func depotKey(mailbox mail.MailboxID) depot.Key { return depot.Key{Mailbox: mailbox} }
