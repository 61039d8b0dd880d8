package graphsim

import (
	"iter"
	"slices"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// messageQuery is what a list of messages asks for besides its page.
type messageQuery struct {
	extended *extendedFilter // nil for none
	filter   *odata.Filter
	search   *keywords // nil for none
	order    func(a, b *tenant.Message) int
	plain    bool // every message, newest first
}

// messageQuery reads $filter, $search and $orderby.
func (c *call) messageQuery() (*messageQuery, *apiError) {
	x, rest, aerr := cutExtended(c.option("filter"))
	if aerr != nil {
		return nil, aerr
	}
	q := &messageQuery{extended: x}
	var err error
	if q.filter, err = odata.ParseFilter(rest); err != nil {
		return nil, fail(400, "ErrorInvalidUrlQueryFilter", "%s", err.Error())
	}
	if q.order, aerr = c.orderBy(q.filter); aerr != nil {
		return nil, aerr
	}
	if c.has("search") {
		switch {
		case c.has("filter"):
			return nil, fail(400, "SearchWithFilter", "The query parameter '$filter' is not supported with '$search'.")
		case c.has("orderby"):
			return nil, fail(400, "SearchWithOrderBy", "The query parameter '$orderBy' is not supported with '$search'.")
		}
		if q.search, err = parseKeywords(c.option("search")); err != nil {
			return nil, badRequest("Syntax error: %s", err.Error())
		}
	}
	q.plain = !c.has("filter") && q.search == nil && q.order == nil
	return q, nil
}

func (q *messageQuery) keeps(c *call, m *tenant.Message) (bool, *apiError) {
	if q.extended != nil {
		if v, ok := c.extendedValue(m, q.extended.id); !ok || v != q.extended.value {
			return false, nil
		}
	}
	if q.search != nil && !q.search.match(c.searchText(m)) {
		return false, nil
	}
	ok, err := q.filter.Match(messageObject{c, m})
	if err != nil {
		return false, fail(400, "ErrorInvalidUrlQueryFilter", "%s", err.Error())
	}
	return ok, nil
}

// found is a page of messages. Total is exact when the page asks for a count; else it only tells whether there are more.
type found struct {
	items []*tenant.Message
	total int
}

// find takes one page of the messages of a folder, or of the whole mailbox, that the query lets through. Only the page is
// made, so that a folder may be of any size; an order other than by date needs all that match.
func (c *call) find(p page) (out found, aerr *apiError) {
	q, aerr := c.messageQuery()
	if aerr != nil {
		return out, aerr
	}
	c.s.tenant.View(func(st *tenant.State) {
		mb := st.Mailbox(c.user.ID)
		var entries iter.Seq[tenant.Entry]
		if entries, aerr = c.entries(mb); aerr != nil {
			return
		}
		if q.order != nil {
			out, aerr = c.sortedPage(mb, entries, q, p)
			return
		}
		out, aerr = c.newestPage(mb, entries, q, p)
	})
	return out, aerr
}

func (c *call) entries(mb *tenant.Mailbox) (iter.Seq[tenant.Entry], *apiError) {
	if len(c.args) < 2 {
		return mb.All(mb.Role("msgfolderroot").Num), nil
	}
	f, aerr := findFolder(mb, c.args[1])
	if aerr != nil {
		return nil, aerr
	}
	if f.Search {
		return unreadIn(mb), nil
	}
	return mb.Newest(f.Num), nil
}

// unreadIn is what the tenant's search folders show: messages that are in other folders (contract 3.5).
func unreadIn(mb *tenant.Mailbox) iter.Seq[tenant.Entry] {
	return func(yield func(tenant.Entry) bool) {
		for e := range mb.All(mb.Role("msgfolderroot").Num) {
			if !mb.Message(e.UID).Read && !yield(e) {
				return
			}
		}
	}
}

func (c *call) newestPage(mb *tenant.Mailbox, entries iter.Seq[tenant.Entry], q *messageQuery, p page) (found, *apiError) {
	var out found
	limit := c.set.searchCap()
	for e := range entries {
		if !p.count && out.total > p.skip+p.top || q.search != nil && out.total >= limit {
			break
		}
		inPage := out.total >= p.skip && len(out.items) < p.top
		var m *tenant.Message
		if !q.plain || inPage {
			m = mb.Message(e.UID)
		}
		if !q.plain {
			ok, aerr := q.keeps(c, m)
			if aerr != nil {
				return out, aerr
			}
			if !ok {
				continue
			}
		}
		out.total++
		if inPage {
			out.items = append(out.items, m)
		}
	}
	return out, nil
}

func (c *call) sortedPage(mb *tenant.Mailbox, entries iter.Seq[tenant.Entry], q *messageQuery, p page) (found, *apiError) {
	var all []*tenant.Message
	for e := range entries {
		m := mb.Message(e.UID)
		ok, aerr := q.keeps(c, m)
		if aerr != nil {
			return found{}, aerr
		}
		if ok {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, q.order)
	from := min(p.skip, len(all))
	return found{all[from:min(from+p.top, len(all))], len(all)}, nil
}

// isNewestFirst tells the order in which messages are kept anyway.
func isNewestFirst(orderBy string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(orderBy), " "), "receivedDateTime desc")
}
