package graphsim

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// atOnce sends requests and returns where their statuses come.
func (w *world) atOnce(n int, path string) <-chan int {
	answers := make(chan int, n)
	for range n {
		r := w.request("GET", path, nil)
		go func() {
			resp, err := w.http.Do(r)
			if err != nil {
				answers <- 0
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			answers <- resp.StatusCode
		}()
	}
	return answers
}

// Contract 14.22, with 10.1, 10.2 and 9.3.
func TestMustHave22Throttle(t *testing.T) {
	w := start(t, Options{})
	c := w.s.Control()
	w.fault(Fault{Kind: "folders.get", Hold: true})
	answers := w.atOnce(5, "mailFolders/inbox")
	if got := <-answers; got != 429 {
		t.Errorf("the first answer of five is %d: four are held", got)
	}
	w.clearFaults()
	for range 4 {
		if got := <-answers; got != 200 {
			t.Errorf("one of four is %d", got)
		}
	}
	if err := c.SetMailboxThrottle(t.Context(), w.user.UserPrincipalName, &Limits{Concurrent: 5}); err != nil {
		t.Fatal(err)
	}
	w.fault(Fault{Kind: "folders.get", Hold: true})
	answers = w.atOnce(5, "mailFolders/inbox")
	w.until("five in flight", func(n Counts) bool { return n.MaxInFlight[w.user.ID] == 5 })
	w.clearFaults()
	for range 5 {
		if got := <-answers; got != 200 {
			t.Errorf("one of five is %d where five may be", got)
		}
	}
	if n, err := c.Counters(t.Context()); err != nil || n.ByKind["folders.get"] != 10 || n.MaxInFlight[w.user.ID] != 5 {
		t.Errorf("counted %v, most at once %v, %v: refused ones count", n.ByKind, n.MaxInFlight, err)
	}
	for _, l := range []struct {
		limits Limits
		want   func(string) bool
	}{
		{Limits{Requests: 20}, func(s string) bool { return s != "" && !strings.Contains(s, ".") }},
		{Limits{Requests: 20, FloatRetry: true}, func(s string) bool { return strings.Contains(s, ".") }},
		{Limits{Requests: 20, DateRetry: true}, func(s string) bool { _, err := http.ParseTime(s); return err == nil }},
		{Limits{Requests: 20, RetryAfter: "none"}, func(s string) bool { return s == "" }},
	} {
		if err := c.SetMailboxThrottle(t.Context(), w.user.ID, &l.limits); err != nil {
			t.Fatal(err)
		}
		var refused *answer
		for range 21 {
			if a := w.do("GET", "mailFolders/inbox", nil); a.status == 429 {
				refused = a.code(429, "TooManyRequests")
			}
		}
		if refused == nil || !l.want(refused.header.Get("Retry-After")) {
			t.Errorf("%+v: refused with %v", l.limits, refused)
		}
	}
	if err := c.SetMailboxThrottle(t.Context(), w.user.ID, nil); err != nil {
		t.Fatal(err)
	}
	w.get("mailFolders/inbox")
	w.clock(11 * time.Minute)
	if err := c.SetThrottle(t.Context(), Limits{Requests: 3}); err != nil {
		t.Fatal(err)
	}
	w.get("mailFolders/inbox") // the window has passed
}

// Contract 10.1: bytes sent to a mailbox.
func TestUploadedBytesAreLimitedInAWindow(t *testing.T) {
	w := start(t, Options{Throttle: Limits{UploadBytes: 5 << 20}, Now: still})
	big := map[string]any{"subject": "x", "body": map[string]any{"contentType": "text", "content": strings.Repeat("x", 3<<20)}}
	w.do("POST", "messages", big).want(201)
	a := w.do("POST", "messages", big).code(429, "TooManyRequests")
	if s := a.header.Get("Retry-After"); s != "300" {
		t.Errorf("Retry-After %s, want what is left of five minutes", s)
	}
	w.get("messages")
	w.clock(5 * time.Minute)
	w.do("POST", "messages", big).want(201)
}

// Contract 10.1: what an app may ask of everything together, and of the directory.
func TestTheAppAndTheDirectoryHaveLimits(t *testing.T) {
	w := start(t, Options{Throttle: Limits{AppRequests: 10, DirectoryUnits: 7}, Now: still})
	a := w.get("/users")
	b := w.get("/users?$select=id&$top=5")
	if a.header.Get("x-ms-resource-unit") != "2" || b.header.Get("x-ms-resource-unit") != "1" {
		t.Errorf("units %q and %q", a.header.Get("x-ms-resource-unit"), b.header.Get("x-ms-resource-unit"))
	}
	w.get("/users")
	w.get("/users/" + w.user.ID)
	if got := w.get("/users/" + w.user.ID).header.Get("x-ms-throttle-limit-percentage"); got != "1.00" {
		t.Errorf("%q of the limit is spent", got)
	}
	full := w.do("GET", "/users", nil).code(429, "TooManyRequests")
	if full.header.Get("Retry-After") != "3" || full.header.Get("x-ms-throttle-information") != "ResourceUnitLimitExceeded" ||
		!strings.Contains(full.header.Get("x-ms-throttle-scope"), DefaultApp) {
		t.Errorf("refused with %v", full.header)
	}
	for range 4 {
		w.get("mailFolders/inbox")
	}
	w.do("GET", "mailFolders/inbox", nil).code(429, "TooManyRequests")
	w.clock(10 * time.Second)
	w.get("mailFolders/inbox")
	w.get("/users")
}

func batchItems(n int, make func(i int) map[string]any) map[string]any {
	var list []any
	for i := range n {
		item := make(i)
		item["id"] = fmt.Sprint(i)
		list = append(list, item)
	}
	return map[string]any{"requests": list}
}

// responses of a batch by id, and the order in which they came.
func (a *answer) responses() (map[string]map[string]any, []string) {
	got, order := map[string]map[string]any{}, []string{}
	list, _ := a.body["responses"].([]any)
	for _, r := range list {
		m := r.(map[string]any)
		got[m["id"].(string)] = m
		order = append(order, m["id"].(string))
	}
	return got, order
}

// Contract 14.23, with 8.
func TestMustHave23Batches(t *testing.T) {
	w := start(t, Options{})
	get := func(path string) map[string]any {
		return map[string]any{"method": "GET", "url": "/users/" + w.user.ID + "/" + path}
	}
	// inBatch sends n requests in a batch, whose first ones are held until the counts are as they should be.
	inBatch := func(n int, what string, holds func(Counts) bool) (map[string]map[string]any, []string) {
		w.fault(Fault{Kind: "folders.get", Hold: true})
		done := make(chan struct{})
		go func() { // ends with the test's context at the latest
			defer close(done)
			w.until(what, holds)
			w.s.faults.Clear()
		}()
		a := w.do("POST", "/$batch", batchItems(n, func(int) map[string]any { return get("mailFolders/inbox") })).want(200)
		<-done
		return a.responses()
	}
	got, order := inBatch(20, "four in flight", func(n Counts) bool { return n.MaxInFlight[w.user.ID] == 4 })
	if len(got) != 20 || slices.IsSortedFunc(order, func(a, b string) int { return len(a)*10 - len(b)*10 + strings.Compare(a, b) }) {
		t.Errorf("%d answers, in the order %v", len(got), order)
	}
	for id, r := range got {
		if r["status"] != 200.0 {
			t.Errorf("item %s: %v", id, r["status"])
		}
	}
	if n := w.s.counters.Snapshot(false).MaxInFlight[w.user.ID]; n != 4 {
		t.Errorf("%d in flight, want 4", n)
	}
	w.do("POST", "/$batch", batchItems(21, func(int) map[string]any { return get("mailFolders/inbox") })).want(400)
	w.do("POST", "/$batch", map[string]any{"requests": []any{
		map[string]any{"id": "1", "method": "GET", "url": "/users"}, map[string]any{"id": "1", "method": "GET", "url": "/users"},
	}}).want(400)
	if err := w.s.Control().SetMailboxThrottle(t.Context(), w.user.ID, &Limits{Concurrent: 1}); err != nil {
		t.Fatal(err)
	}
	got, _ = inBatch(4, "three refused", func(n Counts) bool { return n.ByStatus[429] == 3 })
	refused := 0
	for _, r := range got {
		if r["status"] == 429.0 {
			refused++
			if r["headers"].(map[string]any)["Retry-After"] != "1" || r["body"].(map[string]any)["error"] == nil {
				t.Errorf("refused with %v", r)
			}
		}
	}
	if refused != 3 {
		t.Errorf("%d of four at once were refused where one may be", refused)
	}
	if err := w.s.Control().SetMailboxThrottle(t.Context(), w.user.ID, nil); err != nil {
		t.Fatal(err)
	}
	chain := func(i int) map[string]any {
		item := get([]string{"mailFolders/inbox", "mailFolders/clutter", "mailFolders/inbox"}[i])
		if i > 0 {
			item["dependsOn"] = []string{fmt.Sprint(i - 1)}
		}
		return item
	}
	got, _ = w.do("POST", "/$batch", batchItems(3, chain)).want(200).responses()
	if got["0"]["status"] != 200.0 || got["1"]["status"] != 404.0 || got["2"]["status"] != 424.0 {
		t.Errorf("chain %v", got)
	}
	tangled := batchItems(4, func(i int) map[string]any {
		item := get("mailFolders/inbox")
		if i > 1 {
			item["dependsOn"] = []string{fmt.Sprint(i - 2)}
		}
		return item
	})
	w.do("POST", "/$batch", tangled).want(400)
	w.add(mails(1)...)
	got, _ = w.do("POST", "/$batch", batchItems(2, func(i int) map[string]any {
		item := get("messages")
		if i == 1 {
			item["headers"] = map[string]any{"Prefer": immutable}
		}
		return item
	}), "Prefer", immutable).want(200).responses()
	if a, b := got["0"]["headers"].(map[string]any), got["1"]["headers"].(map[string]any); a["Preference-Applied"] != nil || b["Preference-Applied"] == nil {
		t.Errorf("headers are not those of each item: %v %v", a, b)
	}
}

// Contract 14.25 within 8: an item whose connection would break fails by itself, and may have taken effect.
func TestFaultsOfBatchItemsFailTheItemAlone(t *testing.T) {
	w := start(t, Options{})
	post := func(i int) map[string]any {
		return map[string]any{
			"method": "POST", "url": "/users/" + w.user.ID + "/messages", "headers": map[string]any{"Content-Type": "application/json"},
			"body": map[string]any{"subject": fmt.Sprint(i)},
		}
	}
	for _, f := range []struct {
		fault  Fault
		status float64
		made   int
	}{
		{Fault{Reset: true}, 504, 1},
		{Fault{LoseReply: true}, 504, 2},
		{Fault{TruncateAt: 20}, 504, 2},
		{Fault{Status: 503, Body: "html", RetryAfter: "7"}, 503, 1},
		{Fault{Status: 429, RetryAfter: "date:9"}, 429, 1},
	} {
		f.fault.Kind, f.fault.Count = "messages.create", 1
		before := len(w.get("messages?$top=1000").values())
		w.fault(f.fault)
		got, _ := w.do("POST", "/$batch", batchItems(2, post)).want(200).responses()
		failed := slices.DeleteFunc([]string{"0", "1"}, func(id string) bool { return got[id]["status"] == 201.0 })
		if len(failed) != 1 || got[failed[0]]["status"] != f.status {
			t.Errorf("%+v: %v", f.fault, got)
		}
		if n := len(w.get("messages?$top=1000").values()) - before; n != f.made {
			t.Errorf("%+v: %d messages made, want %d", f.fault, n, f.made)
		}
		if h, _ := got[failed[0]]["headers"].(map[string]any); (f.fault.RetryAfter != "") != (h["Retry-After"] != nil) {
			t.Errorf("%+v: headers %v", f.fault, h)
		}
	}
}

// Contract 14.25, with 6.10, 9.1 and 9.2.
func TestMustHave25FaultsOnEveryRoute(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(3)...)
	try := func(method, path string, body any) (int, string, error) {
		r := w.request(method, path, body)
		r.Close = true // a used connection that breaks is tried again
		resp, err := w.http.Transport.RoundTrip(r)
		if err != nil {
			return 0, "", err
		}
		p, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode, string(p), err
	}
	for _, route := range [][2]string{
		{"users.list", "/users"},
		{"users.get", "/users/" + w.user.ID},
		{"folders.list", "mailFolders"},
		{"folders.delta", "mailFolders/delta"},
		{"messages.list", "messages"},
		{"messages.delta", inboxDelta},
		{"mailboxSettings", "mailboxSettings"},
		{"openid", w.s.Authority() + w.s.TenantID() + "/v2.0/.well-known/openid-configuration"},
	} {
		kind, path := route[0], route[1]
		for _, status := range []int{500, 502, 503, 504} {
			for _, body := range []string{"", "html", "empty"} {
				w.fault(Fault{Kind: kind, Status: status, Body: body, Count: 1})
				got, text, err := try("GET", path, nil)
				if err != nil || got != status || (text == "") != (body == "empty") || strings.HasPrefix(text, "<html>") != (body == "html") {
					t.Errorf("%s %d %q: %d %.60s %v", kind, status, body, got, text, err)
				}
			}
		}
		for name, f := range map[string]Fault{"reset": {Reset: true}, "truncated": {TruncateAt: 30}, "lost": {LoseReply: true}} {
			f.Kind, f.Count = kind, 1
			w.fault(f)
			if got, text, err := try("GET", path, nil); err == nil {
				t.Errorf("%s %s: %d %.60s", kind, name, got, text)
			}
		}
		w.fault(Fault{Kind: kind, SlowBody: 30 * time.Millisecond, Count: 1})
		if got, text, err := try("GET", path, nil); err != nil || got != 200 || text == "" {
			t.Errorf("%s slow: %d %v", kind, got, err)
		}
	}
	w.fault(Fault{Kind: "messages.create", LoseReply: true, Count: 1})
	if _, _, err := try("POST", "messages", `{"subject":"lost"}`); err == nil {
		t.Error("the reply was not lost")
	}
	w.only("lost")
	counts, err := w.s.Control().Counters(t.Context())
	if err != nil || counts.ByStatus[0] != 17 { // eight kinds reset and lost, and this one
		t.Errorf("%d requests without an answer are counted, want 17; %v", counts.ByStatus[0], err)
	}
	rules, err := w.s.Control().Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if r.Fired != 1 {
			t.Errorf("%+v fired %d times", r, r.Fired)
		}
	}
}

