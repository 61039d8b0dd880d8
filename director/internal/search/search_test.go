package search_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/record"
	"holdfast/director/internal/search"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// stock is what repositories have: seconds, newest first.
type stock map[string][]int64

func (s stock) ask(_ context.Context, q *transporterv1.SearchRequest) ([]*transporterv1.SearchHit, *transporterv1.SearchSummary, error) {
	all, ok := s[q.GetRepositoryId()]
	if !ok {
		return nil, nil, fault.New(fault.Unavailable, "%s is out of reach", q.GetRepositoryId())
	}
	from := 0
	if q.GetCursor() != "" {
		from, _ = strconv.Atoi(q.GetCursor())
	}
	var hits []*transporterv1.SearchHit
	for i := from; i < min(len(all), from+int(q.GetLimit())); i++ {
		hits = append(hits, &transporterv1.SearchHit{
			Message: &transporterv1.MessageSummary{Id: fmt.Sprint(q.GetRepositoryId(), i), Received: timestamppb.New(time.Unix(all[i], 0))},
			Cursor:  strconv.Itoa(i + 1),
		})
	}
	sum := &transporterv1.SearchSummary{Total: int64(len(all)), PointsBehind: 1}
	if end := from + len(hits); end < len(all) {
		sum.NextCursor = strconv.Itoa(end)
	}
	return hits, sum, nil
}

func TestPagesOfManyRepositoriesAreOneList(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		s := stock{}
		var ids []record.RepositoryID
		var want []int64
		for r := range 1 + rnd.IntN(4) {
			id := fmt.Sprint("r", r, "-")
			ids = append(ids, record.RepositoryID(id))
			s[id] = nil
			for range rnd.IntN(20) {
				s[id] = append(s[id], rnd.Int64N(30))
			}
			slices.SortFunc(s[id], func(a, b int64) int { return int(b - a) })
			want = append(want, s[id]...)
		}
		slices.SortFunc(want, func(a, b int64) int { return int(b - a) })
		req := &transporterv1.SearchRequest{Limit: int32(1 + rnd.IntN(9))}
		var got []int64
		seen := map[string]bool{}
		for {
			page, err := search.Find(t.Context(), ids, req, s.ask)
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != int64(len(want)) || page.AtLeast || len(page.Hits) > int(req.GetLimit()) {
				t.Fatalf("%+v for %d messages", page, len(want))
			}
			for _, h := range page.Hits {
				if seen[h.GetMessage().GetId()] {
					t.Fatalf("%s comes twice", h.GetMessage().GetId())
				}
				seen[h.GetMessage().GetId()] = true
				got = append(got, h.GetMessage().GetReceived().GetSeconds())
			}
			if page.Next == "" {
				break
			}
			req.Cursor = page.Next
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestARepositoryOutOfReachDoesNotHideOthers(t *testing.T) {
	s := stock{"a": {3, 2, 1}}
	page, err := search.Find(t.Context(), []record.RepositoryID{"a", "b"}, &transporterv1.SearchRequest{}, s.ask)
	if err != nil || len(page.Hits) != 3 || len(page.Unsearched) != 1 || page.Unsearched[0].Repository != "b" || !page.AtLeast ||
		!slices.Equal(page.Searched, []search.Searched{{Repository: "a", Behind: 1}}) {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := search.Find(t.Context(), []record.RepositoryID{"b"}, &transporterv1.SearchRequest{}, s.ask); !errors.Is(err, fault.Unavailable) {
		t.Errorf("alone: %v", err)
	}
	for _, cursor := range []string{"nonsense", "W10", page.Next + "A"} {
		if _, err := search.Find(t.Context(), []record.RepositoryID{"a"}, &transporterv1.SearchRequest{Cursor: cursor}, s.ask); err == nil {
			t.Errorf("cursor %q is taken", cursor)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("W10")
	f.Add("W3siaWQiOiJhIiwiYyI6IjEifV0")
	f.Fuzz(func(_ *testing.T, cursor string) {
		_, _ = search.Find(context.Background(), []record.RepositoryID{"a"}, &transporterv1.SearchRequest{Cursor: cursor}, stock{"a": {1}}.ask)
	})
}
