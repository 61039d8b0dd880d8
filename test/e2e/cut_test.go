package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// keptPoints is how many points of each mailbox stay.
const keptPoints = 2

// Whatever dies and whichever way is cut, during runs that a person starts and runs that follow them by schedule: each run ends
// right and once, nothing is left behind, and every point that retention keeps holds what its mailbox held.
func TestKillAndCutEverything(t *testing.T) {
	seedOf := *killSeed
	if seedOf == 0 {
		seedOf = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seedOf)
	random := rand.New(rand.NewPCG(seedOf, 1))
	c := newTroubled(t, 2)
	full, empty := seed(t, c.Site, corpus.Options{Mailboxes: 3, PerMailbox: 50, AttachmentShare: 0.3})
	extra := []string{"--keep-last", fmt.Sprint(keptPoints)}
	for _, u := range empty {
		extra = append(extra, "--exclude", u.UserPrincipalName)
	}
	setUp(t, c.Site, extra...)
	cli(t, c.Site, "job", "create", "Follower", "--account", "Contoso", "--repository", "Vault", "--transporter", "t1",
		"--exclude", full[0].UserPrincipalName, "--exclude", full[1].UserPrincipalName, "--exclude", empty[0].UserPrincipalName,
		"--exclude", empty[1].UserPrincipalName, "--exclude", empty[2].UserPrincipalName, "--schedule", "after Job")
	c.reroute(t)
	held := map[string][]graphsim.TruthLine{} // by point
	for round := range *killRounds + keptPoints {
		for _, u := range full {
			change(t, c.Site, u, random.Uint64())
		}
		slow(t, c.Site)
		cli(t, c.Site, "job", "run", "Job")
		for range 1 + random.IntN(2) {
			amid(t, c.Site, random)
			c.disturb(t, random)
		}
		run := c.whole(t, "Job", round+1)
		c.whole(t, "Follower", round+1)
		c.consistent(t, run)
		for _, p := range c.points(t, run.GetRun().GetJobId()) {
			if p.GetRunId() == run.GetRun().GetId() {
				held[p.GetId()] = truth(t, c.Site, p.GetMailboxId())
			}
		}
	}
	if err := c.Control.SetSettings(t.Context(), graphsim.Settings{}); err != nil {
		t.Fatal(err)
	}
	c.restarted(t) // retention that a cut held up is tried again at once
	c.holds(t, c.kept(t, full), held)
	cli(t, c.Site, "repository", "verify", "Vault", "--full", "--watch")
}

// holds recovers points, each into a mailbox of its own, and compares with what their mailboxes held.
func (c *troubled) holds(t *testing.T, points []*pb.Point, held map[string][]graphsim.TruthLine) {
	t.Helper()
	var spare []graphsim.User
	for i := range points {
		spare = append(spare, graphsim.User{DisplayName: fmt.Sprintf("Place %d", i+1), Mailbox: true})
	}
	spare, err := c.Control.AddUsers(t.Context(), spare...)
	if err != nil {
		t.Fatal(err)
	}
	cli(t, c.Site, "account", "refresh", "Contoso")
	for i, p := range points {
		var started pb.StartRecoveryResponse
		if err := c.CLI(t.Context(), &started, nil, "recover", p.GetId(), "--to-mailbox", spare[i].UserPrincipalName); err != nil {
			t.Fatal(err)
		}
		waitActivity(t, c.Site, started.GetActivityId())
		if held[p.GetId()] == nil {
			t.Errorf("point %s of %s is of no run that was looked at", p.GetId(), p.GetMailboxName())
		}
		equal(t, c.Site, held[p.GetId()], spare[i])
	}
}