// Contract 14.25: storms, large pages, one mailbox, one app, skewed clocks, and the forms of errors (9.1).
func TestMustHave25StormsSkewsAndShapes(t *testing.T) {
	w := start(t, Options{})
	c := w.s.Control()
	others, err := w.s.AddUsers(User{DisplayName: "Other", Mailbox: true})
	if err != nil {
		t.Fatal(err)
	}
	w.fault(Fault{Kind: "messages.*", Mailbox: w.user.UserPrincipalName, Status: 429, RetryAfter: "5", For: time.Minute})
	for range 3 {
		if a := w.do("GET", "messages", nil).want(429); a.header.Get("Retry-After") != "5" {
			t.Error("no Retry-After")
		}
	}
	w.get("/users/" + others[0].ID + "/messages")
	w.clock(time.Minute)
	w.get("messages") // the storm is over
	w.fault(Fault{Kind: "messages.delta", MinPage: 100, Status: 504})
	w.do("GET", inboxDelta, nil, "Prefer", "odata.maxpagesize=100").want(504)
	w.get(inboxDelta, "Prefer", "odata.maxpagesize=99")
	w.fault(Fault{App: DefaultApp, Status: 401, Count: 3})
	for range 3 {
		w.do("GET", "messages", nil).code(401, "InvalidAuthenticationToken")
	}
	w.get("messages")
	if err := c.ClearFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.set(Settings{TokenSkew: 10 * time.Minute, DateSkew: -time.Hour})
	w.token = w.newToken(DefaultApp, DefaultSecret)
	a := w.do("GET", "messages", nil).code(401, "InvalidAuthenticationToken")
	if at, err := http.ParseTime(a.header.Get("Date")); err != nil || time.Until(at) > -50*time.Minute {
		t.Errorf("date %s", a.header.Get("Date"))
	}
	w.set(Settings{TokenSkew: 3 * time.Minute, LowerInnerError: true, OddErrors: true, NestedErrors: true})
	w.token = w.newToken(DefaultApp, DefaultSecret)
	e := w.do("GET", "messages/nonsense", nil).want(400).body["error"].(map[string]any)
	inner, _ := e["innererror"].(map[string]any)
	if e["code"] != "generalException" || inner["code"] != "ErrorInvalidIdMalformed" || inner["requestId"] == nil || e["details"] == nil {
		t.Errorf("error %v", e)
	}
}

