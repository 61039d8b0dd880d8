package work_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"holdfast/test/graphsim"
)

// Extended properties that a sample has and no backup asks for.
const (
	ownProperty   = "String {00020329-0000-0000-c000-000000000046} Name Colour"
	ownProperties = "StringArray {00020329-0000-0000-c000-000000000046} Name Colours"
)

// rawGraph reads and writes the tenant's Graph as it is, without the client of the product.
type rawGraph struct {
	t      *testing.T
	sim    *graphsim.Server
	client *http.Client
	token  string
}

func newRawGraph(t *testing.T, sim *graphsim.Server) *rawGraph {
	t.Helper()
	g := &rawGraph{t: t, sim: sim, client: sim.Client()}
	form := url.Values{
		"client_id": {graphsim.DefaultApp}, "client_secret": {graphsim.DefaultSecret}, "grant_type": {"client_credentials"},
		"scope": {"https://graph.microsoft.com/.default"},
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	g.do(http.MethodPost, sim.Authority()+sim.TenantID()+"/oauth2/v2.0/token", "application/x-www-form-urlencoded",
		strings.NewReader(form.Encode()), &answer)
	g.token = answer.Token
	return g
}

func (g *rawGraph) do(method, address, kind string, body io.Reader, out any) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, address, body)
	if err != nil {
		g.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	r.Header.Add("Prefer", `IdType="ImmutableId"`)
	r.Header.Add("Prefer", "outlook.allow-unsafe-html")
	resp, err := g.client.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	p, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		g.t.Fatalf("%s %s: %s: %.500s", method, address, resp.Status, p)
	}
	if err := json.Unmarshal(p, out); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rawGraph) box(mailbox string) string {
	return strings.TrimSuffix(g.sim.GraphURL(), "/") + "/v1.0/users/" + mailbox
}

// create makes a message of its Graph JSON, in the folder named by the member "in".
func (g *rawGraph) create(mailbox string, m map[string]any) {
	g.t.Helper()
	folder := m["in"].(string)
	delete(m, "in")
	body, err := json.Marshal(m)
	if err != nil {
		g.t.Fatal(err)
	}
	var made map[string]any
	g.do(http.MethodPost, g.box(mailbox)+"/mailFolders/"+folder+"/messages", "application/json", bytes.NewReader(body), &made)
}

// messages returns all messages of a mailbox by internet message id, with everything that Graph shows. Their folders go by
// name, since no two mailboxes share an id.
func (g *rawGraph) messages(mailbox string) map[string]map[string]any {
	g.t.Helper()
	var list struct {
		Value []struct {
			ID   string `json:"id"`
			Name string `json:"internetMessageId"`
		} `json:"value"`
	}
	g.do(http.MethodGet, g.box(mailbox)+"/messages?$top=100&$select=internetMessageId", "", nil, &list)
	out := map[string]map[string]any{}
	for _, one := range list.Value {
		out[one.Name] = g.message(mailbox, one.ID)
	}
	return out
}

func (g *rawGraph) message(mailbox, id string) map[string]any {
	g.t.Helper()
	at := g.box(mailbox) + "/messages/" + url.PathEscape(id)
	read := func(address string) map[string]any {
		m := map[string]any{}
		g.do(http.MethodGet, address, "", nil, &m)
		return m
	}
	m := read(at + "?$expand=" + url.QueryEscape("extensions,singleValueExtendedProperties($filter=id eq '"+ownProperty+
		"'),multiValueExtendedProperties($filter=id eq '"+ownProperties+"')"))
	for name, v := range read(at + "?$select=internetMessageHeaders,uniqueBody") {
		if !strings.HasPrefix(name, "@") {
			m[name] = v
		}
	}
	m["attachments"] = read(at + "/attachments?$expand=" + url.QueryEscape("microsoft.graph.itemattachment/item"))["value"]
	folder := read(g.box(mailbox) + "/mailFolders/" + url.PathEscape(m["parentFolderId"].(string)))
	m["parentFolderId"] = folder["displayName"]
	return m
}
