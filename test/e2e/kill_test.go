package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

var (
	killSeed   = flag.Uint64("seed", 0, "seed of the moments to kill at; 0 takes a new one and prints it")
	killRounds = flag.Int("rounds", 1, "how often every process is killed")
)

// Any one process is killed at a random moment of a run, and of a recovery, and started again: both end right, once.
func TestKillAnyProcess(t *testing.T) {
	seedOf := *killSeed
	if seedOf == 0 {
		seedOf = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seedOf)
	random := rand.New(rand.NewPCG(seedOf, 0))
	s := newSite(t, 2)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 4, PerMailbox: 60, AttachmentShare: 0.4})
	var excluded []string
	for _, u := range empty {
		excluded = append(excluded, "--exclude", u.UserPrincipalName)
	}
	setUp(t, s, excluded...)

	for round := range *killRounds {
		for i, victim := range s.Processes() {
			t.Run(fmt.Sprintf("run, %s, round %d", victim.Name, round+1), func(t *testing.T) {
				for _, u := range full {
					change(t, s, u, random.Uint64())
				}
				slow(t, s)
				cli(t, s, "job", "run", "Job")
				killAndStart(t, s, victim, random)
				run := waitRun(t, s)
				if run.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
					t.Fatalf("the run ended as %s: %s", run.GetStatus(), run.GetError())
				}
				var points pb.ListPointsResponse
				if err := s.CLI(t.Context(), &points, nil, "point", "list"); err != nil {
					t.Fatal(err)
				}
				made := map[string]int{}
				for _, p := range points.GetPoints() {
					if p.GetRunId() == run.GetId() {
						made[p.GetMailboxId()]++
					}
				}
				for _, u := range full {
					if made[u.ID] != 1 {
						t.Errorf("%s has %d points of this run, want 1", u.UserPrincipalName, made[u.ID])
					}
				}
			})
			t.Run(fmt.Sprintf("recovery, %s, round %d", victim.Name, round+1), func(t *testing.T) {
				from, to := full[i%len(full)], empty[i%len(empty)]
				if round > 0 {
					if _, err := s.Control.Change(t.Context(), to.ID, graphsim.Change{Do: "permanent"}); err != nil {
						t.Fatal(err)
					}
				}
				slow(t, s)
				var started pb.StartRecoveryResponse
				if err := s.CLI(t.Context(), &started, nil, "recover", from.UserPrincipalName, "--to-mailbox", to.UserPrincipalName); err != nil {
					t.Fatal(err)
				}
				killAndStart(t, s, victim, random)
				waitActivity(t, s, started.GetActivityId())
				equal(t, s, truth(t, s, from.ID), to)
			})
		}
	}
	cli(t, s, "repository", "verify", "Vault", "--full", "--watch")
}

// change alters a mailbox a little, so that a run has something to do.
func change(t *testing.T, s *site.Site, u graphsim.User, seed uint64) {
	t.Helper()
	for _, c := range []graphsim.Change{
		{Do: "permanent", Random: 3, Seed: seed},
		{Do: "move", To: []string{"archive"}, Random: 5, Seed: seed + 1},
		{Do: "edit", Text: "Edited", Random: 5, Seed: seed + 2},
		{Do: "toggle", Random: 5, Seed: seed + 3},
	} {
		if _, err := s.Control.Change(t.Context(), u.ID, c); err != nil {
			t.Fatal(err)
		}
	}
}

// slow gives the tenant some latency, so that work lasts long enough to be killed in its middle, and counts from now on. The
// tenant forgets both when it is killed.
func slow(t *testing.T, s *site.Site) {
	t.Helper()
	if err := s.Control.SetSettings(t.Context(), graphsim.Settings{Latency: 60 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Control.ResetCounters(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// fewest is how many requests to Graph each of these runs and recoveries needs at the least; it is killed before it has
// sent so many, so always in its middle.
const fewest = 60

// killAndStart kills the process when the work under way has sent some random number of requests, and starts it again.
func killAndStart(t *testing.T, s *site.Site, p *site.Process, random *rand.Rand) {
	t.Helper()
	amid(t, s, random)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// amid waits until the work under way has sent some random number of requests.
func amid(t *testing.T, s *site.Site, random *rand.Rand) {
	t.Helper()
	at := 1 + random.Int64N(fewest)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var sent int64
	err := site.WaitFor(ctx, fmt.Sprintf("%d requests", at), func() (bool, error) {
		counts, err := s.Control.Counters(ctx)
		sent = counts.Total
		return sent >= at, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("disturbed after %d requests", sent)
}

func waitActivity(t *testing.T, s *site.Site, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var last *pb.Activity
	err := site.WaitFor(ctx, "the end of the recovery", func() (bool, error) {
		var answer pb.GetActivityResponse
		if err := s.CLI(ctx, &answer, nil, "activity", "show", id); err != nil {
			return false, nil //nolint:nilerr // the Director may be on its way back
		}
		last = answer.GetActivity()
		return ended(last.GetStatus()), nil
	})
	if err == nil && last.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED && last.GetStatus() != pb.RunStatus_RUN_STATUS_INCOMPLETE {
		err = errors.New("ended as " + last.GetStatus().String() + ": " + last.GetError())
	}
	if err != nil {
		t.Fatalf("%v; last seen: %v", err, last)
	}
}
