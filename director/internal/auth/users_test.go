package auth_test

import (
	"context"
	"strings"
	"testing"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// settle gives the administrator their own password and signs in.
func (d *door) settle() (auth.Session, auth.Caller) {
	d.t.Helper()
	first := d.file(datadir.FirstPassword)
	session, c := d.signIn(first)
	if err := d.SetPassword(d.t.Context(), c, first, strong); err != nil {
		d.t.Fatal(err)
	}
	return session, d.who(session.Token)
}

func (d *door) who(token string) auth.Caller {
	d.t.Helper()
	c, err := d.Authenticate(token)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// user makes a user who has set a password and signed in.
func (d *door) user(name string, role record.Role) (auth.Session, auth.Caller) {
	d.t.Helper()
	_, once, err := d.CreateUser(d.t.Context(), name, role)
	if err != nil {
		d.t.Fatal(err)
	}
	s, err := d.SignIn(d.t.Context(), auth.Visitor{Remote: "host-of-" + name}, name, once)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.SetPassword(d.t.Context(), d.who(s.Token), once, strong); err != nil {
		d.t.Fatal(err)
	}
	return s, d.who(s.Token)
}

func want(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

func TestUsersAreMadeWithOneTimePasswords(t *testing.T) {
	d := newDoor(t)
	d.settle()
	u, once, err := d.CreateUser(t.Context(), "Ada", record.RoleOperator)
	if err != nil || !u.ChangeRequired || u.Role != record.RoleOperator {
		t.Fatalf("%+v, %v", u, err)
	}
	for _, name := range []string{"Ada", "ADA", "Admin", "Local Operator"} {
		_, _, err := d.CreateUser(t.Context(), name, record.RoleAuditor)
		want(t, name+" again", err, fault.Invalid)
	}
	s, err := d.SignIn(t.Context(), auth.Visitor{}, "ada", once)
	if err != nil || !s.ChangeRequired || s.User != "Ada" {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := d.SetPassword(t.Context(), d.who(s.Token), once, strong); err != nil {
		t.Fatal(err)
	}
	list, err := d.Users()
	if err != nil || len(list) != 2 || list[0].Name != "Ada" || list[0].Sessions != 1 || list[0].Last || list[0].ChangeRequired || !list[1].Last {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestRolesApplyToWhatIsOpen(t *testing.T) {
	d := newDoor(t)
	d.settle()
	s, c := d.user("ada", record.RoleAdministrator)
	token, _, err := d.CreateToken(t.Context(), c, auth.NewToken{Name: "script", Role: record.RoleOperator})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ set, session, token record.Role }{
		{record.RoleAuditor, record.RoleAuditor, record.RoleAuditor},
		{record.RoleOperator, record.RoleOperator, record.RoleOperator},
		{record.RoleAdministrator, record.RoleAdministrator, record.RoleOperator},
	} {
		if _, err := d.UpdateUser(t.Context(), "ADA", tc.set, nil); err != nil {
			t.Fatal(err)
		}
		if got := d.who(s.Token).Role; got != tc.session {
			t.Errorf("set to %d, the session has %d", tc.set, got)
		}
		if got := d.who(token).Role; got != tc.token {
			t.Errorf("set to %d, the token has %d", tc.set, got)
		}
	}
	yes, no := true, false
	if _, err := d.UpdateUser(t.Context(), "ada", 0, &yes); err != nil {
		t.Fatal(err)
	}
	_, err = d.SignIn(t.Context(), auth.Visitor{}, "ada", strong)
	want(t, "a disabled user signs in", err, fault.Unauthorized)
	_, err = d.Authenticate(token)
	want(t, "the token of a disabled user", err, fault.Unauthorized)
	if _, err := d.UpdateUser(t.Context(), "ada", 0, &no); err != nil {
		t.Fatal(err)
	}
	_, err = d.Authenticate(s.Token)
	want(t, "a session from before", err, fault.Unauthorized)
	if got := d.who(token).Role; got != record.RoleOperator {
		t.Errorf("enabled again, the token has %d", got)
	}
}

func TestThereIsAlwaysAnAdministrator(t *testing.T) {
	d := newDoor(t)
	d.settle()
	yes := true
	refused := func(what string) {
		t.Helper()
		_, err := d.UpdateUser(t.Context(), "admin", record.RoleOperator, nil)
		want(t, what+": another role", err, fault.Conflict)
		_, err = d.UpdateUser(t.Context(), "admin", 0, &yes)
		want(t, what+": disabled", err, fault.Conflict)
		want(t, what+": deleted", d.DeleteUser(t.Context(), "admin"), fault.Conflict)
	}
	refused("alone")
	d.user("eve", record.RoleOperator)
	refused("with an operator")
	d.user("ada", record.RoleAdministrator)
	if _, err := d.UpdateUser(t.Context(), "ada", 0, &yes); err != nil {
		t.Fatal(err)
	}
	refused("with an administrator who is disabled")
	if _, err := d.UpdateUser(t.Context(), "eve", record.RoleAdministrator, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteUser(t.Context(), "admin"); err != nil {
		t.Errorf("with another: %v", err)
	}
}

func TestDeletingAUserLeavesNothing(t *testing.T) {
	d := newDoor(t)
	d.settle()
	s, c := d.user("ada", record.RoleOperator)
	token, _, err := d.CreateToken(t.Context(), c, auth.NewToken{Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	d.user("ada", record.RoleAdministrator)
	for what, old := range map[string]string{"session": s.Token, "token": token} {
		_, err := d.Authenticate(old)
		want(t, "the "+what+" of a user who is gone", err, fault.Unauthorized)
	}
	_, _, err = d.CreateToken(t.Context(), c, auth.NewToken{Name: "late"})
	want(t, "a token made by a session that is gone", err, fault.Unauthorized)
	want(t, "deleting nobody", d.DeleteUser(t.Context(), "nobody"), fault.NotFound)
}

func TestResettingAUserEndsTheirSessions(t *testing.T) {
	d := newDoor(t)
	d.settle()
	s, _ := d.user("ada", record.RoleOperator)
	once, err := d.ResetUser(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Authenticate(s.Token)
	want(t, "the session", err, fault.Unauthorized)
	_, err = d.SignIn(t.Context(), auth.Visitor{}, "ada", strong)
	want(t, "the old password", err, fault.Unauthorized)
	if s, err := d.SignIn(t.Context(), auth.Visitor{}, "ada", once); err != nil || !s.ChangeRequired {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTokensKeepWithinTheirMaker(t *testing.T) {
	d := newDoor(t)
	d.settle()
	_, c := d.user("ada", record.RoleOperator)
	create := func(c auth.Caller, n auth.NewToken) (string, error) {
		token, _, err := d.CreateToken(t.Context(), c, n)
		return token, err
	}
	_, err := create(c, auth.NewToken{Name: "x", Role: record.RoleAdministrator})
	want(t, "a role above one's own", err, fault.Denied)
	_, err = create(c, auth.NewToken{Name: "x", Expires: d.clock})
	want(t, "one that has expired", err, fault.Invalid)
	soon := d.clock.AddDate(0, 0, 1)
	token, err := create(c, auth.NewToken{Name: "x", Expires: soon, Role: record.RoleAuditor})
	if err != nil {
		t.Fatal(err)
	}
	_, err = create(c, auth.NewToken{Name: "X"})
	want(t, "a name that is taken", err, fault.Invalid)
	_, err = create(d.who(token), auth.NewToken{Name: "y"})
	want(t, "one that outlives its maker", err, fault.Denied)
	_, err = create(d.who(token), auth.NewToken{Name: "y", Expires: soon, Role: record.RoleOperator})
	want(t, "one that may more than its maker", err, fault.Denied)
	d.clock = soon
	_, err = d.Authenticate(token)
	want(t, "an expired token", err, fault.Unauthorized)
	if _, err = create(c, auth.NewToken{Name: "X"}); err != nil {
		t.Errorf("the name of one that has expired: %v", err)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	d := newDoor(t)
	_, boss := d.settle()
	first, c := d.user("ada", record.RoleOperator)
	v := auth.Visitor{Remote: "192.0.2.1", Agent: "Firefox\n" + strings.Repeat("ä", 300), Browser: true}
	second, err := d.SignIn(t.Context(), v, "ada", strong)
	if err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.Add(auth.TouchEvery)
	d.Touch(t.Context(), d.who(first.Token), "elsewhere")
	list, err := d.Sessions(c, auth.Whose{})
	if err != nil || len(list) != 2 || list[0].Hash != c.Token || !list[0].LastUsed.Equal(d.clock) {
		t.Fatalf("%+v, %v", list, err)
	}
	if got := list[1]; got.Remote != "192.0.2.1" || !strings.HasPrefix(got.Agent, "Firefoxä") || len([]rune(got.Agent)) != 200 || !got.Browser {
		t.Errorf("the second: %+v", got)
	}
	for what, w := range map[string]auth.Whose{"everybody's": {All: true}, "another's": {User: "admin"}} {
		_, err := d.Sessions(c, w)
		want(t, what, err, fault.Denied)
		_, err = d.Tokens(c, w)
		want(t, what+" tokens", err, fault.Denied)
	}
	if all, err := d.Sessions(boss, auth.Whose{All: true}); err != nil || len(all) != 3 {
		t.Errorf("%d, %v", len(all), err)
	}
	if theirs, err := d.Sessions(boss, auth.Whose{User: "ADA"}); err != nil || len(theirs) != 2 {
		t.Errorf("%d, %v", len(theirs), err)
	}
	want(t, "another's session", d.Revoke(t.Context(), c, record.TokenSession, boss.ID), fault.NotFound)
	want(t, "a session as a token", d.Revoke(t.Context(), c, record.TokenAPI, c.ID), fault.NotFound)
	want(t, "part of an id", d.Revoke(t.Context(), c, record.TokenSession, c.ID[:8]), fault.NotFound)
	want(t, "nothing", d.Revoke(t.Context(), c, record.TokenSession, ""), fault.NotFound)
	if err := d.Revoke(t.Context(), c, record.TokenSession, d.who(second.Token).ID); err != nil {
		t.Fatal(err)
	}
	_, err = d.Authenticate(second.Token)
	want(t, "the one that was ended", err, fault.Unauthorized)
	_, err = d.EndAll(t.Context(), c, "admin", true)
	want(t, "ending another's", err, fault.Denied)
	token, _, err := d.CreateToken(t.Context(), c, auth.NewToken{Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := d.EndAll(t.Context(), boss, "ada", false); err != nil || n != 1 {
		t.Errorf("%d ended, %v", n, err)
	}
	d.who(token)
	if n, err := d.EndAll(t.Context(), boss, "ada", true); err != nil || n != 1 {
		t.Errorf("%d ended, %v", n, err)
	}
	_, err = d.Authenticate(token)
	want(t, "the token", err, fault.Unauthorized)
	d.who(d.file(datadir.LocalToken))
}

func TestLastUseIsWrittenRarely(t *testing.T) {
	d := newDoor(t)
	session, _ := d.settle()
	revision := func() (n uint64) {
		_ = d.store.View(func(tx *store.Tx) error { n = tx.Revision(); return nil })
		return n
	}
	before := revision()
	for range 3 {
		d.Touch(t.Context(), d.who(session.Token), "host")
	}
	if got := revision(); got != before {
		t.Errorf("%d writes within five minutes", got-before)
	}
	d.clock = d.clock.Add(auth.TouchEvery)
	for range 3 {
		d.Touch(t.Context(), d.who(session.Token), "host")
	}
	if got := revision(); got != before+1 {
		t.Errorf("%d writes afterwards", got-before)
	}
}

func TestWhatLastsEndsWithItsSession(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(d *door, c auth.Caller) error
		kind fault.Kind
	}{
		"signed out": {func(d *door, c auth.Caller) error { return d.SignOut(t.Context(), c) }, fault.Unauthorized},
		"disabled": {func(d *door, _ auth.Caller) error {
			yes := true
			_, err := d.UpdateUser(t.Context(), "ada", 0, &yes)
			return err
		}, fault.Unauthorized},
		"another role": {func(d *door, _ auth.Caller) error {
			_, err := d.UpdateUser(t.Context(), "ada", record.RoleAuditor, nil)
			return err
		}, fault.Denied},
		"deleted": {func(d *door, _ auth.Caller) error { return d.DeleteUser(t.Context(), "ada") }, fault.Unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t)
			d.settle()
			_, c := d.user("ada", record.RoleOperator)
			looked, ended := make(chan struct{}, 100), make(chan error, 1)
			go func() {
				ended <- d.Follow(t.Context(), c, func(now *auth.Caller) error {
					looked <- struct{}{}
					if now.Role < record.RoleOperator {
						return fault.New(fault.Denied, "the role")
					}
					return nil
				})
			}()
			<-looked
			if err := tc.do(d, c); err != nil {
				t.Fatal(err)
			}
			want(t, name, <-ended, tc.kind)
		})
	}
	d := newDoor(t)
	_, c := d.settle()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Follow(ctx, c, func(*auth.Caller) error { return nil }); err != nil {
		t.Errorf("when it ends by itself: %v", err)
	}
}
