package graphsim

import (
	"cmp"
	"io"
	"strconv"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// messageObject is a message as a filter sees it.
type messageObject struct {
	c *call
	m *tenant.Message
}

func (o messageObject) Value(path string) (any, bool) {
	m := o.m
	switch path {
	case "internetMessageId":
		return m.InternetMessageID, true
	case "receivedDateTime":
		return m.Received, true
	case "sentDateTime":
		return m.Sent, true
	case "createdDateTime":
		return m.Created, true
	case "lastModifiedDateTime":
		return m.Modified, true
	case "isRead":
		return m.Read, true
	case "isDraft":
		return m.Draft, true
	case "hasAttachments":
		return m.HasAttachments(), true
	case "subject":
		return m.Subject, true
	case "importance":
		return orElse(m.Importance, "normal"), true
	case "conversationId":
		return m.ConversationID, true
	case "flag/flagStatus":
		return orElse(m.Flag.Status, "notFlagged"), true
	case "parentFolderId":
		return tenant.FolderID(o.c.user.ID, m.Folder), true
	case "inferenceClassification":
		return map[bool]string{true: "other", false: "focused"}[m.Other], true
	case "from/emailAddress/address":
		return address(m.From), true
	case "sender/emailAddress/address":
		return address(m.Sender), true
	}
	return nil, false
}

func address(a *tenant.Address) string {
	if a == nil {
		return ""
	}
	return a.Address
}

func (o messageObject) Any(path string) ([]odata.Object, bool) {
	if path == "categories" {
		return stringObjects(o.m.Categories), true
	}
	return nil, false
}

// extendedFilter is "singleValueExtendedProperties/any(ep: ep/id eq 'X' and ep/value eq 'Y')", taken apart.
type extendedFilter struct{ id, value string }

// cutExtended takes the extended-property condition out of a filter, when it is there.
func cutExtended(filter string) (*extendedFilter, string, *apiError) {
	const head = "singlevalueextendedproperties/any("
	i := strings.Index(strings.ToLower(filter), head)
	if i < 0 {
		return nil, filter, nil
	}
	end, depth, quote := -1, 0, false
	for k := i + len(head) - 1; k < len(filter) && end < 0; k++ {
		switch filter[k] {
		case '\'':
			quote = !quote
		case '(':
			if !quote {
				depth++
			}
		case ')':
			if !quote {
				depth--
			}
			if depth == 0 {
				end = k
			}
		}
	}
	bad := fail(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
	if end < 0 {
		return nil, "", bad
	}
	_, inner, ok := strings.Cut(filter[i+len(head):end], ":")
	if !ok {
		return nil, "", bad
	}
	x := &extendedFilter{}
	for _, part := range splitOutsideQuotes(inner, " and ") {
		path, lit, ok := strings.Cut(strings.TrimSpace(part), " eq ")
		lit = strings.TrimSpace(lit)
		if !ok || len(lit) < 2 || lit[0] != '\'' || lit[len(lit)-1] != '\'' {
			return nil, "", bad
		}
		lit = strings.ReplaceAll(lit[1:len(lit)-1], "''", "'")
		name := afterLast(strings.TrimSpace(path), "/")
		switch name {
		case "id":
			if x.id, ok = canonicalID(lit); !ok {
				return nil, "", bad
			}
		case "value":
			x.value = lit
		default:
			return nil, "", bad
		}
	}
	if x.id == "" {
		return nil, "", bad
	}
	rest := strings.TrimSpace(filter[:i] + filter[end+1:])
	rest = strings.TrimSpace(strings.TrimSuffix(rest, " and"))
	rest = strings.TrimSpace(strings.TrimPrefix(rest, "and "))
	return x, rest, nil
}

func splitOutsideQuotes(s, sep string) []string {
	var out []string
	quote, start := false, 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' {
			quote = !quote
		}
		if !quote && strings.HasPrefix(strings.ToLower(s[i:]), sep) {
			out = append(out, s[start:i])
			start = i + len(sep)
		}
	}
	return append(out, s[start:])
}

// orderBy: with a filter, the properties sorted by must be in it, first and in the same order (contract 4.2).
func (c *call) orderBy(f *odata.Filter) (func(a, b *tenant.Message) int, *apiError) {
	items := odata.Split(c.option("orderby"), ',')
	if len(items) == 0 || isNewestFirst(c.option("orderby")) && len(f.Paths()) == 0 {
		return nil, nil
	}
	type key struct {
		path string
		desc bool
	}
	var keys []key
	for _, item := range items {
		words := strings.Fields(item)
		k := key{path: words[0], desc: len(words) > 1 && strings.EqualFold(words[1], "desc")}
		if _, ok := (messageObject{c, &tenant.Message{}}).Value(k.path); !ok {
			return nil, fail(400, "ErrorInvalidUrlQuery", "Cannot order by '%s'.", k.path)
		}
		keys = append(keys, k)
	}
	if paths := f.Paths(); len(paths) > 0 {
		for i, k := range keys {
			if i >= len(paths) || paths[i] != k.path {
				return nil, fail(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")
			}
		}
	}
	return func(a, b *tenant.Message) int {
		for _, k := range keys {
			x, _ := messageObject{c, a}.Value(k.path)
			y, _ := messageObject{c, b}.Value(k.path)
			n := compareValues(x, y)
			if k.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	}, nil
}

func compareValues(x, y any) int {
	switch x := x.(type) {
	case time.Time:
		return x.Compare(y.(time.Time))
	case string:
		return strings.Compare(strings.ToLower(x), strings.ToLower(y.(string)))
	case bool:
		return cmp.Compare(strconv.FormatBool(x), strconv.FormatBool(y.(bool)))
	}
	return 0
}

// listMessages pages by 10, or $top up to 1000 (contract 4.2).
func (c *call) listMessages() error {
	p, aerr := c.paging(10, 1000)
	if aerr != nil {
		return aerr
	}
	v, aerr := c.viewOf(c.option("select"), c.option("expand"))
	if aerr != nil {
		return aerr
	}
	f, aerr := c.find(p)
	if aerr != nil {
		return aerr
	}
	c.honour(v)
	context := "users('" + c.args[0] + "')/messages"
	if len(c.args) > 1 {
		context = "users('" + c.args[0] + "')/mailFolders('" + c.args[1] + "')/messages"
	}
	return c.list(context, p, f.total, func(j *odata.Writer, i int) error {
		j.Open('{')
		defer j.Close('}')
		return c.writeMessage(j, f.items[i-p.skip], v)
	})
}

func (c *call) countMessages() error {
	f, aerr := c.find(page{count: true})
	if aerr != nil {
		return aerr
	}
	c.w.Header().Set("Content-Type", "text/plain")
	_, err := io.WriteString(c.w, strconv.Itoa(f.total))
	return err
}

func (c *call) getMessage() error {
	v, aerr := c.viewOf(c.option("select"), c.option("expand"))
	if aerr != nil {
		return aerr
	}
	m, err := c.message()
	if err != nil {
		return err
	}
	return c.replyMessage(200, m, v)
}
