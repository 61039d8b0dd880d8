package graphsim

import (
	"encoding/json"
	"strings"

	"holdfast/test/graphsim/internal/odata"
	"holdfast/test/graphsim/internal/tenant"
)

// userProps in the order in which they are written; the first eleven are the default set (contract 2.1).
var userProps = []struct {
	name  string
	bit   tenant.UserProps // 0 for what never changes
	value func(*tenant.User) any
}{
	{"businessPhones", 0, func(*tenant.User) any { return []string{} }},
	{"displayName", tenant.UserDisplayName, func(u *tenant.User) any { return u.DisplayName }},
	{"givenName", tenant.UserGivenName, func(u *tenant.User) any { return orNil(u.GivenName) }},
	{"jobTitle", tenant.UserJobTitle, func(u *tenant.User) any { return orNil(u.JobTitle) }},
	{"mail", tenant.UserMail, func(u *tenant.User) any { return orNil(u.Mail) }},
	{"mobilePhone", 0, func(*tenant.User) any { return nil }},
	{"officeLocation", 0, func(*tenant.User) any { return nil }},
	{"preferredLanguage", tenant.UserLanguage, func(u *tenant.User) any { return orNil(u.Language) }},
	{"surname", tenant.UserSurname, func(u *tenant.User) any { return orNil(u.Surname) }},
	{"userPrincipalName", tenant.UserPrincipal, func(u *tenant.User) any { return u.UserPrincipalName }},
	{"id", 0, func(u *tenant.User) any { return u.ID }},
	{"accountEnabled", tenant.UserEnabled, func(u *tenant.User) any { return u.AccountEnabled }},
	{"userType", tenant.UserTypeOf, func(u *tenant.User) any { return orNil(u.UserType) }},
	{"proxyAddresses", tenant.UserProxies, func(u *tenant.User) any { return append([]string{}, u.ProxyAddresses...) }},
	{"assignedPlans", 0, func(*tenant.User) any { return []string{} }},
	{"assignedLicenses", 0, func(*tenant.User) any { return []string{} }},
	{"onPremisesSyncEnabled", 0, func(*tenant.User) any { return nil }},
	{"mailNickname", tenant.UserPrincipal, func(u *tenant.User) any { n, _, _ := strings.Cut(u.UserPrincipalName, "@"); return n }},
	{"department", 0, func(*tenant.User) any { return nil }},
	{"companyName", 0, func(*tenant.User) any { return nil }},
}

const defaultUserProps = 11

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func knownUserProp(name string) bool {
	for _, p := range userProps {
		if p.name == name {
			return true
		}
	}
	return false
}

func writeUser(j *odata.Writer, u *tenant.User, sel selection) error {
	for i, p := range userProps {
		if sel == nil && i >= defaultUserProps || sel != nil && !sel[p.name] {
			continue
		}
		v, err := json.Marshal(p.value(u))
		if err != nil {
			return err
		}
		j.Name(p.name)
		j.Raw(v)
	}
	return nil
}

type userObject struct{ *tenant.User }

func (o userObject) Value(path string) (any, bool) {
	for _, p := range userProps {
		if p.name == path {
			return p.value(o.User), true
		}
	}
	return nil, false
}

func (o userObject) Any(path string) ([]odata.Object, bool) {
	if path != "proxyAddresses" {
		return nil, false
	}
	return stringObjects(o.ProxyAddresses), true
}

type stringObject string

func stringObjects(list []string) []odata.Object {
	var out []odata.Object
	for _, s := range list {
		out = append(out, stringObject(s))
	}
	return out
}

func (o stringObject) Value(path string) (any, bool)     { return string(o), path == "$it" }
func (o stringObject) Any(string) ([]odata.Object, bool) { return nil, false }

