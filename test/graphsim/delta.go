package graphsim

import (
	"cmp"
	"iter"
	"strconv"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/tenant"
)

// deltaToken is a place in the changes of one folder, and the query that is followed (contract 4.4: query options are
// encoded in the tokens, headers are not). Tokens name events and order keys only, so they outlive a restart.
type deltaToken struct {
	Kind   string `json:"k"`
	Folder uint32 `json:"f"`
	// Base is the event up to which the client knew everything when the round began; 0 in a first round.
	Base uint64 `json:"b"`
	// Seq is the event up to which changes were reported in this round. In a first round, it is the newest event at its
	// start: what was there is enumerated in key order, and what happens meanwhile is reported after that.
	Seq uint64 `json:"q"`
	// Key is how far a first round's enumeration has come; Done is set when it is complete.
	Key  uint64 `json:"e,omitempty"`
	Bulk uint64 `json:"m,omitempty"`
	Done bool   `json:"d,omitempty"`
	// Round and Page tell the links of one round apart.
	Round string `json:"r"`
	Page  int    `json:"n"`
	Empty bool   `json:"z,omitempty"` // the empty page was given
	Left  int    `json:"l,omitempty"` // of $top, when that is accepted: one more than what is left

	Select string    `json:"s,omitempty"`
	Expand string    `json:"x,omitempty"`
	Since  time.Time `json:"t,omitzero"`
	Only   string    `json:"c,omitempty"` // changeType
	Newest bool      `json:"o,omitempty"` // $orderby=receivedDateTime desc
	Until  time.Time `json:"u,omitzero"`  // with Newest: received time and, in Key, number of the last one enumerated
	Count  int       `json:"i,omitempty"` // with Since: messages enumerated, of which there is a most
	Last   uint64    `json:"p,omitempty"` // message whose change ended the round before, for replays
}

// deltaItem is one record of a page.
type deltaItem struct {
	m       *tenant.Message
	removed string       // id that is gone; empty for a message
	partial tenant.Props // the changed part alone; 0 for the whole message
}

// deltaMessages is message change tracking of one folder (contract 4.4 to 4.7).
func (c *call) deltaMessages() error {
	tok, aerr := c.deltaToken()
	if aerr != nil {
		return aerr
	}
	if aerr := c.deltaRefusal(tok); aerr != nil {
		return aerr
	}
	v, aerr := c.viewOf(tok.Select, tok.Expand)
	if aerr != nil {
		return aerr
	}
	if len(v.single)+len(v.multi) > 0 || strings.Contains(tok.Expand, "xtended") || strings.Contains(tok.Expand, "extensions") {
		return fail(500, "InternalServerError", "Value cannot be null.") // contract 4.8
	}
	v.typed, v.attSelect = true, nil // nested $select is ignored (contract 4.8)
	v.nested = 0
	var items []deltaItem
	var more bool
	next := *tok
	if err := c.view(func(mb *tenant.Mailbox) *apiError {
		f := mb.Folder(tok.Folder)
		if f == nil {
			return syncFolderNotFound()
		}
		items, more = c.deltaPage(mb, &next, v)
		return nil
	}); err != nil {
		return err
	}
	next.Page++
	if aerr := c.s.rounds.serve(c, tok); aerr != nil {
		return aerr
	}
	c.honour(v)
	return c.replyDelta(items, &next, more, v)
}

// deltaToken reads the token of a link, or starts a round.
func (c *call) deltaToken() (*deltaToken, *apiError) {
	tok := &deltaToken{Kind: "messages", Round: newGUID()[:8]}
	t := c.option("skiptoken") + c.option("deltatoken")
	if t == "" || strings.EqualFold(t, "latest") {
		aerr := c.startRound(tok)
		if t != "" {
			tok.Base, tok.Done = tok.Seq, true
		}
		return tok, aerr
	}
	if !c.s.unseal(t, tok) || tok.Kind != "messages" {
		return nil, badRequest("Badly formed token.")
	}
	// The folder in the path is not looked at: links are used verbatim. A token for another mailbox's user is.
	if c.has("deltatoken") {
		tok.Base, tok.Round, tok.Page, tok.Empty, tok.Left = tok.Seq, newGUID()[:8], 0, false, 0
	}
	return tok, nil
}

func (c *call) startRound(tok *deltaToken) *apiError {
	if aerr := c.deltaOptions(tok); aerr != nil {
		return aerr
	}
	var aerr *apiError
	c.s.tenant.View(func(st *tenant.State) {
		var f *tenant.FolderInfo
		f, aerr = findFolder(st.Mailbox(c.user.ID), c.args[1])
		switch {
		case aerr == nil:
			tok.Folder, tok.Seq = f.Num, st.Seq
		case aerr.status == 404 && !isWellKnown(c.args[1]):
			aerr = syncFolderNotFound()
		}
	})
	return aerr
}

