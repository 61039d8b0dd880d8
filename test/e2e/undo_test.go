package e2e

import (
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// A recovery that overwrote and created is planned to be undone, undone, and undone again: the mailbox is what it was.
func TestARecoveryIsTakenBack(t *testing.T) {
	s := newSite(t, 1)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 1, PerMailbox: 40})
	setUp(t, s, "--exclude", empty[0].UserPrincipalName)
	cli(t, s, "job", "run", "Job")
	if r := waitRun(t, s); r.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", r.GetStatus(), r.GetError())
	}
	if _, err := s.Control.Change(t.Context(), full[0].ID, graphsim.Change{Do: "permanent", Random: 12, Seed: 5}); err != nil {
		t.Fatal(err)
	}
	before := truth(t, s, full[0].ID)
	done := activity(t, s, &pb.StartRecoveryResponse{}, "recover", full[0].UserPrincipalName, "--if-exists", "overwrite")
	if r := done.GetRecovery(); r.GetCreated() == 0 || r.GetOverwritten() == 0 {
		t.Fatalf("the recovery created and overwrote nothing: %v", done)
	}
	planned := func(args ...string) *pb.Activity {
		t.Helper()
		cli(t, s, args...)
		var last pb.ListActivitiesResponse
		if err := s.CLI(t.Context(), &last, nil, "activity", "list", "--limit", "1"); err != nil {
			t.Fatal(err)
		}
		var got pb.GetActivityResponse
		if err := s.CLI(t.Context(), &got, nil, "activity", "show", last.GetActivities()[0].GetId()); err != nil {
			t.Fatal(err)
		}
		return got.GetActivity()
	}
	plan := planned("undo", done.GetId(), "--plan").GetUndo()
	if plan.GetRemoved() != done.GetRecovery().GetCreated()+done.GetRecovery().GetOverwritten() || plan.GetLeft() != 0 {
		t.Errorf("after %v the plan of the undo is %v", done.GetRecovery(), plan)
	}
	refused(t, s, []string{"plan", "nothing to undo"}, "undo", planned("recover", full[0].UserPrincipalName, "--plan").GetId())
	var list pb.ListPlanResponse
	if err := s.CLI(t.Context(), &list, nil, "plan", planned("recover", full[0].UserPrincipalName, "--plan").GetId(), "--only", "skip", "--limit", "0"); err != nil {
		t.Fatal(err)
	}
	if len(list.GetItems()) == 0 || int64(len(list.GetItems())) != list.GetTotal() || list.GetItems()[0].GetMessage().GetInternetMessageId() == "" {
		t.Errorf("the plan lists %d of %d", len(list.GetItems()), list.GetTotal())
	}
	for range 2 { // the second finds all undone
		x := activity(t, s, &pb.UndoRecoveryResponse{}, "undo", done.GetId())
		if x.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED || x.GetUndo().GetLeft() != 0 {
			t.Errorf("the undo: %v", x)
		}
		equal(t, s, before, full[0])
	}
}
