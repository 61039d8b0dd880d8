package api

import (
	"context"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type users struct{ Options }

func (s *users) ListUsers(context.Context, *directorv1.ListUsersRequest) (*directorv1.ListUsersResponse, error) {
	list, err := s.Auth.Users()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListUsersResponse{}
	for i := range list {
		answer.Users = append(answer.Users, showUser(&list[i]))
	}
	return answer, nil
}

func (s *users) CreateUser(ctx context.Context, q *directorv1.CreateUserRequest) (*directorv1.CreateUserResponse, error) {
	u, password, err := s.Auth.CreateUser(ctx, q.GetName(), record.Role(q.GetRole()))
	if err != nil {
		return nil, err
	}
	return &directorv1.CreateUserResponse{User: showUser(&u), OneTimePassword: password}, nil
}

func (s *users) UpdateUser(ctx context.Context, q *directorv1.UpdateUserRequest) (*directorv1.UpdateUserResponse, error) {
	u, err := s.Auth.UpdateUser(ctx, q.GetName(), record.Role(q.GetRole()), q.Disabled)
	if err != nil {
		return nil, err
	}
	return &directorv1.UpdateUserResponse{User: showUser(&u)}, nil
}

func (s *users) ResetUserPassword(ctx context.Context, q *directorv1.ResetUserPasswordRequest) (*directorv1.ResetUserPasswordResponse, error) {
	password, err := s.Auth.ResetUser(ctx, q.GetName())
	if err != nil {
		return nil, err
	}
	return &directorv1.ResetUserPasswordResponse{OneTimePassword: password}, nil
}

func (s *users) DeleteUser(ctx context.Context, q *directorv1.DeleteUserRequest) (*directorv1.DeleteUserResponse, error) {
	if err := s.Auth.DeleteUser(ctx, q.GetName()); err != nil {
		return nil, err
	}
	return &directorv1.DeleteUserResponse{}, nil
}

func (s *users) ListSessions(ctx context.Context, q *directorv1.ListSessionsRequest) (*directorv1.ListSessionsResponse, error) {
	c := callerOf(ctx)
	list, err := s.Auth.Sessions(c, auth.Whose{User: q.GetUser(), All: q.GetAll()})
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListSessionsResponse{}
	for i := range list {
		t := &list[i]
		answer.Sessions = append(answer.Sessions, &directorv1.Session{
			Id: t.ID(), User: t.User, Created: stamp(t.Created), Expires: stamp(t.Expires), LastUsed: stamp(t.LastUsed),
			Remote: t.Remote, UserAgent: t.Agent, Current: t.Hash == c.Token, Browser: t.Browser,
		})
	}
	return answer, nil
}

func (s *users) RevokeSession(ctx context.Context, q *directorv1.RevokeSessionRequest) (*directorv1.RevokeSessionResponse, error) {
	if err := s.Auth.Revoke(ctx, callerOf(ctx), record.TokenSession, q.GetSessionId()); err != nil {
		return nil, err
	}
	return &directorv1.RevokeSessionResponse{}, nil
}

func (s *users) SignOutEverywhere(ctx context.Context, q *directorv1.SignOutEverywhereRequest) (*directorv1.SignOutEverywhereResponse, error) {
	ended, err := s.Auth.EndAll(ctx, callerOf(ctx), q.GetUser(), q.GetTokens())
	if err != nil {
		return nil, err
	}
	return &directorv1.SignOutEverywhereResponse{Ended: int32(ended)}, nil
}

func (s *users) ListTokens(ctx context.Context, q *directorv1.ListTokensRequest) (*directorv1.ListTokensResponse, error) {
	list, err := s.Auth.Tokens(callerOf(ctx), auth.Whose{User: q.GetUser(), All: q.GetAll()})
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListTokensResponse{}
	for i := range list {
		answer.Tokens = append(answer.Tokens, showToken(&list[i].Token, list[i].Now))
	}
	return answer, nil
}

func (s *users) RevokeToken(ctx context.Context, q *directorv1.RevokeTokenRequest) (*directorv1.RevokeTokenResponse, error) {
	if err := s.Auth.Revoke(ctx, callerOf(ctx), record.TokenAPI, q.GetTokenId()); err != nil {
		return nil, err
	}
	return &directorv1.RevokeTokenResponse{}, nil
}

func showUser(u *auth.UserInfo) *directorv1.User {
	return &directorv1.User{
		Name: u.Name, Role: directorv1.Role(u.Role), Disabled: u.Disabled, PasswordChangeRequired: u.ChangeRequired,
		Created: stamp(u.Created), PasswordSet: stamp(u.PasswordSet), LastSignIn: stamp(u.LastSignIn),
		Sessions: int32(u.Sessions), Tokens: int32(u.Tokens), LastAdministrator: u.Last,
	}
}
