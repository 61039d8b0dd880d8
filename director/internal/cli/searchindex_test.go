package cli

import (
	"context"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// ListSearchIndexes of the fake: one index in every state.
func (finder) ListSearchIndexes(_ context.Context, _ *pb.ListSearchIndexesRequest) (*pb.ListSearchIndexesResponse, error) {
	return &pb.ListSearchIndexesResponse{Indexes: []*pb.RepositorySearchIndex{
		{RepositoryId: "repo-1", RepositoryName: "Vault", Index: &pb.SearchIndex{Points: 40, Messages: 12_345, Bytes: 5_000_000, Unreadable: 3}},
		{RepositoryId: "repo-2", RepositoryName: "Plain", Index: &pb.SearchIndex{Points: 1, PointsBehind: 7}},
		{RepositoryId: "repo-3", RepositoryName: "Full", Index: &pb.SearchIndex{Trouble: "the disk is full"}},
		{RepositoryId: "repo-4", RepositoryName: "Far", Error: "the Transporter does not answer"},
	}}, nil
}

func (finder) RebuildSearchIndex(_ context.Context, r *pb.RebuildSearchIndexRequest) (*pb.RebuildSearchIndexResponse, error) {
	if r.GetRepositoryId() == "repo-2" {
		return nil, fault.New(fault.Conflict, "the repository is not attached; attach it first")
	}
	return &pb.RebuildSearchIndexResponse{}, nil
}

func TestSearchIndexStatusTellsOfEachRepository(t *testing.T) {
	s := newShell(t)
	r := s.run("search-index", "status")
	if r.code != 0 || last[*pb.ListSearchIndexesRequest](s.d).GetRepositoryId() != "" {
		t.Fatalf("exit %d: %s", r.code, r.errors)
	}
	for i, want := range []string{"Vault complete 40", "Plain indexing", "Full stopped", "Far not known"} {
		if line := strings.Join(strings.Fields(strings.Split(r.out, "\n")[i+1]), " "); !strings.HasPrefix(line, want) {
			t.Errorf("%q does not begin with %q", line, want)
		}
	}
	for _, note := range []string{"Vault: 3 messages could not be read whole", "Full: indexing ended early", "the disk is full", "Far: its index could not be asked for: the Transporter does not answer"} {
		if !strings.Contains(r.errors, note) {
			t.Errorf("the notes lack %q:\n%s", note, r.errors)
		}
	}
	if r := s.run("search-index", "status", "Vault", "-o", "json"); r.code != 0 || !strings.Contains(r.out, "12345") ||
		last[*pb.ListSearchIndexesRequest](s.d).GetRepositoryId() != "repo-1" {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.errors)
	}
}

func TestSearchIndexRebuild(t *testing.T) {
	s := newShell(t)
	if r := s.run("search-index", "rebuild", "Vault", "--yes"); r.code != 0 || last[*pb.RebuildSearchIndexRequest](s.d).GetRepositoryId() != "repo-1" {
		t.Errorf("exit %d: %s", r.code, r.errors)
	}
	for line, want := range map[string]string{
		"search-index rebuild Plain --yes":   "attach it first",
		"search-index rebuild Nowhere --yes": "Nowhere",
		"search-index rebuild":               "REPOSITORY is missing",
		"search-index rebuild Vault":         "--yes",
	} {
		if r := s.run(strings.Fields(line)...); r.code == 0 || !strings.Contains(r.errors, want) {
			t.Errorf("%s: exit %d, %s", line, r.code, r.errors)
		}
	}
}
