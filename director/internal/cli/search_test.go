package cli

import (
	"context"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

// finder is the fake's search: two pages of one message each, whatever is asked.
type finder struct {
	directorv1connect.UnimplementedSearchServiceHandler
	d *director
}

func (f finder) Search(_ context.Context, r *pb.SearchRequest, stream *connect.ServerStream[pb.SearchResponse]) error {
	f.d.mu.Lock()
	f.d.requests = append(f.d.requests, proto.Clone(r))
	f.d.mu.Unlock()
	if r.GetLimit() < 1 || r.GetLimit() > 1000 {
		return fault.InvalidField("limit", "must be 1 to 1,000")
	}
	m, sum := message("m1", "Quarterly figures"), &pb.SearchSummary{Total: 2, NextCursor: "second"}
	if r.GetCursor() == "second" {
		m, sum = message("m2", "会議のお知らせ"), &pb.SearchSummary{Total: 2, PointsBehind: 1, Unreadable: 2, Searched: []*pb.SearchedRepository{{RepositoryId: "repo-1", PointsBehind: 1, Unreadable: 2}}, Unsearched: []*pb.UnsearchedRepository{{RepositoryId: "repo-2", Error: "it is out of reach"}}}
	}
	if err := stream.Send(&pb.SearchResponse{Hits: []*pb.SearchHit{{
		RepositoryId: "repo-1", PointId: "pt-anna-1", MailboxAddress: "anna@contoso.com", Message: m, Path: []string{"Inbox", "Deals"},
	}}}); err != nil {
		return err
	}
	return stream.Send(&pb.SearchResponse{Summary: sum})
}

func TestSearchAsksForWhatItsFlagsSay(t *testing.T) {
	for line, want := range map[string]*pb.SearchRequest{
		"search a b": {Text: "a b", Limit: 50},
		"search --from bo --to anna --attachment pdf --has-attachment --larger 1.5MB --smaller 2000 --limit 1": {
			From: "bo", To: "anna", AttachmentName: "pdf", Attachments: pb.AttachmentFilter_ATTACHMENT_FILTER_WITH, Larger: 1_500_000, Smaller: 2000, Limit: 1,
		},
		"search x --since 2026-03-31T08:00:00Z --before 2026-04-01 --no-attachment --limit 1": {
			Text: "x", Since: at("2026-03-31 08:00:00"), Before: at("2026-04-01 00:00:00"), Limit: 1,
			Attachments: pb.AttachmentFilter_ATTACHMENT_FILTER_WITHOUT,
		},
		"search x --point pt-anna-1 --folder Inbox --wait 5s --limit 1": {
			Text: "x", RepositoryId: "repo-1", PointId: "pt-anna-1", FolderId: "f-inbox", PatienceSeconds: 5, Limit: 1,
		},
	} {
		s := newShell(t)
		if r := s.run(strings.Fields(line)...); r.code != 0 {
			t.Errorf("%s: exit %d, %s", line, r.code, r.errors)
			continue
		}
		got := last[*pb.SearchRequest](s.d)
		got.Cursor = ""
		if want.Limit == 50 {
			got.Limit = 50 // of the last page less is asked for
		}
		if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
			t.Errorf("%s: %s", line, d)
		}
	}
}

func TestSearchPutsPagesTogether(t *testing.T) {
	s := newShell(t)
	r := s.run("search", "annual report", "x")
	if r.code != 0 || !strings.Contains(r.out, "Quarterly figures") || !strings.Contains(r.out, "会議のお知らせ") || !strings.Contains(r.out, "Inbox/Deals") {
		t.Errorf("exit %d:\n%s%s", r.code, r.out, r.errors)
	}
	for _, note := range []string{"Vault: 1 point is not indexed yet", "Vault: 2 messages could not be read", "Plain was not searched: it is out of reach"} {
		if !strings.Contains(r.errors, note) {
			t.Errorf("the notes lack %q:\n%s", note, r.errors)
		}
	}
	if got := last[*pb.SearchRequest](s.d).GetText(); got != `"annual report" x` {
		t.Errorf("it looked for %s", got)
	}
	for _, line := range []string{"search --larger much", "search --since yesterday", "search --has-attachment --no-attachment", "search --folder Inbox", "search --wait 2m", "search --limit -1"} {
		if r := s.run(strings.Fields(line)...); r.code != 2 {
			t.Errorf("%s: exit %d, want 2: %s", line, r.code, r.errors)
		}
	}
}
