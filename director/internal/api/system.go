package api

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type system struct{ Options }

func (s *system) GetVersion(context.Context, *directorv1.GetVersionRequest) (*directorv1.GetVersionResponse, error) {
	return &directorv1.GetVersionResponse{Version: s.Version, Now: timestamppb.New(s.Now())}, nil
}

func (s *system) SignIn(ctx context.Context, q *directorv1.SignInRequest) (*directorv1.SignInResponse, error) {
	session, err := s.Auth.SignIn(ctx, remoteOf(ctx), q.GetUser(), q.GetPassword())
	if err != nil {
		return nil, err
	}
	return &directorv1.SignInResponse{
		Token: session.Token, Expires: timestamppb.New(session.Expires), PasswordChangeRequired: session.ChangeRequired,
	}, nil
}

func (s *system) SignOut(ctx context.Context, _ *directorv1.SignOutRequest) (*directorv1.SignOutResponse, error) {
	return &directorv1.SignOutResponse{}, s.Auth.SignOut(ctx, callerOf(ctx))
}

func (s *system) SetPassword(ctx context.Context, q *directorv1.SetPasswordRequest) (*directorv1.SetPasswordResponse, error) {
	err := s.Auth.SetPassword(ctx, callerOf(ctx), q.GetCurrentPassword(), q.GetNewPassword())
	return &directorv1.SetPasswordResponse{}, err
}

func (s *system) CreateToken(ctx context.Context, q *directorv1.CreateTokenRequest) (*directorv1.CreateTokenResponse, error) {
	token, err := s.Auth.CreateToken(ctx, callerOf(ctx), q.GetName())
	if err != nil {
		return nil, err
	}
	return &directorv1.CreateTokenResponse{Token: token}, nil
}
