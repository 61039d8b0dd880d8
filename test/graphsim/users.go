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
	value func(*tenant.User) any
}{
	{"businessPhones", func(*tenant.User) any { return []string{} }},
	{"displayName", func(u *tenant.User) any { return u.DisplayName }},
	{"givenName", func(u *tenant.User) any { return orNil(u.GivenName) }},
	{"jobTitle", func(u *tenant.User) any { return orNil(u.JobTitle) }},
	{"mail", func(u *tenant.User) any { return orNil(u.Mail) }},
	{"mobilePhone", func(*tenant.User) any { return nil }},
	{"officeLocation", func(*tenant.User) any { return nil }},
	{"preferredLanguage", func(u *tenant.User) any { return orNil(u.Language) }},
	{"surname", func(u *tenant.User) any { return orNil(u.Surname) }},
	{"userPrincipalName", func(u *tenant.User) any { return u.UserPrincipalName }},
	{"id", func(u *tenant.User) any { return u.ID }},
	{"accountEnabled", func(u *tenant.User) any { return u.AccountEnabled }},
	{"userType", func(u *tenant.User) any { return orNil(u.UserType) }},
	{"proxyAddresses", func(u *tenant.User) any { return append([]string{}, u.ProxyAddresses...) }},
	{"assignedPlans", func(*tenant.User) any { return []string{} }},
	{"assignedLicenses", func(*tenant.User) any { return []string{} }},
	{"onPremisesSyncEnabled", func(*tenant.User) any { return nil }},
	{"mailNickname", func(u *tenant.User) any { n, _, _ := strings.Cut(u.UserPrincipalName, "@"); return n }},
	{"department", func(*tenant.User) any { return nil }},
	{"companyName", func(*tenant.User) any { return nil }},
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
	p, aerr := c.paging(100, 999)
	if aerr != nil {
		return fail(400, "Request_UnsupportedQuery", "%s", aerr.message)
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
	var users []*tenant.User
	c.s.tenant.View(func(st *tenant.State) { users = st.Users() })
	kept := users[:0:0]
	for _, u := range users {
		ok, err := f.Match(userObject{u})
		if err != nil {
			return fail(400, "Request_UnsupportedQuery", "%s", err.Error())
		}
		if ok {
			kept = append(kept, u)
		}
	}
	c.w.Header().Set("x-ms-resource-unit", "2")
	return c.list("users", p, len(kept), func(j *odata.Writer, i int) error {
		j.Open('{')
		defer j.Close('}')
		return writeUser(j, kept[i], sel)
	})
}

func (c *call) getUser() error {
	if c.user == nil || c.user.Deleted {
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
	c.w.Header().Set("x-ms-resource-unit", "1")
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		defer j.Close('}')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users/$entity")
		if sel["mailboxSettings"] {
			j.Name("mailboxSettings")
			writeMailboxSettings(j, c.user)
		}
		return writeUser(j, c.user, sel)
	})
}

func writeMailboxSettings(j *odata.Writer, u *tenant.User) {
	j.Open('{')
	j.Name("timeZone")
	j.String("UTC")
	j.Name("language")
	j.Open('{')
	j.Name("locale")
	j.String(map[string]string{"de": "de-DE", "fr": "fr-FR"}[u.Language] + map[bool]string{true: "en-US"}[u.Language != "de" && u.Language != "fr"])
	j.Close('}')
	j.Name("userPurpose")
	j.String(purpose(u))
	j.Close('}')
}

func purpose(u *tenant.User) string {
	if u.Purpose == "" {
		return "user"
	}
	return u.Purpose
}

func (c *call) getMailboxSettings() error {
	return c.json(200, func(j *odata.Writer) error {
		if strings.HasSuffix(c.r.URL.Path, "/userPurpose") {
			j.Open('{')
			j.Name("value")
			j.String(purpose(c.user))
			j.Close('}')
			return nil
		}
		writeMailboxSettings(j, c.user)
		return nil
	})
}

// deltaUsers reports all users, then nothing: changes of the directory show as a new full round (contract 2.3).
func (c *call) deltaUsers() error {
	if c.has("top") || c.has("expand") || c.has("orderby") {
		return fail(400, "Request_UnsupportedQuery", "The query option is not supported with delta.")
	}
	sel, aerr := c.selected(knownUserProp, "microsoft.graph.user")
	if aerr != nil {
		return aerr
	}
	var users []*tenant.User
	c.s.tenant.View(func(st *tenant.State) { users = st.Users() })
	if c.option("deltatoken") != "" {
		users = nil
	}
	return c.json(200, func(j *odata.Writer) error {
		j.Open('{')
		j.Name("@odata.context")
		j.String(c.root() + "/$metadata#users")
		j.Name("@odata.deltaLink")
		j.String(c.root() + "/users/delta?$deltatoken=" + c.s.seal("users"))
		j.Name("value")
		j.Open('[')
		for _, u := range users {
			j.Open('{')
			if err := writeUser(j, u, sel); err != nil {
				return err
			}
			j.Close('}')
		}
		j.Close(']')
		j.Close('}')
		return nil
	})
}
