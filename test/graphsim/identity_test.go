package graphsim

import (
	"testing"
	"time"
)

// Contract 14.1.
func TestIdentityIsTLSWithAnIssuerThatMatches(t *testing.T) {
	w := start(t, Options{})
	a := w.do("GET", w.s.Authority()+w.s.TenantID()+"/v2.0/.well-known/openid-configuration", nil).want(200)
	if got, want := a.str("issuer"), w.s.GraphURL()+"/"+w.s.TenantID()+"/v2.0"; got != want {
		t.Errorf("issuer %s, want %s", got, want)
	}
	b := w.do("GET", w.s.Authority()+"nobody.example/v2.0/.well-known/openid-configuration", nil).want(400)
	if got := b.str("error"); got != "invalid_tenant" {
		t.Errorf("error %s, want invalid_tenant", got)
	}
}

// Contract 1.3.
func TestTokenErrorsAreThoseOfEntra(t *testing.T) {
	w := start(t, Options{})
	const scope = "https://graph.microsoft.com/.default"
	for _, c := range []struct {
		name, tenant, id, secret, scope string
		status                          int
		kind                            string
	}{
		{"wrong secret", w.s.TenantID(), DefaultApp, "no", scope, 401, "invalid_client"},
		{"no secret", w.s.TenantID(), DefaultApp, "", scope, 401, "invalid_client"},
		{"unknown app", w.s.TenantID(), "nobody", "x", scope, 400, "unauthorized_client"},
		{"unknown tenant", "nobody", DefaultApp, DefaultSecret, scope, 400, "invalid_request"},
		{"bad scope", w.s.TenantID(), DefaultApp, DefaultSecret, "Mail.Read", 400, "invalid_scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := w.tokenRequest(c.tenant, c.id, c.secret, c.scope)
			if status != c.status || body["error"] != c.kind {
				t.Errorf("got %d %v, want %d %s", status, body["error"], c.status, c.kind)
			}
		})
	}
}

// Contract 1.8, 14.1: an expired token is a 401 with a challenge.
func TestExpiredTokenIsRefused(t *testing.T) {
	w := start(t, Options{})
	if err := w.s.SetClock(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	a := w.do("GET", "messages", nil).code(401, "InvalidAuthenticationToken")
	if a.header.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
}

// Contract 1.7: roles are checked.
func TestRolesAreChecked(t *testing.T) {
	w := start(t, Options{Apps: []App{
		{ID: DefaultApp, Secret: DefaultSecret},
		{ID: "reader", Secret: "r", Roles: []string{"Mail.Read"}},
	}})
	w.token = w.newToken("reader", "r")
	w.get("messages")
	w.do("GET", "/users", nil).code(403, "Authorization_RequestDenied")
	w.do("POST", "messages", map[string]any{"subject": "x"}).code(403, "ErrorAccessDenied")
}

// Contract 14.24.
func TestMailboxClasses(t *testing.T) {
	w := start(t, Options{})
	users, err := w.s.AddUsers(User{DisplayName: "No Mailbox"}, User{DisplayName: "Shared", Mailbox: true, Purpose: "shared"},
		User{DisplayName: "Denied", Mailbox: true, Denied: true})
	if err != nil {
		t.Fatal(err)
	}
	w.do("GET", "/users/"+users[0].ID+"/mailFolders/inbox", nil).code(404, "MailboxNotEnabledForRESTAPI")
	w.do("GET", "/users/"+users[2].ID+"/mailFolders/inbox", nil).code(403, "ErrorAccessDenied")
	w.do("GET", "/users/gone@contoso.example/messages", nil).code(404, "ErrorInvalidUser")
	w.do("GET", "/users/gone@contoso.example", nil).code(404, "Request_ResourceNotFound")
	if got := w.get("/users/" + users[1].ID + "/mailboxSettings").str("userPurpose"); got != "shared" {
		t.Errorf("purpose %s, want shared", got)
	}
	if got := len(w.get("/users").values()); got != 4 {
		t.Errorf("%d users listed, want 4: denied ones are listed too", got)
	}
}

// Contract 14.2: users page by 100.
func TestUsersPageByHundred(t *testing.T) {
	w := start(t, Options{})
	var users []User
	for i := range 150 {
		users = append(users, User{UserPrincipalName: "u" + string(rune('a'+i%26)) + time.Duration(i).String() + "@contoso.example"})
	}
	if _, err := w.s.AddUsers(users...); err != nil {
		t.Fatal(err)
	}
	a := w.get("/users")
	if got := len(a.values()); got != 100 {
		t.Fatalf("%d users, want 100", got)
	}
	b := w.get(a.str("@odata.nextLink"))
	if got := len(b.values()); got != 51 || b.str("@odata.nextLink") != "" {
		t.Errorf("%d users on the last page, want 51 and no link", got)
	}
	w.do("GET", "/users?$top=1000", nil).want(400)
	w.do("GET", "/users?$filter=userType ne 'Guest'", nil).code(400, "Request_UnsupportedQuery")
	if got := len(w.get("/users?$filter=startswith(displayName,'Ada')").values()); got != 1 {
		t.Errorf("%d users, want 1", got)
	}
}
