package graphsim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// maxDirectoryIDs is how many users a delta may be limited to (contract 2.3).
const maxDirectoryIDs = 50

// usersPage is the standard page of users (contract 2.1).
const usersPage = 100

// userToken is a place in the changes of the directory (contract 2.3).
type userToken struct {
	Kind   string   `json:"k"`
	Seq    uint64   `json:"q"`           // event up to which everything was reported
	At     int      `json:"n,omitempty"` // how many users a first round has gone through
	Done   bool     `json:"d,omitempty"` // the first round is over
	Issued int64    `json:"t"`           // Unix time: tokens of the directory end after some days
	Select string   `json:"s,omitempty"`
	IDs    []string `json:"i,omitempty"`
	Last   string   `json:"l,omitempty"` // user whose change ended the round before, for replays
	New    bool     `json:"w,omitempty"` // a round begins
}

// userRecord is one record of a page.
type userRecord struct {
	u       *tenant.User
	changed tenant.UserProps
	removed bool
}

// deltaUsers tracks changes of the directory (contract 2.3).
func (c *call) deltaUsers() error {
	tok, aerr := c.userToken()
	if aerr != nil {
		return aerr
	}
	sel, aerr := parseSelect(tok.Select, knownUserProp, "microsoft.graph.user")
	if aerr != nil {
		return fail(400, "Request_BadRequest", "%s", aerr.message)
	}
	size := usersPage
	if c.prefer.MaxPageSize > 0 {
		size = min(c.prefer.MaxPageSize, 999)
		c.prefer.Apply("odata.maxpagesize=" + itoa(size))
	}
	var records []userRecord
	var more bool
	c.s.tenant.View(func(st *tenant.State) {
		if !tok.Done {
			records, more = firstUsers(st, tok, size)
			return
		}
		records, more = c.changedUsers(st, tok, sel, size)
	})
	if c.prefer.Minimal {
		c.prefer.Apply("return=minimal")
	}
	tok.Issued = c.s.tenant.Now().Unix()
	return c.replyUserDelta(records, tok, more, sel)
}

func (c *call) userToken() (*userToken, *apiError) {
	unsupported := func(what string) *apiError {
		return fail(400, "Request_UnsupportedQuery", "%s is not supported with delta.", what)
	}
	for _, name := range []string{"top", "expand", "orderby", "search", "skip", "count"} {
		if c.has(name) {
			return nil, unsupported("$" + name)
		}
	}
	tok := &userToken{Kind: "users", Select: c.option("select")}
	t := c.option("skiptoken") + c.option("deltatoken")
	if t == "" || strings.EqualFold(t, "latest") {
		ids, aerr := directoryIDs(c.option("filter"))
		if aerr != nil {
			return nil, aerr
		}
		tok.IDs, tok.Done = ids, t != ""
		c.s.tenant.View(func(st *tenant.State) { tok.Seq = st.Seq })
		return tok, nil
	}
	if !c.s.unseal(t, tok) || tok.Kind != "users" {
		return nil, fail(400, "Request_UnsupportedQuery", "Badly formed token.")
	}
	if age := c.s.tenant.Now().Sub(time.Unix(tok.Issued, 0)); age > c.set.directoryLifetime() {
		return nil, fail(410, "resyncRequired", "The delta token is too old. A full synchronization is needed.").
			withHeader("Location", c.root()+"/users/delta?$deltatoken=")
	}
	tok.New = c.has("deltatoken")
	return tok, nil
}

// directoryIDs reads "id eq 'x' or id eq 'y'", the one filter there is.
func directoryIDs(filter string) ([]string, *apiError) {
	if filter == "" {
		return nil, nil
	}
	var ids []string
	for _, part := range splitFold(filter, " or ") {
		name, lit, ok := strings.Cut(strings.Trim(part, "() "), " eq ")
		lit = strings.TrimSpace(lit)
		if !ok || strings.TrimSpace(name) != "id" || len(lit) < 2 || lit[0] != '\'' {
			return nil, fail(400, "Request_UnsupportedQuery", "Only filters by id are supported with delta.")
		}
		ids = append(ids, strings.ToLower(strings.Trim(lit, "'")))
	}
	if len(ids) > maxDirectoryIDs {
		return nil, fail(400, "Request_UnsupportedQuery", "At most %d ids can be filtered by.", maxDirectoryIDs)
	}
	return ids, nil
}

