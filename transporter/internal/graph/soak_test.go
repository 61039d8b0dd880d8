package graph_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/graph"
)

// faults are what goes wrong now and then in a soak, for reads and writes alike.
func faults(p float64) []graphsim.Fault {
	return []graphsim.Fault{
		{Kind: "*.*", Reset: true, Probability: p},
		{Kind: "*.*", LoseReply: true, Probability: p},
		{Kind: "*.*", TruncateAt: 300, Probability: p},
		{Kind: "*.*", TruncateAt: 20_000, Probability: p},
		{Kind: "*.*", Status: 429, RetryAfter: "0.02", Probability: p},
		{Kind: "*.*", Status: 500, Probability: p},
		{Kind: "*.*", Status: 502, Body: "empty", Probability: p},
		{Kind: "*.*", Status: 503, Body: "html", Probability: p},
		{Kind: "*.*", Status: 504, Probability: p},
		{Kind: "*.*", Delay: 2 * time.Millisecond, Probability: p},
	}
}

func TestNothingIsLostOrDoubledWhateverGoesWrong(t *testing.T) {
	seeds := 3
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s, c := sim(t, graphsim.Options{
				Seed:     uint64(seed) + 1,
				Settings: graphsim.Settings{EmptyPages: true, Replays: true, MaxDeltaPage: 30, LowerInnerError: true, OpenExtras: true, FolderExists: 400 + 9*(seed%2)},
			}, func(o *graph.Options) { o.Limits.Tries, o.Limits.ThrottleTries = 12, 50 })
			ids := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true}, graphsim.User{DisplayName: "B", Mailbox: true})
			fill(t, s, ids[:1], uint64(seed)+100, corpus.Options{PerMailbox: 120, HugeSize: 5 << 20, HugeCount: 2, OnlyCarried: true})
			for _, f := range faults(0.015) {
				addFault(t, s, f)
			}
			folders, all := readMailbox(t, c, ids[0])
			for _, m := range writeMailbox(t, c, ids[1], folders, all) {
				for _, l := range m.Losses {
					t.Errorf("lost: %s: %s", l.What, l.Reason)
				}
			}
			compare(t, truth(t, s, ids[0]), truth(t, s, ids[1]), graphsim.CompareOptions{Plain: true, Folder: shorter})
			t.Logf("%+v", c.Requests())
		})
	}
}
