package graph

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/pkg/fault"
)

// Permission is one application permission of Graph, and what it is for.
type Permission struct {
	Name     string
	Granted  bool
	Required bool   // without it nothing useful works
	Without  string // what does not work without it, as a sentence
}

// Access is what the app may do in its tenant.
type Access struct {
	Permissions []Permission
	// Known is false when the token does not show its permissions; Granted then means "not refused so far".
	Known        bool
	TokenExpires time.Time
}

// Missing returns the permissions that are not there.
func (a Access) Missing() []Permission {
	return slices.DeleteFunc(slices.Clone(a.Permissions), func(p Permission) bool { return p.Granted })
}

// CanBackUp reports whether mailboxes can be listed and read.
func (a Access) CanBackUp() bool {
	return !slices.ContainsFunc(a.Permissions, func(p Permission) bool { return p.Required && !p.Granted })
}

// wanted are the permissions that Holdfast uses (contract 1.7), each with others that include it.
var wanted = []struct {
	name     string
	anyOf    []string
	required bool
	without  string
}{
	{
		"User.Read.All",
		[]string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		true,
		"Mailboxes cannot be listed.",
	},
	{
		"Mail.Read",
		[]string{"Mail.Read", "Mail.ReadWrite"},
		true,
		"Mail cannot be read, so nothing can be backed up.",
	},
	{
		"Mail.ReadWrite",
		[]string{"Mail.ReadWrite"},
		false,
		"Mail can be backed up, but not recovered into Microsoft 365.",
	},
	{
		"MailboxSettings.Read",
		[]string{"MailboxSettings.Read", "MailboxSettings.ReadWrite"},
		false,
		"Shared, room and equipment mailboxes are not told apart from those of users.",
	},
}

// CheckAccess signs in, asks Graph one question, and tells what the app may do. Wrong credentials, an unknown tenant or
// application and hosts out of reach are faults of one sentence each (Unauthorized, NotFound, Denied, Unavailable); missing
// permissions are no fault. It gives up sooner than other methods, because a person waits for it.
func (c *Client) CheckAccess(ctx context.Context) (Access, error) {
	var access Access
	c.creds.forget() // a permission granted meanwhile shows in a new token only
	_, _, err := getPage[wireUser](ctx, c, request{
		kind: KindUsers, url: c.base + query("/users", "$select", "id", "$top", "1"), tries: 2,
	})
	var a *answerError
	denied := errors.As(err, &a) && a.meaning().kind == fault.Denied
	if err != nil && !denied {
		return access, finish(err)
	}
	token, err := c.creds.get(ctx)
	if err != nil {
		return access, finish(err)
	}
	access.TokenExpires = token.ExpiresOn
	granted, known := rolesOf(token.Token)
	access.Known = known
	for _, w := range wanted {
		p := Permission{Name: w.name, Required: w.required, Without: w.without, Granted: !known}
		for _, name := range w.anyOf {
			p.Granted = p.Granted || slices.Contains(granted, name)
		}
		if w.name == "User.Read.All" {
			p.Granted = !denied // Graph itself has answered this one
		}
		access.Permissions = append(access.Permissions, p)
	}
	return access, nil
}
