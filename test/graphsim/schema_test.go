package graphsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// schema is Microsoft's metadata of the mail surface, cut out as JSON. It lies beside the repository, not in it.
type schema struct {
	Enums        map[string]struct{ Members map[string]int }
	ComplexTypes map[string]*schemaType
	EntityTypes  map[string]*schemaType
}

type schemaType struct {
	BaseType             string
	OpenType             bool
	Properties           map[string]schemaProperty
	NavigationProperties map[string]schemaProperty `json:"navigation"`
}

type schemaProperty struct {
	Type     string
	Nullable *bool
}

var loadSchema = sync.OnceValues(func() (*schema, error) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	for {
		p, err := os.ReadFile(filepath.Join(dir, "shared", "graph", "graph-mail-subset.json"))
		if err == nil {
			s := new(schema)
			return s, json.Unmarshal(p, s)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, err
		}
		dir = up
	}
})

// checker reads along what a test's client receives, and checks every entity against the metadata.
type checker struct {
	http.RoundTripper
	t      *testing.T
	schema *schema

	mu   sync.Mutex
	seen map[string]int // entities by type
}

func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err != nil || resp.StatusCode >= 300 || !strings.HasPrefix(r.URL.Path, "/v1.0/") ||
		!strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return resp, err
	}
	p, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var rest io.Reader = bytes.NewReader(p)
	if err != nil {
		rest = io.MultiReader(rest, broken{err})
	}
	resp.Body = io.NopCloser(rest)
	var body map[string]any
	if err == nil && resp.Header.Get("Content-Encoding") == "" && json.Unmarshal(p, &body) == nil {
		c.answer(r.Method+" "+r.URL.Path, body)
	}
	return resp, nil
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

var contextType = regexp.MustCompile(`\$metadata#(?:.*[/(])?([A-Za-z.]+)\)?(?:/\$entity)?$`)

var collections = map[string]string{
	"users": "user", "messages": "message", "mailFolders": "mailFolder", "attachments": "attachment",
	"microsoft.graph.convertIdResult": "convertIdResult", "microsoft.graph.uploadSession": "uploadSession",
}

func (c *checker) answer(what string, body map[string]any) {
	if list, ok := body["responses"].([]any); ok {
		for _, item := range list {
			if inner, ok := item.(map[string]any)["body"].(map[string]any); ok && inner["error"] == nil {
				c.answer(what, inner)
			}
		}
		return
	}
	text, _ := body["@odata.context"].(string)
	m := contextType.FindStringSubmatch(text)
	if m == nil {
		c.t.Errorf("%s: no type in the context %q", what, text)
		return
	}
	name := m[1]
	if one, ok := collections[name]; ok {
		name = one
	}
	values, ok := body["value"].([]any)
	switch {
	case name == "userPurpose":
	case !ok:
		c.object(what, name, body)
	default:
		for _, v := range values {
			c.value(what, "graph."+name, v)
		}
	}
}

func (c *checker) typeOf(name string) *schemaType {
	if t := c.schema.EntityTypes[name]; t != nil {
		return t
	}
	return c.schema.ComplexTypes[name]
}

func (c *checker) property(typeName, name string) (schemaProperty, bool) {
	for t := c.typeOf(typeName); t != nil; t = c.typeOf(afterLast(t.BaseType, ".")) {
		if p, ok := t.Properties[name]; ok {
			return p, true
		}
		if p, ok := t.NavigationProperties[name]; ok {
			return p, true
		}
		if t.BaseType == "" {
			break
		}
	}
	return schemaProperty{}, typeName != "" && name == "id" && c.schema.EntityTypes[typeName] != nil
}