// deltaOptions checks the query options that change tracking takes (contract 4.4).
func (c *call) deltaOptions(tok *deltaToken) *apiError {
	tok.Select, tok.Expand, tok.Only = c.option("select"), c.option("expand"), c.option("changeType")
	for _, name := range []string{"search", "skip", "count"} {
		if c.has(name) {
			return unsupportedInDelta("$" + name)
		}
	}
	if c.has("top") {
		n, err := strconv.Atoi(c.option("top"))
		if c.set.RefuseDeltaTop || err != nil || n < 1 {
			return unsupportedInDelta("$top")
		}
		tok.Left = n + 1
	}
	if c.has("orderby") {
		if tok.Newest = isNewestFirst(c.option("orderby")); !tok.Newest {
			return unsupportedInDelta("$orderby")
		}
	}
	if f := c.option("filter"); f != "" {
		w := strings.Fields(f)
		if len(w) != 3 || w[0] != "receivedDateTime" || (w[1] != "ge" && w[1] != "gt") {
			return unsupportedInDelta("$filter")
		}
		t, err := time.Parse(time.RFC3339, w[2])
		if err != nil {
			return unsupportedInDelta("$filter")
		}
		if w[1] == "gt" {
			t = t.Add(time.Second)
		}
		tok.Since = t
	}
	return nil
}

func unsupportedInDelta(name string) *apiError {
	return fail(400, "ErrorInvalidUrlQuery", "The following parameters are not supported with change tracking over the 'Messages' resource: '%s'.", name)
}

