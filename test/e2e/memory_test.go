package e2e

import (
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// maxOverIdle is what a Transporter may take over its idle size for each concurrent job, in bytes.
const maxOverIdle = 250 << 20

// One mailbox with an attachment of 100 MB and one message with four of 20 MB is backed up and brought back, with both
// Transporters within bounds.
func TestLargeAttachmentsTakeLittleMemory(t *testing.T) {
	s := newSite(t, 2)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 1, PerMailbox: 20})
	// Without the limit of uploads (150 MB in five minutes) the test would wait for it.
	if err := s.Control.SetThrottle(t.Context(), graphsim.Limits{Off: true}); err != nil {
		t.Fatal(err)
	}
	for i, size := range []int64{100 << 20, 20 << 20, 20 << 20, 20 << 20, 20 << 20} {
		if err := s.Control.AddLarge(t.Context(), full[0].ID, graphsim.Large{
			Folder: []string{"inbox"}, Subject: "Large", Name: "large.bin", Size: size, Seed: uint64(i + 1),
		}); err != nil {
			t.Fatal(err)
		}
	}
	setUp(t, s, "--exclude", empty[0].UserPrincipalName)
	cli(t, s, "account", "update", "Contoso", "--limit-upload-bytes", "10000000000")
	var idle []int64
	for _, p := range s.Transporters {
		n, err := p.Memory()
		if err != nil {
			t.Skipf("the size of a process is not known here: %v", err)
		}
		idle = append(idle, n)
	}
	check := func(what string) {
		t.Helper()
		for i, p := range s.Transporters {
			peak, err := p.PeakMemory()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %s took at most %d MB over %d MB idle", what, p.Name, (peak-idle[i])>>20, idle[i]>>20)
			if peak-idle[i] > maxOverIdle {
				t.Errorf("%s: %s took %d MB over its idle size, want at most %d", what, p.Name, (peak-idle[i])>>20, maxOverIdle>>20)
			}
		}
	}
	cli(t, s, "job", "run", "Job")
	if run := waitRun(t, s); run.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", run.GetStatus(), run.GetError())
	}
	check("backup")
	var started pb.StartRecoveryResponse
	if err := s.CLI(t.Context(), &started, nil, "recover", full[0].UserPrincipalName, "--to-mailbox", empty[0].UserPrincipalName); err != nil {
		t.Fatal(err)
	}
	waitActivity(t, s, started.GetActivityId())
	check("recovery")
	equal(t, s, truth(t, s, full[0].ID), empty[0])
}
