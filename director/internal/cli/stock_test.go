package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func accounts() []*pb.Account {
	return []*pb.Account{
		{
			Id: "acc-1", Name: "Contoso", TenantId: "6babcaad-604b-40ac-a9d7-9fd97c0b779f", ClientId: "1b730954-1685-4b74-9bfd-dac224a7b894",
			Cloud: pb.Cloud_CLOUD_GLOBAL, Mailboxes: 1204, UsersWithoutMailbox: 3, Credential: "secret", Refreshed: at("2026-03-01 06:00:00"),
		},
		{
			Id: "acc-2", Name: "ファブリカム", TenantId: "c8d6a2bb-9e7c-4a10-8f34-1e6b6f0f7a11", ClientId: "3d3a5b1e-0d41-44a5-a2f3-8f7d2f1f8a22",
			Cloud: pb.Cloud_CLOUD_US_GOV_L4, Mailboxes: 7, Credential: "certificate",
		},
	}
}

func mailboxStock() []*pb.Mailbox {
	user := pb.MailboxKind_MAILBOX_KIND_USER
	return []*pb.Mailbox{
		{Id: "mb-anna", AccountId: "acc-1", Name: "Anna Bauer", Address: "anna@contoso.com", Kind: user},
		{Id: "mb-bo", AccountId: "acc-1", Name: "Bo 陳大文", Address: "bo@contoso.com", Kind: user},
		{Id: "mb-room", AccountId: "acc-1", Name: "Room 1 🏢", Address: "room1@contoso.com", Kind: pb.MailboxKind_MAILBOX_KIND_ROOM, Gone: true},
		{Id: "mb-info1", AccountId: "acc-1", Name: "Info", Address: "info@contoso.com", Kind: pb.MailboxKind_MAILBOX_KIND_SHARED},
		{Id: "mb-info2", AccountId: "acc-2", Name: "Info", Address: "info@fabrikam.com", Kind: pb.MailboxKind_MAILBOX_KIND_SHARED},
	}
}

func transporters() []*pb.Transporter {
	return []*pb.Transporter{
		{
			Id: "tr-a", Name: "site-a", Address: "192.0.2.10:9446", MaxTasks: 5, Reachable: true, Version: "1.0.0", Hostname: "a.example.com", Os: "linux",
			Arch: "amd64", Seen: at("2026-03-01 11:59:58"), TasksRunning: 2, CertificateExpires: at("2027-03-01 00:00:00"),
		},
		{
			Id: "tr-b", Name: "site-b", Address: "192.0.2.20:9446", Error: "no answer for 5 min: connection refused", Version: "1.0.0", Os: "windows",
			Arch: "amd64", Seen: at("2026-03-01 11:55:00"),
		},
	}
}

func repositories() []*pb.Repository {
	return []*pb.Repository{
		{
			Id: "repo-1", Name: "Vault", TransporterId: "tr-b", Path: "/srv/vault", Codec: pb.Codec_CODEC_BALANCED, Encrypted: true, Attached: true,
			Created: at("2026-01-01 00:00:00"), Backups: 12, Points: 340, Blobs: 1200000, StoredBytes: 1_600_000_000, UniqueBytes: 2_900_000_000,
			LogicalBytes: 61_000_000_000, IndexBytes: 90_000_000, FreeBytes: 400_000_000_000, TotalBytes: 1_000_000_000_000,
			Measured: at("2026-03-01 05:00:00"),
			Survey:   &pb.Survey{Taken: at("2026-03-01 04:00:00"), NeededBytes: 1_500_000_000, GarbageBytes: 100_000_000, Unreadable: 2},
		},
		{Id: "repo-2", Name: "Plain", TransporterId: "tr-a", Path: "/srv/plain", Codec: pb.Codec_CODEC_NONE},
		{Id: "repo-3", Name: "Copy", TransporterId: "tr-a", Path: "/mnt/copy", Codec: pb.Codec_CODEC_FAST, Attached: true},
	}
}

