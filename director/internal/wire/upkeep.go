package wire

import (
	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Copy returns what a copy between repositories does.
func Copy(from record.RepositoryID, c *record.Copy) *transporterv1.CopyWork {
	w := &transporterv1.CopyWork{
		RepositoryId: string(from), TargetRepositoryId: string(c.Target), Newest: c.Newest, Thorough: c.Thorough,
		Key: &transporterv1.BackupKey{AccountId: string(c.Account), MailboxId: string(c.Mailbox), JobId: string(c.Job)},
	}
	for _, p := range c.Points {
		w.PointIds = append(w.PointIds, string(p))
	}
	return w
}

// Survey returns what a walk over a repository found; nil when there was none.
func Survey(s *transporterv1.Survey) *record.Survey {
	if s == nil {
		return nil
	}
	return &record.Survey{
		Taken: s.GetTaken().AsTime(), Needed: s.GetNeededBytes(), Garbage: s.GetGarbageBytes(), Unreadable: s.GetUnreadable(),
	}
}

// upkeep writes what an ended task did to a repository into its record.
func upkeep(t *record.Task, s *transporterv1.TaskState) {
	t.SurveyReport = Survey(s.GetSurvey())
	if r := s.GetReclaim(); r != nil {
		t.ReclaimReport = &record.ReclaimReport{
			Freed: r.GetFreedBytes(), Blobs: r.GetBlobs(), PacksDropped: r.GetPacksDropped(), PacksRewritten: r.GetPacksRewritten(),
			PacksWritten: r.GetPacksWritten(), Garbage: r.GetGarbageBytes(), Left: r.GetLeft(),
		}
	}
	if r := s.GetRepair(); r != nil {
		t.RepairReport = &record.RepairReport{
			Points: r.GetPoints(), Blobs: r.GetBlobs(), Bytes: r.GetBytes(), Repaired: r.GetRepaired(), Damage: r.GetDamage(),
		}
	}
	if r := s.GetCopy(); r != nil {
		t.CopyReport = &record.CopyReport{
			Copied: r.GetCopied(), Present: r.GetPresent(), Deleted: r.GetDeleted(), LeftOut: r.GetLeftOut(), Blobs: r.GetBlobs(),
			Bytes: r.GetBytes(), Reasons: r.GetReasons(),
		}
	}
}
