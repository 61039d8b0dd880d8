package director_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"holdfast/director/internal/auth"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

const strongPassword = "a long enough password"

// browser calls the API as a page of the Director's does: POSTs of JSON with fetch, which keep the session in a cookie that
// no script sees.
//
//	await fetch("/holdfast.director.v1.SystemService/SignIn", {
//		method: "POST", headers: {"Content-Type": "application/json"},
//		body: JSON.stringify({user, password, cookie: true}),
//	})
//
// From then on each fetch of the same origin, and each frame and link to /preview and /download, is the user's, until an
// answer has the status 401 and the header "holdfast-session: ended".
type browser struct {
	t    *testing.T
	http *http.Client
	base string
	// headers are added to each request, in place of those of a page of the Director's.
	headers map[string]string
}

func newBrowser(h *house) *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{t: h.t, http: &http.Client{Transport: h.http.Transport, Jar: jar}, base: h.base}
}

// answer is what a browser got.
type answer struct {
	status int
	header http.Header
	body   string
	fields map[string]any
}

func (b *browser) do(method, path, body string) answer {
	b.t.Helper()
	q, err := http.NewRequestWithContext(context.WithoutCancel(b.t.Context()), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", "Browser/1.0")
	headers := b.headers
	if headers == nil {
		headers = map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": b.base}
	}
	for k, v := range headers {
		q.Header.Set(k, v)
	}
	r, err := b.http.Do(q)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := answer{status: r.StatusCode, header: r.Header, body: string(text)}
	_ = json.Unmarshal(text, &a.fields) // pages and files are none
	return a
}

// call calls a method, as "SystemService/WhoAmI", with a request in JSON.
func (b *browser) call(method, body string) answer {
	b.t.Helper()
	return b.do(http.MethodPost, "/holdfast.director.v1."+method, body)
}

func (b *browser) signIn(user, password string) answer {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"user": user, "password": password, "cookie": true})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.call("SystemService/SignIn", string(body))
}

// settle gives the administrator a password of their own.
func (h *house) settle() {
	h.t.Helper()
	first := strings.TrimSpace(string(h.file("first-password")))
	s, err := h.system.SignIn(h.t.Context(), &directorv1.SignInRequest{User: auth.FirstUser, Password: first})
	if err != nil {
		h.t.Fatal(err)
	}
	local := h.token
	h.token = s.GetToken()
	if _, err := h.system.SetPassword(h.t.Context(), &directorv1.SetPasswordRequest{CurrentPassword: first, NewPassword: strongPassword}); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.system.SignOut(h.t.Context(), &directorv1.SignOutRequest{}); err != nil {
		h.t.Fatal(err)
	}
	h.token = local
}

func TestBrowserSignsInWithACookie(t *testing.T) {
	h := newHouse(t)
	first := strings.TrimSpace(string(h.file("first-password")))
	b := newBrowser(h)
	if a := b.call("SystemService/WhoAmI", "{}"); a.status != 401 || a.header.Get("Holdfast-Session") != "ended" {
		t.Errorf("before: %+v", a)
	}
	if a := b.signIn("admin", "wrong"); a.status != 401 || a.header.Get("Holdfast-Session") != "" || a.header.Get("Set-Cookie") != "" {
		t.Errorf("a wrong password: %+v", a)
	}
	a := b.signIn("ADMIN", first)
	if a.status != 200 || a.fields["token"] != nil || a.fields["passwordChangeRequired"] != true || a.fields["user"] != "admin" {
		t.Fatalf("signed in: %+v", a)
	}
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-holdfast=hfs_", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Max-Age=43200"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie has no %q", part)
		}
	}
	if strings.Contains(cookie, "Domain") {
		t.Error("the cookie goes to other hosts")
	}
	if a := b.call("JobService/ListJobs", "{}"); a.status != 403 || a.header.Get("Holdfast-Session") != "" {
		t.Errorf("with the one-time password: %+v", a)
	}
	if a := b.call("SystemService/SetPassword", `{"currentPassword":"`+first+`","newPassword":"`+strongPassword+`"}`); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	a = b.call("SystemService/WhoAmI", "{}")
	if a.fields["user"] != "admin" || a.fields["role"] != "ROLE_ADMINISTRATOR" || a.fields["kind"] != "TOKEN_KIND_SESSION" ||
		a.fields["version"] != "test" || a.fields["expires"] == nil || a.fields["now"] == nil || a.fields["sessionId"] == nil ||
		a.fields["passwordChangeRequired"] != nil || a.fields["site"] == nil {
		t.Errorf("who am I: %+v", a)
	}
	if a := b.call("SystemService/SignOut", "{}"); a.status != 200 || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signed out: %+v", a)
	}
	u, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	if kept := b.http.Jar.Cookies(u); len(kept) != 0 {
		t.Errorf("%d cookies are left", len(kept))
	}
}

func TestSigningInAgainEndsTheSessionThatTheBrowserHad(t *testing.T) {
	h := newHouse(t)
	h.settle()
	b := newBrowser(h)
	first := b.signIn("admin", strongPassword)
	old, _, _ := strings.Cut(strings.TrimPrefix(first.header.Get("Set-Cookie"), "__Host-holdfast="), ";")
	if a := b.signIn("admin", strongPassword); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	h.token = old
	_, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{})
	refused(t, "the first session", err, fault.Unauthorized, "")
}

func TestCookieIsForTheDirectorsOwnPages(t *testing.T) {
	h := newHouse(t)
	h.settle()
	b := newBrowser(h)
	if a := b.signIn("admin", strongPassword); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	const preview = "/preview?repository=r&point=p&folder=f&message=m"
	for name, tc := range map[string]struct {
		headers   map[string]string
		post, get int
	}{
		"own page":                    {map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": h.base}, 200, 404},
		"own page, older browser":     {map[string]string{"Origin": h.base}, 200, 404},
		"bookmark":                    {map[string]string{"Sec-Fetch-Site": "none"}, 200, 404},
		"link in an older browser":    {map[string]string{}, 403, 404},
		"another site":                {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403, 403},
		"another host of the site":    {map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"}, 403, 403},
		"another port":                {map[string]string{"Origin": "https://127.0.0.1:1"}, 403, 403},
		"sandboxed frame":             {map[string]string{"Origin": "null"}, 403, 403},
		"another site, lying Origin":  {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": h.base}, 403, 403},
		"something new by the header": {map[string]string{"Sec-Fetch-Site": "surprise", "Origin": h.base}, 403, 403},
	} {
		b.headers = tc.headers
		if a := b.call("JobService/ListJobs", "{}"); a.status != tc.post {
			t.Errorf("%s: a call is %d, want %d: %s", name, a.status, tc.post, a.body)
		}
		if a := b.do(http.MethodGet, preview, ""); a.status != tc.get {
			t.Errorf("%s: a preview is %d, want %d: %s", name, a.status, tc.get, a.body)
		}
	}
	b.headers = map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
	if a := b.signIn("admin", strongPassword); a.status != 403 || a.header.Get("Set-Cookie") != "" {
		t.Errorf("another site signs the browser in: %+v", a)
	}
	b.headers["Authorization"] = "Bearer " + h.token
	if a := b.call("JobService/ListJobs", "{}"); a.status != 200 {
		t.Errorf("a token, which no browser adds by itself: %+v", a)
	}
}
