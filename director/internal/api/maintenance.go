package api

import (
	"context"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"holdfast/director/internal/record"
	"holdfast/director/internal/selfbackup"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type maintenance struct{ Options }

func (s *maintenance) GetDirectorBackup(context.Context, *directorv1.GetDirectorBackupRequest) (*directorv1.GetDirectorBackupResponse, error) {
	b, err := s.SelfBackup.Settings()
	return &directorv1.GetDirectorBackupResponse{Backup: s.showBackup(&b)}, err
}

func (s *maintenance) SetDirectorBackup(ctx context.Context, q *directorv1.SetDirectorBackupRequest) (*directorv1.SetDirectorBackupResponse, error) {
	p := q.GetBackup()
	to := record.SelfBackup{Keep: int(p.GetKeep())}
	if p.GetFolder() != "" {
		to.Folder = filepath.Clean(p.GetFolder())
	}
	if to.Keep == 0 {
		to.Keep = record.DefaultBackupsKept
	}
	for _, one := range p.GetSchedules() {
		taken, err := takeSchedule(one)
		if err != nil {
			return nil, err
		}
		to.Schedules = append(to.Schedules, taken)
	}
	b, err := s.SelfBackup.Set(ctx, to, q.GetPassphrase())
	if err != nil {
		return nil, err
	}
	return &directorv1.SetDirectorBackupResponse{Backup: s.showBackup(&b)}, nil
}

func (s *maintenance) StartDirectorBackup(ctx context.Context, _ *directorv1.StartDirectorBackupRequest) (*directorv1.StartDirectorBackupResponse, error) {
	run, err := s.SelfBackup.Start(ctx)
	if err != nil {
		return nil, err
	}
	return &directorv1.StartDirectorBackupResponse{ActivityId: string(run.ID)}, nil
}

func (s *maintenance) ListDirectorBackups(context.Context, *directorv1.ListDirectorBackupsRequest) (*directorv1.ListDirectorBackupsResponse, error) {
	b, err := s.SelfBackup.Settings()
	answer := &directorv1.ListDirectorBackupsResponse{}
	if err != nil || b.Folder == "" {
		return answer, err
	}
	list, err := selfbackup.Files(b.Folder)
	for _, f := range list {
		out := &directorv1.DirectorBackupFile{Name: f.Name, Bytes: f.Bytes, Error: f.Error}
		if f.Head != nil {
			out.Made, out.Product = stamp(f.Head.Made), f.Head.Product
		}
		answer.Files = append(answer.Files, out)
	}
	return answer, err
}

func (s *maintenance) showBackup(b *record.SelfBackup) *directorv1.DirectorBackup {
	out := &directorv1.DirectorBackup{
		Folder: b.Folder, Keep: int32(b.Keep), PassphraseSet: len(b.Key) > 0, LastTried: stamp(b.LastTried), LastSucceeded: stamp(b.LastSucceeded),
		LastFile: b.LastFile, LastError: b.LastError,
	}
	for i := range b.Schedules {
		out.Schedules = append(out.Schedules, showClock(&b.Schedules[i]))
	}
	if b.Folder != "" {
		out.NextStart = stamp(selfbackup.Next(b, s.Now()))
	}
	return out
}

func (s *maintenance) GetHistory(context.Context, *directorv1.GetHistoryRequest) (*directorv1.GetHistoryResponse, error) {
	h, err := s.History.Settings()
	return &directorv1.GetHistoryResponse{History: showHistory(h)}, err
}

func (s *maintenance) SetHistory(ctx context.Context, q *directorv1.SetHistoryRequest) (*directorv1.SetHistoryResponse, error) {
	days := int(q.GetHistory().GetDays())
	if days == 0 {
		days = record.DefaultHistoryDays
	}
	h, err := s.History.Set(ctx, days)
	return &directorv1.SetHistoryResponse{History: showHistory(h)}, err
}

func showHistory(h record.History) *directorv1.History {
	return &directorv1.History{Days: int32(h.Days), Swept: stamp(h.Swept), Removed: h.Removed}
}

// validateMaintenance checks requests of MaintenanceService.
func validateMaintenance(m any) error {
	switch q := m.(type) {
	case *directorv1.GetDirectorBackupRequest, *directorv1.StartDirectorBackupRequest, *directorv1.ListDirectorBackupsRequest, *directorv1.GetHistoryRequest:
		return nil
	case *directorv1.SetDirectorBackupRequest:
		return first(directorBackup(q.GetBackup()), backupPassphrase(q.GetPassphrase()))
	case *directorv1.SetHistoryRequest:
		return between("history.days", q.GetHistory().GetDays(), 0, record.MaxHistoryDays)
	default:
		return fault.New(fault.Unsupported, "there is no check for %T", m)
	}
}

func directorBackup(b *directorv1.DirectorBackup) error {
	if b == nil {
		return bad("backup", "is missing")
	}
	if b.GetFolder() != "" && !filepath.IsAbs(b.GetFolder()) {
		return fault.InvalidField("backup.folder", "%q is not a whole path of the Director's machine", b.GetFolder())
	}
	if len(b.GetSchedules()) > maxRepositorySchedules {
		return bad("backup.schedules", "has %d entries, more than %d", len(b.GetSchedules()), maxRepositorySchedules)
	}
	err := first(line("backup.folder", b.GetFolder(), maxPath), between("backup.keep", b.GetKeep(), 0, record.MaxBackupsKept),
		schedules("backup.schedules", b.GetSchedules()))
	if err != nil {
		return err
	}
	return startsOnly("backup.schedules", b.GetSchedules(), "the Director is backed up")
}

// startsOnly refuses schedules with an end, or after a job.
func startsOnly(field string, list []*directorv1.Schedule, what string) error {
	for n, one := range list {
		at := fmt.Sprintf("%s[%d]", field, n)
		if one.GetAfterJob() != nil {
			return fault.InvalidField(at+".after_job", "%s by the clock, not after a job", what)
		}
		if one.GetWeekly().GetEnd() != "" || one.GetMonthly().GetEnd() != "" {
			return fault.InvalidField(at+"."+part(one)+".end", "%s at a start, and there is no end", what)
		}
	}
	return nil
}

func backupPassphrase(s string) error {
	if s != "" && utf8.RuneCountInString(s) < selfbackup.MinPassphrase {
		return bad("passphrase", "needs at least %d characters", selfbackup.MinPassphrase)
	}
	return secret("passphrase", s, false)
}