// deltaRefusal is why there is no delta for now.
func (c *call) deltaRefusal(tok *deltaToken) *apiError {
	switch {
	case c.set.CloseTracking:
		return fail(400, "BadRequest", "Change tracking is not supported for this resource.")
	case c.user.DeltaQuota || c.overQuota():
		return fail(403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size.") // contract 4.7
	case tok.Page+int(tok.Base) > 0 && max(tok.Seq, tok.Base) < c.user.DeltaExpired:
		return c.expiredDelta()
	}
	return nil
}

// syncFolderNotFound: the folder was deleted since it was listed (contract 4.7).
func syncFolderNotFound() *apiError {
	return fail(404, "ErrorSyncFolderNotFound", "The folder to be synchronized could not be found.")
}

// expiredDelta is a token that the service has forgotten (contract 4.6).
func (c *call) expiredDelta() *apiError {
	e := fail(cmp.Or(c.user.DeltaStatus, 410), orElse(c.user.DeltaError, "SyncStateNotFound"), "The sync state generation is not found; generation=149;[highest=157][157][155][156].")
	if c.user.DeltaError != "" {
		path := c.r.URL.EscapedPath()
		return e.withHeader("Location", "https://"+c.r.Host+path+"?$deltatoken=")
	}
	return e
}

// pageSize is odata.maxpagesize of this very request, or ten (contract 14.3).
func (c *call) pageSize() int {
	size := 10
	if c.prefer.MaxPageSize > 0 {
		size = c.prefer.MaxPageSize
		c.prefer.Apply("odata.maxpagesize=" + strconv.Itoa(size))
	}
	if c.set.MaxDeltaPage > 0 {
		size = min(size, c.set.MaxDeltaPage)
	}
	return size
}

// deltaPage takes the next records and moves the token behind them.
func (c *call) deltaPage(mb *tenant.Mailbox, tok *deltaToken, v *messageView) (items []deltaItem, more bool) {
	size := c.pageSize()
	if tok.Left > 0 {
		size = min(size, tok.Left-1)
	}
	if !tok.Done {
		items = c.enumerate(mb, tok, size)
		if !tok.Done {
			tok.Left -= min(len(items), max(tok.Left-1, 0))
			return items, tok.Left != 1
		}
	}
	if c.set.EmptyPages && !tok.Empty {
		tok.Empty = len(items) == 0
		return items, true
	}
	changes, last := c.changesSince(mb, tok, v, size-len(items))
	tok.Left -= min(len(items)+len(changes), max(tok.Left-1, 0))
	return append(items, changes...), !last && tok.Left != 1
}

// enumerate goes through what was in the folder when the first round began, in scattered order or newest first.
func (c *call) enumerate(mb *tenant.Mailbox, tok *deltaToken, size int) []deltaItem {
	var items []deltaItem
	limit := c.set.deltaFilterCap()
	for m, advance := range c.enumeration(mb, tok) {
		if len(items) == size {
			return items
		}
		advance()
		if m.Received.Before(tok.Since) {
			continue
		}
		if tok.Count++; !tok.Since.IsZero() && tok.Count > limit {
			break // contract 4.4: a filtered delta tracks so many
		}
		items = append(items, deltaItem{m: m})
	}
	tok.Done = true
	return items
}

// enumeration yields what is left of a first round; advance moves the token behind the message.
func (c *call) enumeration(mb *tenant.Mailbox, tok *deltaToken) iter.Seq2[*tenant.Message, func()] {
	return func(yield func(*tenant.Message, func()) bool) {
		if !tok.Newest {
			for m, place := range mb.Scattered(tok.Folder, tenant.Place{Bulk: tok.Bulk, Key: tok.Key}) {
				if !yield(m, func() { tok.Bulk, tok.Key = place.Bulk, place.Key }) {
					return
				}
			}
			return
		}
		last := tenant.Entry{UID: tok.Key, Received: tok.Until}
		for e := range mb.Newest(tok.Folder) {
			if !last.Received.IsZero() && !e.Older(last) {
				continue
			}
			if !yield(mb.Message(e.UID), func() { tok.Key, tok.Until = e.UID, e.Received }) {
				return
			}
		}
	}
}

// changesSince reports what happened after tok.Seq, at most n records; last is set when that was all.
func (c *call) changesSince(mb *tenant.Mailbox, tok *deltaToken, v *messageView, n int) (items []deltaItem, last bool) {
	window := mb.Log(tok.Folder, tok.Base)
	sum := summarize(window, c.immutable(), c.set.MoveBackLost)
	if c.set.Replays && tok.Last != 0 && tok.Seq == tok.Base && tok.Page == 0 {
		if m := mb.Message(tok.Last); m != nil && m.Folder == tok.Folder {
			items = append(items, deltaItem{m: m})
		}
	}
	for i := range window {
		ch := &window[i]
		if ch.Seq <= tok.Seq {
			continue
		}
		if len(items) >= n {
			return items, false
		}
		tok.Seq = ch.Seq
		s := sum[keyOf(ch, c.immutable())]
		if s.last != ch.Seq {
			continue // a later entry tells it
		}
		item, ok := c.deltaRecord(mb, ch, s, tok, v)
		if ok {
			items = append(items, item)
			tok.Last = ch.UID
		}
	}
	return items, true
}

// summary is what happened to one id within a window.
type summary struct {
	last    uint64 // event of the entry that is reported
	changed tenant.Props
	arrived bool
	removed bool
}

type changeID struct {
	uid   uint64
	moves uint32
}

func keyOf(ch *tenant.Change, immutable bool) changeID {
	if immutable {
		return changeID{ch.UID, 0}
	}
	return changeID{ch.UID, ch.Moves}
}

func summarize(window []tenant.Change, immutable, moveBackLost bool) map[changeID]summary {
	out := map[changeID]summary{}
	for i := range window {
		ch := &window[i]
		k := keyOf(ch, immutable)
		s := out[k]
		if s.removed && moveBackLost {
			continue // contract 4.10: reported gone, not reported again
		}
		s.last, s.removed = ch.Seq, ch.Removed
		s.changed |= ch.Changed
		s.arrived = s.arrived || ch.Arrived
		out[k] = s
	}
	return out
}

// deltaRecord makes the record for an entry, or says that this client is not told of it.
func (c *call) deltaRecord(mb *tenant.Mailbox, ch *tenant.Change, s summary, tok *deltaToken, v *messageView) (deltaItem, bool) {
	if ch.Removed {
		// Removals come whatever changeType says (contract 4.4).
		return deltaItem{removed: tenant.MessageID(mb.ID, ch.UID, ch.Moves, c.immutable())}, true
	}
	m := mb.Message(ch.UID)
	if m == nil || m.Folder != tok.Folder || m.Received.Before(tok.Since) {
		return deltaItem{}, false
	}
	if s.arrived {
		return deltaItem{m: m}, tok.Only == "" || tok.Only == "created"
	}
	if s.changed&watched(v) == 0 {
		return deltaItem{}, false // contract 4.4: $select narrows tracking
	}
	if readOnly := s.changed&^tenant.PropKey == tenant.PropRead; tok.Only != "" && tok.Only != "updated" && !readOnly {
		return deltaItem{}, false
	}
	return deltaItem{m: m, partial: c.partialProps(m, s.changed)}, true
}

// watched are the properties whose change this query reports.
func watched(v *messageView) tenant.Props {
	if v.sel == nil {
		return tenant.PropAll
	}
	var bits tenant.Props
	for _, p := range v.props {
		if v.sel[p.name] {
			bits |= p.bit
		}
	}
	return bits
}

// partialProps: a read toggle comes as the changed part alone; other small changes sometimes do (contract 4.5, 14.5).
func (c *call) partialProps(m *tenant.Message, changed tenant.Props) tenant.Props {
	changed &^= tenant.PropKey
	const small = tenant.PropRead | tenant.PropFlag | tenant.PropCategories | tenant.PropImportance
	switch {
	case c.set.Whole || changed&^small != 0:
		return 0
	case changed == tenant.PropRead, tenant.OrderKey(m.Seq)&1 == 0:
		return changed | tenant.PropParentFolder
	}
	return 0
}
