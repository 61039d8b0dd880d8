package e2e

import (
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// A drill of two mailboxes finds all the same, is killed on the way and finds it again, and leaves the test mailbox as it was;
// then the backup has something that Microsoft refuses, and it fails with that.
func TestADrillProvesARecovery(t *testing.T) {
	s := newSite(t, 1)
	_, empty := seed(t, s, corpus.Options{Mailboxes: 2, PerMailbox: 40, AttachmentShare: 0.3, OnlyCarried: true})
	setUp(t, s, "--exclude", empty[0].UserPrincipalName, "--exclude", empty[1].UserPrincipalName)
	refused(t, s, []string{"job"}, "drill", "create", "Weekly", "--to-mailbox", empty[0].UserPrincipalName)
	cli(t, s, "drill", "create", "Weekly", "--job", "Job", "--to-mailbox", empty[0].UserPrincipalName, "--messages", "30", "--schedule", "sun 04:00")
	refused(t, s, []string{"no recovery point"}, "drill", "run", "Weekly")
	cli(t, s, "job", "run", "Job")
	if r := waitRun(t, s); r.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", r.GetStatus(), r.GetError())
	}
	before := truth(t, s, empty[0].ID)
	for _, kill := range []*site.Process{nil, s.Director, s.Transporters[0]} {
		slow(t, s)
		var started pb.RunDrillResponse
		if err := s.CLI(t.Context(), &started, nil, "drill", "run", "Weekly"); err != nil {
			t.Fatal(err)
		}
		if kill != nil {
			refused(t, s, []string{"going on"}, "drill", "run", "Weekly")
			if err := kill.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := kill.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		waitActivity(t, s, started.GetActivityId())
		var got pb.GetActivityResponse
		if err := s.CLI(t.Context(), &got, nil, "activity", "show", started.GetActivityId()); err != nil {
			t.Fatal(err)
		}
		if d := got.GetActivity().GetDrill(); d.GetMailboxes() != 2 || d.GetMessages() != 60 || d.GetSame() != 60 || d.GetLeft() != 0 {
			t.Errorf("the drill: %v", got.GetActivity())
		}
		equal(t, s, before, empty[0])
	}
	var all pb.ListDrillsResponse
	if err := s.CLI(t.Context(), &all, nil, "drill", "list"); err != nil {
		t.Fatal(err)
	}
	if d := all.GetDrills()[0]; d.GetLastStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED || d.GetNextStart() == nil || d.GetLastActivityId() == "" {
		t.Errorf("the list says %v", d)
	}

	cli(t, s, "drill", "update", "Weekly", "--mailbox", empty[1].UserPrincipalName)
	refused(t, s, []string{"kept to", "choose others"}, "drill", "run", "Weekly")
	cli(t, s, "drill", "update", "Weekly", "--mailbox", "")

	if _, err := s.Control.AddFault(t.Context(), graphsim.Fault{Kind: "messages.create", Status: 400, Count: 3}); err != nil {
		t.Fatal(err)
	}
	x := activity(t, s, &pb.RunDrillResponse{}, "drill", "run", "Weekly")
	if x.GetStatus() != pb.RunStatus_RUN_STATUS_FAILED || x.GetError() == "" || x.GetDrill().GetMissing() == 0 || len(x.GetDrill().GetDifferences()) == 0 {
		t.Errorf("a drill of messages that do not come back: %v", x)
	}
	equal(t, s, before, empty[0])
	cli(t, s, "drill", "delete", "Weekly")
}
