package auth_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// door is an auth service on a fresh data folder, with a clock that a test sets.
type door struct {
	*auth.Service
	t     *testing.T
	dir   datadir.Dir
	store *store.Store
	clock time.Time
	out   bytes.Buffer
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, dir: datadir.Dir(t.TempDir()), clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	var err error
	d.store, err = store.Open(filepath.Join(string(d.dir), "director.db"), func(bool) ([]byte, error) {
		return make([]byte, store.KeySize), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.store.Close() })
	d.restart()
	return d
}

func (d *door) restart() {
	d.t.Helper()
	d.Service = auth.New(auth.Options{
		Store: d.store, Dir: d.dir, Logger: hclog.NewNullLogger(), Now: func() time.Time { return d.clock },
	})
	if err := d.Start(d.t.Context(), &d.out); err != nil {
		d.t.Fatal(err)
	}
}

func (d *door) file(name string) string {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(string(d.dir), name))
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func (d *door) signIn(password string) (auth.Session, auth.Caller) {
	d.t.Helper()
	session, err := d.SignIn(d.t.Context(), auth.Visitor{Remote: "host"}, "admin", password)
	if err != nil {
		d.t.Fatal(err)
	}
	c, err := d.Authenticate(session.Token)
	if err != nil {
		d.t.Fatal(err)
	}
	return session, c
}

const strong = "a long enough password"

func TestFirstPasswordIsGoodForAnotherOnly(t *testing.T) {
	d := newDoor(t)
	first := d.file(datadir.FirstPassword)
	if strings.Count(d.out.String(), first) != 1 {
		t.Errorf("the password is told %d times", strings.Count(d.out.String(), first))
	}
	d.restart()
	if strings.Count(d.out.String(), first) != 1 {
		t.Error("the second start tells the password again")
	}
	_, other := d.signIn(first)
	session, c := d.signIn(first)
	if !session.ChangeRequired || !c.ChangeRequired || c.Role != record.RoleAdministrator {
		t.Errorf("session %+v, caller %+v", session, c)
	}
	for name, next := range map[string]string{"short": "short", "the same": first, "endless": strings.Repeat("x", 257)} {
		if err := d.SetPassword(t.Context(), c, first, next); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a password that is %s: %v", name, err)
		}
	}
	if err := d.SetPassword(t.Context(), c, "wrong password", strong); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without the current one: %v", err)
	}
	if err := d.SetPassword(t.Context(), c, first, strong); err != nil {
		t.Fatal(err)
	}
	if d.dir.Has(datadir.FirstPassword) {
		t.Error("the file with the one-time password is still there")
	}
	if c, err := d.Authenticate(session.Token); err != nil || c.ChangeRequired {
		t.Errorf("the session afterwards: %+v, %v", c, err)
	}
	if err := d.SignOut(t.Context(), other); err != nil {
		t.Error(err)
	}
	if _, err := d.SignIn(t.Context(), auth.Visitor{Remote: "host"}, "admin", first); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("the one-time password works still: %v", err)
	}
	d.signIn(strong)
}

func TestSettingAPasswordEndsOtherSessions(t *testing.T) {
	d := newDoor(t)
	first := d.file(datadir.FirstPassword)
	thief, _ := d.signIn(first)
	_, c := d.signIn(first)
	if err := d.SetPassword(t.Context(), c, first, strong); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Authenticate(thief.Token); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("another session goes on: %v", err)
	}
}

func TestSessionsEnd(t *testing.T) {
	d := newDoor(t)
	first := d.file(datadir.FirstPassword)
	session, c := d.signIn(first)
	late, _ := d.signIn(first)
	if err := d.SignOut(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Authenticate(session.Token); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("signed out, and still: %v", err)
	}
	d.clock = late.Expires
	if _, err := d.Authenticate(late.Token); fault.KindOf(err) != fault.Unauthorized || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired, and still: %v", err)
	}
	count := func() (n int) {
		_ = d.store.View(func(tx *store.Tx) error { n = store.Tokens.Count(tx); return nil })
		return n
	}
	if got := count(); got != 2 { // the session and the local operator's
		t.Errorf("%d tokens before the sweep", got)
	}
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 1 {
		t.Errorf("%d tokens after the sweep", got)
	}
}

