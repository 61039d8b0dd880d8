package auth

import (
	"context"
	"slices"
	"strings"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// maxUsers is how many users there may be.
const maxUsers = 10_000

// UserInfo is a user with what is known of them besides.
type UserInfo struct {
	record.User
	// Sessions and Tokens are how many have not expired.
	Sessions, Tokens int
	// Last is set for the only administrator who can sign in.
	Last bool
}

// Users returns all users by name.
func (s *Service) Users() ([]UserInfo, error) {
	var list []UserInfo
	err := s.Store.View(func(tx *store.Tx) error {
		at := map[string]int{}
		for u, err := range store.Users.All(tx, "") {
			if err != nil {
				return err
			}
			last, err := lastAdministrator(tx, &u)
			if err != nil {
				return err
			}
			at[u.Name] = len(list)
			list = append(list, UserInfo{User: u, Last: last})
		}
		for t, err := range store.Tokens.All(tx, "") {
			if err != nil {
				return err
			}
			i, ok := at[t.User]
			switch {
			case !ok || s.over(&t):
			case t.Kind == record.TokenSession:
				list[i].Sessions++
			case t.Kind == record.TokenAPI:
				list[i].Tokens++
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b UserInfo) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list, err
}

// lastAdministrator reports whether nobody else can do what only administrators may.
func lastAdministrator(tx *store.Tx, u *record.User) (bool, error) {
	if u.Role < record.RoleAdministrator || u.Disabled {
		return false, nil
	}
	for o, err := range store.Users.All(tx, "") {
		if err != nil {
			return false, err
		}
		if o.Name != u.Name && o.Role >= record.RoleAdministrator && !o.Disabled {
			return false, nil
		}
	}
	return true, nil
}

// spareLast is Conflict for the last administrator.
func spareLast(tx *store.Tx, u *record.User) error {
	last, err := lastAdministrator(tx, u)
	if err != nil {
		return err
	}
	if last {
		return fault.New(fault.Conflict, "%s is the last administrator who can sign in; make another user administrator first", u.Name)
	}
	return nil
}

// CreateUser makes a user with a one-time password, which is told this once. Names are unique whatever their case.
func (s *Service) CreateUser(ctx context.Context, name string, role record.Role) (UserInfo, string, error) {
	password, hash, err := s.oneTime(ctx)
	if err != nil {
		return UserInfo{}, "", err
	}
	now := s.Now()
	u := record.User{Name: name, PasswordHash: hash, Role: role, ChangeRequired: true, Created: now, PasswordSet: now}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if strings.EqualFold(name, localUser) {
			return fault.InvalidField("name", "%q is what the token file of the Director's machine is called", localUser)
		}
		there, err := find(tx, name)
		switch {
		case err == nil:
			return fault.InvalidField("name", "there is a user %q already", there.Name)
		case fault.KindOf(err) != fault.NotFound:
			return err
		case store.Users.Count(tx) >= maxUsers:
			return fault.New(fault.Conflict, "there can be %d users", maxUsers)
		}
		// What a user of that name left behind is not this one's.
		if _, err := endTokens(tx, name, 0); err != nil {
			return err
		}
		return store.Users.Insert(tx, u)
	})
	if err != nil {
		return UserInfo{}, "", err
	}
	return UserInfo{User: u}, password, nil
}

// oneTime returns a one-time password with its hash.
func (s *Service) oneTime(ctx context.Context) (password, hash string, err error) {
	if password, err = oneTimePassword(); err != nil {
		return "", "", err
	}
	hash, err = s.hash(ctx, password)
	return password, hash, err
}

// UpdateUser sets a user's role, 0 leaving it, and whether they are disabled, nil leaving it. It applies at once to what they
// have open; disabling ends their sessions and suspends their tokens. Conflict for the last administrator.
func (s *Service) UpdateUser(ctx context.Context, name string, role record.Role, disabled *bool) (UserInfo, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := find(tx, name)
		if err != nil {
			return err
		}
		name = u.Name
		before := u
		if role != 0 {
			u.Role = role
		}
		if disabled != nil {
			u.Disabled = *disabled
		}
		if u == before {
			return nil
		}
		if u.Role < record.RoleAdministrator || u.Disabled {
			if err := spareLast(tx, &before); err != nil {
				return err
			}
		}
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		if u.Disabled {
			if _, err := endTokens(tx, u.Name, record.TokenSession); err != nil {
				return err
			}
		}
		return nudge(tx, u.Name)
	})
	if err != nil {
		return UserInfo{}, err
	}
	return s.user(name)
}

// nudge writes a user's tokens again as they are, so that who follows them looks at what they may do now.
func nudge(tx *store.Tx, user string) error {
	list, err := tokensOf(tx, user, 0)
	if err != nil {
		return err
	}
	for i := range list {
		if err := store.Tokens.Put(tx, list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) user(name string) (UserInfo, error) {
	list, err := s.Users()
	if err != nil {
		return UserInfo{}, err
	}
	for i := range list {
		if list[i].Name == name {
			return list[i], nil
		}
	}
	return UserInfo{}, fault.New(fault.NotFound, "there is no user %q", name)
}

// ResetUser gives a user a one-time password, told this once, and ends their sessions. Their API tokens stay.
func (s *Service) ResetUser(ctx context.Context, name string) (string, error) {
	password, hash, err := s.oneTime(ctx)
	if err != nil {
		return "", err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := find(tx, name)
		if err != nil {
			return err
		}
		name = u.Name
		u.PasswordHash, u.ChangeRequired, u.PasswordSet = hash, true, s.Now()
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		_, err = endTokens(tx, u.Name, record.TokenSession)
		return err
	})
	if err != nil {
		return "", err
	}
	return password, s.forgetFirst(name)
}

// forgetFirst removes the file with the first user's one-time password, which is not theirs any more.
func (s *Service) forgetFirst(name string) error {
	if name != FirstUser {
		return nil
	}
	return s.Dir.Remove(datadir.FirstPassword)
}

// DeleteUser removes a user with all that they have open. Conflict for the last administrator.
func (s *Service) DeleteUser(ctx context.Context, name string) error {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := find(tx, name)
		if err != nil {
			return err
		}
		name = u.Name
		if err := spareLast(tx, &u); err != nil {
			return err
		}
		if _, err := endTokens(tx, u.Name, 0); err != nil {
			return err
		}
		return store.Users.Delete(tx, u.Name)
	})
	if err != nil {
		return err
	}
	return s.forgetFirst(name)
}
