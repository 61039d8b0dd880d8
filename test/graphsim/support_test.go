package graphsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/test/graphsim/corpus"
)

// world is a tenant with one mailbox, and a client with a token.
type world struct {
	t     *testing.T
	s     *Server
	http  *http.Client
	token string
	user  User
	hdr   http.Header
}

func start(t *testing.T, opts Options) *world {
	t.Helper()
	s, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, s: s, http: s.Client(), hdr: http.Header{}}
	if metadata, err := loadSchema(); err == nil {
		w.http.Transport = &checker{RoundTripper: w.http.Transport, t: t, schema: metadata, seen: map[string]int{}}
	}
	users, err := s.AddUsers(User{DisplayName: "Ada Lovelace", Mailbox: true, AccountEnabled: true})
	if err != nil {
		t.Fatal(err)
	}
	w.user = users[0]
	w.token = w.newToken(DefaultApp, DefaultSecret)
	return w
}

func (w *world) newToken(id, secret string) string {
	w.t.Helper()
	status, body := w.tokenRequest(w.s.TenantID(), id, secret, "https://graph.microsoft.com/.default openid offline_access profile")
	if status != 200 {
		w.t.Fatalf("token: %d %v", status, body)
	}
	return body["access_token"].(string)
}

func (w *world) tokenRequest(tenantName, id, secret, scope string) (int, map[string]any) {
	w.t.Helper()
	resp, err := w.http.PostForm(w.s.Authority()+tenantName+"/oauth2/v2.0/token", url.Values{
		"client_id": {id}, "client_secret": {secret}, "grant_type": {"client_credentials"}, "scope": {scope},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, readBody(w.t, resp)
}

func readBody(t *testing.T, resp *http.Response) map[string]any {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	p, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if len(p) > 0 && json.Unmarshal(p, &out) != nil {
		out["raw"] = string(p)
	}
	return out
}

// answer of a request.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   map[string]any
}

// do sends a request to a path below the user, or below the version when it begins with "/".
func (w *world) do(method, path string, body any, headers ...string) *answer {
	w.t.Helper()
	resp, err := w.http.Do(w.request(method, path, body, headers...))
	if err != nil {
		w.t.Fatal(err)
	}
	return &answer{w.t, resp.StatusCode, resp.Header, readBody(w.t, resp)}
}

func (w *world) request(method, path string, body any, headers ...string) *http.Request {
	w.t.Helper()
	u := path
	switch {
	case strings.HasPrefix(path, "https://"):
	case strings.HasPrefix(path, "/"):
		u = w.s.GraphURL() + "/v1.0" + path
	default:
		u = w.s.GraphURL() + "/v1.0/users/" + w.user.ID + "/" + path
	}
	var in io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	case []byte:
		in, kind = bytes.NewReader(b), "text/plain"
	default:
		p, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(p)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, strings.ReplaceAll(u, " ", "%20"), in)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	if in != nil {
		r.Header.Set("Content-Type", kind)
	}
	for k, v := range w.hdr {
		r.Header[k] = v
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func (w *world) get(path string, headers ...string) *answer {
	w.t.Helper()
	return w.do("GET", path, nil, headers...).want(200)
}

func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %.400s", a.status, status, fmt.Sprint(a.body))
	}
	return a
}

// code wants an error of this status and code.
func (a *answer) code(status int, code string) *answer {
	a.t.Helper()
	a.want(status)
	e, _ := a.body["error"].(map[string]any)
	if e["code"] != code {
		a.t.Fatalf("code %v, want %s", e["code"], code)
	}
	return a
}

