package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// defaultBackups is how many backups a list has when the request names no limit.
const defaultBackups = 1000

// ListBackups lists backups of one repository or of all, also those whose job is gone.
func (s *repositories) ListBackups(ctx context.Context, q *directorv1.ListBackupsRequest) (*directorv1.ListBackupsResponse, error) {
	all, err := s.Depot.Catalogue(ctx, record.RepositoryID(q.GetRepositoryId()), 0)
	if err != nil {
		return nil, err
	}
	known, err := s.jobNames()
	if err != nil {
		return nil, err
	}
	fit := slices.DeleteFunc(all.Backups, func(b depot.Backup) bool { return !backupFits(q, b, known) })
	slices.SortStableFunc(fit, backupOrder(q.GetOrder(), q.GetReverse()))
	answer := &directorv1.ListBackupsResponse{Total: int64(len(fit)), Problems: all.Problems}
	from := min(q.GetOffset(), int64(len(fit)))
	limit := int(cmp.Or(q.GetLimit(), defaultBackups))
	for _, b := range fit[from:min(len(fit), int(from)+limit)] {
		answer.Backups = append(answer.Backups, showBackup(b, known))
	}
	return answer, nil
}

// jobNames returns the names of all jobs by their ids.
func (o *Options) jobNames() (map[string]string, error) {
	all, err := o.Jobs.List()
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(all))
	for i := range all {
		names[string(all[i].ID)] = all[i].Name
	}
	return names, nil
}

func backupFits(q *directorv1.ListBackupsRequest, b depot.Backup, known map[string]string) bool {
	k, o := b.GetKey(), b.GetOrigin()
	_, there := known[k.GetJobId()]
	part := strings.ToLower(q.GetSearch())
	return fits(q.GetAccountId(), k.GetAccountId()) && fits(q.GetMailboxId(), k.GetMailboxId()) && fits(q.GetJobId(), k.GetJobId()) &&
		!(q.GetJobGone() && there) &&
		(part == "" || strings.Contains(strings.ToLower(o.GetMailboxName()), part) || strings.Contains(strings.ToLower(o.GetMailboxAddress()), part))
}

// fits reports whether a value is the one that was asked for; empty asks for any.
func fits(asked, is string) bool { return asked == "" || asked == is }

func backupOrder(order directorv1.BackupOrder, reverse bool) func(a, b depot.Backup) int {
	name := func(b depot.Backup) string {
		return strings.ToLower(cmp.Or(b.GetOrigin().GetMailboxName(), b.GetOrigin().GetMailboxAddress()))
	}
	by := func(a, b depot.Backup) int {
		return cmp.Or(cmp.Compare(b.GetHeldBytes(), a.GetHeldBytes()), cmp.Compare(b.GetLogicalAllBytes(), a.GetLogicalAllBytes()))
	}
	switch order {
	case directorv1.BackupOrder_BACKUP_ORDER_MAILBOX:
		by = func(a, b depot.Backup) int { return strings.Compare(name(a), name(b)) }
	case directorv1.BackupOrder_BACKUP_ORDER_NEWEST:
		by = func(a, b depot.Backup) int { return b.GetNewest().AsTime().Compare(a.GetNewest().AsTime()) }
	case directorv1.BackupOrder_BACKUP_ORDER_POINTS:
		by = func(a, b depot.Backup) int { return cmp.Compare(b.GetPoints(), a.GetPoints()) }
	case directorv1.BackupOrder_BACKUP_ORDER_UNSPECIFIED, directorv1.BackupOrder_BACKUP_ORDER_SIZE:
	}
	return func(a, b depot.Backup) int {
		c := by(a, b)
		if reverse {
			c = -c
		}
		// Pages of equals must not overlap.
		ka, kb := a.GetKey(), b.GetKey()
		return cmp.Or(c, cmp.Compare(ka.GetMailboxId(), kb.GetMailboxId()), cmp.Compare(ka.GetJobId(), kb.GetJobId()),
			cmp.Compare(ka.GetAccountId(), kb.GetAccountId()), cmp.Compare(a.Repository, b.Repository))
	}
}

func showBackup(b depot.Backup, known map[string]string) *directorv1.BackupSize {
	k, o := b.GetKey(), b.GetOrigin()
	name, there := known[k.GetJobId()]
	return &directorv1.BackupSize{
		AccountId: k.GetAccountId(), MailboxId: k.GetMailboxId(), JobId: k.GetJobId(), AccountName: o.GetAccountName(),
		MailboxName: o.GetMailboxName(), MailboxAddress: o.GetMailboxAddress(), JobName: cmp.Or(name, o.GetJobName()), Points: b.GetPoints(),
		Newest: b.GetNewest(), Messages: b.GetMessages(), LogicalBytes: b.GetLogicalBytes(), LogicalAllBytes: b.GetLogicalAllBytes(),
		HeldBytes: b.GetHeldBytes(), AloneBytes: b.GetAloneBytes(), Surveyed: b.GetSurveyed(),
		RepositoryId: string(b.Repository), RepositoryName: b.RepositoryName, JobGone: !there,
	}
}

// ListBackupJobs sums the backups up by the jobs that made them.
func (s *browsing) ListBackupJobs(ctx context.Context, q *directorv1.ListBackupJobsRequest) (*directorv1.ListBackupJobsResponse, error) {
	all, err := s.Depot.Catalogue(ctx, record.RepositoryID(q.GetRepositoryId()), 0)
	if err != nil {
		return nil, err
	}
	known, err := s.jobNames()
	if err != nil {
		return nil, err
	}
	byID := map[string]*directorv1.BackupJob{}
	answer := &directorv1.ListBackupJobsResponse{Problems: all.Problems}
	for _, b := range all.Backups {
		id := b.GetKey().GetJobId()
		j := byID[id]
		if j == nil {
			name, there := known[id]
			j = &directorv1.BackupJob{JobId: id, Name: name, Gone: !there}
			byID[id] = j
			answer.Jobs = append(answer.Jobs, j)
		}
		addBackup(j, b)
	}
	slices.SortFunc(answer.Jobs, func(a, b *directorv1.BackupJob) int {
		if a.GetGone() != b.GetGone() {
			if b.GetGone() {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(strings.ToLower(a.GetName()), strings.ToLower(b.GetName())), strings.Compare(a.GetJobId(), b.GetJobId()))
	})
	return answer, nil
}

func addBackup(j *directorv1.BackupJob, b depot.Backup) {
	j.Backups++
	j.Points += b.GetPoints()
	j.Messages += b.GetMessages()
	j.Bytes += b.GetLogicalBytes()
	if j.GetNewest() == nil || b.GetNewest().AsTime().After(j.GetNewest().AsTime()) {
		j.Newest = b.GetNewest()
		if j.GetGone() {
			j.Name = b.GetOrigin().GetJobName()
		}
	}
	if !slices.Contains(j.GetRepositoryIds(), string(b.Repository)) {
		j.RepositoryIds = append(j.RepositoryIds, string(b.Repository))
	}
}