func TestGuessingGetsSlow(t *testing.T) {
	d := newDoor(t)
	first := d.file(datadir.FirstPassword)
	try := func(remote, password string) error {
		_, err := d.SignIn(t.Context(), auth.Visitor{Remote: remote}, "admin", password)
		return err
	}
	for n := range 5 {
		if err := try("attacker", "wrong"); fault.KindOf(err) != fault.Unauthorized {
			t.Fatalf("guess %d: %v", n+1, err)
		}
	}
	err := try("attacker", first)
	if fault.KindOf(err) != fault.Throttled || fault.RetryAfter(err) <= 0 {
		t.Fatalf("the sixth guess is not held up: %v", err)
	}
	if err := try("elsewhere", first); err != nil {
		t.Errorf("the right user at another host is locked out: %v", err)
	}
	d.clock = d.clock.Add(fault.RetryAfter(err))
	if err := try("attacker", "wrong"); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("after the wait: %v", err)
	}
	longer := try("attacker", first)
	if fault.RetryAfter(longer) <= fault.RetryAfter(err) {
		t.Errorf("the wait does not grow: %v after %v", fault.RetryAfter(longer), fault.RetryAfter(err))
	}
	d.clock = d.clock.Add(fault.RetryAfter(longer))
	if err := try("attacker", first); err != nil {
		t.Errorf("the right password after the wait: %v", err)
	}
}

func TestNobodyCanTellWhichUsersThereAre(t *testing.T) {
	d := newDoor(t)
	_, known := d.SignIn(t.Context(), auth.Visitor{Remote: "a"}, "admin", "wrong")
	_, unknown := d.SignIn(t.Context(), auth.Visitor{Remote: "b"}, "nobody", "wrong")
	if known == nil || unknown == nil || known.Error() != unknown.Error() {
		t.Errorf("%v against %v", known, unknown)
	}
}

func TestLocalOperatorsTokenAdmits(t *testing.T) {
	d := newDoor(t)
	token := d.file(datadir.LocalToken)
	c, err := d.Authenticate(token)
	if err != nil || c.Role != record.RoleAdministrator || c.ChangeRequired {
		t.Fatalf("%+v, %v", c, err)
	}
	info, err := os.Stat(d.dir.Path(datadir.LocalToken))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	d.restart()
	if d.file(datadir.LocalToken) != token {
		t.Error("a start makes another token though the old one is good")
	}
	if err := os.Remove(d.dir.Path(datadir.LocalToken)); err != nil {
		t.Fatal(err)
	}
	d.restart()
	if _, err := d.Authenticate(token); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("the token that was removed admits still: %v", err)
	}
	if _, err := d.Authenticate(d.file(datadir.LocalToken)); err != nil {
		t.Error(err)
	}
	if err := d.SetPassword(t.Context(), c, "x", strong); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the local operator sets a password: %v", err)
	}
}

func TestTokensForScripts(t *testing.T) {
	d := newDoor(t)
	_, c := d.signIn(d.file(datadir.FirstPassword))
	token, _, err := d.CreateToken(t.Context(), c, auth.NewToken{Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.AddDate(1, 0, 0)
	got, err := d.Authenticate(token)
	if err != nil || got.Kind != record.TokenAPI || got.User != "admin" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := d.SignOut(t.Context(), got); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a token signs out: %v", err)
	}
	for _, wrong := range []string{"", token + "x", "hft_", strings.ToUpper(token)} {
		if _, err := d.Authenticate(wrong); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestResetPassword(t *testing.T) {
	d := newDoor(t)
	first := d.file(datadir.FirstPassword)
	session, c := d.signIn(first)
	if err := d.SetPassword(t.Context(), c, first, strong); err != nil {
		t.Fatal(err)
	}
	if err := d.ResetPassword(t.Context(), &d.out); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Authenticate(session.Token); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("the session goes on: %v", err)
	}
	if _, err := d.SignIn(t.Context(), auth.Visitor{Remote: "host"}, "admin", strong); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("the old password works: %v", err)
	}
	if s, _ := d.signIn(d.file(datadir.FirstPassword)); !s.ChangeRequired {
		t.Error("the new password is not a one-time one")
	}
}