func jobs() []*pb.Job {
	return []*pb.Job{
		{
			Id: "job-1", Name: "Daily", Enabled: true, Source: &pb.Source{Items: []*pb.SourceItem{{AccountId: "acc-1"}}, ExcludedMailboxIds: []string{"mb-bo"}},
			Destination: &pb.Destination{RepositoryId: "repo-1"}, Options: &pb.JobOptions{TransporterIds: []string{"tr-a"}},
			Created: at("2026-01-02 00:00:00"), LastStatus: pb.RunStatus_RUN_STATUS_INCOMPLETE, LastRunId: "run-2", LastStart: at("2026-03-01 03:00:00"),
			Schedules: []*pb.Schedule{
				{When: &pb.Schedule_Weekly{Weekly: &pb.Weekly{Days: []int32{0, 1, 2, 3, 4, 5, 6}, Start: "22:00", End: "06:00"}}, Zone: "UTC", Text: "every day at 22:00 until 06:00 on the next day (UTC)"},
				{When: &pb.Schedule_Monthly{Monthly: &pb.Monthly{Day: -1, Start: "03:00"}}, Zone: "UTC", Text: "the last day of every month at 03:00 (UTC)"},
			},
			NextStart: at("2026-03-01 22:00:00"), Retention: &pb.Retention{Last: 3, Daily: 30, Monthly: 12, Zone: "UTC"}, Group: "Everybody",
		},
		{
			Id: "job-2", Name: "Board", Source: &pb.Source{Items: []*pb.SourceItem{{AccountId: "acc-1", MailboxId: "mb-anna"}}},
			Destination: &pb.Destination{RepositoryId: "repo-1"}, Options: &pb.JobOptions{MaxTasks: 1, EvidenceCopy: true},
		},
	}
}

func runs() []*pb.Run {
	return []*pb.Run{
		{
			Id: "run-2", JobId: "job-1", JobName: "Daily", Status: pb.RunStatus_RUN_STATUS_INCOMPLETE, Started: at("2026-03-01 03:00:00"),
			Scripts: []*pb.ScriptResult{
				{When: "before", Path: "/usr/local/bin/mount-disk", Required: true, Started: at("2026-03-01 03:00:00"), Ended: at("2026-03-01 03:00:04"), Output: "mounted\n/srv\x1b[31m\n"},
				{
					When: "after", Path: "/usr/local/bin/unmount", Started: at("2026-03-01 03:01:00"), Ended: at("2026-03-01 03:01:01"), ExitCode: 32,
					Output: "busy", Error: "the script /usr/local/bin/unmount failed with exit code 32",
				},
			},
			Ended: at("2026-03-01 03:04:12"), Tasks: 2, TasksDone: 2, TasksIncomplete: 1,
			Progress: &pb.Progress{
				MessagesDone: 60000, MessagesTotal: 60000, MessagesChanged: 1230, MessagesDeleted: 12, BytesRead: 1_200_000_000,
				BytesNew: 430_000_000, Attachments: 512, Requests: 1204, FoldersDone: 80, FoldersTotal: 80,
			},
		},
		{
			Id: "run-1", JobId: "job-1", JobName: "Daily", Status: pb.RunStatus_RUN_STATUS_SUCCEEDED, Started: at("2026-02-28 03:00:00"),
			Ended: at("2026-02-28 05:30:00"), Tasks: 2, TasksDone: 2, Progress: &pb.Progress{MessagesDone: 59000, MessagesChanged: 59000},
		},
	}
}

func tasks() []*pb.Task {
	return []*pb.Task{
		{
			Id: "task-1", RunId: "run-2", MailboxId: "mb-anna", MailboxName: "Anna Bauer", MailboxAddress: "anna@contoso.com",
			Status: pb.TaskStatus_TASK_STATUS_SUCCEEDED, Progress: &pb.Progress{MessagesDone: 40000, MessagesChanged: 1000, BytesNew: 400_000_000},
			Started: at("2026-03-01 03:00:00"), Ended: at("2026-03-01 03:04:12"), PointId: "pt-anna-2",
		},
		{
			Id: "task-2", RunId: "run-2", MailboxId: "mb-bo", MailboxName: "Bo 陳大文", MailboxAddress: "bo@contoso.com",
			Status: pb.TaskStatus_TASK_STATUS_INCOMPLETE, Progress: &pb.Progress{MessagesDone: 20000, MessagesChanged: 230, BytesNew: 30_000_000},
			Started: at("2026-03-01 03:00:00"), Ended: at("2026-03-01 03:02:00"), PointId: "pt-bo-1", LossesMore: 4,
			Losses: []*pb.Loss{{What: "message", Subject: "会議 \x1b[31mred", Reason: "Microsoft answers ErrorItemCorrupt", RequestId: "5b1c-77"}},
		},
	}
}

