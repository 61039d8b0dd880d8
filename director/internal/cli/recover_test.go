package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func TestRecoverAsksForWhatWasSelected(t *testing.T) {
	base := func(change func(r *pb.StartRecoveryRequest)) *pb.StartRecoveryRequest {
		r := &pb.StartRecoveryRequest{RepositoryId: "repo-1", PointId: "pt-anna-1", IfExists: pb.IfExists_IF_EXISTS_SKIP}
		change(r)
		return r
	}
	ref := func(folder, id string) *pb.MessageRef { return &pb.MessageRef{FolderId: folder, MessageId: id} }
	for _, tc := range []struct {
		name, line string
		want       *pb.StartRecoveryRequest
	}{
		{"everything", "recover pt-anna-1", base(func(*pb.StartRecoveryRequest) {})},
		{"the newest point of a mailbox", "recover ANNA@contoso.com", base(func(r *pb.StartRecoveryRequest) { r.PointId = "pt-anna-2" })},
		{"a folder by role", "recover pt-anna-1 --folder inbox --if-exists overwrite", base(func(r *pb.StartRecoveryRequest) {
			r.FolderIds, r.IfExists = []string{"f-inbox"}, pb.IfExists_IF_EXISTS_OVERWRITE
		})},
		{"folders by path and name", "recover pt-anna-1 --folder Posteingang/Projects --folder Gesendet", base(func(r *pb.StartRecoveryRequest) {
			r.FolderIds = []string{"f-proj", "f-sent"}
		})},
		{"a message by id", "recover pt-anna-1 --message m5", base(func(r *pb.StartRecoveryRequest) { r.Messages = []*pb.MessageRef{ref("f-proj", "m5")} })},
		{"a message by internet message id", "recover pt-anna-1 --message <m6@contoso.com>", base(func(r *pb.StartRecoveryRequest) {
			r.Messages = []*pb.MessageRef{ref("f-sent", "m6")}
		})},
		{"a message in a folder", "recover pt-anna-1 --message inbox:m3", base(func(r *pb.StartRecoveryRequest) { r.Messages = []*pb.MessageRef{ref("f-inbox", "m3")} })},
		{"another mailbox", "recover pt-anna-1 --to-mailbox info@fabrikam.com --into-folder Anna", base(func(r *pb.StartRecoveryRequest) {
			r.AccountId, r.MailboxId, r.IntoFolder = "acc-2", "mb-info2", "Anna"
		})},
		{"a mailbox whose name is told apart by its account", "recover pt-anna-1 --to-account Contoso --to-mailbox Info", base(func(r *pb.StartRecoveryRequest) {
			r.AccountId, r.MailboxId = "acc-1", "mb-info1"
		})},
		{"what was deleted", "recover pt-anna-1 --deleted-since pt-anna-2", base(func(r *pb.StartRecoveryRequest) {
			r.Messages = []*pb.MessageRef{ref("f-proj", "m5"), ref("f-inbox", "m2"), ref("f-inbox", "m3")}
		})},
		{"what was deleted in a folder", "recover pt-anna-1 --deleted-since anna@contoso.com --folder Projects", base(func(r *pb.StartRecoveryRequest) {
			r.Messages = []*pb.MessageRef{ref("f-proj", "m5")}
		})},
		{"a plan", "recover pt-anna-1 --plan", base(func(r *pb.StartRecoveryRequest) { r.PlanOnly = true })},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			if r := s.run(words(tc.line)...); r.code != 0 {
				t.Fatalf("got exit %d and %q", r.code, r.errors)
			}
			if diff := cmp.Diff(tc.want, last[*pb.StartRecoveryRequest](s.d), protocmp.Transform()); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecoverRefusesWhatMakesNoSense(t *testing.T) {
	for _, tc := range []struct {
		name, line, want string
		code             int
	}{
		{"points in the wrong order", "recover pt-anna-2 --deleted-since pt-anna-1", "must be newer", exitUsage},
		{"a point and itself", "recover anna@contoso.com --deleted-since anna@contoso.com", "must be newer", exitUsage},
		{"points of two mailboxes", "recover pt-anna-1 --deleted-since pt-bo-1", "of the same mailbox", exitUsage},
		{"a message that is not there", "recover pt-anna-1 --message nope", "has no message \"nope\"", exitFailed},
		{"a message that is elsewhere", "recover pt-anna-1 --message inbox:m6", "has no message \"m6\"", exitFailed},
		{"a folder that is not there", "recover pt-anna-1 --folder Inbx", "no folder is called \"Inbx\"", exitFailed},
		{"a way that does not exist", "recover pt-anna-1 --if-exists replace", "--if-exists must be", exitUsage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			r := s.run(words(tc.line)...)
			if r.code != tc.code || !strings.Contains(r.errors, tc.want) {
				t.Errorf("got exit %d and %q, want exit %d and %q", r.code, r.errors, tc.code, tc.want)
			}
		})
	}
}

func TestNothingDeletedIsNoError(t *testing.T) {
	s := newShell(t)
	for _, f := range folders() {
		s.d.messages["pt-anna-2/"+f.GetId()] = s.d.messages["pt-anna-1/"+f.GetId()]
	}
	r := s.run("recover", "pt-anna-1", "--deleted-since", "pt-anna-2")
	if r.code != 0 || !strings.Contains(r.out, "Nothing to recover") {
		t.Errorf("got exit %d, %q, %q", r.code, r.out, r.errors)
	}
}

// However little memory there is, the answer is the same.
func TestDeletedIsTheSameInAnyNumberOfRounds(t *testing.T) {
	s := newShell(t)
	var old, newer []*pb.MessageSummary
	var want []string
	for i := range 200 {
		m := message(fmt.Sprintf("x%03d", i), "s")
		old = append(old, m)
		if i%3 == 0 {
			want = append(want, m.GetId())
		} else {
			newer = append(newer, m)
		}
	}
	s.d.messages["pt-anna-1/f-inbox"], s.d.messages["pt-anna-2/f-sent"] = old, newer
	for _, f := range []string{"pt-anna-1/f-proj", "pt-anna-1/f-sent", "pt-anna-2/f-proj", "pt-anna-2/f-inbox"} {
		s.d.messages[f] = nil
	}
	a := &app{Options: Options{Getenv: func(k string) string { return s.env[k] }, ConfigDir: s.dir}.withDefaults()}
	c, err := a.connect()
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int64{1 << 20, 133, 50, 7} {
		got, err := c.deleted(t.Context(), points()[2], points()[0], folders(), limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range got.messages {
			ids = append(ids, m.GetMessageId())
		}
		slices.Sort(ids)
		if !slices.Equal(ids, want) || got.total != int64(len(want)) {
			t.Errorf("limit %d: got %d messages, want %d", limit, len(ids), len(want))
		}
	}
}

func TestAListThatEndsEarlyIsNotTakenForDeleted(t *testing.T) {
	s := newShell(t)
	s.d.shortLists = true
	r := s.run("recover", "pt-anna-1", "--deleted-since", "pt-anna-2")
	if r.code != exitFailed || !strings.Contains(r.errors, "the list of messages ended at") {
		t.Errorf("got exit %d, %q, %q", r.code, r.out, r.errors)
	}
}

func TestVeryManyMessagesAreRecoveredInParts(t *testing.T) {
	sel := &selection{folders: []string{"f"}}
	for range 2*maxRefs + 1 {
		sel.messages = append(sel.messages, &pb.MessageRef{})
	}
	parts := sel.split()
	if len(parts) != 4 || len(parts[0].folders) != 1 || len(parts[1].messages) != maxRefs || len(parts[3].messages) != 1 {
		t.Errorf("got %d parts", len(parts))
	}
	s := newShell(t)
	for i := range maxRefs {
		s.d.messages["pt-anna-1/f-inbox"] = append(s.d.messages["pt-anna-1/f-inbox"], message(fmt.Sprintf("y%05d", i), ""))
	}
	s.d.bigPages = true
	r := s.run("recover", "pt-anna-1", "--deleted-since", "pt-anna-2")
	if r.code != 0 || !strings.Contains(r.errors, "in 2 parts") || !strings.Contains(r.out, "760 created, 40 skipped") {
		t.Errorf("got exit %d, %q, %q", r.code, r.out, r.errors)
	}
}

func TestARepositoryOutOfReachDoesNotHideTheOthers(t *testing.T) {
	s := newShell(t)
	s.d.down = "repo-3"
	for _, args := range [][]string{{"point", "list"}, {"recover", "pt-anna-1"}, {"folder", "list", "anna@contoso.com"}} {
		r := s.run(args...)
		if r.code != 0 || !strings.Contains(r.errors, "The points in Copy are not listed: site-a does not answer") {
			t.Errorf("%v: got exit %d, %q", args, r.code, r.errors)
		}
	}
	if r := s.run("point", "list", "--repository", "Copy"); r.code != exitFailed {
		t.Errorf("the one itself: got exit %d, %q", r.code, r.errors)
	}
}
