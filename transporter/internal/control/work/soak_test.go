package work_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

var (
	soakSeed   = flag.Uint64("work.seed", 0, "seed of the first soak; 0 takes another each time")
	soaks      = flag.Int("work.soaks", 4, "how many histories are soaked")
	soakRounds = flag.Int("work.rounds", 8, "disturbed runs of each history")
)

// TestSoakEndsInTheTruth changes a mailbox of the simulated tenant at random, before and while it is backed up, lets the
// tenant fail in every way of contract 14.25, kills runs at any request, and compares the point of a last, quiet run with
// what the tenant says of itself, byte for byte.
func TestSoakEndsInTheTruth(t *testing.T) {
	first := *soakSeed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(*soaks) {
		seed := first + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newSoak(t, seed).play(*soakRounds)
			if t.Failed() {
				t.Logf("again with -run %s -args -work.soaks 1 -work.seed %d -work.rounds %d", "TestSoakEndsInTheTruth", seed, *soakRounds)
			}
		})
	}
}

// soak is one history. It is also the transport of its Graph clients: it counts requests, changes the mailbox between them,
// and kills.
type soak struct {
	t       *testing.T
	rng     *rand.Rand
	sim     *graphsim.Server
	mailbox string
	mail    []corpus.Message // that is still to come
	folders [][]string
	repo    *repository.Repository
	opts    repository.Options
	inner   http.RoundTripper
	runs    int
	log     []string

	// Of the run under way.
	requests atomic.Int64
	killAt   int64
	kill     context.CancelFunc
	changeAt map[int64]func()
	changing sync.Mutex // of two requests at once, each may bring a change
	// quirk is a history in which messages moved away and back are reported gone only (contract 4.10). What was killed or
	// read anew in the middle of one may then miss such a message for good, so it has neither.
	quirk bool
}

var soakKey = record.BackupKey{Account: "acc", Job: "job"}