func points() []*pb.Point {
	anna := &pb.Point{
		RepositoryId: "repo-1", AccountId: "acc-1", MailboxId: "mb-anna", JobId: "job-1", AccountName: "Contoso", MailboxName: "Anna Bauer",
		MailboxAddress: "anna@contoso.com", JobName: "Daily", Folders: 3, Complete: true,
	}
	newer, older, bo := proto.CloneOf(anna), proto.CloneOf(anna), proto.CloneOf(anna)
	newer.Id, newer.Time, newer.Messages, newer.Bytes = "pt-anna-2", at("2026-03-01 03:04:00"), 5, 52_000
	older.Id, older.Time, older.Messages, older.Bytes = "pt-anna-1", at("2026-02-28 03:04:00"), 7, 61_000
	bo.Id, bo.Time, bo.MailboxId, bo.MailboxName, bo.MailboxAddress = "pt-bo-1", at("2026-03-01 03:02:00"), "mb-bo", "Bo 陳大文", "bo@contoso.com"
	bo.Complete, bo.Lost = false, 5
	return []*pb.Point{newer, bo, older}
}

func folders() []*pb.Folder {
	return []*pb.Folder{
		{Id: "f-proj", ParentId: "f-inbox", Name: "Projects"},
		{Id: "f-inbox", Name: "Posteingang", Role: "inbox"},
		{Id: "f-sent", Name: "Gesendet", Role: "sentitems"},
		{Id: "f-dump", Name: "Deletions", Role: "recoverableitemsdeletions", Hidden: true},
	}
}

func message(id, subject string) *pb.MessageSummary {
	return &pb.MessageSummary{
		Id: id, Subject: subject, From: &pb.Address{Name: "Bo 陳大文", Address: "bo@contoso.com"}, Size: 8700,
		Received: at("2026-02-27 10:00:00"), Attachments: 1, InternetMessageId: "<" + id + "@contoso.com>", Read: id != "m2",
	}
}

func activities() []*pb.Activity {
	return []*pb.Activity{
		{
			Id: "act-1", Kind: pb.ActivityKind_ACTIVITY_KIND_RECOVERY, Title: "Recovery of anna@contoso.com", Status: pb.RunStatus_RUN_STATUS_RUNNING,
			Started: at("2026-03-01 11:58:00"), Phase: "writing mail", Waiting: "waiting for Microsoft, 40 s",
			Progress: &pb.Progress{MessagesDone: 120, MessagesTotal: 400},
		},
		{
			Id: "act-2", Kind: pb.ActivityKind_ACTIVITY_KIND_VERIFY, Title: "Verify of Vault", Status: pb.RunStatus_RUN_STATUS_SUCCEEDED,
			Started: at("2026-03-01 10:00:00"), Ended: at("2026-03-01 10:00:42"), Verify: &pb.VerifyReport{Points: 340, Blobs: 1200000, Bytes: 1_600_000_000},
		},
	}
}

// stock fills what tests change.
func (d *director) stock() {
	d.permissions = []*pb.Permission{{Name: "Mail.ReadWrite", Granted: true, Required: false}, {Name: "User.Read.All", Granted: true, Required: true}}
	d.messages = map[string][]*pb.MessageSummary{
		"pt-anna-1/f-inbox": {message("m1", "Quarterly figures"), message("m2", "会議のお知らせ"), message("m3", "Lunch?")},
		"pt-anna-1/f-proj":  {message("m4", "Plan A"), message("m5", "Plan B")},
		"pt-anna-1/f-sent":  {message("m6", "Re: Lunch?")},
		"pt-anna-1/f-dump":  {message("m7", "Long gone")},
		// m1 was moved, m2 and m5 deleted, m3 is in the dumpster, m8 is new.
		"pt-anna-2/f-inbox": {message("m8", "New")},
		"pt-anna-2/f-proj":  {message("m4", "Plan A"), message("m1", "Quarterly figures")},
		"pt-anna-2/f-sent":  {message("m6", "Re: Lunch?")},
		"pt-anna-2/f-dump":  {message("m3", "Lunch?"), message("m7", "Long gone")},
		"pt-bo-1/f-inbox":   {},
	}
	d.runStreams = [][]*pb.WatchRunResponse{runStory()}
	done := proto.CloneOf(activities()[0])
	done.Status, done.Phase, done.Waiting, done.Ended = pb.RunStatus_RUN_STATUS_SUCCEEDED, "done", "", at("2026-03-01 12:00:00")
	done.Progress.MessagesDone = 400
	done.Recovery = &pb.RecoveryReport{Created: 380, Skipped: 20, FoldersCreated: 1, Notes: []string{"Microsoft does not let the creation date be set."}}
	d.activityStreams = [][]*pb.WatchActivityResponse{{{Activity: activities()[0]}, {Activity: done}}}
}