// Contract 14.25: latencies have a median and a tail, for all or for some.
func TestLatenciesAreDistributed(t *testing.T) {
	set := &Settings{
		Latency: 80 * time.Millisecond, LatencyP99: 800 * time.Millisecond,
		LatencyRules: []LatencyRule{{Kind: "attachments.*", Latency: 200 * time.Millisecond}, {Mailbox: "m", Latency: 5 * time.Millisecond}},
	}
	d := newDice(4)
	var all []time.Duration
	for range 5000 {
		all = append(all, d.latency(set, "messages.list", "x"))
	}
	slices.Sort(all)
	if median, tail := all[2500], all[4950]; median < 70*time.Millisecond || median > 90*time.Millisecond || tail < 500*time.Millisecond || tail > 1200*time.Millisecond {
		t.Errorf("median %s, 99th percentile %s", median, tail)
	}
	if got := d.latency(set, "attachments.value", "m"); got != 200*time.Millisecond {
		t.Errorf("%s for attachments", got)
	}
	if got := d.latency(set, "messages.list", "m"); got != 5*time.Millisecond {
		t.Errorf("%s for the mailbox", got)
	}
}

// Contract 14, unmodified clients: under the real names, through a proxy, each host has its own alone.
func TestTheProxyLeadsTheRealNamesHere(t *testing.T) {
	w := start(t, Options{ProxyListen: "127.0.0.1:0"})
	proxy, err := url.Parse(w.s.ProxyURL())
	if err != nil {
		t.Fatal(err)
	}
	w.http = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: w.s.CAPool()}}}
	sign := func(host, scope string) (int, string) {
		resp, err := w.http.PostForm("https://"+host+"/"+w.s.TenantID()+"/oauth2/v2.0/token", url.Values{
			"client_id": {DefaultApp}, "client_secret": {DefaultSecret}, "grant_type": {"client_credentials"}, "scope": {scope + "/.default"},
		})
		if err != nil {
			t.Fatal(err)
		}
		body := readBody(t, resp)
		token, _ := body["access_token"].(string)
		return resp.StatusCode, token
	}
	for _, c := range [][2]string{
		{"login.microsoftonline.com", "graph.microsoft.com"},
		{"login.microsoftonline.us", "graph.microsoft.us"},
		{"login.microsoftonline.us", "dod-graph.microsoft.us"},
		{"login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"},
	} {
		config := w.do("GET", "https://"+c[0]+"/"+w.s.TenantID()+"/v2.0/.well-known/openid-configuration", nil).want(200)
		if got, want := config.str("issuer"), "https://"+c[0]+"/"+w.s.TenantID()+"/v2.0"; got != want {
			t.Errorf("issuer %s, want %s", got, want)
		}
		_, w.token = sign(c[0], "https://"+c[1])
		w.do("GET", "https://"+c[1]+"/v1.0/users", nil).want(200)
	}
	_, w.token = sign("login.microsoftonline.com", "https://graph.microsoft.com")
	w.do("GET", "https://graph.microsoft.us/v1.0/users", nil).code(401, "InvalidAuthenticationToken")
	if status, _ := sign("login.microsoftonline.us", "https://graph.microsoft.com"); status != 400 {
		t.Errorf("%d for another cloud's scope", status)
	}
	w.do("GET", "https://login.microsoftonline.com/v1.0/users", nil).want(404)
	w.do("GET", "https://graph.microsoft.com/"+w.s.TenantID()+"/v2.0/.well-known/openid-configuration", nil).want(404)
	found := w.do("GET", "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=https://login.microsoftonline.com/x/oauth2/v2.0/authorize", nil).want(200)
	if found.body["metadata"] == nil {
		t.Errorf("discovery %v", found.body)
	}
	w.do("GET", "https://login.microsoftonline.com/common/discovery/instance?authorization_endpoint=https://evil.example/x", nil).want(400)
	if _, err := w.http.Get("https://example.org/"); err == nil {
		t.Error("the proxy leads elsewhere")
	}
}