func (t *userToken) follows(id string) bool { return len(t.IDs) == 0 || slices.Contains(t.IDs, id) }

func firstUsers(st *tenant.State, tok *userToken, size int) (out []userRecord, more bool) {
	for u := range st.UsersFrom(tok.At) {
		if len(out) == size {
			return out, true
		}
		tok.At++
		if !u.Gone() && tok.follows(u.ID) {
			out = append(out, userRecord{u: u, changed: tenant.UserAll})
		}
	}
	tok.Done = true
	return out, false
}

func (c *call) changedUsers(st *tenant.State, tok *userToken, sel selection, size int) (out []userRecord, more bool) {
	log := st.Directory(tok.Seq)
	if u := st.User(tok.Last); tok.New && c.set.Replays && tok.Last != "" && u != nil && !u.Gone() {
		out = append(out, userRecord{u: u, changed: tenant.UserAll})
	}
	tok.New = false
	sum, last := map[string]tenant.UserProps{}, map[string]uint64{}
	for _, ch := range log {
		sum[ch.ID] |= ch.Changed
		last[ch.ID] = ch.Seq
	}
	for _, ch := range log {
		if len(out) >= size {
			return out, true
		}
		tok.Seq = ch.Seq
		u := st.User(ch.ID)
		changed := sum[ch.ID]
		if last[ch.ID] != ch.Seq || !tok.follows(ch.ID) || changed&(watchedUser(sel)|tenant.UserGone) == 0 {
			continue // told later, or not asked for
		}
		out = append(out, userRecord{u: u, changed: changed, removed: u.Gone()})
		tok.Last = ch.ID
	}
	return out, false
}

// watchedUser are the properties whose change a query reports (contract 2.3).
func watchedUser(sel selection) tenant.UserProps {
	if sel == nil {
		return tenant.UserAll
	}
	var bits tenant.UserProps
	for _, p := range userProps {
		if sel[p.name] {
			bits |= p.bit
		}
	}
	return bits
}

func (c *call) replyUserDelta(records []userRecord, tok *userToken, more bool, sel selection) error {
	link, param := "@odata.deltaLink", "$deltatoken"
	if more {
		link, param = "@odata.nextLink", "$skiptoken"
	}
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users")
		j.Name(link)
		j.String(c.root() + "/users/delta?" + param + "=" + c.s.seal(tok))
		j.Name("value")
		j.Open('[')
		for _, r := range records {
			j.Open('{')
			if err := c.writeUserRecord(j, r, sel); err != nil {
				return err
			}
			j.Close('}')
		}
		j.Close(']')
		j.Close('}')
		return nil
	})
}

// writeUserRecord: a user who can be restored is "changed", one who is gone for good "deleted" (contract 2.3).
func (c *call) writeUserRecord(j *odata.Writer, r userRecord, sel selection) error {
	if !r.removed && !c.prefer.Minimal {
		return writeUser(j, r.u, withID(sel))
	}
	if r.removed {
		j.Name("id")
		j.String(r.u.ID)
		j.Name("@removed")
		j.Open('{')
		j.Name("reason")
		j.String(map[bool]string{true: "deleted", false: "changed"}[r.u.Purged])
		j.Close('}')
		return nil
	}
	for i, p := range userProps {
		asked := sel == nil && i < defaultUserProps || sel[p.name]
		if p.name != "id" && (!asked || p.bit&r.changed == 0 && r.changed != tenant.UserAll) {
			continue
		}
		v, err := json.Marshal(p.value(r.u))
		if err != nil {
			return err
		}
		j.Name(p.name)
		j.Raw(v)
	}
	return nil
}

func withID(sel selection) selection {
	if sel == nil || sel["id"] {
		return sel
	}
	out := selection{"id": true}
	for k := range sel {
		out[k] = true
	}
	return out
}