// runStory is a run from its start to its end with losses.
func runStory() []*pb.WatchRunResponse {
	run := proto.CloneOf(runs()[0])
	run.Status, run.Ended, run.TasksDone, run.TasksIncomplete = pb.RunStatus_RUN_STATUS_RUNNING, nil, 0, 0
	run.Progress = &pb.Progress{MessagesDone: 100, MessagesTotal: 60000, BytesRead: 1_000_000, BytesNew: 900_000}
	t1, t2 := proto.CloneOf(tasks()[0]), proto.CloneOf(tasks()[1])
	t1.Status, t1.Phase, t1.Progress = pb.TaskStatus_TASK_STATUS_RUNNING, "reading mail", &pb.Progress{MessagesDone: 100, MessagesTotal: 40000}
	t2.Status, t2.Waiting = pb.TaskStatus_TASK_STATUS_RUNNING, "waiting for Microsoft, 40 s"
	later := proto.CloneOf(run)
	later.TasksDone = 1
	later.Progress = &pb.Progress{MessagesDone: 30100, MessagesTotal: 60000, BytesRead: 301_000_000, BytesNew: 9_000_000}
	return []*pb.WatchRunResponse{{Run: run, Tasks: []*pb.Task{t1, t2}}, {Run: later, Tasks: []*pb.Task{tasks()[1]}}, {Run: runs()[0], Tasks: tasks()}}
}

func (d *director) ListAccounts(context.Context, *pb.ListAccountsRequest) (*pb.ListAccountsResponse, error) {
	return &pb.ListAccountsResponse{Accounts: accounts()}, nil
}

func (d *director) AddAccount(_ context.Context, r *pb.AddAccountRequest) (*pb.AddAccountResponse, error) {
	if r.GetCredential().GetClientSecret() == "" && len(r.GetCredential().GetCertificate()) == 0 {
		return nil, fault.InvalidField("credential", "must not be empty")
	}
	if len(r.GetAccount().GetTenantId()) != 36 {
		return nil, fault.InvalidField("account.tenant_id", "must be the 36 characters of a directory id")
	}
	acc := proto.CloneOf(r.GetAccount())
	acc.Id = "acc-9"
	return &pb.AddAccountResponse{Account: acc, Permissions: d.permissions}, nil
}

func (d *director) UpdateAccount(_ context.Context, r *pb.UpdateAccountRequest) (*pb.UpdateAccountResponse, error) {
	_, err := byID("account", r.GetAccount().GetId(), accounts())
	return &pb.UpdateAccountResponse{Account: r.GetAccount()}, err
}

func (d *director) TestAccount(_ context.Context, r *pb.TestAccountRequest) (*pb.TestAccountResponse, error) {
	_, err := byID("account", r.GetAccountId(), accounts())
	return &pb.TestAccountResponse{Permissions: d.permissions, Users: 1207}, err
}

func (d *director) RefreshAccount(_ context.Context, r *pb.RefreshAccountRequest) (*pb.RefreshAccountResponse, error) {
	if r.GetAccountId() == "acc-9" { // the one that AddAccount made
		return &pb.RefreshAccountResponse{Account: &pb.Account{Id: "acc-9", Name: "New", Mailboxes: 12, Refreshed: accounts()[0].GetRefreshed()}}, nil
	}
	x, err := byID("account", r.GetAccountId(), accounts())
	return &pb.RefreshAccountResponse{Account: x}, err
}

func (d *director) RemoveAccount(_ context.Context, r *pb.RemoveAccountRequest) (*pb.RemoveAccountResponse, error) {
	_, err := byID("account", r.GetAccountId(), accounts())
	return &pb.RemoveAccountResponse{}, err
}

