package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// TestRequests says what each command that changes something asks of the Director.
func TestRequests(t *testing.T) {
	daily, board := jobs()[0], jobs()[1]
	with := func(j *pb.Job, change func(*pb.Job)) *pb.Job {
		j = proto.CloneOf(j)
		change(j)
		return j
	}
	for _, tc := range []struct {
		line string
		want proto.Message
	}{
		{
			"account add A --tenant-id 6babcaad-604b-40ac-a9d7-9fd97c0b779f --client-id c --secret-file secret.txt --cloud custom --authority https://l --graph-root https://g --graph-ca ca.pem --transporter site-a --limit-in-flight 2 --skip-test",
			&pb.AddAccountRequest{SkipTest: true, Credential: &pb.Credential{ClientSecret: "s3cret"}, Account: &pb.Account{
				Name:     "A",
				TenantId: "6babcaad-604b-40ac-a9d7-9fd97c0b779f", ClientId: "c", Cloud: pb.Cloud_CLOUD_CUSTOM, Authority: "https://l",
				GraphRoot: "https://g", TransporterId: "tr-a", Limits: &pb.Limits{RequestsInFlight: 2},
			}},
		},
		{
			"account add A --tenant-id 6babcaad-604b-40ac-a9d7-9fd97c0b779f --client-id c --certificate secret.txt --certificate-password-stdin",
			&pb.AddAccountRequest{
				Credential: &pb.Credential{Certificate: []byte("s3cret\n"), CertificatePassword: "typed"},
				Account:    &pb.Account{Name: "A", TenantId: "6babcaad-604b-40ac-a9d7-9fd97c0b779f", ClientId: "c", Cloud: pb.Cloud_CLOUD_GLOBAL},
			},
		},
		{"account update acc-1 --name B", &pb.UpdateAccountRequest{Account: func() *pb.Account { x := accounts()[0]; x.Name = "B"; return x }()}},
		{"account update Contoso --secret-stdin", &pb.UpdateAccountRequest{Account: accounts()[0], Credential: &pb.Credential{ClientSecret: "typed"}}},
		{
			"transporter pair n 192.0.2.1:9446 --transfer-host h --code-file code.txt",
			&pb.PairTransporterRequest{Name: "n", Address: "192.0.2.1:9446", TransferHost: "h", PairingCode: "HF-code"},
		},
		{"transporter update site-a --max-tasks 0", &pb.UpdateTransporterRequest{Transporter: func() *pb.Transporter { x := transporters()[0]; x.MaxTasks = 0; return x }()}},
		{
			"repository create R --transporter site-b --path /r --codec best --key-file /k",
			&pb.CreateRepositoryRequest{Name: "R", TransporterId: "tr-b", Path: "/r", Codec: pb.Codec_CODEC_BEST, Key: &pb.RepositoryKey{KeyFile: "/k"}},
		},
		{"repository create R --transporter tr-b --path /r", &pb.CreateRepositoryRequest{Name: "R", TransporterId: "tr-b", Path: "/r", Codec: pb.Codec_CODEC_BALANCED}},
		{"repository attach Plain --passphrase-stdin", &pb.AttachRepositoryRequest{RepositoryId: "repo-2", Key: &pb.RepositoryKey{Passphrase: "typed"}}},
		{"repository attach Copy --transporter site-a --path /c", &pb.AttachRepositoryRequest{Name: "Copy", TransporterId: "tr-a", Path: "/c"}},
		{"repository remove Vault --yes", &pb.RemoveRepositoryRequest{RepositoryId: "repo-1"}},
		{"repository remove Vault --delete-data --confirm-name Vault", &pb.RemoveRepositoryRequest{RepositoryId: "repo-1", DeleteData: true, ConfirmName: "Vault"}},
		{
			"repository attach Plain --recreate --confirm-name Plain",
			&pb.AttachRepositoryRequest{RepositoryId: "repo-2", Recreate: true, ConfirmName: "Plain"},
		},
		{"repository reclaim Vault", &pb.ReclaimRepositoryRequest{RepositoryId: "repo-1"}},
		{"repository survey Vault", &pb.SurveyRepositoryRequest{RepositoryId: "repo-1"}},
		{"repository show Vault --mailboxes", &pb.ListBackupsRequest{RepositoryId: "repo-1", Limit: 10_000}},
		{"repository repair Vault", &pb.RepairRepositoryRequest{RepositoryId: "repo-1"}},
		{
			"repository copy Vault Plain --mailbox anna@contoso.com --job Daily --newest --thorough",
			&pb.CopyRepositoryRequest{
				RepositoryId: "repo-1", TargetRepositoryId: "repo-2", AccountId: "acc-1", MailboxId: "mb-anna", JobId: "job-1", Newest: true, Thorough: true,
			},
		},
		{
			"repository copy Vault Plain --point pt-bo --point pt-anna-2",
			&pb.CopyRepositoryRequest{RepositoryId: "repo-1", TargetRepositoryId: "repo-2", PointIds: []string{"pt-bo-1", "pt-anna-2"}},
		},
		{"repository level Vault fast", &pb.SetRepositoryCodecRequest{RepositoryId: "repo-1", Codec: pb.Codec_CODEC_FAST}},
		{
			"repository passphrase Vault --passphrase-stdin --current-passphrase-file secret.txt",
			&pb.ChangeRepositoryKeyRequest{
				RepositoryId: "repo-1", Current: &pb.RepositoryKey{Passphrase: "s3cret"}, Next: &pb.RepositoryKey{Passphrase: "typed"},
			},
		},
		{"repository passphrase Vault --key-file /k", &pb.ChangeRepositoryKeyRequest{RepositoryId: "repo-1", Next: &pb.RepositoryKey{KeyFile: "/k"}}},
		{"point delete pt-bo pt-anna-1 --yes", &pb.DeletePointsRequest{RepositoryId: "repo-1", PointIds: []string{"pt-bo-1", "pt-anna-1"}}},
		{
			"point delete --all --mailbox anna@contoso.com --yes",
			&pb.DeletePointsRequest{RepositoryId: "repo-1", PointIds: []string{"pt-anna-2", "pt-anna-1"}},
		},
		{"repository verify Vault --full", &pb.VerifyRepositoryRequest{RepositoryId: "repo-1", Full: true}},
		{
			"job create J --mailbox bo@contoso.com --account ファブリカム --mailbox mb-anna --exclude info@fabrikam.com --repository vault --transporter site-a --hidden-folders",
			&pb.CreateJobRequest{Job: &pb.Job{
				Name: "J", Enabled: true, Destination: &pb.Destination{RepositoryId: "repo-1"},
				Options: &pb.JobOptions{TransporterIds: []string{"tr-a"}, HiddenFolders: true},
				Source: &pb.Source{ExcludedMailboxIds: []string{"mb-info2"}, Items: []*pb.SourceItem{
					{AccountId: "acc-1", MailboxId: "mb-bo"},
					{AccountId: "acc-2"},
					{AccountId: "acc-1", MailboxId: "mb-anna"},
				}},
			}},
		},
		{"job update Daily --enabled=false --max-tasks 5", &pb.UpdateJobRequest{Job: with(daily, func(j *pb.Job) { j.Enabled, j.Options.MaxTasks = false, 5 })}},
		{"job update Daily --exclude= --transporter=", &pb.UpdateJobRequest{Job: with(daily, func(j *pb.Job) {
			j.Source.ExcludedMailboxIds, j.Options.TransporterIds = nil, nil
		})}},
		{"job update Board --account Contoso --name B", &pb.UpdateJobRequest{Job: with(board, func(j *pb.Job) {
			j.Name, j.Source.Items = "B", []*pb.SourceItem{{AccountId: "acc-1"}}
		})}},
		{"job run Daily --mailbox anna@contoso.com --mailbox mb-bo", &pb.RunJobRequest{JobId: "job-1", MailboxIds: []string{"mb-anna", "mb-bo"}}},
		{"job run Daily --failed", &pb.RunJobRequest{JobId: "job-1", FailedOnly: true}},
		{"run stop Daily --now", &pb.StopRunRequest{RunId: "run-2", Now: true}},
		{"run list --job Daily --limit 5", &pb.ListRunsRequest{JobId: "job-1", Limit: 5}},
		{"point list --repository Vault --job Daily --mailbox anna@contoso.com", &pb.ListPointsRequest{RepositoryId: "repo-1", AccountId: "acc-1", MailboxId: "mb-anna", JobId: "job-1"}},
		{
			"message list pt-anna-1 inbox --sort from --ascending --filter plan --only unread,attachments --limit 1",
			&pb.ListMessagesRequest{
				RepositoryId: "repo-1", PointId: "pt-anna-1", FolderId: "f-inbox", Limit: 1, Order: pb.MessageOrder_MESSAGE_ORDER_FROM, Ascending: true,
				Filter: "plan", Unread: true, WithAttachments: true,
			},
		},
		{
			"point diff pt-anna-1 pt-anna-2 --folder inbox --limit 3",
			&pb.DiffPointsRequest{RepositoryId: "repo-1", OlderPointId: "pt-anna-1", NewerPointId: "pt-anna-2", FolderId: "f-inbox", Limit: 3},
		},
		{
			"message history pt-anna-1 inbox m1",
			&pb.GetMessageHistoryRequest{RepositoryId: "repo-1", PointId: "pt-anna-1", FolderId: "f-inbox", MessageId: "m1"},
		},
		{"activity stop act-1 --now", &pb.StopActivityRequest{ActivityId: "act-1", Now: true}},
		{"activity list --running", &pb.ListActivitiesRequest{RunningOnly: true, Limit: 50}},
	} {
		t.Run(tc.line, func(t *testing.T) {
			s := newShell(t)
			t.Chdir(s.dir)
			s.write("secret.txt", "s3cret\n")
			s.write("code.txt", "HF-code\n")
			s.stdin = "typed\n"
			if want, ok := tc.want.(*pb.AddAccountRequest); ok && strings.Contains(tc.line, "--graph-ca") {
				want.Account.CaPem = []byte(readFile(t, "ca.pem"))
			}
			if r := s.run(words(tc.line)...); r.code != 0 {
				t.Fatalf("got exit %d and %q", r.code, r.errors)
			}
			var got proto.Message
			for _, m := range s.d.requests {
				if m.ProtoReflect().Descriptor() == tc.want.ProtoReflect().Descriptor() {
					got = m
				}
			}
			if diff := cmp.Diff(tc.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMissingPermissionThatIsRequiredFailsTheTest(t *testing.T) {
	s := newShell(t)
	s.d.permissions = []*pb.Permission{{Name: "Mail.ReadWrite", Cost: "recoveries"}, {Name: "User.Read.All", Granted: true, Required: true}}
	if r := s.run("account", "test", "Contoso"); r.code != 0 || !strings.Contains(r.out, "recoveries") {
		t.Errorf("an optional one: got exit %d, %q", r.code, r.out)
	}
	s.d.permissions[1].Granted, s.d.permissions[1].Cost = false, "mailboxes cannot be listed"
	r := s.run("account", "test", "Contoso")
	if r.code != exitFailed || r.errors != "holdfast: the permission User.Read.All is missing: mailboxes cannot be listed.\n" {
		t.Errorf("a required one: got exit %d, %q", r.code, r.errors)
	}
}

func TestPassphrasesAreAskedTwice(t *testing.T) {
	s := newShell(t)
	s.term = &person{answers: []string{"correct horse", "correct house"}}
	args := []string{"repository", "create", "R", "--transporter", "site-a", "--path", "/r", "--encrypt"}
	if r := s.run(args...); r.code != exitUsage || !strings.Contains(r.errors, "differ") {
		t.Errorf("different ones: got exit %d and %q", r.code, r.errors)
	}
	s.term = &person{answers: []string{"correct horse", "correct horse"}}
	if r := s.run(args...); r.code != 0 || last[*pb.CreateRepositoryRequest](s.d).GetKey().GetPassphrase() != "correct horse" {
		t.Errorf("the same: got exit %d and %q", r.code, r.errors)
	}
}

func TestRemovingAsksAndTakesNoForNo(t *testing.T) {
	s := newShell(t)
	for answer, want := range map[string]int{"": exitFailed, "n": exitFailed, "Y": exitOK, "yes": exitOK} {
		s.term = &person{answers: []string{answer}}
		if r := s.run("job", "delete", "Daily"); r.code != want {
			t.Errorf("%q: got exit %d and %q, want %d", answer, r.code, r.errors, want)
		}
	}
}

func TestCompletionKnowsTheNames(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"job run ", "Daily\tincomplete"},
		{"job run d", "Daily\tincomplete"},
		{"job create x --account ", "ファブリカム\t7 mailboxes"},
		{"job create x --mailbox anna", "anna@contoso.com\tAnna Bauer"},
		{"repository show V", "Vault\t/srv/vault"},
		{"transporter remove ", "site-b\t192.0.2.20:9446"},
		{"run show run", "run-2\tDaily, incomplete"},
		{"recover a", "anna@contoso.com\tAnna Bauer"},
		{"recover pt-anna-1 --to-mailbox b", "bo@contoso.com\tBo 陳大文"},
		{"job list -o ", "yaml"},
		{"account add x --cloud ", "china"},
		{"acc", "account\tMicrosoft 365 tenants whose mail is backed up"},
	} {
		s := newShell(t)
		r := s.run(append([]string{"__complete"}, strings.Split(tc.line, " ")...)...)
		if !strings.Contains(r.out, tc.want+"\n") {
			t.Errorf("%q: got %q, want %q in it", tc.line, r.out, tc.want)
		}
	}
	s := newShell(t)
	s.env["HOLDFAST_TOKEN"] = "old"
	if r := s.run("__complete", "job", "run", ""); strings.Contains(r.out+r.errors, "session") {
		t.Errorf("an error was shown at the Tab key: %q %q", r.out, r.errors)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := s.run("completion", shell); r.code != 0 || !strings.Contains(r.out, "holdfast") {
			t.Errorf("completion %s: got exit %d and %q", shell, r.code, r.errors)
		}
	}
}
