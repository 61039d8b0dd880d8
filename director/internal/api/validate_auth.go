package api

import (
	"unicode/utf8"

	"holdfast/director/internal/auth"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// validateAuth checks what users, sessions, tokens and the audit log are asked for.
func validateAuth(m any) error {
	switch q := m.(type) {
	case *directorv1.SignInRequest:
		return first(name("user", q.GetUser()), secret("password", q.GetPassword(), true))
	case *directorv1.SetPasswordRequest:
		return first(secret("current_password", q.GetCurrentPassword(), true), newPassword(q.GetNewPassword()))
	case *directorv1.CreateTokenRequest:
		return first(name("name", q.GetName()), roleOrNone("role", q.GetRole()), moment("expires", q.GetExpires()))
	case *directorv1.CreateUserRequest:
		return first(name("name", q.GetName()), aRole("role", q.GetRole()))
	case *directorv1.UpdateUserRequest:
		return first(id("name", q.GetName()), roleOrNone("role", q.GetRole()))
	case *directorv1.ResetUserPasswordRequest:
		return id("name", q.GetName())
	case *directorv1.DeleteUserRequest:
		return id("name", q.GetName())
	case *directorv1.ListSessionsRequest:
		return maybeID("user", q.GetUser())
	case *directorv1.RevokeSessionRequest:
		return id("session_id", q.GetSessionId())
	case *directorv1.SignOutEverywhereRequest:
		return maybeID("user", q.GetUser())
	case *directorv1.ListTokensRequest:
		return maybeID("user", q.GetUser())
	case *directorv1.RevokeTokenRequest:
		return id("token_id", q.GetTokenId())
	case *directorv1.ListAuditRequest:
		return first(auditFilter("filter.", q.GetFilter()), between("page_size", q.GetPageSize(), 0, maxPageSize),
			line("page_token", q.GetPageToken(), maxName))
	}
	return nil
}

func auditFilter(in string, f *directorv1.AuditFilter) error {
	return first(maybeID(in+"user", f.GetUser()), line(in+"area", f.GetArea(), maxName), moment(in+"since", f.GetSince()),
		moment(in+"until", f.GetUntil()), maybeID(in+"object", f.GetObject()))
}

func aRole(field string, r directorv1.Role) error {
	if r == directorv1.Role_ROLE_UNSPECIFIED {
		return bad(field, "is missing")
	}
	return roleOrNone(field, r)
}

func roleOrNone(field string, r directorv1.Role) error {
	if _, ok := directorv1.Role_name[int32(r)]; !ok {
		return bad(field, "is none that there is: auditor, operator or administrator")
	}
	return nil
}

func newPassword(s string) error {
	if n := utf8.RuneCountInString(s); n < auth.MinPassword || n > auth.MaxPassword {
		return bad("new_password", "needs %d to %d characters", auth.MinPassword, auth.MaxPassword)
	}
	return nil
}
