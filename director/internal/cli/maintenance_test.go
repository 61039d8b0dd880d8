package cli

import (
	"context"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func (d *director) GetDirectorBackup(context.Context, *pb.GetDirectorBackupRequest) (*pb.GetDirectorBackupResponse, error) {
	return &pb.GetDirectorBackupResponse{Backup: &pb.DirectorBackup{
		Folder: "/mnt/safe", Keep: 14, PassphraseSet: true, LastSucceeded: at("2026-03-01 03:00:00"), LastFile: "holdfast-director-20260301T030000.000Z.hfbackup",
		LastError: "the folder cannot be written",
	}}, nil
}

func (d *director) SetDirectorBackup(_ context.Context, r *pb.SetDirectorBackupRequest) (*pb.SetDirectorBackupResponse, error) {
	if r.GetBackup().GetFolder() == "relative" {
		return nil, fault.InvalidField("backup.folder", "%q is not a whole path", "relative")
	}
	return &pb.SetDirectorBackupResponse{Backup: r.GetBackup()}, nil
}

func (d *director) StartDirectorBackup(context.Context, *pb.StartDirectorBackupRequest) (*pb.StartDirectorBackupResponse, error) {
	return &pb.StartDirectorBackupResponse{ActivityId: "act-2"}, nil
}

func (d *director) ListDirectorBackups(context.Context, *pb.ListDirectorBackupsRequest) (*pb.ListDirectorBackupsResponse, error) {
	return &pb.ListDirectorBackupsResponse{Files: []*pb.DirectorBackupFile{
		{Name: "holdfast-director-20260301T030000.000Z.hfbackup", Bytes: 1_200_000, Made: at("2026-03-01 03:00:00"), Product: "1.0.0"},
	}}, nil
}

func (d *director) GetHistory(context.Context, *pb.GetHistoryRequest) (*pb.GetHistoryResponse, error) {
	return &pb.GetHistoryResponse{History: &pb.History{Days: 400, Removed: 3}}, nil
}

func (d *director) SetHistory(_ context.Context, r *pb.SetHistoryRequest) (*pb.SetHistoryResponse, error) {
	return &pb.SetHistoryResponse{History: r.GetHistory()}, nil
}

func TestTheDirectorsBackupIsSetAndShown(t *testing.T) {
	s := newShell(t)
	s.write("p.txt", "correct horse battery\n")
	r := s.run("system", "backup", "schedule", "--schedule", "daily 03:00", "--zone", "UTC", "--keep", "30", "--passphrase-file", s.dir+"/p.txt")
	if r.code != exitOK {
		t.Fatal(r.errors)
	}
	sent := last[*pb.SetDirectorBackupRequest](s.d)
	if sent.GetBackup().GetFolder() != "/mnt/safe" || sent.GetBackup().GetKeep() != 30 || sent.GetPassphrase() != "correct horse battery" ||
		len(sent.GetBackup().GetSchedules()) != 1 {
		t.Errorf("sent %v", sent)
	}
	if r = s.run("system", "backup", "schedule", "--folder", "relative"); r.code == exitOK || !strings.Contains(r.errors, "--folder") {
		t.Errorf("got exit %d: %s", r.code, r.errors)
	}
	if r = s.run("system", "show"); !strings.Contains(r.out, "the folder cannot be written") || !strings.Contains(r.out, "400 days") {
		t.Errorf("got %s", r.out)
	}
	if r = s.run("settings", "history", "--days", "90"); r.code != exitOK || last[*pb.SetHistoryRequest](s.d).GetHistory().GetDays() != 90 {
		t.Errorf("got exit %d: %s", r.code, r.errors)
	}
}