// ListMailboxes pages by two, whatever is asked, so that every caller must page.
func (d *director) ListMailboxes(_ context.Context, r *pb.ListMailboxesRequest) (*pb.ListMailboxesResponse, error) {
	if r.GetPageSize() < 0 || r.GetPageSize() > 1000 {
		return nil, fault.InvalidField("page_size", "must be 1 to 1,000")
	}
	var all []*pb.Mailbox
	for _, m := range mailboxStock() {
		if (r.GetAccountId() == "" || m.GetAccountId() == r.GetAccountId()) &&
			strings.Contains(strings.ToLower(m.GetName()+" "+m.GetAddress()), strings.ToLower(r.GetSearch())) {
			all = append(all, m)
		}
	}
	from := 0
	if t := r.GetPageToken(); t != "" {
		if _, err := fmt.Sscanf(t, "after-%d", &from); err != nil {
			return nil, fault.InvalidField("page_token", "is not one of mine")
		}
	}
	to := min(from+2, len(all))
	page := &pb.ListMailboxesResponse{Mailboxes: all[from:to], Total: int64(len(all))}
	if to < len(all) {
		page.NextPageToken = fmt.Sprintf("after-%d", to)
	}
	return page, nil
}

func (d *director) ListTransporters(context.Context, *pb.ListTransportersRequest) (*pb.ListTransportersResponse, error) {
	return &pb.ListTransportersResponse{Transporters: transporters()}, nil
}

func (d *director) PairTransporter(_ context.Context, r *pb.PairTransporterRequest) (*pb.PairTransporterResponse, error) {
	if r.GetPairingCode() != "HF-code" {
		return nil, fault.InvalidField("pairing_code", "the pairing code is wrong")
	}
	return &pb.PairTransporterResponse{Transporter: &pb.Transporter{Id: "tr-9", Name: r.GetName(), Address: r.GetAddress(), Version: "1.0.0"}}, nil
}

func (d *director) RefreshTransporter(_ context.Context, r *pb.RefreshTransporterRequest) (*pb.RefreshTransporterResponse, error) {
	x, err := byID("transporter", r.GetTransporterId(), transporters())
	return &pb.RefreshTransporterResponse{Transporter: x}, err
}

func (d *director) TestTransporter(_ context.Context, r *pb.TestTransporterRequest) (*pb.TestTransporterResponse, error) {
	x, err := byID("transporter", r.GetTransporterId(), transporters())
	if err != nil {
		return nil, err
	}
	return &pb.TestTransporterResponse{Ways: []*pb.Way{
		{FromName: "Director", ToId: x.GetId(), ToName: x.GetName(), Address: x.GetAddress(), Microseconds: 1230},
	}}, nil
}

func (d *director) UpdateTransporter(_ context.Context, r *pb.UpdateTransporterRequest) (*pb.UpdateTransporterResponse, error) {
	_, err := byID("transporter", r.GetTransporter().GetId(), transporters())
	return &pb.UpdateTransporterResponse{Transporter: r.GetTransporter()}, err
}

func (d *director) RemoveTransporter(_ context.Context, r *pb.RemoveTransporterRequest) (*pb.RemoveTransporterResponse, error) {
	_, err := byID("transporter", r.GetTransporterId(), transporters())
	return &pb.RemoveTransporterResponse{}, err
}

func (d *director) ListRepositories(context.Context, *pb.ListRepositoriesRequest) (*pb.ListRepositoriesResponse, error) {
	return &pb.ListRepositoriesResponse{Repositories: repositories()}, nil
}

func (d *director) GetRepository(_ context.Context, r *pb.GetRepositoryRequest) (*pb.GetRepositoryResponse, error) {
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.GetRepositoryResponse{Repository: x}, err
}

func (d *director) CreateRepository(_ context.Context, r *pb.CreateRepositoryRequest) (*pb.CreateRepositoryResponse, error) {
	if _, err := byID("transporter", r.GetTransporterId(), transporters()); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.GetPath(), "/") {
		return nil, fault.InvalidField("path", "must be absolute")
	}
	return &pb.CreateRepositoryResponse{Repository: &pb.Repository{
		Id: "repo-9", Name: r.GetName(), Path: r.GetPath(), Codec: r.GetCodec(),
		Encrypted: r.GetKey() != nil, Attached: true,
	}}, nil
}