func newSoak(t *testing.T, seed uint64) *soak {
	s := &soak{t: t, rng: rand.New(rand.NewPCG(seed, 9))}
	s.quirk = s.chance(4)
	var err error
	s.sim, err = graphsim.Start(graphsim.Options{Seed: seed, Settings: s.settings()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.sim.Close() })
	seeded, err := s.sim.Seed(graphsim.SeedOptions{Seed: seed, Generate: &corpus.Options{
		Mailboxes: 1, PerMailbox: 40 + s.rng.IntN(80), TotalBytes: 2 << 20,
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.mailbox = seeded.Mailboxes[0]
	company, err := corpus.Generate(seed+1, corpus.Options{Mailboxes: 1, PerMailbox: 200, TotalBytes: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range company.Mail() {
		s.mail = append(s.mail, m)
	}
	s.inner = graph.NewTransport(s.sim.CAPool(), 0)
	s.opts = repository.Options{Path: filepath.Join(t.TempDir(), "vault"), Name: "Vault", Level: repository.Fast, Transporter: "tr1"}
	if s.repo, err = repository.Create(t.Context(), s.opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *soak) chance(n int) bool { return s.rng.IntN(n) == 0 }

// settings picks among what the contract leaves open.
func (s *soak) settings() graphsim.Settings {
	set := graphsim.Settings{
		Whole: s.chance(3), EmptyPages: s.chance(2), Replays: s.chance(2), StaleLinks: s.chance(3), MoveBackLost: s.quirk,
		CloseTracking: s.chance(6), LowerInnerError: s.chance(2), OpenExtras: s.chance(2), DeleteToRecoverable: s.chance(3),
	}
	if s.chance(2) {
		set.MaxDeltaPage = 1 + s.rng.IntN(12)
	}
	if s.chance(4) {
		set.TokenLifetime = 2 * time.Second
	}
	return set
}

func (s *soak) play(rounds int) {
	for range rounds {
		s.disturb()
	}
	s.quiet()
	for range 2 { // the second round finds what the first left
		before := s.truth()
		point, err := s.run()
		if err != nil {
			s.t.Fatalf("the quiet run: %v", err)
		}
		s.compare(before, point)
	}
	if s.t.Failed() {
		for _, line := range s.log {
			s.t.Log(line)
		}
	}
}

// quiet ends all that goes wrong.
func (s *soak) quiet() {
	if err := s.sim.Control().ClearFaults(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := s.sim.Control().SetClock(s.t.Context(), 0); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.sim.UpdateUser(s.mailbox, func(u *graphsim.User) error { u.DeltaQuota = false; return nil }); err != nil {
		s.t.Fatal(err)
	}
	s.killAt, s.kill, s.changeAt = 0, nil, nil
}

// disturb is a run in which anything may happen.
func (s *soak) disturb() {
	s.quiet()
	for range s.rng.IntN(8) {
		s.change()
	}
	for range s.rng.IntN(4) {
		f := s.fault()
		if _, err := s.sim.Control().AddFault(s.t.Context(), f); err != nil {
			s.t.Fatal(err)
		}
		s.note("fault %+v", f)
	}
	s.changeAt = map[int64]func(){}
	for range s.rng.IntN(6) {
		s.changeAt[1+s.rng.Int64N(80)] = s.change
	}
	if !s.quirk && s.chance(3) {
		s.killAt = 1 + s.rng.Int64N(100)
	}
	_, err := s.run()
	s.note("run %d ended after %d requests: %v", s.runs, s.requests.Load(), err)
	if s.chance(6) {
		s.reopen()
	}
}

func (s *soak) reopen() {
	if err := s.repo.Close(); err != nil {
		s.t.Fatal(err)
	}
	var err error
	if s.repo, err = repository.Open(s.t.Context(), s.opts); err != nil {
		s.t.Fatal(err)
	}
}

// RoundTrip implements http.RoundTripper.
func (s *soak) RoundTrip(r *http.Request) (*http.Response, error) {
	n := s.requests.Add(1)
	if n == s.killAt {
		s.kill()
	}
	if change := s.changeAt[n]; change != nil {
		s.changing.Lock()
		change()
		s.changing.Unlock()
	}
	return s.inner.RoundTrip(r)
}

// run backs the mailbox up.
func (s *soak) run() (record.PointID, error) {
	s.runs++
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	s.requests.Store(0)
	s.kill = cancel
	client := clientOf(s.t, s.sim, s, graph.Limits{Backoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond, Tries: 4, PageSize: 20})
	key := soakKey
	key.Mailbox = mail.MailboxID(s.mailbox)
	session, err := s.repo.Begin(ctx, key, record.RunID(fmt.Sprint("run ", s.runs)))
	if err != nil {
		s.t.Fatal(err)
	}
	src := work.NewSource(client, key.Mailbox, graph.FolderOptions{Hidden: true})
	result, err := backup.Run(ctx, src, session, backup.Options{Run: record.RunID(fmt.Sprint("run ", s.runs))}, nil)
	if closeErr := session.Close(); closeErr != nil {
		s.t.Fatal(closeErr)
	}
	if err == nil && s.killAt == 0 && len(result.Losses) > 0 {
		s.note("losses: %v", result.Losses[0].Reason)
	}
	return result.Point.ID, err
}

func (s *soak) truth() []graphsim.TruthLine {
	lines, err := s.sim.Truth(s.mailbox, graphsim.TruthOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return lines
}

func (s *soak) compare(want []graphsim.TruthLine, id record.PointID) {
	got, err := pointTruth(s.t.Context(), s.repo, id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	differences := graphsim.Compare(want, got, graphsim.CompareOptions{Ignore: uncompared})
	for i, d := range differences {
		if i == 10 {
			s.t.Errorf("and %d more", len(differences)-i)
			break
		}
		s.t.Error(d)
	}
}

func (s *soak) note(format string, args ...any) { s.log = append(s.log, fmt.Sprintf(format, args...)) }

// errNothing is what a change returns that finds nothing to change.
var errNothing = errors.New("nothing to change")
