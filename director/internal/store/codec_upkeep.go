package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeUpkeep(p *statev1.Task, r *record.Task) {
	p.SurveyReport = encodeSurvey(r.SurveyReport)
	if c := r.Copy; c != nil {
		p.Copy = &statev1.Copy{
			TargetRepositoryId: string(c.Target), AccountId: string(c.Account), MailboxId: string(c.Mailbox), JobId: string(c.Job),
			PointIds: texts[string](c.Points), Newest: c.Newest, Thorough: c.Thorough,
		}
	}
	if w := r.ReclaimReport; w != nil {
		p.ReclaimReport = &statev1.ReclaimReport{
			FreedBytes: w.Freed, Blobs: w.Blobs, PacksDropped: w.PacksDropped, PacksRewritten: w.PacksRewritten,
			PacksWritten: w.PacksWritten, GarbageBytes: w.Garbage, Left: w.Left,
		}
	}
	if w := r.RepairReport; w != nil {
		p.RepairReport = &statev1.RepairReport{Points: w.Points, Blobs: w.Blobs, Bytes: w.Bytes, Repaired: w.Repaired, Damage: w.Damage}
	}
	if w := r.CopyReport; w != nil {
		p.CopyReport = &statev1.CopyReport{
			Copied: w.Copied, Present: w.Present, Deleted: w.Deleted, LeftOut: w.LeftOut, Blobs: w.Blobs, Bytes: w.Bytes, Reasons: w.Reasons,
		}
	}
}

func encodeSurvey(s *record.Survey) *statev1.Survey {
	if s == nil {
		return nil
	}
	return &statev1.Survey{Taken: stamp(s.Taken), NeededBytes: s.Needed, GarbageBytes: s.Garbage, Unreadable: s.Unreadable}
}

func decodeSurvey(p *statev1.Survey) *record.Survey {
	if p == nil {
		return nil
	}
	return &record.Survey{
		Taken: moment(p.GetTaken()), Needed: p.GetNeededBytes(), Garbage: p.GetGarbageBytes(), Unreadable: p.GetUnreadable(),
	}
}

func decodeUpkeep(r *record.Task, p *statev1.Task) {
	r.SurveyReport = decodeSurvey(p.GetSurveyReport())
	if c := p.GetCopy(); c != nil {
		r.Copy = &record.Copy{
			Target: record.RepositoryID(c.GetTargetRepositoryId()), Account: mail.AccountID(c.GetAccountId()),
			Mailbox: mail.MailboxID(c.GetMailboxId()), Job: record.JobID(c.GetJobId()), Points: texts[record.PointID](c.GetPointIds()),
			Newest: c.GetNewest(), Thorough: c.GetThorough(),
		}
	}
	if w := p.GetReclaimReport(); w != nil {
		r.ReclaimReport = &record.ReclaimReport{
			Freed: w.GetFreedBytes(), Blobs: w.GetBlobs(), PacksDropped: w.GetPacksDropped(), PacksRewritten: w.GetPacksRewritten(),
			PacksWritten: w.GetPacksWritten(), Garbage: w.GetGarbageBytes(), Left: w.GetLeft(),
		}
	}
	if w := p.GetRepairReport(); w != nil {
		r.RepairReport = &record.RepairReport{
			Points: w.GetPoints(), Blobs: w.GetBlobs(), Bytes: w.GetBytes(), Repaired: w.GetRepaired(), Damage: w.GetDamage(),
		}
	}
	if w := p.GetCopyReport(); w != nil {
		r.CopyReport = &record.CopyReport{
			Copied: w.GetCopied(), Present: w.GetPresent(), Deleted: w.GetDeleted(), LeftOut: w.GetLeftOut(), Blobs: w.GetBlobs(),
			Bytes: w.GetBytes(), Reasons: w.GetReasons(),
		}
	}
}
