package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// A Transporter that the Director does not reach for longer than it waits works on, cut off; another does its mailboxes again.
// Then it dies in the middle of a run for good, and a new one is paired in its place. Every mailbox gets one point of each run.
func TestKillAndReplaceATransporter(t *testing.T) {
	seedOf := *killSeed
	if seedOf == 0 {
		seedOf = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seedOf)
	random := rand.New(rand.NewPCG(seedOf, 2))
	c := newTroubled(t, 3, "--lost-after", "2s")
	full, empty := seed(t, c.Site, corpus.Options{Mailboxes: 3, PerMailbox: 60, AttachmentShare: 0.3})
	extra := []string{"--transporter", "t2"}
	for _, u := range empty {
		extra = append(extra, "--exclude", u.UserPrincipalName)
	}
	setUp(t, c.Site, extra...)
	c.reroute(t)
	held := map[string][]graphsim.TruthLine{}
	keep := func(run *pb.GetRunResponse) {
		t.Helper()
		for _, p := range c.points(t, run.GetRun().GetJobId()) {
			if p.GetRunId() == run.GetRun().GetId() {
				held[p.GetId()] = truth(t, c.Site, p.GetMailboxId())
			}
		}
	}

	slow(t, c.Site)
	cli(t, c.Site, "job", "run", "Job")
	c.placed(t, "t1")
	amid(t, c.Site, random)
	c.control[0].Cut()
	run := c.whole(t, "Job", 1)
	for _, k := range run.GetTasks() {
		if k.GetTransporterId() == c.id(t, "t1") && k.GetAttempt() > 1 {
			t.Errorf("%s was done on the Transporter that is out of reach", k.GetMailboxName())
		}
	}
	c.mend()
	c.consistent(t, run)
	keep(run)

	for _, u := range full {
		change(t, c.Site, u, random.Uint64())
	}
	slow(t, c.Site)
	cli(t, c.Site, "job", "run", "Job")
	c.placed(t, "t1")
	amid(t, c.Site, random)
	old := c.Transporters[0]
	if err := old.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(c.TransporterData(0)); err != nil {
		t.Fatal(err)
	}
	if err := old.Start(t.Context()); err != nil { // with nothing: it is a new one
		t.Fatal(err)
	}
	cli(t, c.Site, "transporter", "pair", "new", c.Options.Transporters[0], "--code-file", filepath.Join(c.TransporterData(0), "pairing-code"))
	run = c.whole(t, "Job", 2)
	cli(t, c.Site, "job", "update", "Job", "--transporter", "new", "--transporter", "t2")
	cli(t, c.Site, "transporter", "remove", "t1", "--yes")
	c.consistent(t, run)
	keep(run)

	for _, u := range full {
		change(t, c.Site, u, random.Uint64())
	}
	cli(t, c.Site, "job", "run", "Job")
	run = c.whole(t, "Job", 3)
	c.consistent(t, run)
	keep(run)
	if err := c.Control.SetSettings(t.Context(), graphsim.Settings{}); err != nil {
		t.Fatal(err)
	}
	c.holds(t, c.points(t, run.GetRun().GetJobId()), held)
	cli(t, c.Site, "repository", "verify", "Vault", "--full", "--watch")
}

// id returns the id of a Transporter.
func (c *troubled) id(t *testing.T, name string) (id string) {
	t.Helper()
	c.wait(t, "the Transporters", func(ctx context.Context) (bool, error) {
		var list pb.ListTransportersResponse
		err := c.CLI(ctx, &list, nil, "transporter", "list")
		for _, p := range list.GetTransporters() {
			if p.GetName() == name {
				id = p.GetId()
			}
		}
		return err == nil, err
	})
	return id
}

// placed waits until a Transporter works on a mailbox of the newest run.
func (c *troubled) placed(t *testing.T, name string) {
	t.Helper()
	id := c.id(t, name)
	c.wait(t, name+" to work", func(ctx context.Context) (bool, error) {
		r, err := lastRun(ctx, c.Site)
		if err != nil {
			return false, err
		}
		var whole pb.GetRunResponse
		if err := c.CLI(ctx, &whole, nil, "run", "show", r.GetId()); err != nil {
			return false, err
		}
		for _, k := range whole.GetTasks() {
			if k.GetTransporterId() == id {
				return true, nil
			}
		}
		return false, fmt.Errorf("the run: %v", &whole)
	})
}
