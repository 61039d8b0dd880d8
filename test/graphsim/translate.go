package graphsim

import (
	"slices"
	"strings"

	"holdfast/test/graphsim/internal/tenant"
)

// maxTranslated is how many ids are translated at once (contract 4.10).
const maxTranslated = 1000

// idForms are the values of exchangeIdFormat with what stands behind them. An ewsId is a restId in the alphabet of plain
// base64.
var idForms = map[string]struct {
	kind tenant.Kind
	ews  bool
}{
	"entryId":              {tenant.KindEntry, false},
	"ewsId":                {tenant.KindMessage, true},
	"immutableEntryId":     {tenant.KindImmutableEntry, false},
	"restId":               {tenant.KindMessage, false},
	"restImmutableEntryId": {tenant.KindImmutable, false},
}

// translateIDs turns ids of one form into another (contract 4.10). An id that cannot be translated fails by itself.
func (c *call) translateIDs() error {
	var b struct {
		InputIDs []string `json:"inputIds"`
		Source   string   `json:"sourceIdType"`
		Target   string   `json:"targetIdType"`
	}
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	from, ok1 := idForms[b.Source]
	to, ok2 := idForms[b.Target]
	switch {
	case len(b.InputIDs) == 0 || len(b.InputIDs) > maxTranslated:
		return badRequest("Between 1 and %d ids can be translated at once.", maxTranslated)
	case !ok1 || !ok2:
		return undeserializable()
	}
	type details struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	type result struct {
		SourceID string   `json:"sourceId"`
		TargetID string   `json:"targetId,omitempty"`
		Details  *details `json:"errorDetails,omitempty"`
	}
	out := make([]result, 0, len(b.InputIDs))
	if err := c.view(func(mb *tenant.Mailbox) *apiError {
		for _, id := range b.InputIDs {
			ref, aerr := translatable(mb, id, from.kind, from.ews)
			if aerr != nil {
				out = append(out, result{SourceID: id, Details: &details{aerr.code, aerr.message}})
				continue
			}
			if ref.Kind != tenant.KindFolder {
				ref.Kind = to.kind
			}
			if to.kind == tenant.KindImmutable || to.kind == tenant.KindImmutableEntry {
				ref.Moves = 0
			}
			text := ref.String()
			if to.ews {
				text = strings.NewReplacer("-", "/", "_", "+").Replace(text)
			}
			out = append(out, result{SourceID: id, TargetID: text})
		}
		return nil
	}); err != nil {
		return err
	}
	writeJSON(c.w, 200, map[string]any{
		"@odata.context": c.root() + "/$metadata#Collection(microsoft.graph.convertIdResult)", "value": out,
	})
	return nil
}

// translatable reads an id of a form; a folder's id is the same in all of them.
func translatable(mb *tenant.Mailbox, id string, kind tenant.Kind, ews bool) (tenant.Ref, *apiError) {
	if ews {
		id = strings.NewReplacer("/", "-", "+", "_").Replace(id)
	}
	ref, err := tenant.ParseID(id)
	if err != nil || !strings.EqualFold(ref.Mailbox, mb.ID) || !slices.Contains([]tenant.Kind{kind, tenant.KindFolder}, ref.Kind) {
		return ref, malformedID()
	}
	if ref.Kind == tenant.KindFolder {
		return ref, nil
	}
	m := mb.Message(ref.Num)
	if m == nil || (kind == tenant.KindMessage || kind == tenant.KindEntry) && ref.Moves != m.Moves {
		return ref, itemNotFound()
	}
	ref.Moves = m.Moves
	return ref, nil
}