// Habits of other clients: functions with parentheses, quoted keys, escaped signs, the beta version, the case of options.
func TestOtherClientsHabitsAreTaken(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(2)...)
	m := w.get("messages").values()[0]["id"].(string)
	inbox := w.get("mailFolders/inbox").str("id")
	user := "/users('" + w.user.ID + "')"
	for _, path := range []string{
		user + "/mailFolders('inbox')/messages/delta()", user + "/mailFolders('" + inbox + "')/messages/microsoft.graph.delta()",
		user + "/messages('" + m + "')", "/users/" + url.PathEscape(w.user.UserPrincipalName) + "/messages/" + strings.ReplaceAll(m, "=", "%3D"),
		"/users/" + w.user.ID + "/messages/" + m + "?%24Select=subject", user + "/mailFolders?$orderBy=displayName&$Top=5",
		w.s.GraphURL() + "/beta/users/" + w.user.ID + "/mailFolders/inbox",
	} {
		w.get(path)
	}
	if got := w.get(w.s.GraphURL() + "/beta/users/" + w.user.ID + "/mailFolders/inbox").str("wellKnownName"); got != "inbox" {
		t.Errorf("beta says %q", got)
	}
	if n := len(w.get(user + "/mailFolders?$Top=5").values()); n != 5 {
		t.Errorf("%d folders by $Top", n)
	}
}
