package work_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/task"
)

func TestTroubleOnTheWayLeavesNoTrace(t *testing.T) {
	for _, tc := range []struct {
		name   string
		faults []graphsim.Fault
		set    graphsim.Settings
	}{
		{"answers of creations are lost", []graphsim.Fault{{Kind: "messages.create", LoseReply: true, Probability: 0.4}}, graphsim.Settings{}},
		{"creations break before they are done", []graphsim.Fault{{Kind: "messages.create", Reset: true, Probability: 0.3}}, graphsim.Settings{}},
		{"the gateway times out", []graphsim.Fault{{Kind: "messages.create", Status: 504, Probability: 0.3}}, graphsim.Settings{}},
		{"Microsoft asks to wait", []graphsim.Fault{{Kind: "*.*", Status: 429, RetryAfter: "0.01", Probability: 0.3}}, graphsim.Settings{}},
		{"tokens expire all the time", nil, graphsim.Settings{TokenLifetime: 400 * time.Second}},
		{"everything at once", []graphsim.Fault{
			{Kind: "messages.create", LoseReply: true, Probability: 0.1},
			{Kind: "*.*", Status: 503, Probability: 0.1},
			{Kind: "*.*", Status: 429, RetryAfter: "0.01", Probability: 0.1},
		}, graphsim.Settings{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScene(t, 40)
			s.destroy()
			if err := s.sim.Control().SetSettings(t.Context(), tc.set); err != nil {
				t.Fatal(err)
			}
			for _, f := range tc.faults {
				s.fault(f)
			}
			state := s.run(t.Context(), s.recovery("r"), nil)
			s.succeeds(tc.name, state, s.point.Counts.Messages)
			s.asBefore(tc.name)
		})
	}
}

func TestLargeMessagesSurviveTrouble(t *testing.T) {
	s := newScene(t, 3, func(sim *graphsim.Server, mailbox string) {
		for seed := range uint64(2) {
			if err := sim.AddLarge(mailbox, graphsim.Large{Subject: "large", Name: "x.bin", Size: 9 << 20, Seed: seed + 1}); err != nil {
				t.Fatal(err)
			}
		}
	})
	s.destroy()
	s.fault(graphsim.Fault{Kind: "attachments.createSession", Status: 503, Count: 1})
	s.fault(graphsim.Fault{Kind: "messages.create", LoseReply: true, After: 1, Count: 2})
	s.succeeds("large", s.run(t.Context(), s.recovery("r"), nil), s.point.Counts.Messages)
	s.asBefore("large")
}

// TestKilledWheneverItGoesOnWithoutDuplicates cuts the work off again and again, in the middle of requests, until it is done.
func TestKilledWheneverItGoesOnWithoutDuplicates(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	for _, ifExists := range []transporterv1.IfExists{transporterv1.IfExists_IF_EXISTS_SKIP, transporterv1.IfExists_IF_EXISTS_OVERWRITE} {
		s := newScene(t, 60)
		if _, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "permanent", Random: 30, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		if err := s.sim.Control().SetSettings(t.Context(), graphsim.Settings{Latency: 5 * time.Millisecond, DeleteToRecoverable: true}); err != nil {
			t.Fatal(err)
		}
		choose := func(w *transporterv1.RecoveryWork) { w.IfExists = ifExists }
		kills, overwritten := 0, int64(0)
		for {
			kill, cancel := context.WithTimeout(t.Context(), time.Duration(10+random.IntN(50*(kills+1)))*time.Millisecond)
			state := s.run(t.Context(), s.recovery("r", choose), kill.Done())
			cancel()
			if state.Status == task.Succeeded {
				r := state.Outcome.Recovery
				overwritten = r.Overwritten
				if r.Created+r.Skipped+r.Overwritten != s.point.Counts.Messages || r.Failed != 0 {
					t.Errorf("seed %d: reported %+v of %d messages", seed, *r, s.point.Counts.Messages)
				}
				break
			}
			if state.Status != task.Stopped {
				t.Fatalf("seed %d: kill %d ended %v: %v", seed, kills, state.Status, state.Err)
			}
			kills++
		}
		t.Logf("%v: killed %d times", ifExists, kills)
		// What was overwritten lies in Deleted Items beside what was there; what was overwritten there is gone from it.
		thrown := s.asBefore(fmt.Sprintf("%v, seed %d", ifExists, seed), "Deleted Items")
		if there := s.count("Deleted Items"); int64(thrown) > overwritten || int64(thrown+there) < overwritten {
			t.Errorf("seed %d: %d messages more in Deleted Items after %d were overwritten", seed, thrown, overwritten)
		}
	}
}

func TestAMessageThatMicrosoftRefusesIsReported(t *testing.T) {
	s := newScene(t, 20)
	s.destroy()
	s.fault(graphsim.Fault{Kind: "messages.create", Status: 400, Code: "ErrorInvalidRequest", After: 5, Count: 1})
	state := s.run(t.Context(), s.recovery("r"), nil)
	if state.Status != task.Incomplete || len(state.Losses) != 1 || state.Losses[0].RequestID == "" || state.Losses[0].Message == "" {
		t.Fatalf("ended %v with losses %+v", state.Status, state.Losses)
	}
	if r := state.Outcome.Recovery; r.Failed != 1 || r.Created != s.point.Counts.Messages-1 {
		t.Errorf("got %+v", *r)
	}
	// Another attempt brings the one that is missing, and nothing twice.
	s.succeeds("again", s.run(t.Context(), s.recovery("r"), nil), s.point.Counts.Messages)
	s.asBefore("again")
}

func TestAMailboxThatFillsUpEndsItWithAReason(t *testing.T) {
	s := newScene(t, 20)
	s.destroy()
	s.fault(graphsim.Fault{Kind: "messages.create", Status: 403, Code: "ErrorQuotaExceeded", After: 7})
	state := s.run(t.Context(), s.recovery("r"), nil)
	if state.Status != task.Failed || !isKind(state.Err, fault.Exhausted) || state.Outcome.Recovery.Created < 7 {
		t.Errorf("ended %v: %v, %+v", state.Status, state.Err, state.Outcome.Recovery)
	}
	if err := s.sim.Control().ClearFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.succeeds("when there is room again", s.run(t.Context(), s.recovery("r"), nil), s.point.Counts.Messages)
	s.asBefore("when there is room again")
}

func TestRequestsOfARecovery(t *testing.T) {
	s := newScene(t, 150)
	s.destroy()
	if _, err := s.sim.Control().ResetCounters(t.Context()); err != nil {
		t.Fatal(err)
	}
	state := s.run(t.Context(), s.recovery("r"), nil)
	s.succeeds("recovery", state, s.point.Counts.Messages)
	counts, err := s.sim.Control().Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	share := float64(counts.ByKind["messages.create"]) / float64(s.point.Counts.Messages)
	t.Logf("%d requests for %d messages in %d folders: %v", counts.Total, s.point.Counts.Messages, s.point.Counts.Folders, counts.ByKind)
	if share > 1.1 {
		t.Errorf("%.2f creations for a message, want at most 1.1", share)
	}
	if most := counts.MaxInFlight; len(most) > 0 {
		for _, n := range most {
			if n > 4 {
				t.Errorf("%d requests at once on a mailbox, want at most 4", n)
			}
		}
	}
	if state.Progress.Requests == 0 || state.Progress.MessagesDone != s.point.Counts.Messages {
		t.Errorf("progress %+v", state.Progress)
	}
}
