package graph_test

import (
	"testing"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/graph"
)

func TestReadingAMailboxCostsFewRequests(t *testing.T) {
	for _, tc := range []struct {
		name  string
		share float64
	}{
		{"plain mail", -1},
		{"mail of which some has attachments", 0.3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := sim(t, graphsim.Options{}, func(o *graph.Options) { o.Limits.PageSize = 0 })
			ids := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})
			fill(t, s, ids, 3, corpus.Options{PerMailbox: 1500, AttachmentShare: tc.share})
			folders, all := readMailbox(t, c, ids[0])
			var messages, attached int64
			for _, f := range folders {
				for _, k := range all[f.ID] {
					messages++
					if graph.HasAttachments(k.message, k.body) {
						attached++
					}
				}
			}
			got := c.Requests()
			t.Logf("%d messages, %d with attachments, %d folders: %d requests %v in %d calls", messages, attached, len(folders), got.Total, got.ByKind, got.Calls)
			if most := messages/100 + attached + 3*int64(len(folders)); got.Total > most {
				t.Errorf("%d requests, want at most %d", got.Total, most)
			}
		})
	}
}
