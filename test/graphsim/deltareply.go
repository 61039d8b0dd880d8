package graphsim

import (
	"sync"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// replyDelta writes a page: exactly one of nextLink and deltaLink (contract 4.5).
func (c *call) replyDelta(items []deltaItem, next *deltaToken, more bool, v *messageView) error {
	if !more {
		next.Done = true
	}
	folder := "users('" + c.args[0] + "')/mailFolders('" + tenant.FolderID(c.user.ID, next.Folder) + "')/messages/delta?"
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#Collection(message)")
		if more {
			j.Name("@odata.nextLink")
			j.String(c.root() + "/" + folder + "$skiptoken=" + c.s.seal(next))
		} else {
			j.Name("@odata.deltaLink")
			j.String(c.root() + "/" + folder + "$deltatoken=" + c.s.seal(next))
		}
		j.Name("value")
		j.Open('[')
		for i := range items {
			if err := c.writeDeltaItem(j, &items[i], v); err != nil {
				return err
			}
		}
		j.Close(']')
		j.Close('}')
		return nil
	})
}

func (c *call) writeDeltaItem(j *odata.Writer, it *deltaItem, v *messageView) error {
	j.Open('{')
	defer j.Close('}')
	switch {
	case it.removed != "":
		j.Name("@odata.type")
		j.String("#microsoft.graph.message")
		j.Name("id")
		j.String(it.removed)
		j.Name("@removed")
		j.Open('{')
		j.Name("reason")
		j.String("deleted")
		j.Close('}')
		return nil
	case it.partial == 0:
		return c.writeMessage(j, it.m, v)
	}
	j.Name("@odata.type")
	j.String("#microsoft.graph." + orElse(it.m.Type, "message"))
	j.Name("id")
	j.String(tenant.MessageID(c.user.ID, it.m.UID, it.m.Moves, c.immutable()))
	for _, p := range v.props {
		if p.bit&it.partial == 0 || (v.sel != nil && !v.sel[p.name]) {
			continue
		}
		j.Name(p.name)
		if err := p.write(c, j, it.m); err != nil {
			return err
		}
	}
	return nil
}

// rounds remembers how far each round of each folder was served, to refuse links that went stale. It does not outlive
// the process: after a restart every link is fresh.
type rounds struct {
	mu   sync.Mutex
	page map[string]int
}

// serve notes that a link was used. With StaleLinks, one older than the newest used of its round is refused; the newest
// itself may be retried (contract 4.5).
func (r *rounds) serve(c *call, tok *deltaToken) *apiError {
	if !c.set.StaleLinks {
		return nil // nothing to remember
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.page == nil {
		r.page = map[string]int{}
	}
	key := c.user.ID + tok.Round
	if tok.Page < r.page[key] {
		return fail(410, "SyncStateNotFound", "The sync state generation is not found; generation=%d;[highest=%d].", tok.Page, r.page[key])
	}
	r.page[key] = max(r.page[key], tok.Page)
	return nil
}
