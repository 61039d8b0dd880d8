package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func TestRecoverOfSeveralMapsEachMailbox(t *testing.T) {
	anna := &pb.MailboxRecovery{RepositoryId: "repo-1", PointId: "pt-anna-2"}
	for _, tc := range []struct {
		line string
		want *pb.StartRecoveryRequest
	}{
		{"recover --mailbox anna@contoso.com --max-tasks 5 --if-folder-exists rename", &pb.StartRecoveryRequest{
			IfExists: pb.IfExists_IF_EXISTS_SKIP, IfFolderExists: pb.IfFolderExists_IF_FOLDER_EXISTS_RENAME, MaxTasks: 5,
			Mailboxes: []*pb.MailboxRecovery{anna},
		}},
		{"recover --mailbox anna@contoso.com --to-mailbox info@fabrikam.com --plan", &pb.StartRecoveryRequest{
			IfExists: pb.IfExists_IF_EXISTS_SKIP, PlanOnly: true, Mailboxes: []*pb.MailboxRecovery{{
				RepositoryId: "repo-1", PointId: "pt-anna-2", AccountId: "acc-2", MailboxId: "mb-info2", IntoFolder: points()[0].GetMailboxName(),
			}},
		}},
		{"recover --mailbox anna@contoso.com --to anna@contoso.com=info@fabrikam.com --at 2026-03-31", &pb.StartRecoveryRequest{
			IfExists: pb.IfExists_IF_EXISTS_SKIP, Mailboxes: []*pb.MailboxRecovery{{
				RepositoryId: "repo-1", PointId: "pt-anna-2", AccountId: "acc-2", MailboxId: "mb-info2",
			}},
		}},
	} {
		s := newShell(t)
		if r := s.run(words(tc.line)...); r.code != 0 {
			t.Fatalf("%s: got exit %d and %q", tc.line, r.code, r.errors)
		}
		if diff := cmp.Diff(tc.want, last[*pb.StartRecoveryRequest](s.d), protocmp.Transform()); diff != "" {
			t.Errorf("%s: the request differs (-want +got):\n%s", tc.line, diff)
		}
	}
}

func TestRecoverOfSeveralRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"recover":                                       "say what to recover",
		"recover --all --job Daily":                     "--all takes every mailbox",
		"recover --all --folder Inbox":                  "for one mailbox",
		"recover pt-anna-1 --mailbox anna@contoso.com":  "not both",
		"recover pt-anna-1 --max-tasks 3":               "for several mailboxes",
		"recover --all":                                 "gone from the tenant",
		"recover --all --to nobody=info@fabrikam.com":   "none of the mailboxes",
		"recover --all --exclude nobody":                "none of the mailboxes",
		"recover --all --to anna@contoso.com":           "MAILBOX=TARGET",
		"recover --all --at yesterday":                  "neither a day",
		"recover pt-anna-1 --if-folder-exists overtake": "--if-folder-exists must be",
		"drill create Weekly --job Daily":               "are needed",
		"undo act-1 --mailbox nobody@contoso.com":       "none of the mailboxes",
	} {
		s := newShell(t)
		if r := s.run(words(line)...); r.code == 0 || !strings.Contains(r.errors, want) {
			t.Errorf("%s: got exit %d and %q, want %q in it", line, r.code, r.errors, want)
		}
	}
}
