package api

import (
	"context"
	"testing"

	"holdfast/director/internal/auth"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func TestOnlyAdministratorsSeeWhatScriptsAreGiven(t *testing.T) {
	for role, sees := range map[record.Role]bool{record.RoleAuditor: false, record.RoleOperator: false, record.RoleAdministrator: true} {
		ctx := context.WithValue(t.Context(), callerKey{}, auth.Caller{Role: role})
		j := hushed(ctx, &directorv1.Job{
			Before: &directorv1.Script{Path: "/p", Arguments: []string{"--password=x"}, Environment: map[string]string{"TOKEN": "x"}},
		})
		b := j.GetBefore()
		if b.GetPath() != "/p" || (b.GetArguments()[0] == "--password=x") != sees || (b.GetEnvironment()["TOKEN"] == "x") != sees || len(b.GetEnvironment()) != 1 {
			t.Errorf("role %d sees %v", role, b)
		}
	}
}
