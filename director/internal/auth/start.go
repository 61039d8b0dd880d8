package auth

import (
	"context"
	"fmt"
	"io"
	"strings"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Start makes what is missing: at the first start the administrator with a one-time password, told to out and kept in a
// file until it is changed; and the local operator's token file.
func (s *Service) Start(ctx context.Context, out io.Writer) error {
	if err := s.firstUser(ctx, out); err != nil {
		return err
	}
	return s.localToken(ctx)
}

func (s *Service) firstUser(ctx context.Context, out io.Writer) error {
	var users int
	err := s.Store.View(func(tx *store.Tx) error { users = store.Users.Count(tx); return nil })
	if err != nil || users > 0 {
		return err
	}
	password, hash, err := s.newOneTimePassword()
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		return store.Users.Insert(tx, record.User{
			Name: FirstUser, PasswordHash: hash, Role: record.RoleAdministrator, ChangeRequired: true, Created: s.Now(),
			PasswordSet: s.Now(),
		})
	})
	if err != nil {
		return err
	}
	s.tell(out, password)
	return nil
}

// ResetPassword gives the administrator a new one-time password and ends their sessions.
func (s *Service) ResetPassword(ctx context.Context, out io.Writer) error {
	password, hash, err := s.newOneTimePassword()
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := store.Users.Get(tx, FirstUser)
		if fault.KindOf(err) == fault.NotFound {
			u, err = record.User{Name: FirstUser, Role: record.RoleAdministrator, Created: s.Now()}, nil
		}
		if err != nil {
			return err
		}
		u.PasswordHash, u.ChangeRequired, u.PasswordSet = hash, true, s.Now()
		// Whoever has the machine gets in, whatever was done to the user.
		u.Role, u.Disabled = record.RoleAdministrator, false
		if err := store.Users.Put(tx, u); err != nil {
			return err
		}
		_, err = endTokens(tx, FirstUser, record.TokenSession)
		return err
	})
	if err != nil {
		return err
	}
	s.tell(out, password)
	return nil
}

func (s *Service) tell(out io.Writer, password string) {
	_, _ = fmt.Fprintf(out, "Sign in as %s with the one-time password %s\n(also in %s until you set your own)\n",
		FirstUser, password, s.Dir.Path(datadir.FirstPassword))
}

// newOneTimePassword makes a password and leaves it in its file: before the hash is stored, so that no password is ever
// asked for that nobody can know.
func (s *Service) newOneTimePassword() (password, hash string, err error) {
	if password, err = oneTimePassword(); err != nil {
		return "", "", err
	}
	if hash, err = hashPassword(password); err != nil {
		return "", "", err
	}
	return password, hash, s.Dir.Write(datadir.FirstPassword, []byte(password+"\n"))
}

// localToken makes sure that the token in the file is one that admits.
func (s *Service) localToken(ctx context.Context) error {
	text, err := s.Dir.Read(datadir.LocalToken)
	if err == nil {
		c, err := s.Authenticate(strings.TrimSpace(string(text)))
		if err == nil && c.Kind == record.TokenLocal {
			return nil
		}
	} else if fault.KindOf(err) != fault.NotFound {
		return err
	}
	token, err := newToken("hfl")
	if err != nil {
		return err
	}
	if err := s.Dir.Write(datadir.LocalToken, []byte(token+"\n")); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		var old []string
		for t, err := range store.Tokens.All(tx, "") {
			if err != nil {
				return err
			}
			if t.Kind == record.TokenLocal {
				old = append(old, t.Hash)
			}
		}
		for _, hash := range old {
			if err := store.Tokens.Delete(tx, hash); err != nil {
				return err
			}
		}
		return store.Tokens.Insert(tx, record.Token{
			Hash: hashOf(token), Kind: record.TokenLocal, Name: datadir.LocalToken, User: localUser,
			Role: record.RoleAdministrator, Created: s.Now(),
		})
	})
}
