// Package auth decides who is asking: users and their passwords, sessions, API tokens, and the token file of the local
// operator. What a caller may do with which method is package api's table; here is only who they are and their role.
//
// Secrets are kept as hashes: passwords as argon2id, tokens (256 random bits) as SHA-256.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// FirstUser is made at the first start.
const FirstUser = "admin"

// localUser is who the local operator's token speaks for. It has no password and cannot sign in.
const localUser = "local operator"

// sessionLife is how long a session lasts.
const sessionLife = 12 * time.Hour

// Passwords are this long, in characters.
const (
	MinPassword = 12
	MaxPassword = 256
)

// Options of a Service.
type Options struct {
	Store  *store.Store
	Dir    datadir.Dir
	Logger hclog.Logger
	Now    func() time.Time
}

// Service knows users and tokens. Its methods may be called by several goroutines.
type Service struct {
	Options
	throttle *throttle
	// hashing bounds how many passwords are hashed at once: each takes 64 MiB.
	hashing chan struct{}
}

// New returns the service. Start makes what a first start needs.
func New(o Options) *Service {
	return &Service{Options: o, throttle: newThrottle(o.Now), hashing: make(chan struct{}, 2)}
}

// Caller is who is asking.
type Caller struct {
	User  string
	Role  record.Role
	Kind  record.TokenKind
	Token string // hash
	// ChangeRequired is set when they may only set another password.
	ChangeRequired bool
}

// Authenticate returns whose token it is; Unauthorized when it is nobody's, or not any more.
func (s *Service) Authenticate(token string) (Caller, error) {
	hash := hashOf(token)
	var t record.Token
	err := s.Store.View(func(tx *store.Tx) (err error) {
		t, err = store.Tokens.Get(tx, hash)
		return err
	})
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return Caller{}, fault.New(fault.Unauthorized, "the token is not valid; sign in again")
	case err != nil:
		return Caller{}, err
	case !t.Expires.IsZero() && !s.Now().Before(t.Expires):
		return Caller{}, fault.New(fault.Unauthorized, "the session has expired; sign in again")
	}
	return Caller{User: t.User, Role: t.Role, Kind: t.Kind, Token: t.Hash, ChangeRequired: t.ChangeRequired}, nil
}

// Session is what signing in gives.
type Session struct {
	Token          string
	Expires        time.Time
	ChangeRequired bool
}

// SignIn returns a session for a right password. Remote is the caller's host, for throttling: too many wrong passwords
// are Throttled.
func (s *Service) SignIn(ctx context.Context, remote, user, password string) (Session, error) {
	user = strings.TrimSpace(user)
	if err := s.throttle.reserve(user, remote); err != nil {
		return Session{}, err
	}
	u, err := s.check(ctx, user, password)
	if err != nil {
		if fault.KindOf(err) == fault.Unauthorized {
			s.Logger.Warn("sign-in refused", "remote", remote)
		} else {
			s.throttle.passed(user, remote, false)
		}
		return Session{}, err
	}
	s.throttle.passed(user, remote, true)
	token, err := newToken("hfs")
	if err != nil {
		return Session{}, err
	}
	session := Session{Token: token, Expires: s.Now().Add(sessionLife), ChangeRequired: u.ChangeRequired}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		return store.Tokens.Insert(tx, record.Token{
			Hash: hashOf(token), Kind: record.TokenSession, User: u.Name, Role: u.Role, Created: s.Now(),
			Expires: session.Expires, ChangeRequired: u.ChangeRequired,
		})
	})
	return session, err
}

// check returns the user if the password is theirs. It takes as long for a user that does not exist.
func (s *Service) check(ctx context.Context, user, password string) (record.User, error) {
	var u record.User
	err := s.Store.View(func(tx *store.Tx) (err error) {
		u, err = store.Users.Get(tx, user)
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return record.User{}, err
	}
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return record.User{}, ctx.Err()
	}
	ok, herr := verifyPassword(u.PasswordHash, password)
	if herr != nil {
		return record.User{}, herr
	}
	if err != nil || !ok {
		return record.User{}, fault.New(fault.Unauthorized, "user name or password is wrong")
	}
	return u, nil
}

// SignOut ends the caller's session. Other tokens are not ended by it.
func (s *Service) SignOut(ctx context.Context, c Caller) error {
	if c.Kind != record.TokenSession {
		return fault.New(fault.Invalid, "only a session can be signed out")
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error { return store.Tokens.Delete(tx, c.Token) })
}

// SetPassword changes the caller's password and ends their other sessions.
func (s *Service) SetPassword(ctx context.Context, c Caller, current, next string) error {
	if c.Kind == record.TokenLocal {
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
	if _, err := s.check(ctx, c.User, current); err != nil {
		if fault.KindOf(err) == fault.Unauthorized {
			return fault.InvalidField("current_password", "the current password is wrong")
		}
		s.throttle.passed(c.User, "set password", false)
		return err
	}
	s.throttle.passed(c.User, "set password", true)
	hash, err := hashPassword(next)
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := store.Users.Get(tx, c.User)
		if err != nil {
			return err
		}
		u.PasswordHash, u.ChangeRequired, u.PasswordSet = hash, false, s.Now()
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		return endSessions(tx, c.User, c.Token)
	})
	if err != nil {
		return err
	}
	if c.User == FirstUser {
		return s.Dir.Remove(datadir.FirstPassword)
	}
	return nil
}

// endSessions removes a user's sessions but one, which stays and is freed from having to change the password.
func endSessions(tx *store.Tx, user, keep string) error {
	var ended []string
	for t, err := range store.Tokens.All(tx, "") {
		switch {
		case err != nil:
			return err
		case t.User != user || t.Kind != record.TokenSession:
		case t.Hash != keep:
			ended = append(ended, t.Hash)
		}
	}
	for _, hash := range ended {
		if err := store.Tokens.Delete(tx, hash); err != nil {
			return err
		}
	}
	if keep == "" {
		return nil
	}
	t, err := store.Tokens.Get(tx, keep)
	if err != nil {
		return err
	}
	t.ChangeRequired = false
	return store.Tokens.Put(tx, t)
}

// CreateToken returns a new API token with the caller's role. It is shown this once.
func (s *Service) CreateToken(ctx context.Context, c Caller, name string) (string, error) {
	token, err := newToken("hft")
	if err != nil {
		return "", err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		return store.Tokens.Insert(tx, record.Token{
			Hash: hashOf(token), Kind: record.TokenAPI, Name: name, User: c.User, Role: c.Role, Created: s.Now(),
		})
	})
	return token, err
}

// Sweep removes tokens that expired.
func (s *Service) Sweep(ctx context.Context) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		var old []string
		for t, err := range store.Tokens.All(tx, "") {
			if err != nil {
				return err
			}
			if !t.Expires.IsZero() && !s.Now().Before(t.Expires) {
				old = append(old, t.Hash)
			}
		}
		for _, hash := range old {
			if err := store.Tokens.Delete(tx, hash); err != nil {
				return err
			}
		}
		return nil
	})
}

// newToken returns a token of 256 random bits; the prefix lets people and secret scanners recognise it.
func newToken(prefix string) (string, error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	return prefix + "_" + base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// readable is Crockford's base 32, in which nothing looks like something else.
var readable = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// oneTimePassword returns a password of 100 random bits in four groups that can be read out.
func oneTimePassword() (string, error) {
	var raw [13]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	text := readable.EncodeToString(raw[:])[:20]
	return text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:], nil
}