// wait polls a condition through restarts of the Director: a command that fails is tried again.
func (c *troubled) wait(t *testing.T, what string, holds func(context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var last error
	err := site.WaitFor(ctx, what, func() (ok bool, _ error) {
		ok, last = holds(ctx)
		return ok && last == nil, nil
	})
	if err != nil {
		t.Fatalf("%v: %v", err, last)
	}
}

// whole waits until the newest run of a job, which must be its nth, has ended, and returns it with its tasks.
func (c *troubled) whole(t *testing.T, job string, n int) *pb.GetRunResponse {
	t.Helper()
	var r pb.GetRunResponse
	var list pb.ListRunsResponse
	c.wait(t, fmt.Sprintf("run %d of %s to end", n, job), func(ctx context.Context) (bool, error) {
		if err := c.CLI(ctx, &list, nil, "run", "list", "--job", job); err != nil {
			return false, err
		}
		if len(list.GetRuns()) < n || !ended(list.GetRuns()[0].GetStatus()) {
			return false, fmt.Errorf("last seen: %v", &list)
		}
		return true, c.CLI(ctx, &r, nil, "run", "show", list.GetRuns()[0].GetId())
	})
	if len(list.GetRuns()) != n {
		t.Fatalf("%s ran %d times, want %d", job, len(list.GetRuns()), n)
	}
	return &r
}

// consistent checks a run that has ended: its counts are those of its tasks, each mailbox has one point, and nothing of it is
// left at the Transporters.
func (c *troubled) consistent(t *testing.T, run *pb.GetRunResponse) {
	t.Helper()
	r := run.GetRun()
	if r.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED || int(r.GetTasks()) != len(run.GetTasks()) || r.GetTasksDone() != r.GetTasks() ||
		r.GetTasksFailed() != 0 || r.GetTasksIncomplete() != 0 || r.GetTasksRunning() != 0 || r.GetTasksRetrying() != 0 {
		t.Errorf("the run ended as %v", r)
	}
	points := map[string]int{}
	for _, p := range c.points(t, r.GetJobId()) {
		if p.GetRunId() == r.GetId() {
			points[p.GetMailboxId()]++
		}
	}
	for _, k := range run.GetTasks() {
		if k.GetStatus() != pb.TaskStatus_TASK_STATUS_SUCCEEDED || k.GetPointId() == "" || points[k.GetMailboxId()] != 1 {
			t.Errorf("%s: %s, point %q, %d points in the repository: %s", k.GetMailboxName(), k.GetStatus(), k.GetPointId(), points[k.GetMailboxId()], k.GetError())
		}
	}
	c.wait(t, "the Transporters to have no task left", func(ctx context.Context) (bool, error) {
		var list pb.ListTransportersResponse
		if err := c.CLI(ctx, &list, nil, "transporter", "list"); err != nil {
			return false, err
		}
		for _, p := range list.GetTransporters() {
			if !p.GetReachable() || p.GetTasksRunning() != 0 {
				return false, fmt.Errorf("%s: reachable: %v, %d tasks", p.GetName(), p.GetReachable(), p.GetTasksRunning())
			}
		}
		return true, nil
	})
}

// points lists the points of a job.
func (c *troubled) points(t *testing.T, job string) []*pb.Point {
	t.Helper()
	var mine []*pb.Point
	c.wait(t, "the points", func(ctx context.Context) (bool, error) {
		var list pb.ListPointsResponse
		if err := c.CLI(ctx, &list, nil, "point", "list"); err != nil {
			return false, err
		}
		mine = nil
		for _, p := range list.GetPoints() {
			if p.GetJobId() == job {
				mine = append(mine, p)
			}
		}
		return true, nil
	})
	return mine
}

// kept waits for retention to leave what it should, and returns that.
func (c *troubled) kept(t *testing.T, mailboxes []graphsim.User) []*pb.Point {
	t.Helper()
	job := c.whole(t, "Job", *killRounds+keptPoints).GetRun().GetJobId()
	var left []*pb.Point
	c.wait(t, "retention", func(context.Context) (bool, error) {
		if left = c.points(t, job); len(left) != keptPoints*len(mailboxes) {
			return false, fmt.Errorf("%d points are left", len(left))
		}
		return true, nil
	})
	return left
}

// restarted kills the Director and starts it again.
func (c *troubled) restarted(t *testing.T) {
	t.Helper()
	if err := c.Director.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Director.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
