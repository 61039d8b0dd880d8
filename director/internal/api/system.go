package api

import (
	"context"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type system struct{ Options }

func (s *system) GetVersion(context.Context, *directorv1.GetVersionRequest) (*directorv1.GetVersionResponse, error) {
	return &directorv1.GetVersionResponse{Version: s.Version, Now: timestamppb.New(s.Now())}, nil
}

func (s *system) SignIn(ctx context.Context, q *directorv1.SignInRequest) (*directorv1.SignInResponse, error) {
	v := auth.Visitor{Remote: remoteOf(ctx), Agent: originOf(ctx).agent, Browser: q.GetCookie()}
	old := ""
	if info, ok := connect.CallInfoForHandlerContext(ctx); ok {
		old = cookieOf(info.RequestHeader())
	}
	if v.Browser {
		if err := sameOrigin(ctx); err != nil {
			return nil, err
		}
	}
	session, err := s.Auth.SignIn(ctx, v, q.GetUser(), q.GetPassword())
	if err != nil {
		return nil, err
	}
	answer := &directorv1.SignInResponse{
		Token: session.Token, Expires: timestamppb.New(session.Expires), PasswordChangeRequired: session.ChangeRequired,
		User: session.User, Role: directorv1.Role(session.Role),
	}
	if !v.Browser {
		return answer, nil
	}
	if old != "" {
		if err := s.Auth.Replace(ctx, old); err != nil {
			return nil, err
		}
	}
	setCookie(ctx, session.Token, auth.SessionLife)
	answer.Token = ""
	return answer, nil
}

func (s *system) SignOut(ctx context.Context, _ *directorv1.SignOutRequest) (*directorv1.SignOutResponse, error) {
	if err := s.Auth.SignOut(ctx, callerOf(ctx)); err != nil {
		return nil, err
	}
	setCookie(ctx, "", 0)
	return &directorv1.SignOutResponse{}, nil
}

func (s *system) WhoAmI(ctx context.Context, _ *directorv1.WhoAmIRequest) (*directorv1.WhoAmIResponse, error) {
	c := callerOf(ctx)
	return &directorv1.WhoAmIResponse{
		User: c.User, Role: directorv1.Role(c.Role), Kind: directorv1.TokenKind(c.Kind), SessionId: c.ID, TokenName: c.TokenName,
		PasswordChangeRequired: c.ChangeRequired, Expires: stamp(c.Expires), Version: s.Version, Now: timestamppb.New(s.Now()), Site: s.Site,
	}, nil
}

func (s *system) SetPassword(ctx context.Context, q *directorv1.SetPasswordRequest) (*directorv1.SetPasswordResponse, error) {
	err := s.Auth.SetPassword(ctx, callerOf(ctx), q.GetCurrentPassword(), q.GetNewPassword())
	return &directorv1.SetPasswordResponse{}, err
}

func (s *system) CreateToken(ctx context.Context, q *directorv1.CreateTokenRequest) (*directorv1.CreateTokenResponse, error) {
	n := auth.NewToken{Name: q.GetName(), Role: record.Role(q.GetRole())}
	if q.GetExpires() != nil {
		n.Expires = q.GetExpires().AsTime()
	}
	token, t, err := s.Auth.CreateToken(ctx, callerOf(ctx), n)
	if err != nil {
		return nil, err
	}
	return &directorv1.CreateTokenResponse{Token: token, Details: showToken(&t, t.Role)}, nil
}

// showToken shows an API token with what it may do now.
func showToken(t *record.Token, role record.Role) *directorv1.ApiToken {
	return &directorv1.ApiToken{
		Id: t.ID(), Name: t.Name, User: t.User, Role: directorv1.Role(role), Created: stamp(t.Created), Expires: stamp(t.Expires),
		LastUsed: stamp(t.LastUsed), Remote: t.Remote,
	}
}
