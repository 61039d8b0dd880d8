package cli

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func (d *director) ListUsers(context.Context, *pb.ListUsersRequest) (*pb.ListUsersResponse, error) {
	return &pb.ListUsersResponse{Users: []*pb.User{{Name: "anna", Role: pb.Role_ROLE_OPERATOR, Disabled: true, Tokens: 2}}}, nil
}

func (d *director) CreateUser(_ context.Context, q *pb.CreateUserRequest) (*pb.CreateUserResponse, error) {
	if q.GetRole() == 0 {
		return nil, fault.InvalidField("role", "the role is missing")
	}
	return &pb.CreateUserResponse{User: &pb.User{Name: q.GetName(), Role: q.GetRole()}, OneTimePassword: oneTime}, nil
}

func (d *director) UpdateUser(_ context.Context, q *pb.UpdateUserRequest) (*pb.UpdateUserResponse, error) {
	return &pb.UpdateUserResponse{User: &pb.User{Name: q.GetName(), Role: pb.Role_ROLE_OPERATOR, Disabled: q.GetDisabled()}}, nil
}

func (d *director) ResetUserPassword(context.Context, *pb.ResetUserPasswordRequest) (*pb.ResetUserPasswordResponse, error) {
	return &pb.ResetUserPasswordResponse{OneTimePassword: oneTime}, nil
}

func (d *director) DeleteUser(context.Context, *pb.DeleteUserRequest) (*pb.DeleteUserResponse, error) {
	return &pb.DeleteUserResponse{}, nil
}

func (d *director) ListSessions(context.Context, *pb.ListSessionsRequest) (*pb.ListSessionsResponse, error) {
	return &pb.ListSessionsResponse{Sessions: []*pb.Session{{Id: "5f0c", User: "anna", Remote: "192.0.2.1", UserAgent: "Firefox"}}}, nil
}

func (d *director) RevokeSession(context.Context, *pb.RevokeSessionRequest) (*pb.RevokeSessionResponse, error) {
	return &pb.RevokeSessionResponse{}, nil
}

func (d *director) SignOutEverywhere(context.Context, *pb.SignOutEverywhereRequest) (*pb.SignOutEverywhereResponse, error) {
	return &pb.SignOutEverywhereResponse{Ended: 3}, nil
}

func (d *director) ListTokens(context.Context, *pb.ListTokensRequest) (*pb.ListTokensResponse, error) {
	return &pb.ListTokensResponse{Tokens: []*pb.ApiToken{{Id: "5f0c", Name: "nightly", User: "anna", Role: pb.Role_ROLE_AUDITOR}}}, nil
}

func (d *director) RevokeToken(context.Context, *pb.RevokeTokenRequest) (*pb.RevokeTokenResponse, error) {
	return &pb.RevokeTokenResponse{}, nil
}

func (d *director) ListAudit(_ context.Context, q *pb.ListAuditRequest) (*pb.ListAuditResponse, error) {
	e := &pb.AuditEntry{
		Id: "1", Time: timestamppb.New(timestamppb.Now().AsTime()), User: "anna", Kind: pb.TokenKind_TOKEN_KIND_API, TokenName: "nightly",
		Remote: "192.0.2.1", Method: "JobService/RunJob", Count: 2, Fault: "denied", MoreObjects: 4,
		Objects: []*pb.AuditObject{{Kind: "job", Id: "j1", Name: "Daily"}, {Kind: "point", Id: "p1"}},
	}
	if q.GetPageToken() == "" {
		return &pb.ListAuditResponse{Entries: []*pb.AuditEntry{e}, NextPageToken: "1"}, nil
	}
	return &pb.ListAuditResponse{Entries: []*pb.AuditEntry{e, e}}, nil
}

func TestUsersSessionsTokensAndAudit(t *testing.T) {
	for line, want := range map[string]string{
		"user list":                           "anna operator disabled - 0 2",
		"user create anna --role operator":    oneTime,
		"user update anna --disabled":         "anna is operator, disabled.",
		"user update anna --disabled=false":   "anna is operator, active.",
		"user reset-password anna":            oneTime,
		"user delete anna --yes":              "anna is deleted.",
		"session list --all":                  "5f0c anna 192.0.2.1 - - - Firefox",
		"session end 5f0c":                    "The session is ended.",
		"session end-all anna --tokens --yes": "3 ended.",
		"token list":                          "5f0c nightly anna auditor - - - -",
		"token revoke 5f0c":                   "The token is revoked.",
		"audit --limit 3":                     "anna (nightly) 192.0.2.1 JobService/RunJob job Daily, point p1, 4 more denied 2",
		"audit --save - --failed":             "audit ",
	} {
		s := newShell(t)
		if out := strings.Join(strings.Fields(s.did(line)), " "); !strings.Contains(out, strings.TrimSpace(want)) {
			t.Errorf("%s: got %q, want %q", line, out, want)
		}
	}
	s := newShell(t)
	if n := strings.Count(s.did("audit"), "RunJob"); n != 3 {
		t.Errorf("two pages give %d entries, want 3", n)
	}
	for _, line := range []string{"user create anna --role king", "user update anna", "user delete anna", "session end-all", "audit --since soon", "audit --limit -1"} {
		if r := s.run(strings.Fields(line)...); r.code != exitUsage {
			t.Errorf("%s: exit %d, want %d: %s", line, r.code, exitUsage, r.errors)
		}
	}
}