func (d *director) AttachRepository(_ context.Context, r *pb.AttachRepositoryRequest) (*pb.AttachRepositoryResponse, error) {
	if r.GetRepositoryId() == "" {
		if r.GetName() == "" || r.GetPath() == "" || r.GetTransporterId() == "" {
			return nil, fault.InvalidField("name", "name, Transporter and path are needed")
		}
		return &pb.AttachRepositoryResponse{Repository: &pb.Repository{Id: "repo-9", Name: r.GetName(), Path: r.GetPath(), Points: 4}}, nil
	}
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.AttachRepositoryResponse{Repository: x}, err
}

func (d *director) DetachRepository(_ context.Context, r *pb.DetachRepositoryRequest) (*pb.DetachRepositoryResponse, error) {
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.DetachRepositoryResponse{Repository: x}, err
}

func (d *director) RemoveRepository(_ context.Context, r *pb.RemoveRepositoryRequest) (*pb.RemoveRepositoryResponse, error) {
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	if err == nil && r.GetDeleteData() && r.GetConfirmName() != x.GetName() {
		err = fault.InvalidField("confirm_name", "must be the name of the repository")
	}
	return &pb.RemoveRepositoryResponse{}, err
}

func (d *director) VerifyRepository(_ context.Context, r *pb.VerifyRepositoryRequest) (*pb.VerifyRepositoryResponse, error) {
	_, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.VerifyRepositoryResponse{ActivityId: "act-1"}, err
}

func (d *director) ReclaimRepository(_ context.Context, r *pb.ReclaimRepositoryRequest) (*pb.ReclaimRepositoryResponse, error) {
	_, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.ReclaimRepositoryResponse{ActivityId: "act-1"}, err
}

func (d *director) SurveyRepository(_ context.Context, r *pb.SurveyRepositoryRequest) (*pb.SurveyRepositoryResponse, error) {
	_, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.SurveyRepositoryResponse{ActivityId: "act-1"}, err
}

func (d *director) ListBackups(_ context.Context, r *pb.ListBackupsRequest) (*pb.ListBackupsResponse, error) {
	_, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.ListBackupsResponse{Total: 3, Backups: []*pb.BackupSize{
		{
			AccountId: "acc-1", MailboxId: "mb-anna", JobId: "job-1", MailboxAddress: "anna@contoso.com", JobName: "Daily", Points: 2, Messages: 5,
			LogicalBytes: 52_000, LogicalAllBytes: 113_000, HeldBytes: 40_000, AloneBytes: 30_000, Surveyed: at("2026-03-01 04:00:00"),
		},
		{AccountId: "acc-1", MailboxId: "mb-bo", JobId: "job-1", Points: 1, LogicalBytes: 10, LogicalAllBytes: 10},
	}}, err
}

func (d *director) RepairRepository(_ context.Context, r *pb.RepairRepositoryRequest) (*pb.RepairRepositoryResponse, error) {
	_, err := byID("repository", r.GetRepositoryId(), repositories())
	return &pb.RepairRepositoryResponse{ActivityId: "act-1"}, err
}

func (d *director) CopyRepository(_ context.Context, r *pb.CopyRepositoryRequest) (*pb.CopyRepositoryResponse, error) {
	_, err := byID("repository", r.GetRepositoryId(), repositories())
	if err == nil {
		_, err = byID("repository", r.GetTargetRepositoryId(), repositories())
	}
	return &pb.CopyRepositoryResponse{ActivityId: "act-1"}, err
}

func (d *director) SetRepositorySchedules(_ context.Context, r *pb.SetRepositorySchedulesRequest) (*pb.SetRepositorySchedulesResponse, error) {
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	if err != nil {
		return nil, err
	}
	out := proto.Clone(x).(*pb.Repository)
	out.Schedules = r.GetSchedules()
	answer := &pb.SetRepositorySchedulesResponse{Repository: out}
	if r.GetSchedules().GetRecreate() {
		answer.Warnings = []string{"every attach of Vault by schedule deletes all that is in it"}
	}
	return answer, nil
}

