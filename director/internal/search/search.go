// Package search asks repositories for mail that matches and puts their pages together to one, newest first.
package search

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Ask reads one page of one repository: the request has its id, a limit and a cursor.
type Ask func(ctx context.Context, req *transporterv1.SearchRequest) ([]*transporterv1.SearchHit, *transporterv1.SearchSummary, error)

// Hit is a message that was found.
type Hit struct {
	Repository record.RepositoryID
	*transporterv1.SearchHit
}

// Page is one page of an answer.
type Page struct {
	Hits       []Hit
	Total      int64
	AtLeast    bool
	Next       string
	Behind     int64
	Unreadable int64
	Searched   []Searched
	Unsearched []Unsearched
}

// Searched is a repository that answered: its points that are not indexed yet, and its messages that could not be read.
type Searched struct {
	Repository         record.RepositoryID
	Behind, Unreadable int64
}

// Unsearched is a repository that could not be searched.
type Unsearched struct {
	Repository record.RepositoryID
	Err        error
}

// Limits.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	// MaxCursor bounds a cursor, in bytes.
	MaxCursor = 256 << 10
	// together is how many repositories are asked at the same time.
	together = 8
)

// source is a repository in a cursor: where to go on, and what it said before.
type source struct {
	ID      record.RepositoryID `json:"id"`
	Cursor  string              `json:"c,omitempty"`
	Total   int64               `json:"t,omitempty"`
	AtLeast bool                `json:"m,omitempty"`
	Done    bool                `json:"d,omitempty"`
}

// asked is what a repository answered.
type asked struct {
	*source
	hits []*transporterv1.SearchHit
	sum  *transporterv1.SearchSummary
	err  error
}

// Find returns a page of what the repositories have. A cursor names its repositories itself, and those that were attached since
// do not come in. A repository that cannot be asked is named in the page and asked again with the next one; when none can
// be, Find returns the first one's error.
func Find(ctx context.Context, ids []record.RepositoryID, req *transporterv1.SearchRequest, ask Ask) (*Page, error) {
	sources, err := begin(ids, req.GetCursor())
	if err != nil {
		return nil, err
	}
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = DefaultLimit
	}
	answers := make([]asked, len(sources))
	var wait errgroup.Group
	wait.SetLimit(together)
	for i := range sources {
		a := &answers[i]
		a.source = &sources[i]
		if a.Done {
			continue
		}
		wait.Go(func() error {
			one := proto.CloneOf(req)
			one.RepositoryId, one.Cursor, one.Limit = string(a.ID), a.Cursor, int32(limit)
			a.hits, a.sum, a.err = ask(ctx, one)
			return nil
		})
	}
	_ = wait.Wait() // errors are in the answers
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return merge(answers, limit)
}

func begin(ids []record.RepositoryID, cursor string) ([]source, error) {
	if cursor == "" {
		sources := make([]source, len(ids))
		for i := range ids {
			sources[i].ID = ids[i]
		}
		return sources, nil
	}
	var sources []source
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &sources)
	}
	if err != nil || len(sources) == 0 {
		return nil, fault.InvalidField("cursor", "the cursor is not one of a search")
	}
	for i := range sources {
		if !slices.Contains(ids, sources[i].ID) {
			return nil, fault.New(fault.NotFound, "a repository that was searched is not attached any more; search again")
		}
	}
	return sources, nil
}

// merge puts answers together, and moves each source behind what of it is on the page.
func merge(answers []asked, limit int) (*Page, error) {
	page := &Page{}
	failed, tried := error(nil), 0
	for i := range answers {
		a := &answers[i]
		switch {
		case a.Done:
		case a.err != nil:
			failed = cmp.Or(failed, a.err)
			page.Unsearched = append(page.Unsearched, Unsearched{a.ID, a.err})
		default:
			tried++
			for _, h := range a.hits {
				page.Hits = append(page.Hits, Hit{a.ID, h})
			}
			if a.Cursor == "" { // later pages may know less
				a.Total, a.AtLeast = a.sum.GetTotal(), a.sum.GetAtLeast()
			}
			page.Searched = append(page.Searched, Searched{a.ID, a.sum.GetPointsBehind(), a.sum.GetUnreadable()})
			page.Behind += a.sum.GetPointsBehind()
			page.Unreadable += a.sum.GetUnreadable()
		}
		page.Total += a.Total
		page.AtLeast = page.AtLeast || a.AtLeast || a.err != nil
	}
	if failed != nil && tried == 0 {
		return nil, failed
	}
	slices.SortStableFunc(page.Hits, func(x, y Hit) int {
		return y.GetMessage().GetReceived().AsTime().Compare(x.GetMessage().GetReceived().AsTime())
	})
	page.Hits = page.Hits[:min(len(page.Hits), limit)]
	more := false
	var sources []source
	for i := range answers {
		a := &answers[i]
		a.move(page.Hits)
		more = more || !a.Done
		sources = append(sources, *a.source)
	}
	if more && len(page.Hits) > 0 {
		text, err := json.Marshal(sources)
		if err != nil {
			return nil, err
		}
		page.Next = base64.RawURLEncoding.EncodeToString(text)
	}
	return page, nil
}

// move puts the source behind what of it is on the page.
func (a *asked) move(hits []Hit) {
	if a.Done || a.err != nil {
		return
	}
	shown := 0
	for _, h := range hits {
		if h.Repository == a.ID {
			a.Cursor = h.GetCursor()
			shown++
		}
	}
	if shown == len(a.hits) {
		a.Done = a.sum.GetNextCursor() == ""
		a.Cursor = cmp.Or(a.sum.GetNextCursor(), a.Cursor)
	}
}
