package auth

import (
	"context"
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// maxTokens is how many API tokens a user may have.
const maxTokens = 100

// NewToken is what an API token is to be.
type NewToken struct {
	Name string
	// Expires is zero for never.
	Expires time.Time
	// Role is the most that it may do; 0 for what the caller may.
	Role record.Role
}

// CreateToken returns a new API token of the caller's, which is shown this once. Denied for a role above the caller's; a
// token cannot make one that outlives it.
func (s *Service) CreateToken(ctx context.Context, c Caller, n NewToken) (string, record.Token, error) {
	if n.Role == 0 {
		n.Role = c.Role
	}
	switch {
	case n.Role > c.Role:
		return "", record.Token{}, fault.New(fault.Denied, "a token cannot have a role above your own")
	case !n.Expires.IsZero() && !n.Expires.After(s.Now()):
		return "", record.Token{}, fault.InvalidField("expires", "the token would have expired already")
	case c.Kind == record.TokenAPI && !c.Expires.IsZero() && (n.Expires.IsZero() || n.Expires.After(c.Expires)):
		return "", record.Token{}, fault.New(fault.Denied, "a token cannot make another that outlives it; sign in, or give an earlier time")
	}
	token, err := newToken("hft")
	if err != nil {
		return "", record.Token{}, err
	}
	t := record.Token{
		Hash: hashOf(token), Kind: record.TokenAPI, Name: n.Name, User: c.User, Role: n.Role, Created: s.Now(), Expires: n.Expires,
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		// Who was removed or disabled meanwhile makes no token.
		if !store.Tokens.Has(tx, c.Token) {
			return fault.New(fault.Unauthorized, "the token is not valid; sign in again")
		}
		mine, err := tokensOf(tx, c.User, record.TokenAPI)
		if err != nil {
			return err
		}
		left := 0
		for i := range mine {
			if s.over(&mine[i]) {
				continue
			}
			left++
			if strings.EqualFold(mine[i].Name, n.Name) {
				return fault.InvalidField("name", "there is a token %q already; revoke it first, or choose another name", mine[i].Name)
			}
		}
		if left >= maxTokens {
			return fault.New(fault.Conflict, "a user may have %d tokens; revoke those that are not used", maxTokens)
		}
		return store.Tokens.Insert(tx, t)
	})
	if err != nil {
		return "", record.Token{}, err
	}
	return token, t, nil
}

// tokensOf returns a user's tokens of a kind; of 0 all, and of no user everybody's.
func tokensOf(tx *store.Tx, user string, kind record.TokenKind) ([]record.Token, error) {
	var list []record.Token
	for t, err := range store.Tokens.All(tx, "") {
		if err != nil {
			return nil, err
		}
		if (user == "" || t.User == user) && (kind == 0 || t.Kind == kind) {
			list = append(list, t)
		}
	}
	return list, nil
}
