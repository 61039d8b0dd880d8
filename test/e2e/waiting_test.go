package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// A run that Microsoft's limits hold back says so, and ends right when they let it go on.
func TestWaitsForMicrosoftAreSeen(t *testing.T) {
	s := newSite(t, 1)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 1, PerMailbox: 40})
	setUp(t, s, "--exclude", empty[0].UserPrincipalName)
	cli(t, s, "account", "update", "Contoso", "--limit-requests", "30", "--limit-window", "4")
	cli(t, s, "job", "run", "Job")
	seeWait(t, s)
	if run := waitRun(t, s); run.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", run.GetStatus(), run.GetError())
	}
	activity(t, s, &pb.StartRecoveryResponse{}, "recover", full[0].UserPrincipalName, "--to-mailbox", empty[0].UserPrincipalName)
	equal(t, s, truth(t, s, full[0].ID), empty[0])
}

// A run that Microsoft holds back for longer than anybody wants to wait lets its Transporter shut down and stops all the same,
// and the next goes on from there.
func TestARunThatWaitsForMicrosoftStops(t *testing.T) {
	s := newSite(t, 1)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 1, PerMailbox: 200})
	setUp(t, s, "--exclude", empty[0].UserPrincipalName)
	cli(t, s, "account", "update", "Contoso", "--limit-requests", "30", "--limit-window", "3600")
	cli(t, s, "job", "run", "Job")
	seeWait(t, s)
	if err := s.Transporters[0].Stop(); err != nil {
		t.Error(err)
	}
	if tail := s.Transporters[0].Tail(); !strings.Contains(tail, "draining") || strings.Contains(tail, "did not stop in time") {
		t.Errorf("the Transporter did not shut down by itself:\n%s", tail)
	}
	if err := s.Transporters[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	seeWait(t, s)
	run, err := lastRun(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	cli(t, s, "run", "stop", run.GetId())
	if run := waitRun(t, s); run.GetStatus() != pb.RunStatus_RUN_STATUS_STOPPED {
		t.Fatalf("the run ended as %s: %s", run.GetStatus(), run.GetError())
	}
	cli(t, s, "account", "update", "Contoso", "--limit-requests", "10000", "--limit-window", "600")
	cli(t, s, "job", "run", "Job")
	if run := waitRun(t, s); run.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", run.GetStatus(), run.GetError())
	}
	activity(t, s, &pb.StartRecoveryResponse{}, "recover", full[0].UserPrincipalName, "--to-mailbox", empty[0].UserPrincipalName)
	equal(t, s, truth(t, s, full[0].ID), empty[0])
}

// seeWait waits until the newest run says that it waits for Microsoft.
func seeWait(t *testing.T, s *site.Site) {
	t.Helper()
	run, err := lastRun(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = site.WaitFor(ctx, "a wait for Microsoft to be seen", func() (bool, error) {
		var answer pb.GetRunResponse
		if err := s.CLI(ctx, &answer, nil, "run", "show", run.GetId()); err != nil {
			return false, err
		}
		for _, task := range answer.GetTasks() {
			if strings.Contains(task.GetWaiting(), "Microsoft") {
				t.Logf("seen: %s", task.GetWaiting())
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		t.Error(err)
	}
}
