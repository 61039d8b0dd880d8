package wire

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Drill returns the part of a recovery drill for one mailbox.
func Drill(t *record.Task, a record.Account) *transporterv1.DrillWork {
	return &transporterv1.DrillWork{
		Account: Account(a), Mailbox: TaskMailbox(t), RepositoryId: string(t.Repository), PointId: string(t.Source.Point),
		Messages: int32(t.Drill.Messages), Folder: t.Drill.Folder,
	}
}

// drill writes how an ended drill went into its record.
func drill(t *record.Task, s *transporterv1.TaskState) {
	d := s.GetDrill()
	if d == nil {
		return
	}
	t.DrillReport = &record.DrillReport{
		Mailboxes: 1, Messages: d.GetMessages(), Same: d.GetSame(), Different: d.GetDifferent(), Missing: d.GetMissing(),
		Compared: d.GetCompared(), DifferencesMore: d.GetDifferencesMore(), Left: d.GetLeft(),
	}
	for _, one := range d.GetDifferences() {
		t.DrillReport.Differences = append(t.DrillReport.Differences, record.DrillDifference{
			Repository: t.Repository, Point: t.Source.Point, Folder: mail.FolderID(one.GetFolderId()), Message: mail.MessageID(one.GetMessageId()),
			Field: one.GetField(), Text: one.GetText(),
		})
	}
}
