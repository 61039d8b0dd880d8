package control

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// hits collects what a search sends.
type hits struct {
	grpc.ServerStream
	ctx  context.Context
	sent []*transporterv1.SearchResponse
}

func (h *hits) Context() context.Context { return h.ctx }

func (h *hits) Send(r *transporterv1.SearchResponse) error {
	h.sent = append(h.sent, r)
	return nil
}

func (k *keeper) search(q *transporterv1.SearchRequest) ([]*transporterv1.SearchHit, *transporterv1.SearchSummary, error) {
	q.RepositoryId, q.PatienceSeconds = firstID, 60
	s := &hits{ctx: k.t.Context()}
	err := k.Search(q, s)
	var list []*transporterv1.SearchHit
	for _, r := range s.sent {
		list = append(list, r.GetHits()...)
	}
	if err != nil {
		return nil, nil, err
	}
	return list, s.sent[len(s.sent)-1].GetSummary(), nil
}

func TestWhatIsBackedUpIsFound(t *testing.T) {
	k := newKeeper(t)
	path := k.create(firstID, "a passphrase")
	p := k.point(firstID, "anna", "the signed agreement")
	k.point(firstID, "bob", "lunch on friday")
	list, sum, err := k.search(&transporterv1.SearchRequest{Text: "ontrac igned"})
	if err != nil || len(list) != 1 || sum.GetTotal() != 1 || sum.GetPointsBehind() != 0 {
		t.Fatal(list, sum, err)
	}
	h := list[0]
	if h.GetPointId() != string(p.ID) || h.GetOrigin().GetMailboxAddress() != "anna@example.com" || len(h.GetPath()) != 1 || h.GetPath()[0] != "Inbox" ||
		h.GetMessage().GetSubject() != "Contract" || h.GetPlaces()[0].GetPoints()[0].GetId() != string(p.ID) {
		t.Errorf("%v", h)
	}
	if _, _, err := k.search(&transporterv1.SearchRequest{Text: "--"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a query without words: %v", err)
	}
	// Detached and attached again, it is still there.
	if _, err := k.DetachRepository(t.Context(), &transporterv1.DetachRepositoryRequest{RepositoryId: firstID}); err != nil {
		t.Fatal(err)
	}
	_, err = k.AttachRepository(t.Context(), &transporterv1.AttachRepositoryRequest{
		RepositoryId: firstID, Path: path, Key: &transporterv1.RepositoryKey{Passphrase: "a passphrase"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.RebuildSearchIndex(t.Context(), &transporterv1.RebuildSearchIndexRequest{RepositoryId: firstID}); err != nil {
		t.Fatal(err)
	}
	if _, err = k.DeletePoints(t.Context(), &transporterv1.DeletePointsRequest{RepositoryId: firstID, PointIds: []string{string(p.ID)}}); err != nil {
		t.Fatal(err)
	}
	if list, sum, err := k.search(&transporterv1.SearchRequest{Text: "contract"}); err != nil || len(list) != 1 || list[0].GetKey().GetMailboxId() != "bob" {
		t.Errorf("after a deletion: %v, %v, %v", list, sum, err)
	}
	is, err := k.GetSearchIndex(t.Context(), &transporterv1.GetSearchIndexRequest{RepositoryId: firstID})
	if err != nil || is.GetIndex().GetPointsBehind() != 0 || is.GetIndex().GetTrouble() != "" {
		t.Errorf("%v, %v", is, err)
	}
}
