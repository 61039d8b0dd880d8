package graphsim

import (
	"cmp"
	"slices"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// folderToken is the place in a mailbox's folder changes: everything up to Seq was reported.
type folderToken struct {
	Kind   string `json:"k"`
	Seq    uint64 `json:"q"`
	Start  uint64 `json:"b"` // newest event when the round began; only later removals are told in a first round
	First  bool   `json:"f,omitempty"`
	Select string `json:"s,omitempty"`
}

type folderChange struct {
	seq  uint64
	num  uint32
	info *tenant.FolderInfo // nil when removed
}

// deltaFolders is flat: the whole visible tree, no root, no hidden folders (contract 3.4).
func (c *call) deltaFolders() error {
	if c.has("top") {
		return fail(400, "ErrorInvalidUrlQuery", "The following parameters are not supported with change tracking over the 'MailFolders' resource: '$top'.")
	}
	tok := folderToken{Kind: "folders", First: true, Select: c.option("select")}
	var newest uint64
	c.s.tenant.View(func(st *tenant.State) { newest = st.Seq })
	tok.Start = newest
	if t := c.option("skiptoken") + c.option("deltatoken"); t != "" {
		if !c.s.unseal(t, &tok) || tok.Kind != "folders" {
			return badRequest("Badly formed token.")
		}
		if c.has("deltatoken") {
			tok.First, tok.Start = false, newest
		}
	}
	if tok.Seq < c.user.DeltaExpired && !tok.First {
		return c.expiredDelta()
	}
	sel, aerr := parseSelect(tok.Select, c.knownFolderProp, "microsoft.graph.mailFolder")
	if aerr != nil {
		return aerr
	}
	size := c.pageSize()
	var changes []folderChange
	if err := c.view(func(mb *tenant.Mailbox) *apiError {
		changes = folderChanges(mb, tok)
		return nil
	}); err != nil {
		return err
	}
	more := len(changes) > size
	if more {
		changes = changes[:cut(changes, size)]
	}
	for _, ch := range changes {
		tok.Seq = ch.seq
	}
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#Collection(mailFolder)")
		link, param := "@odata.deltaLink", "$deltatoken"
		if more {
			link, param = "@odata.nextLink", "$skiptoken"
		} else {
			tok.First, tok.Seq = false, max(tok.Seq, newest)
		}
		j.Name(link)
		j.String(c.root() + "/users/" + c.args[0] + "/mailFolders/delta?" + param + "=" + c.s.seal(tok))
		j.Name("value")
		j.Open('[')
		for _, ch := range changes {
			if ch.info == nil {
				j.Open('{')
				j.Name("id")
				j.String(tenant.FolderID(c.user.ID, ch.num))
				j.Name("@removed")
				j.Open('{')
				j.Name("reason")
				j.String("deleted")
				j.Close('}')
				j.Close('}')
				continue
			}
			j.Open('{')
			c.writeFolderMembers(j, ch.info, sel)
			j.Close('}')
		}
		j.Close(']')
		j.Close('}')
		return nil
	})
}

// cut finds where to end a page: never between two changes of one event, since a token names events.
func cut(changes []folderChange, size int) int {
	n := size
	for n > 0 && changes[n-1].seq == changes[n].seq {
		n--
	}
	if n > 0 {
		return n
	}
	for size < len(changes) && changes[size-1].seq == changes[size].seq {
		size++
	}
	return size
}

func folderChanges(mb *tenant.Mailbox, tok folderToken) []folderChange {
	var out []folderChange
	for _, f := range visibleTree(mb, mb.Role("msgfolderroot").Num) {
		if f.Seq > tok.Seq {
			out = append(out, folderChange{f.Seq, f.Num, f})
		}
	}
	after := tok.Seq
	if tok.First {
		after = max(after, tok.Start)
	}
	for _, r := range mb.GoneFolders(after) {
		out = append(out, folderChange{r.Seq, r.Num, nil})
	}
	slices.SortFunc(out, func(a, b folderChange) int { return cmp.Compare(a.seq, b.seq) })
	return out
}

func visibleTree(mb *tenant.Mailbox, top uint32) []*tenant.FolderInfo {
	var out []*tenant.FolderInfo
	for _, f := range mb.Children(top) {
		if !f.Hidden {
			out = append(append(out, f), visibleTree(mb, f.Num)...)
		}
	}
	return out
}