// listUsers pages by 100, or $top up to 999 (contract 2.1).
func (c *call) listUsers() error {
	if c.has("skip") {
		return fail(400, "Request_UnsupportedQuery", "Skip is not supported.")
	}
	p, aerr := c.paging(usersPage, 999)
	if aerr != nil {
		return fail(400, "Request_UnsupportedQuery", "%s", aerr.message)
	}
	if c.set.ShortPages {
		p.top = (p.top + 1) / 2
	}
	sel, aerr := c.selected(knownUserProp, "microsoft.graph.user")
	if aerr != nil {
		return fail(400, "Request_BadRequest", "%s", aerr.message)
	}
	f, err := odata.ParseFilter(c.option("filter"))
	if err != nil {
		return fail(400, "Request_UnsupportedQuery", "Invalid filter clause: %s", err.Error())
	}
	advanced := f.Uses("ne") || f.Uses("not") || f.Uses("endswith") || c.has("search") || p.count ||
		(c.has("filter") && c.has("orderby"))
	if advanced && !strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual") {
		return fail(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified: an advanced query needs ConsistencyLevel: eventual.")
	}
	if (f.Uses("ne") || f.Uses("not") || f.Uses("endswith")) && !p.count {
		return fail(400, "Request_UnsupportedQuery", "An advanced query needs $count=true.")
	}
	search, aerr := userSearch(c.option("search"))
	if aerr != nil {
		return aerr
	}
	var users []*tenant.User
	c.s.tenant.View(func(st *tenant.State) { users = st.Users() })
	kept := users[:0:0]
	for _, u := range users {
		if !search(u) {
			continue
		}
		ok, err := f.Match(userObject{u})
		if err != nil {
			return fail(400, "Request_UnsupportedQuery", "%s", err.Error())
		}
		if ok {
			kept = append(kept, u)
		}
	}
	return c.list("users", p, len(kept), func(j *odata.Writer, i int) error {
		j.Open('{')
		defer j.Close('}')
		return writeUser(j, kept[i], sel)
	})
}

// userSearch reads '"displayName:x"', which looks for words that begin so (contract 2.1).
func userSearch(s string) (func(*tenant.User) bool, *apiError) {
	if s == "" {
		return func(*tenant.User) bool { return true }, nil
	}
	name, value, ok := strings.Cut(strings.Trim(s, `"`), ":")
	if !ok || s[0] != '"' || !knownUserProp(name) {
		return nil, fail(400, "Request_UnsupportedQuery", "Invalid $search: use \"property:value\" in quotes.")
	}
	want := keywordWords(value)
	return func(u *tenant.User) bool {
		v, _ := userObject{u}.Value(name)
		text, _ := v.(string)
		return containsWords(keywordWords(text), want)
	}, nil
}

func (c *call) getUser() error {
	if c.user == nil || c.user.Gone() {
		return fail(404, "Request_ResourceNotFound", "Resource '%s' does not exist or one of its queried reference-property objects are not present.", c.args[0])
	}
	known := func(n string) bool { return n == "mailboxSettings" || knownUserProp(n) }
	sel, aerr := c.selected(known, "microsoft.graph.user")
	if aerr != nil {
		return fail(400, "Request_BadRequest", "%s", aerr.message)
	}
	if sel["mailboxSettings"] {
		if !c.claims.has("MailboxSettings.Read", "MailboxSettings.ReadWrite") {
			return fail(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
		}
		if !c.user.Mailbox {
			return c.s.noMailbox(c.user)
		}
	}
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		defer j.Close('}')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users/$entity")
		if sel["mailboxSettings"] {
			j.Name("mailboxSettings")
			j.Open('{')
			writeMailboxSettings(j, c.user)
			j.Close('}')
		}
		return writeUser(j, c.user, sel)
	})
}

func writeMailboxSettings(j *odata.Writer, u *tenant.User) {
	j.Name("timeZone")
	j.String("UTC")
	j.Name("language")
	j.Open('{')
	j.Name("locale")
	j.String(map[string]string{"de": "de-DE", "fr": "fr-FR"}[u.Language] + map[bool]string{true: "en-US"}[u.Language != "de" && u.Language != "fr"])
	j.Close('}')
	j.Name("userPurpose")
	j.String(purpose(u))
}

func purpose(u *tenant.User) string {
	if u.Purpose == "" {
		return "user"
	}
	return u.Purpose
}

func (c *call) getMailboxSettings() error {
	return c.json(200, func(j *odata.Writer) error {
		context := func(tail string) {
			j.Open('{')
			j.Name("@odata.context")
			j.String(c.root() + "/$metadata#users('" + c.args[0] + "')/mailboxSettings" + tail)
		}
		if strings.HasSuffix(c.r.URL.Path, "/userPurpose") {
			context("/userPurpose")
			j.Name("value")
			j.String(purpose(c.user))
		} else {
			context("")
			writeMailboxSettings(j, c.user)
		}
		j.Close('}')
		return nil
	})
}
