package auth

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// TouchEvery is how exact the time of last use is: a token in use is written once in this time.
const TouchEvery = 5 * time.Minute

// Owned is a token with the role that it has now.
type Owned struct {
	record.Token
	Now record.Role
}

// Whose says which tokens are meant: a user's, or everybody's.
type Whose struct {
	// User is empty for the caller.
	User string
	All  bool
}

// Sessions returns sessions that have not ended, the last used first. Those of others are Denied to all but administrators.
func (s *Service) Sessions(c Caller, w Whose) ([]Owned, error) {
	list, err := s.owned(c, w, record.TokenSession)
	slices.SortFunc(list, func(a, b Owned) int {
		return cmp.Or(b.LastUsed.Compare(a.LastUsed), b.Created.Compare(a.Created), strings.Compare(a.Hash, b.Hash))
	})
	return list, err
}

// Tokens returns API tokens that have not expired, by user and name. Those of others are Denied to all but administrators.
func (s *Service) Tokens(c Caller, w Whose) ([]Owned, error) {
	list, err := s.owned(c, w, record.TokenAPI)
	slices.SortFunc(list, func(a, b Owned) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.User), strings.ToLower(b.User)), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return list, err
}

func (s *Service) owned(c Caller, w Whose, kind record.TokenKind) ([]Owned, error) {
	var list []Owned
	err := s.Store.View(func(tx *store.Tx) error {
		user, err := whose(tx, c, w)
		if err != nil {
			return err
		}
		all, err := tokensOf(tx, user, kind)
		if err != nil {
			return err
		}
		for i := range all {
			if s.over(&all[i]) {
				continue
			}
			var u record.User
			if all[i].User != localUser {
				u, err = store.Users.Get(tx, all[i].User)
			}
			switch {
			case fault.KindOf(err) == fault.NotFound:
				continue // it admits nobody
			case err != nil:
				return err
			}
			list = append(list, Owned{Token: all[i], Now: roleOf(&all[i], &u)})
		}
		return nil
	})
	return list, err
}

// whose returns the user that is meant, empty for everybody, if the caller may see theirs.
func whose(tx *store.Tx, c Caller, w Whose) (string, error) {
	own := !w.All && (w.User == "" || strings.EqualFold(w.User, c.User))
	switch {
	case own:
		return c.User, nil
	case c.Role < record.RoleAdministrator:
		return "", fault.New(fault.Denied, "only administrators see and end the sessions and tokens of others")
	case w.All:
		return "", nil
	case w.User == localUser:
		return localUser, nil
	}
	u, err := find(tx, w.User)
	return u.Name, err
}

// Revoke ends the session or the API token of an id at once. NotFound when there is none, or it is not the caller's to end.
func (s *Service) Revoke(ctx context.Context, c Caller, kind record.TokenKind, id string) error {
	noun := map[record.TokenKind]string{record.TokenSession: "session", record.TokenAPI: "token"}[kind]
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for t, err := range store.Tokens.All(tx, id) {
			if err != nil {
				return err
			}
			if t.ID() == id && t.Kind == kind && (t.User == c.User || c.Role >= record.RoleAdministrator) {
				return store.Tokens.Delete(tx, t.Hash)
			}
		}
		return fault.New(fault.NotFound, "there is no %s %q", noun, id)
	})
}

// EndAll ends all sessions of a user, empty for the caller, and with tokens their API tokens too; it returns how many.
func (s *Service) EndAll(ctx context.Context, c Caller, user string, tokens bool) (ended int, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		name, err := whose(tx, c, Whose{User: user})
		if err != nil {
			return err
		}
		if ended, err = endTokens(tx, name, record.TokenSession); err != nil || !tokens {
			return err
		}
		more, err := endTokens(tx, name, record.TokenAPI)
		ended += more
		return err
	})
	return ended, err
}

// endTokens removes a user's tokens of a kind, of 0 all but the local operator's, and returns how many.
func endTokens(tx *store.Tx, user string, kind record.TokenKind) (int, error) {
	list, err := tokensOf(tx, user, kind)
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range list {
		if list[i].Kind == record.TokenLocal {
			continue
		}
		if err := store.Tokens.Delete(tx, list[i].Hash); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Touch notes that a token is used, at most once in five minutes. A note that cannot be written is logged and nothing else.
func (s *Service) Touch(ctx context.Context, c Caller, remote string) {
	if c.Kind == record.TokenLocal || s.Now().Sub(c.LastUsed) < TouchEvery {
		return
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := store.Tokens.Get(tx, c.Token)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil || s.Now().Sub(t.LastUsed) < TouchEvery {
			return err
		}
		t.LastUsed = s.Now()
		if t.Kind == record.TokenAPI {
			t.Remote = remote
		}
		return store.Tokens.Put(tx, t)
	})
	if err != nil && ctx.Err() == nil {
		s.Logger.Error("last use not noted", "error", err)
	}
}

// Follow watches a caller who has something open that lasts. It returns why they may not go on: their session ended, or
// permit, which is asked whenever they change, refuses them. Nil when the context ends before.
func (s *Service) Follow(ctx context.Context, c Caller, permit func(*Caller) error) error {
	watch := store.Tokens.Watch(s.Store, c.Token)
	defer watch.Close()
	for {
		// Looked at before each wait: what changed before the watch began is seen too.
		now, err := s.caller(c.Token)
		if err == nil {
			err = permit(&now)
		}
		if err != nil {
			return err
		}
		wait, stop := ctx, context.CancelFunc(func() {})
		if !now.Expires.IsZero() {
			wait, stop = context.WithTimeout(ctx, now.Expires.Sub(s.Now()))
		}
		_, err = watch.Next(wait)
		over := wait.Err() != nil
		stop()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !over:
			return err
		}
	}
}
