package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// All mailboxes of a job are planned, recovered into others as one activity while each process in turn is killed, and taken
// back as one: what arrives is what was, once, and what was there before stays.
func TestSeveralMailboxesAreOneRecovery(t *testing.T) {
	seedOf := *killSeed
	if seedOf == 0 {
		seedOf = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seedOf)
	random := rand.New(rand.NewPCG(seedOf, 1))
	s := newSite(t, 2)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 3, PerMailbox: 40, AttachmentShare: 0.2})
	var excluded []string
	for _, u := range empty {
		excluded = append(excluded, "--exclude", u.UserPrincipalName)
	}
	setUp(t, s, excluded...)
	cli(t, s, "job", "run", "Job")
	if r := waitRun(t, s); r.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", r.GetStatus(), r.GetError())
	}
	var before [][]graphsim.TruthLine
	args := []string{"recover", "--job", "Job", "--max-tasks", "2"}
	for i, u := range full {
		args = append(args, "--to", u.UserPrincipalName+"="+empty[i].UserPrincipalName)
		before = append(before, truth(t, s, empty[i].ID))
	}

	refused(t, s, []string{"no recovery point"}, "recover", "--job", "Job", "--at", "2001-01-01")
	cli(t, s, append(args, "--plan")...)
	for i, u := range empty {
		equal(t, s, before[i], u)
	}
	for _, victim := range s.Processes() {
		slow(t, s)
		var started pb.StartRecoveryResponse
		if err := s.CLI(t.Context(), &started, nil, args...); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s is killed", victim.Name)
		killAndStart(t, s, victim, random)
		waitActivity(t, s, started.GetActivityId())
		parts := partsOf(t, s, started.GetActivityId())
		if len(parts) != len(full) {
			t.Fatalf("there are %d parts, want %d", len(parts), len(full))
		}
		created := int64(0)
		for _, p := range parts {
			if p.GetRecovery().GetCreated() == 0 || p.GetSource().GetMailboxId() == p.GetMailboxId() {
				t.Errorf("a part created nothing, or in the wrong place: %v", p)
			}
			created += p.GetRecovery().GetCreated()
		}
		for i := range full {
			equal(t, s, truth(t, s, full[i].ID), empty[i])
		}
		x := activity(t, s, &pb.UndoRecoveryResponse{}, "undo", started.GetActivityId())
		if x.GetUndo().GetRemoved() != created || x.GetTasks() != int32(len(full)) {
			t.Errorf("%d were created, and the undo says %v", created, x)
		}
		for i, u := range empty {
			equal(t, s, before[i], u)
		}
	}
	everybodyIntoOne(t, s, full, empty[0])
}

// everybodyIntoOne recovers several mailboxes into one, each under a folder of its name, and takes one of them back.
func everybodyIntoOne(t *testing.T, s *site.Site, full []graphsim.User, to graphsim.User) {
	t.Helper()
	x := activity(t, s, &pb.StartRecoveryResponse{}, "recover", "--mailbox", full[0].UserPrincipalName, "--mailbox", full[1].UserPrincipalName,
		"--to-mailbox", to.UserPrincipalName)
	count := func() map[string]int {
		got := map[string]int{}
		for _, line := range truth(t, s, to.ID) {
			if line.Folder != nil {
				top, _, _ := strings.Cut(line.Folder.Path, graphsim.PathSeparator)
				got[top]++
			}
		}
		return got
	}
	got := count()
	for _, u := range full[:2] {
		if got[u.DisplayName] == 0 {
			t.Errorf("nothing lies under %q: %v", u.DisplayName, got)
		}
	}
	activity(t, s, &pb.UndoRecoveryResponse{}, "undo", x.GetId(), "--mailbox", full[0].UserPrincipalName)
	after := count()
	if after[full[0].DisplayName] != 0 || after[full[1].DisplayName] != got[full[1].DisplayName] {
		t.Errorf("one was taken back of %v, and there is %v", got, after)
	}
}

// partsOf returns the tasks of an activity.
func partsOf(t *testing.T, s *site.Site, id string) []*pb.Task {
	t.Helper()
	var r pb.GetRunResponse
	if err := s.CLI(t.Context(), &r, nil, "activity", "parts", id); err != nil {
		t.Fatal(fmt.Errorf("the parts of %s: %w", id, err))
	}
	return r.GetTasks()
}
