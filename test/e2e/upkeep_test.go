package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// activity runs a command that starts an activity and returns how it ended.
func activity(t *testing.T, s *site.Site, answer interface {
	proto.Message
	GetActivityId() string
}, args ...string,
) *pb.Activity {
	t.Helper()
	if err := s.CLI(t.Context(), answer, nil, args...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var got pb.GetActivityResponse
	err := site.WaitFor(ctx, "the end of "+strings.Join(args, " "), func() (bool, error) {
		err := s.CLI(ctx, &got, nil, "activity", "show", answer.GetActivityId())
		return ended(got.GetActivity().GetStatus()), err
	})
	if err != nil {
		t.Fatalf("%v; last seen: %v", err, got.GetActivity())
	}
	return got.GetActivity()
}

// spoil overwrites a stretch in the middle of the largest file of packs.
func spoil(t *testing.T, vault string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vault, "packs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var largest string
	var size int64
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > size {
			largest, size = f, info.Size()
		}
	}
	f, err := os.OpenFile(largest, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 4096)
	for i := range junk {
		junk[i] = byte(rand.Uint32())
	}
	_, err = f.WriteAt(junk, size/2)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A disk loses a part of a pack. Verify names what suffers, repair puts right what it can, the next run brings back the rest
// from the mailboxes; then nothing is missing, and a second repository gets it all.
func TestWhatADiskLosesComesBackFromTheMailboxes(t *testing.T) {
	s := newSite(t, 1)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 2, PerMailbox: 60})
	setUp(t, s, "--exclude", empty[0].UserPrincipalName, "--exclude", empty[1].UserPrincipalName)
	run := func() {
		t.Helper()
		cli(t, s, "job", "run", "Job")
		if r := waitRun(t, s); r.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
			t.Fatalf("the run ended as %s: %s", r.GetStatus(), r.GetError())
		}
	}
	verify := func() *pb.Activity {
		t.Helper()
		return activity(t, s, &pb.VerifyRepositoryResponse{}, "repository", "verify", "Vault", "--full")
	}
	run()
	if x := verify(); x.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("before anything happened: %v", x)
	}
	spoil(t, filepath.Join(s.Dir, "vault"))
	x := verify()
	said := strings.Join(x.GetVerify().GetDamage(), "\n")
	if x.GetStatus() != pb.RunStatus_RUN_STATUS_INCOMPLETE || !strings.Contains(said, full[0].UserPrincipalName) && !strings.Contains(said, full[1].UserPrincipalName) {
		t.Errorf("verify ended as %s and named no mailbox:\n%s", x.GetStatus(), said)
	}
	x = activity(t, s, &pb.RepairRepositoryResponse{}, "repository", "repair", "Vault")
	if x.GetError() != "" || len(x.GetRepair().GetRepaired()) == 0 {
		t.Errorf("repair: %v", x)
	}
	run()
	if x := verify(); x.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Errorf("after the repair and a run: %v", x)
	}
	x = activity(t, s, &pb.ReclaimRepositoryResponse{}, "repository", "reclaim", "Vault")
	if x.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Errorf("reclaim: %v", x)
	}
	cli(t, s, "repository", "create", "Second", "--transporter", "t1", "--path", filepath.Join(s.Dir, "second"))
	x = activity(t, s, &pb.CopyRepositoryResponse{}, "repository", "copy", "Vault", "Second")
	if x.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED || x.GetCopy().GetCopied() != 4 {
		t.Errorf("copy: %v", x)
	}
	x = activity(t, s, &pb.VerifyRepositoryResponse{}, "repository", "verify", "Second", "--full")
	if x.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED || x.GetVerify().GetPoints() != 4 {
		t.Errorf("the copy: %v", x)
	}
}
