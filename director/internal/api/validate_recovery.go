package api

import (
	"fmt"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of recoveries of several mailboxes, and of drills.
const (
	maxRecoveryMailboxes = 10_000
	maxRecoveryTasks     = 100
	maxDrillMailboxes    = 100
	maxDrillMessages     = 1000
	maxDrillSchedules    = 20
)

// validateRecovery checks requests of RecoveryService and DrillService.
func validateRecovery(m any) error {
	switch q := m.(type) {
	case *directorv1.StartRecoveryRequest:
		return recovery(q)
	case *directorv1.ListRecoverySourcesRequest:
		return first(maybeID("job_id", q.GetJobId()), maybeID("account_id", q.GetAccountId()), maybeID("repository_id", q.GetRepositoryId()),
			ids("mailbox_ids", q.GetMailboxIds()))
	case *directorv1.ListPlanRequest:
		return first(id("activity_id", q.GetActivityId()), maybeID("action", q.GetAction()), between("offset", q.GetOffset(), 0, 1<<40),
			between("limit", q.GetLimit(), 0, maxPageSize), maybeID("task_id", q.GetTaskId()))
	case *directorv1.UndoRecoveryRequest:
		return first(id("activity_id", q.GetActivityId()), ids("task_ids", q.GetTaskIds()))
	case *directorv1.CreateDrillRequest:
		return validDrill(q.GetDrill())
	case *directorv1.UpdateDrillRequest:
		return first(id("drill.id", q.GetDrill().GetId()), validDrill(q.GetDrill()))
	case *directorv1.DeleteDrillRequest:
		return id("drill_id", q.GetDrillId())
	case *directorv1.RunDrillRequest:
		return id("drill_id", q.GetDrillId())
	case *directorv1.ListDrillsRequest:
		return nil
	default:
		return fault.New(fault.Unsupported, "there is no check for %T", m)
	}
}

func recovery(q *directorv1.StartRecoveryRequest) error {
	if _, ok := directorv1.IfExists_name[int32(q.GetIfExists())]; !ok {
		return bad("if_exists", "is none that there is")
	}
	if _, ok := directorv1.IfFolderExists_name[int32(q.GetIfFolderExists())]; !ok {
		return bad("if_folder_exists", "is none that there is")
	}
	if err := first(line("into_folder", q.GetIntoFolder(), maxName), between("max_tasks", q.GetMaxTasks(), 0, maxRecoveryTasks)); err != nil {
		return err
	}
	if len(q.GetMailboxes()) == 0 {
		return mailboxRecovery("", &directorv1.MailboxRecovery{
			RepositoryId: q.GetRepositoryId(), PointId: q.GetPointId(), AccountId: q.GetAccountId(), MailboxId: q.GetMailboxId(),
			FolderIds: q.GetFolderIds(), Messages: q.GetMessages(),
		})
	}
	if len(q.GetMailboxes()) > maxRecoveryMailboxes {
		return bad("mailboxes", "has more than %d entries; start several recoveries", maxRecoveryMailboxes)
	}
	if q.GetRepositoryId() != "" || q.GetPointId() != "" || q.GetAccountId() != "" || q.GetMailboxId() != "" ||
		len(q.GetFolderIds()) > 0 || len(q.GetMessages()) > 0 {
		return bad("point_id", "is given beside mailboxes: with several mailboxes each names its own point, place and selection")
	}
	for n, one := range q.GetMailboxes() {
		if err := mailboxRecovery(fmt.Sprintf("mailboxes[%d].", n), one); err != nil {
			return err
		}
	}
	return nil
}

// mailboxRecovery checks what is recovered of one mailbox; the prefix goes before the names of fields.
func mailboxRecovery(prefix string, q *directorv1.MailboxRecovery) error {
	err := first(
		id(prefix+"repository_id", q.GetRepositoryId()),
		id(prefix+"point_id", q.GetPointId()),
		maybeID(prefix+"account_id", q.GetAccountId()),
		maybeID(prefix+"mailbox_id", q.GetMailboxId()),
		ids(prefix+"folder_ids", q.GetFolderIds()),
		count(prefix+"messages", len(q.GetMessages())),
		line(prefix+"into_folder", q.GetIntoFolder(), maxName),
	)
	if err != nil {
		return err
	}
	switch {
	case q.GetAccountId() == "" && q.GetMailboxId() != "":
		return bad(prefix+"account_id", "is missing: a mailbox to recover to is named with its account")
	case q.GetAccountId() != "" && q.GetMailboxId() == "":
		return bad(prefix+"mailbox_id", "is missing: choose a mailbox of the account to recover to")
	}
	for n, m := range q.GetMessages() {
		field := fmt.Sprintf("%smessages[%d]", prefix, n)
		if err := first(id(field+".folder_id", m.GetFolderId()), id(field+".message_id", m.GetMessageId())); err != nil {
			return err
		}
	}
	return nil
}

func validDrill(d *directorv1.Drill) error {
	if d == nil {
		return bad("drill", "is missing")
	}
	err := first(
		name("drill.name", d.GetName()), id("drill.job_id", d.GetJobId()), ids("drill.mailbox_ids", d.GetMailboxIds()),
		between("drill.mailboxes", d.GetMailboxes(), 0, maxDrillMailboxes), between("drill.messages", d.GetMessages(), 0, maxDrillMessages),
		id("drill.account_id", d.GetAccountId()), id("drill.mailbox_id", d.GetMailboxId()),
	)
	if err != nil {
		return err
	}
	if len(d.GetSchedules()) > maxDrillSchedules {
		return bad("drill.schedules", "has %d entries, more than %d", len(d.GetSchedules()), maxDrillSchedules)
	}
	return first(schedules("drill.schedules", d.GetSchedules()), startsOnly("drill.schedules", d.GetSchedules(), "a drill is started"))
}
