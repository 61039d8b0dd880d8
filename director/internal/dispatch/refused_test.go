package dispatch_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func TestARefusedAccountIsNotTriedForEveryMailbox(t *testing.T) {
	for name, tc := range map[string]struct {
		kind fault.Kind
		// says returns what the nth attempt is refused with; empty lets it through.
		says  func(n int) string
		tried int
	}{
		"for the same reason":       {fault.Unauthorized, func(n int) string { return fmt.Sprintf("the secret has expired [AADSTS7000222, %08d-aaaa]", n) }, 5},
		"not permitted":             {fault.Denied, func(int) string { return "the application lacks Mail.Read" }, 5},
		"each for another":          {fault.Denied, func(n int) string { return "mailbox " + strings.Repeat("x", n+1) + " is on hold" }, 20},
		"with one that is let in":   {fault.Denied, func(n int) string { return []string{"no", "no", "no", ""}[n%4] }, 20},
		"of a fault of the mailbox": {fault.Corrupt, func(int) string { return "damaged" }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := s.porter("one")
			tried := 0 // one at a time
			p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
				text := tc.says(tried)
				tried++
				if text == "" {
					return fakeporter.Plan{}
				}
				return fakeporter.Plan{Fault: &fault.Fault{Kind: tc.kind, Message: text}}
			})
			run := s.run(s.job("Job", s.repository(p), record.JobOptions{MaxTasks: 1}, whole(s.account(20))))
			v := s.end(run)
			if p.Calls("StartTask") > tc.tried+1 || p.Calls("StartTask") < tc.tried || v.Done() != 20 || v.Status != record.RunFailed {
				t.Errorf("%d mailboxes were tried, want %d; %d ended, the run as %d", p.Calls("StartTask"), tc.tried, v.Done(), v.Status)
			}
			if told := len(v.Notes) == 1 && strings.Contains(v.Notes[0], "account Example"); told != (tc.tried == 5) {
				t.Errorf("the run notes %q", v.Notes)
			}
			long := 0
			for _, task := range s.tasks(run) {
				if task.Status == record.TaskFailed && !strings.HasPrefix(task.Error, "not tried") {
					long++
				}
			}
			if tc.tried == 5 && long > 6 {
				t.Errorf("%d mailboxes tell the whole reason", long)
			}
		})
	}
}