func (a *answer) values() []map[string]any {
	list, _ := a.body["value"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

func (a *answer) str(name string) string { s, _ := a.body[name].(string); return s }

// set changes the settings.
func (w *world) set(s Settings) {
	w.t.Helper()
	if err := w.s.Control().SetSettings(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

// fault adds a rule.
func (w *world) fault(f Fault) {
	w.t.Helper()
	if _, err := w.s.Control().AddFault(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// clearFaults removes all rules, and so lets go what they hold.
func (w *world) clearFaults() {
	w.t.Helper()
	if err := w.s.Control().ClearFaults(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// until waits for a count to become what it should.
func (w *world) until(what string, holds func(Counts) bool) {
	w.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds(w.s.counters.Snapshot(false)) {
		select {
		case <-tick.C:
		case <-w.t.Context().Done():
			w.t.Errorf("waited for %s in vain", what)
			return
		}
	}
}

// still is a clock that stands still until it is moved.
func still() time.Time { return epoch }

// clock moves the tenant's clock from the real one.
func (w *world) clock(d time.Duration) {
	w.t.Helper()
	if err := w.s.Control().SetClock(w.t.Context(), d); err != nil {
		w.t.Fatal(err)
	}
}

// change changes mail as people do.
func (w *world) change(ch Change) []string {
	w.t.Helper()
	ids, err := w.s.Control().Change(w.t.Context(), w.user.ID, ch)
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

// only is the one message of a subject.
func (w *world) only(subject string, headers ...string) map[string]any {
	w.t.Helper()
	got := w.get("messages?$filter=subject eq '"+subject+"'", headers...).values()
	if len(got) != 1 {
		w.t.Fatalf("%d messages %q", len(got), subject)
	}
	return got[0]
}

// add puts messages into the mailbox.
func (w *world) add(messages ...corpus.Message) {
	w.t.Helper()
	if err := w.s.AddMessages(w.user.ID, messages...); err != nil {
		w.t.Fatal(err)
	}
}

var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// mails makes n plain messages in the inbox.
func mails(n int) []corpus.Message {
	out := make([]corpus.Message, n)
	for i := range out {
		out[i] = aMail(fmt.Sprintf("message %d", i))
		out[i].Received = epoch.Add(time.Duration(i) * time.Hour)
		out[i].Sent = out[i].Received.Add(-time.Minute)
	}
	return out
}

func aMail(subject string) corpus.Message {
	return corpus.Message{
		Folder: []string{"inbox"}, Subject: subject, BodyHTML: true, Body: "<p>" + subject + "</p>",
		From: &corpus.Address{Name: "Bob", Address: "bob@example.org"},
		To:   []corpus.Address{{Name: "Ada", Address: "ada@contoso.example"}}, Received: epoch, Sent: epoch,
		MessageID: "<" + strings.ReplaceAll(subject, " ", ".") + "@example.org>",
		Headers:   []corpus.Header{{Name: "Received", Value: "from a by b"}, {Name: "Subject", Value: subject}},
	}
}

// richMail has everything in it that a message can have.
func richMail() corpus.Message {
	item := func(kind string) *corpus.Message {
		m := aMail("inner " + kind)
		m.Folder, m.Type, m.Body, m.BodyHTML = nil, kind, "text", false
		m.Received = epoch.Add(time.Hour)
		return &m
	}
	m := aMail("everything")
	m.Type, m.Categories, m.FlagStatus, m.FlagDue = "eventMessageRequest", []string{"Blue category"}, "flagged", epoch
	m.Attachments = []corpus.Attachment{
		{Name: "file.txt", ContentType: "text/plain", Content: []byte("file")},
		{Name: "inline.png", ContentType: "image/png", ContentID: "cid", Inline: true, Content: []byte("png")},
		{Name: "mail", Item: item("")},
		{Name: "event", Item: item("event")},
		{Name: "contact", Item: item("contact")},
		{Name: "link", Reference: "https://files.example/x"},
	}
	return m
}

// round follows links to the end and returns all records and the deltaLink.
func (w *world) round(path string, headers ...string) ([]map[string]any, string) {
	w.t.Helper()
	var all []map[string]any
	for {
		a := w.get(path, headers...)
		all = append(all, a.values()...)
		next, done := a.str("@odata.nextLink"), a.str("@odata.deltaLink")
		if (next == "") == (done == "") {
			w.t.Fatalf("want exactly one of nextLink %q and deltaLink %q", next, done)
		}
		if done != "" {
			return all, done
		}
		path = next
	}
}
