package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"holdfast/test/graphsim/internal/odata"
)

// seal makes an opaque token that only this tenant can have made. It is self-contained, so it outlives a restart.
func (s *Server) seal(v any) string {
	p, err := json.Marshal(v)
	if err != nil {
		return "" // plain structs: cannot happen
	}
	mac := s.sign(string(p))[:9]
	return base64.RawURLEncoding.EncodeToString(append(mac, p...))
}

// unseal reads such a token.
func (s *Server) unseal(token string, v any) bool {
	p, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(p) < 9 || string(s.sign(string(p[9:]))[:9]) != string(p[:9]) {
		return false
	}
	return json.Unmarshal(p[9:], v) == nil
}

// page is the paging of a list: where it starts and how many items it has.
type page struct {
	skip, top int
	count     bool
}

// listToken is what a list's nextLink carries, with the query it continues.
type listToken struct {
	Skip int `json:"s"`
}

// paging reads $top, $skip, $count and $skiptoken. $top outside of 1..max is refused (contract 4.2).
func (c *call) paging(standard, limit int) (page, *apiError) {
	p := page{top: standard, count: strings.EqualFold(c.option("count"), "true")}
	if c.has("top") {
		n, err := strconv.Atoi(c.option("top"))
		if err != nil || n < 1 || n > limit {
			return p, fail(400, "ErrorInvalidUrlQuery", "Invalid value '%s' for $top. It must be between 1 and %d.", c.option("top"), limit)
		}
		p.top = n
	}
	if c.has("skip") {
		n, err := strconv.Atoi(c.option("skip"))
		if err != nil || n < 0 {
			return p, fail(400, "ErrorInvalidUrlQuery", "Invalid value '%s' for $skip.", c.option("skip"))
		}
		p.skip = n
	}
	if tok := c.option("skiptoken"); tok != "" {
		var t listToken
		if !c.s.unseal(tok, &t) {
			return p, badRequest("The skip token is invalid.")
		}
		p.skip = t.Skip
	}
	return p, nil
}

// nextLink continues a list: the same query with another place in it.
func (c *call) nextLink(skip int) string {
	q := url.Values{}
	for k, v := range c.query {
		if k != "$skip" && k != "skip" && k != "$skiptoken" && k != "skiptoken" {
			q[k] = v
		}
	}
	q.Set("$skiptoken", c.s.seal(listToken{skip}))
	return c.root() + strings.TrimPrefix(c.r.URL.EscapedPath(), "/"+c.version) + "?" + q.Encode()
}

// list writes one page of n items in all.
func (c *call) list(context string, p page, n int, write func(j *odata.Writer, i int) error) error {
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#" + context)
		if p.count {
			j.Name("@odata.count")
			j.Int(int64(n))
		}
		end := min(n, p.skip+p.top)
		if end < n {
			j.Name("@odata.nextLink")
			j.String(c.nextLink(end))
		}
		j.Name("value")
		j.Open('[')
		for i := p.skip; i < end; i++ {
			if err := write(j, i); err != nil {
				return err
			}
		}
		j.Close(']')
		j.Close('}')
		return nil
	})
}

// selection is a parsed $select: nil selects what is returned by default.
type selection map[string]bool

// selected reads $select and refuses names that the type does not have.
func (c *call) selected(known func(string) bool, typeName string) (selection, *apiError) {
	return parseSelect(c.option("select"), known, typeName)
}

func parseSelect(s string, known func(string) bool, typeName string) (selection, *apiError) {
	names := odata.Split(s, ',')
	if len(names) == 0 {
		return nil, nil
	}
	out := selection{}
	for _, n := range names {
		if n == "*" {
			return nil, nil
		}
		if !known(n) {
			return nil, fail(400, "RequestBroker--ParseUri", "Could not find a property named '%s' on type '%s'.", n, typeName)
		}
		out[n] = true
	}
	return out, nil
}
