// Package auth decides who is asking: users and their passwords, sessions, API tokens, and the token file of the local
// operator. What a caller may do with which method is package api's table; here is only who they are and their role.
//
// Secrets are kept as hashes: passwords as argon2id, tokens (256 random bits) as SHA-256.
package auth

import (
	"context"
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
	// ID names the session or token.
	ID string
	// TokenName is that of an API token.
	TokenName string
	// Expires is zero when the session or token never does.
	Expires time.Time
	// LastUsed is exact to five minutes.
	LastUsed time.Time
	// ChangeRequired is set when they may only set another password.
	ChangeRequired bool
}

// Authenticate returns whose token it is, with the role that they have now; Unauthorized when it is nobody's, or not any
// more.
func (s *Service) Authenticate(token string) (Caller, error) { return s.caller(hashOf(token)) }

func (s *Service) caller(hash string) (Caller, error) {
	var t record.Token
	var u record.User
	err := s.Store.View(func(tx *store.Tx) (err error) {
		if t, err = store.Tokens.Get(tx, hash); err != nil || t.Kind == record.TokenLocal || t.User == localUser {
			return err
		}
		u, err = store.Users.Get(tx, t.User)
		return err
	})
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return Caller{}, fault.New(fault.Unauthorized, "the token is not valid; sign in again")
	case err != nil:
		return Caller{}, err
	case s.over(&t):
		return Caller{}, fault.New(fault.Unauthorized, "the session has expired; sign in again")
	case u.Disabled:
		return Caller{}, fault.New(fault.Unauthorized, "the user is disabled; an administrator can enable them")
	}
	c := Caller{
		User: t.User, Role: roleOf(&t, &u), Kind: t.Kind, Token: t.Hash, ID: t.ID(), Expires: t.Expires, LastUsed: t.LastUsed,
		ChangeRequired: t.ChangeRequired,
	}
	if t.Kind != record.TokenSession {
		c.TokenName = t.Name
	}
	return c, nil
}

// over reports whether a token has expired.
func (s *Service) over(t *record.Token) bool {
	return !t.Expires.IsZero() && !s.Now().Before(t.Expires)
}

// roleOf returns what a token may do now. U is nobody for the local operator's.
func roleOf(t *record.Token, u *record.User) record.Role {
	switch {
	case u.Name == "":
		return t.Role
	case t.Kind == record.TokenSession:
		return u.Role
	default:
		return min(t.Role, u.Role)
	}
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
