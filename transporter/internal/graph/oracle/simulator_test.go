package oracle_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// simulated is the simulated tenant as a plain HTTP client sees it.
type simulated struct {
	*graphsim.Server
	t     *testing.T
	http  *http.Client
	token string
	box   string // "/users/{id}" of the mailbox with everything in it
}

func simulate(t *testing.T) *simulated {
	t.Helper()
	s, err := graphsim.Start(graphsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	res, err := s.Seed(graphsim.SeedOptions{Generate: &corpus.Options{Mailboxes: 2, Messages: 300, Languages: []string{"en", "ja"}}, Seed: 11})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	item := func(kind string) *corpus.Message {
		return &corpus.Message{
			Type: kind, Subject: "inner " + kind, Body: "text", Sent: at, Received: at.Add(time.Hour), Importance: "normal",
			From: &corpus.Address{Name: "Bob", Address: "bob@example.org"}, MessageID: "<inner@example.org>", FlagStatus: "notFlagged",
		}
	}
	all := *item("eventMessageRequest")
	all.Folder, all.Subject, all.Categories = []string{"inbox"}, "everything", []string{"Blue category"}
	all.FlagStatus, all.FlagDue = "flagged", at
	all.Attachments = []corpus.Attachment{
		{Name: "file.txt", ContentType: "text/plain", ContentID: "cid", Inline: true, Content: []byte("file")},
		{Name: "mail", Item: item("")},
		{Name: "event", Item: item("event")},
		{Name: "contact", Item: item("contact")},
		{Name: "link", Reference: "https://files.example/x"},
	}
	if err := s.AddMessages(res.Mailboxes[0], all); err != nil {
		t.Fatal(err)
	}
	if err := s.AddFolder(res.Mailboxes[0], []string{"Found"}, false, true, false); err != nil {
		t.Fatal(err)
	}
	x := &simulated{Server: s, t: t, http: s.Client(), box: "/users/" + res.Mailboxes[0]}
	x.token = x.signIn()
	return x
}

func (s *simulated) signIn() string {
	s.t.Helper()
	resp, err := s.http.PostForm(s.Authority()+s.TenantID()+"/oauth2/v2.0/token", url.Values{
		"client_id": {graphsim.DefaultApp}, "client_secret": {graphsim.DefaultSecret},
		"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Token == "" {
		s.t.Fatalf("no token: %v", err)
	}
	return body.Token
}

// do sends a request below the version and returns the answer's body.
func (s *simulated) do(method, path, body string, status int, headers ...string) []byte {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.GraphURL()+"/v1.0"+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	p, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		s.t.Fatalf("%s %s: %s, want %d: %.300s %v", method, path, resp.Status, status, p, err)
	}
	return p
}

// field of a JSON object.
func field(t *testing.T, p []byte, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(p, &m); err != nil {
		t.Fatal(err)
	}
	v, _ := m[name].(string)
	return v
}

// wholly reads an answer with one of Microsoft's models and looks for members anywhere in it that the model does not know.
func wholly(t *testing.T, what string, body []byte, factory serialization.ParsableFactory) {
	t.Helper()
	node, err := kiotajson.NewJsonParseNode(body)
	if err != nil {
		t.Fatalf("%s: %v: %.200s", what, err, body)
	}
	v, err := node.GetObjectValue(factory)
	if err != nil {
		t.Errorf("%s: %v: %.200s", what, err, body)
		return
	}
	n := 0
	walk(t, what, v, &n)
	if n == 0 {
		t.Errorf("%s: the model is empty", what)
	}
}

// walk goes through all that a model's getters return.
func walk(t *testing.T, what string, v serialization.Parsable, n *int) {
	t.Helper()
	if extra, ok := v.(interface{ GetAdditionalData() map[string]any }); ok {
		for name := range extra.GetAdditionalData() {
			if !strings.Contains(name, "@odata.") && !strings.HasPrefix(name, "@") {
				t.Errorf("%s: Microsoft's %T knows no member %q", what, v, name)
			}
		}
	}
	rv := reflect.ValueOf(v)
	for i := range rv.NumMethod() {
		m := rv.Type().Method(i)
		if !strings.HasPrefix(m.Name, "Get") || m.Type.NumIn() != 1 || m.Type.NumOut() != 1 ||
			slices.Contains([]string{"GetAdditionalData", "GetBackingStore", "GetFieldDeserializers"}, m.Name) {
			continue
		}
		out := rv.Method(i).Call(nil)[0]
		if (out.Kind() == reflect.Pointer || out.Kind() == reflect.Interface || out.Kind() == reflect.Slice) && out.IsNil() {
			continue
		}
		*n++
		if p, ok := out.Interface().(serialization.Parsable); ok {
			walk(t, what+"."+m.Name[3:], p, n)
		}
		if out.Kind() == reflect.Slice {
			for k := range out.Len() {
				if p, ok := out.Index(k).Interface().(serialization.Parsable); ok {
					walk(t, what+"."+m.Name[3:], p, n)
				}
			}
		}
	}
}

func TestEveryAnswerOfTheSimulatedTenantIsReadByMicrosoftsModels(t *testing.T) {
	s := simulate(t)
	list := func(path string) []byte { return s.do("GET", path, "", 200) }
	first := func(p []byte) string {
		var page struct{ Value []struct{ ID string } }
		if err := json.Unmarshal(p, &page); err != nil || len(page.Value) == 0 {
			t.Fatalf("no items: %.200s %v", p, err)
		}
		return page.Value[0].ID
	}
	everything := s.box + "/messages/" + first(list(s.box+"/messages?$filter=subject eq 'everything'"))
	attachments := list(everything + "/attachments")
	tags := "$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E07' or id eq 'SystemTime 0x0E06' or id eq 'Integer 0x0E08')"
	selected := "$select=" + strings.Join([]string{"subject", "body", "uniqueBody", "internetMessageHeaders", "flag", "from", "toRecipients"}, ",")
	for _, c := range []struct {
		path    string
		factory serialization.ParsableFactory
	}{
		{"/users?$select=id,displayName,mail,userPrincipalName,accountEnabled,userType,proxyAddresses,assignedPlans,assignedLicenses,onPremisesSyncEnabled,department,companyName,mailNickname", models.CreateUserCollectionResponseFromDiscriminatorValue},
		{"/users", models.CreateUserCollectionResponseFromDiscriminatorValue},
		{"/users/delta", models.CreateUserCollectionResponseFromDiscriminatorValue},
		{s.box, models.CreateUserFromDiscriminatorValue},
		{s.box + "?$select=id,mailboxSettings", models.CreateUserFromDiscriminatorValue},
		{s.box + "/mailboxSettings", models.CreateMailboxSettingsFromDiscriminatorValue},
		{s.box + "/mailFolders?includeHiddenFolders=true&$top=100", models.CreateMailFolderCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders?$expand=childFolders&$top=100", models.CreateMailFolderCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders?$expand=singleValueExtendedProperties($filter=id eq 'String 0x3613')", models.CreateMailFolderCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders/delta", models.CreateMailFolderCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders/inbox", models.CreateMailFolderFromDiscriminatorValue},
		{s.box + "/messages?$top=200&$count=true", models.CreateMessageCollectionResponseFromDiscriminatorValue},
		{s.box + "/messages?$top=200&$expand=attachments&" + selected, models.CreateMessageCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders/inbox/messages?$top=200&" + tags, models.CreateMessageCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders/inbox/messages/delta", models.CreateMessageCollectionResponseFromDiscriminatorValue},
		{s.box + "/mailFolders/inbox/messages/delta?$expand=attachments", models.CreateMessageCollectionResponseFromDiscriminatorValue},
		{everything + "?" + tags, models.CreateMessageFromDiscriminatorValue},
		{everything + "?" + selected, models.CreateMessageFromDiscriminatorValue},
		{everything + "/attachments", models.CreateAttachmentCollectionResponseFromDiscriminatorValue},
		{everything + "/attachments?$expand=microsoft.graph.itemattachment/item", models.CreateAttachmentCollectionResponseFromDiscriminatorValue},
		{everything + "/attachments/" + first(attachments), models.CreateAttachmentFromDiscriminatorValue},
	} {
		wholly(t, "GET "+c.path, list(c.path), c.factory)
	}
}

func TestEveryAnswerToAWriteIsReadByMicrosoftsModels(t *testing.T) {
	s := simulate(t)
	post := func(path, body string, status int, factory serialization.ParsableFactory) []byte {
		p := s.do("POST", path, body, status)
		if factory != nil {
			wholly(t, "POST "+path, p, factory)
		}
		return p
	}
	folder := field(t, post(s.box+"/mailFolders", `{"displayName":"New"}`, 201, models.CreateMailFolderFromDiscriminatorValue), "id")
	child := field(t, post(s.box+"/mailFolders/"+folder+"/childFolders", `{"displayName":"Child","isHidden":true}`, 201, models.CreateMailFolderFromDiscriminatorValue), "id")
	post(s.box+"/mailFolders/"+child+"/move", `{"destinationId":"archive"}`, 201, models.CreateMailFolderFromDiscriminatorValue)
	post(s.box+"/mailFolders/"+folder+"/copy", `{"destinationId":"archive"}`, 201, models.CreateMailFolderFromDiscriminatorValue)
	wholly(t, "PATCH folder", s.do("PATCH", s.box+"/mailFolders/"+folder, `{"displayName":"Newer"}`, 200), models.CreateMailFolderFromDiscriminatorValue)
	message := field(t, post(s.box+"/mailFolders/"+folder+"/messages", `{"subject":"x","body":{"contentType":"html","content":"<p>x</p>"},`+
		`"singleValueExtendedProperties":[{"id":"Integer 0x0E07","value":"1"}]}`, 201, models.CreateMessageFromDiscriminatorValue), "id")
	post(s.box+"/messages/"+message+"/attachments", `{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":"YQ=="}`, 201, models.CreateAttachmentFromDiscriminatorValue)
	post(s.box+"/messages/"+message+"/attachments", `{"@odata.type":"#microsoft.graph.itemAttachment","name":"e","item":{"@odata.type":"#microsoft.graph.event","subject":"e",`+
		`"start":{"dateTime":"2026-03-01T08:00:00","timeZone":"UTC"},"end":{"dateTime":"2026-03-01T09:00:00","timeZone":"UTC"}}}`, 201, models.CreateAttachmentFromDiscriminatorValue)
	post(s.box+"/messages/"+message+"/attachments/createUploadSession", `{"AttachmentItem":{"attachmentType":"file","name":"l","size":3000000}}`, 201, models.CreateUploadSessionFromDiscriminatorValue)
	wholly(t, "PATCH message", s.do("PATCH", s.box+"/messages/"+message, `{"isRead":false}`, 200), models.CreateMessageFromDiscriminatorValue)
	post(s.box+"/messages/"+message+"/copy", `{"destinationId":"inbox"}`, 201, models.CreateMessageFromDiscriminatorValue)
	ids := post(s.box+"/translateExchangeIds", `{"inputIds":["`+message+`","nonsense"],"sourceIdType":"restId","targetIdType":"entryId"}`, 200, nil)
	var translated struct{ Value []json.RawMessage }
	if err := json.Unmarshal(ids, &translated); err != nil || len(translated.Value) != 2 {
		t.Fatalf("%s %v", ids, err)
	}
	for _, v := range translated.Value {
		wholly(t, "translated id", v, models.CreateConvertIdResultFromDiscriminatorValue)
	}
	post(s.box+"/messages/"+message+"/move", `{"destinationId":"inbox"}`, 201, models.CreateMessageFromDiscriminatorValue)
}

func TestEveryErrorOfTheSimulatedTenantIsReadByMicrosoftsModels(t *testing.T) {
	s := simulate(t)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/users/nobody@x.example", "", 404},
		{"GET", "/users/nobody@x.example/messages", "", 404},
		{"GET", s.box + "/messages/nonsense", "", 400},
		{"GET", s.box + "/mailFolders/clutter", "", 404},
		{"GET", s.box + "/messages?$top=1001", "", 400},
		{"GET", s.box + "/mailFolders/inbox/messages/delta?$skiptoken=x", "", 400},
		{"POST", s.box + "/mailFolders", `{"displayName":"Archive"}`, 409},
		{"POST", s.box + "/messages", `{"id":"x"}`, 400},
		{"GET", "/me", "", 400},
	} {
		p := s.do(c.method, c.path, c.body, c.status)
		if bytes.Contains(p, []byte(`"innererror"`)) {
			t.Errorf("%s: %s", c.path, p)
		}
		wholly(t, c.method+" "+c.path, p, odataerrors.CreateODataErrorFromDiscriminatorValue)
	}
}
