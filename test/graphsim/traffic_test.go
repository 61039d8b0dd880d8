package graphsim

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"
)

// Contract 10.1.
func TestRequestWindowIsLimited(t *testing.T) {
	w := start(t, Options{Throttle: Limits{Requests: 3, FloatRetry: true}})
	for range 3 {
		w.get("mailFolders/inbox")
	}
	a := w.do("GET", "mailFolders/inbox", nil).code(429, "TooManyRequests")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Contract 14.23.
func TestBatchAnswersEachItemByItself(t *testing.T) {
	w := start(t, Options{})
	item := func(id, url string, after ...string) map[string]any {
		return map[string]any{"id": id, "method": "GET", "url": "/users/" + w.user.ID + url, "dependsOn": after}
	}
	a := w.do("POST", "/$batch", map[string]any{"requests": []any{
		item("1", "/mailFolders/inbox"), item("2", "/mailFolders/clutter"), item("3", "/mailFolders/inbox", "2"),
	}}).want(200)
	got := map[string]float64{}
	for _, r := range a.body["responses"].([]any) {
		got[r.(map[string]any)["id"].(string)] = r.(map[string]any)["status"].(float64)
	}
	if got["1"] != 200 || got["2"] != 404 || got["3"] != 424 {
		t.Errorf("statuses %v", got)
	}
	var many []any
	for i := range 21 {
		many = append(many, item(string(rune('a'+i)), "/messages"))
	}
	w.do("POST", "/$batch", map[string]any{"requests": many}).want(400)
}

// Contract 14.25.
func TestFaultsFireAndAreCounted(t *testing.T) {
	w := start(t, Options{})
	c := w.s.Control()
	for _, f := range []Fault{
		{Kind: "folders.get", Status: 503, Count: 1, Body: "html", RetryAfter: "2.5"},
		{Kind: "messages.create", LoseReply: true, Count: 1},
		{Kind: "messages.list", TruncateAt: 50, Count: 1},
		{Kind: "users.list", Reset: true, Count: 1},
	} {
		if _, err := c.AddFault(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if a := w.do("GET", "mailFolders/inbox", nil).want(503); a.header.Get("Retry-After") != "2.5" {
		t.Error("no Retry-After")
	}
	w.get("mailFolders/inbox")
	for _, r := range []*http.Request{
		w.request("POST", "messages", `{"subject":"lost"}`), w.request("GET", "messages", nil), w.request("GET", "/users", nil),
	} {
		resp, err := w.http.Transport.RoundTrip(r)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%s %s came through", r.Method, r.URL.Path)
		}
	}
	if got := len(w.get("messages").values()); got != 1 {
		t.Errorf("%d messages, want the one whose reply was lost", got)
	}
	rules, err := c.Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if r.Fired != 1 {
			t.Errorf("%s fired %d times, want once", r.Kind, r.Fired)
		}
	}
}

// Contract 9.3: compressed requests are taken, compressed replies given.
func TestGzipBothWays(t *testing.T) {
	w := start(t, Options{})
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	_, _ = gz.Write([]byte(`{"subject":"packed"}`))
	_ = gz.Close()
	r := w.request("POST", "messages", b.String(), "Content-Encoding", "gzip", "Accept-Encoding", "gzip")
	resp, err := w.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 201 || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("status %d, encoding %q", resp.StatusCode, resp.Header.Get("Content-Encoding"))
	}
}