// object checks the members of an entity or a complex value.
func (c *checker) object(what, typeName string, o map[string]any) {
	if t, ok := o["@odata.type"].(string); ok {
		typeName = strings.TrimPrefix(t, "#microsoft.graph.")
	}
	if c.typeOf(typeName) == nil {
		c.t.Errorf("%s: Microsoft knows no type %q", what, typeName)
		return
	}
	c.mu.Lock()
	c.seen[typeName]++
	c.mu.Unlock()
	for name, v := range o {
		if strings.Contains(name, "@") || name == "x_simulated" {
			continue
		}
		p, ok := c.property(typeName, name)
		if !ok {
			c.t.Errorf("%s: Microsoft's %s has no property %q", what, typeName, name)
			continue
		}
		if v == nil {
			if p.Nullable != nil && !*p.Nullable {
				c.t.Errorf("%s: %s.%s is never null", what, typeName, name)
			}
			continue
		}
		if p.Type != "" {
			c.value(what+" "+typeName+"."+name, p.Type, v)
		}
	}
}

var edmTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

// value checks one value against the name of its type.
func (c *checker) value(what, typeName string, v any) {
	if inner, ok := strings.CutPrefix(typeName, "Collection("); ok {
		list, ok := v.([]any)
		if !ok {
			c.t.Errorf("%s: %v is no collection", what, v)
		}
		for _, item := range list {
			c.value(what, strings.TrimSuffix(inner, ")"), item)
		}
		return
	}
	text, isText := v.(string)
	number, isNumber := v.(float64)
	_, isBool := v.(bool)
	good := true
	switch typeName {
	case "Edm.String", "Edm.Guid":
		good = isText
	case "Edm.Boolean":
		good = isBool
	case "Edm.Int32", "Edm.Int64":
		good = isNumber && number == float64(int64(number))
	case "Edm.DateTimeOffset":
		good = isText && edmTime.MatchString(text)
	case "Edm.Binary":
		_, err := base64.StdEncoding.DecodeString(text)
		good = isText && err == nil
	default:
		short := afterLast(typeName, ".")
		if e, ok := c.schema.Enums[short]; ok {
			_, good = e.Members[text]
			break
		}
		o, ok := v.(map[string]any)
		if good = ok; ok {
			c.object(what, short, o)
		}
	}
	if !good {
		c.t.Errorf("%s: %.60s is no %s", what, fmt.Sprint(v), typeName)
	}
}

// The shapes of contract 2 to 6 are those of Microsoft's metadata. Every other test of this package checks what it receives in
// the same way, wherever the metadata is at hand.
func TestShapesAreThoseOfMicrosoftsMetadata(t *testing.T) {
	if _, err := loadSchema(); err != nil {
		t.Skip("Microsoft's metadata is not at hand:", err)
	}
	w := start(t, Options{})
	rich := richMail()
	w.add(rich)
	w.get("messages?$expand=attachments&$select=subject,body,uniqueBody,internetMessageHeaders,flag,categories,receivedDateTime")
	id := w.get("messages").values()[0]["id"].(string)
	for _, path := range []string{
		"/users", "/users/delta", "mailboxSettings", "mailFolders?$expand=childFolders", "mailFolders/delta", "mailFolders/inbox/messages/delta",
		"messages/" + id, "messages/" + id + "/attachments?$expand=microsoft.graph.itemattachment/item",
		"messages/" + id + "?$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E07')",
	} {
		w.get(path)
	}
	w.do("POST", "translateExchangeIds", map[string]any{"inputIds": []string{id}, "sourceIdType": "restId", "targetIdType": "ewsId"}).want(200)
	w.session(id, 3<<20).want(201)
	c := w.http.Transport.(*checker)
	var missing []string
	for _, name := range []string{
		"user", "mailboxSettings", "localeInfo", "mailFolder", "eventMessageRequest", "message", "event", "contact", "itemBody", "recipient", "emailAddress",
		"followupFlag", "dateTimeTimeZone", "internetMessageHeader", "fileAttachment", "itemAttachment", "referenceAttachment",
		"singleValueLegacyExtendedProperty", "convertIdResult", "uploadSession",
	} {
		if c.seen[name] == 0 {
			missing = append(missing, name)
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		t.Errorf("nothing of the types %v was seen", missing)
	}
}
