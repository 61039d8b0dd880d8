package auth

import (
	"context"
	"strings"
	"time"
	"unicode"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// SessionLife is how long a session lasts. Use does not lengthen it: pages that watch something would never end.
const SessionLife = 12 * time.Hour

// Passwords are this long, in characters.
const (
	MinPassword = 12
	MaxPassword = 256
)

// maxAgent is how much is kept of what a client calls itself, in characters.
const maxAgent = 200

// Visitor is who signs in, as far as it shows.
type Visitor struct {
	// Remote is their host, by which wrong passwords are counted.
	Remote string
	// Agent is what their client calls itself.
	Agent string
	// Browser is set when the session is to be a cookie.
	Browser bool
}

// Session is what signing in gives.
type Session struct {
	Token string
	// User is their name as it is stored.
	User           string
	Role           record.Role
	Expires        time.Time
	ChangeRequired bool
}

// SignIn returns a session for a right password. Too many wrong ones are Throttled, per user and host and per host;
// Unauthorized does not tell whether there is such a user.
func (s *Service) SignIn(ctx context.Context, v Visitor, user, password string) (Session, error) {
	user = strings.TrimSpace(user)
	if err := s.throttle.reserve(user, v.Remote); err != nil {
		return Session{}, err
	}
	u, err := s.check(ctx, user, password)
	if err != nil {
		if fault.KindOf(err) == fault.Unauthorized {
			s.Logger.Warn("sign-in refused", "remote", v.Remote)
		} else {
			s.throttle.passed(user, v.Remote, false)
		}
		return Session{}, err
	}
	s.throttle.passed(user, v.Remote, true)
	token, err := newToken("hfs")
	if err != nil {
		return Session{}, err
	}
	now := s.Now()
	session := Session{Token: token, User: u.Name, Role: u.Role, Expires: now.Add(SessionLife), ChangeRequired: u.ChangeRequired}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := stillSo(tx, &u); err != nil {
			return err
		}
		u.LastSignIn = now
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		return store.Tokens.Insert(tx, record.Token{
			Hash: hashOf(token), Kind: record.TokenSession, User: u.Name, Role: u.Role, Created: now, LastUsed: now,
			Expires: session.Expires, ChangeRequired: u.ChangeRequired, Remote: v.Remote, Agent: bounded(v.Agent), Browser: v.Browser,
		})
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// stillSo is Unauthorized when the password that was checked is not the user's any more, or they may not sign in. It reads
// the user again.
func stillSo(tx *store.Tx, u *record.User) error {
	now, err := store.Users.Get(tx, u.Name)
	switch {
	case fault.KindOf(err) == fault.NotFound, err == nil && now.PasswordHash != u.PasswordHash:
		return wrongPassword()
	case err != nil:
		return err
	case now.Disabled:
		return fault.New(fault.Unauthorized, "the user is disabled; an administrator can enable them")
	}
	*u = now
	return nil
}

func wrongPassword() error { return fault.New(fault.Unauthorized, "user name or password is wrong") }

// bounded cuts what a client says of itself to what is kept.
func bounded(agent string) string {
	agent = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(agent, ""))
	if r := []rune(agent); len(r) > maxAgent {
		return string(r[:maxAgent])
	}
	return agent
}

// check returns the user if the password is theirs. It takes as long for a user that does not exist.
func (s *Service) check(ctx context.Context, user, password string) (record.User, error) {
	var u record.User
	err := s.Store.View(func(tx *store.Tx) (err error) {
		u, err = find(tx, user)
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return record.User{}, err
	}
	release, herr := s.mayHash(ctx)
	if herr != nil {
		return record.User{}, herr
	}
	defer release()
	ok, herr := verifyPassword(u.PasswordHash, password)
	if herr != nil {
		return record.User{}, herr
	}
	if err != nil || !ok {
		return record.User{}, wrongPassword()
	}
	return u, nil
}

// find returns the user of a name, whatever its case; NotFound when there is none.
func find(tx *store.Tx, name string) (record.User, error) {
	if store.Users.Has(tx, name) {
		return store.Users.Get(tx, name)
	}
	for u, err := range store.Users.All(tx, "") {
		if err != nil || strings.EqualFold(u.Name, name) {
			return u, err
		}
	}
	return record.User{}, fault.New(fault.NotFound, "there is no user %q", name)
}

// Known returns the name of the user that a name means, empty when there is none: what is typed there by mistake may be a
// password.
func (s *Service) Known(name string) string {
	var u record.User
	err := s.Store.View(func(tx *store.Tx) (err error) {
		u, err = find(tx, strings.TrimSpace(name))
		return err
	})
	if err != nil {
		return ""
	}
	return u.Name
}

// mayHash waits for the memory to hash a password with; release gives it back.
func (s *Service) mayHash(ctx context.Context) (release func(), err error) {
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// SignOut ends the caller's session. Other tokens are not ended by it.
func (s *Service) SignOut(ctx context.Context, c Caller) error {
	if c.Kind != record.TokenSession {
		return fault.New(fault.Invalid, "only a session can be signed out")
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error { return store.Tokens.Delete(tx, c.Token) })
}

// Replace ends the session of a token that a browser gives up for another; nothing happens when it is none.
func (s *Service) Replace(ctx context.Context, token string) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := store.Tokens.Get(tx, hashOf(token))
		switch {
		case fault.KindOf(err) == fault.NotFound, err == nil && t.Kind != record.TokenSession:
			return nil
		case err != nil:
			return err
		}
		return store.Tokens.Delete(tx, t.Hash)
	})
}

// SetPassword changes the caller's password and ends their other sessions.
func (s *Service) SetPassword(ctx context.Context, c Caller, current, next string) error {
	if c.User == localUser {
		return fault.New(fault.Invalid, "the local operator has no password; sign in as the user whose password is to change")
	}
	if n := len([]rune(next)); n < MinPassword || n > MaxPassword {
		return fault.InvalidField("new_password", "the password needs %d to %d characters", MinPassword, MaxPassword)
	}
	if current == next {
		return fault.InvalidField("new_password", "the new password is the old one")
	}
	if err := s.throttle.reserve(c.User, "set password"); err != nil {
		return err
	}
	u, err := s.check(ctx, c.User, current)
	if err != nil {
		if fault.KindOf(err) == fault.Unauthorized {
			return fault.InvalidField("current_password", "the current password is wrong")
		}
		s.throttle.passed(c.User, "set password", false)
		return err
	}
	s.throttle.passed(c.User, "set password", true)
	hash, err := s.hash(ctx, next)
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := stillSo(tx, &u); err != nil {
			return err
		}
		u.PasswordHash, u.ChangeRequired, u.PasswordSet = hash, false, s.Now()
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		return endOthers(tx, c.User, c.Token)
	})
	if err != nil {
		return err
	}
	return s.forgetFirst(c.User)
}

func (s *Service) hash(ctx context.Context, password string) (string, error) {
	release, err := s.mayHash(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return hashPassword(password)
}

// endOthers removes a user's sessions but the one that is kept, which is freed from having to change the password.
func endOthers(tx *store.Tx, user, keep string) error {
	list, err := tokensOf(tx, user, record.TokenSession)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].Hash != keep {
			if err := store.Tokens.Delete(tx, list[i].Hash); err != nil {
				return err
			}
			continue
		}
		list[i].ChangeRequired = false
		if err := store.Tokens.Put(tx, list[i]); err != nil {
			return err
		}
	}
	return nil
}