func (d *director) ListRepositoryStarts(_ context.Context, r *pb.ListRepositoryStartsRequest) (*pb.ListRepositoryStartsResponse, error) {
	if _, err := byID("repository", r.GetRepositoryId(), repositories()); err != nil && r.GetRepositoryId() != "" {
		return nil, err
	}
	return &pb.ListRepositoryStartsResponse{Starts: []*pb.RepositoryStart{
		{
			RepositoryId: "repo-2", RepositoryName: "Plain", Work: pb.RepositoryWork_REPOSITORY_WORK_VERIFY_FULL, Start: at("2026-03-01 03:00:00"),
			Text: "schedule: every day at 03:00 (UTC)", Waiting: "repository Plain is detached until somebody attaches it",
		},
		{
			RepositoryId: "repo-1", RepositoryName: "Vault", Work: pb.RepositoryWork_REPOSITORY_WORK_DETACH, Start: at("2026-03-02 06:00:00"),
			Zone: "UTC", Text: "every day at 06:00 (UTC)",
		},
	}}, nil
}

func (d *director) SetRepositoryCodec(_ context.Context, r *pb.SetRepositoryCodecRequest) (*pb.SetRepositoryCodecResponse, error) {
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	if err == nil {
		x.Codec = r.GetCodec()
	}
	return &pb.SetRepositoryCodecResponse{Repository: x}, err
}

func (d *director) ChangeRepositoryKey(_ context.Context, r *pb.ChangeRepositoryKeyRequest) (*pb.ChangeRepositoryKeyResponse, error) {
	x, err := byID("repository", r.GetRepositoryId(), repositories())
	if err == nil && r.GetNext() == nil {
		err = fault.InvalidField("next", "give the new passphrase or key file")
	}
	return &pb.ChangeRepositoryKeyResponse{Repository: x}, err
}

func (d *director) DeletePoints(_ context.Context, r *pb.DeletePointsRequest) (*pb.DeletePointsResponse, error) {
	for _, id := range r.GetPointIds() {
		if _, err := byID("recovery point", id, points()); err != nil {
			return nil, err
		}
	}
	return &pb.DeletePointsResponse{}, nil
}

func (d *director) ListPoints(_ context.Context, r *pb.ListPointsRequest) (*pb.ListPointsResponse, error) {
	all := slices.DeleteFunc(points(), func(p *pb.Point) bool {
		return r.GetRepositoryId() != "" && p.GetRepositoryId() != r.GetRepositoryId() || r.GetMailboxId() != "" && p.GetMailboxId() != r.GetMailboxId() ||
			r.GetAccountId() != "" && p.GetAccountId() != r.GetAccountId() || r.GetJobId() != "" && p.GetJobId() != r.GetJobId()
	})
	return &pb.ListPointsResponse{Points: all}, nil
}

func (d *director) ListFolders(_ context.Context, r *pb.ListFoldersRequest) (*pb.ListFoldersResponse, error) {
	p, err := byID("recovery point", r.GetPointId(), points())
	if err != nil || p.GetRepositoryId() != r.GetRepositoryId() {
		return nil, unknown("recovery point", r.GetPointId())
	}
	out := &pb.ListFoldersResponse{Point: p}
	for _, f := range folders() {
		f.Messages = int64(len(d.messages[p.GetId()+"/"+f.GetId()]))
		out.Folders = append(out.Folders, f)
	}
	if p.GetLost() > 0 {
		out.Losses = tasks()[1].GetLosses()
	}
	return out, nil
}

// ListMessages gives at most two, whatever is asked, so that every caller must page.
func (d *director) ListMessages(_ context.Context, r *pb.ListMessagesRequest) (*pb.ListMessagesResponse, error) {
	all, ok := d.messages[r.GetPointId()+"/"+r.GetFolderId()]
	if !ok || r.GetRepositoryId() != "repo-1" {
		return nil, unknown("folder", r.GetFolderId())
	}
	if r.GetLimit() < 1 || r.GetLimit() > 1000 {
		return nil, fault.InvalidField("limit", "must be 1 to 1,000")
	}
	from, n := min(int(r.GetOffset()), len(all)), min(2, int(r.GetLimit()))
	if d.bigPages {
		n = int(r.GetLimit())
	}
	page := &pb.ListMessagesResponse{Messages: all[from:min(from+n, len(all))], Total: int64(len(all))}
	if d.shortLists {
		page.Total++
	}
	return page, nil
}
