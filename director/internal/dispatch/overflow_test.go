package dispatch_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

const full = "cannot write /backup/vault/packs/%08x: the disk is full; free space on it and try again"

func TestAFullRepositoryIsNotTriedForEveryMailbox(t *testing.T) {
	for name, tc := range map[string]struct {
		fault fault.Fault
		tried int // of those that go to the full repository
	}{
		"full":                              {fault.Fault{Kind: fault.Exhausted, Message: full}, 5},
		"a full mailbox, as Microsoft says": {fault.Fault{Kind: fault.Exhausted, Message: "Mailbox has exceeded maximum mailbox size."}, 15},
		"a Transporter with too few ports":  {fault.Fault{Kind: fault.Exhausted, Message: "all ports are in use %d"}, 15},
		"damaged":                           {fault.Fault{Kind: fault.Corrupt, Message: full}, 15},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := s.porter("one")
			a := s.account(20)
			vault := s.repository(p)
			other, err := s.depot.Create(t.Context(), record.Repository{
				Name: "Other", Transporter: record.TransporterID(p.ID()), Path: "/backup/other", Codec: record.CodecBalanced,
			})
			if err != nil {
				t.Fatal(err)
			}
			tried, passed := map[string]bool{}, map[mail.MailboxID]bool{}
			j := record.Job{Name: "Job", Enabled: true, Repository: vault, Items: []record.SourceItem{whole(a)}, Options: record.JobOptions{MaxTasks: 1, Retries: new(int32)}}
			for n := 4; n <= 20; n += 4 { // every fourth goes elsewhere
				id := mail.MailboxID(fmt.Sprintf("m%d", n))
				passed[id] = true
				j.Destinations = append(j.Destinations, record.Destination{Account: a, Mailbox: id, Repository: other.ID})
			}
			p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan { // one at a time
				id := q.GetBackup().GetMailbox().GetId()
				if passed[mail.MailboxID(id)] {
					return fakeporter.Plan{}
				}
				tried[id] = true
				f := tc.fault
				f.Message = strings.Replace(f.Message, "%08x", fmt.Sprintf("%08x", len(tried)), 1)
				return fakeporter.Plan{Fault: &f}
			})
			j, err = s.jobs.Create(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			run := s.run(j.ID)
			v := s.end(run)
			// One more may have been begun when the fifth was weighed.
			if len(tried) < tc.tried || len(tried) > tc.tried+1 {
				t.Errorf("%d mailboxes were tried, want %d", len(tried), tc.tried)
			}
			if told := len(v.Notes) == 1 && strings.Contains(v.Notes[0], "repository Vault") && strings.Contains(v.Notes[0], "disk is full"); told != (tc.tried == 5) {
				t.Errorf("the run notes %q", v.Notes)
			}
			if v.Done() != 20 || v.Failed != 15 {
				t.Errorf("%d ended, %d failed", v.Done(), v.Failed)
			}
			short := 0
			for _, task := range s.tasks(run) {
				if passed[task.Mailbox] != (task.Status == record.TaskSucceeded) {
					t.Errorf("%s ended as %d: %s", task.Mailbox, task.Status, task.Error)
				}
				if strings.HasPrefix(task.Error, "not tried: repository Vault is full") {
					short++
				}
			}
			if short != 15-len(tried) {
				t.Errorf("%d mailboxes were not tried, %d were", short, len(tried))
			}
		})
	}
}
