package api

import (
	"fmt"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

const (
	// maxPlace bounds a place in a list.
	maxPlace = 1 << 40
	// maxListed bounds how many points are asked for by number.
	maxListed = 1_000_000
	// maxDifferences bounds how many differences are asked for by number.
	maxDifferences = 1_000_000
)

func validateBrowse(m any) error {
	switch q := m.(type) {
	case *directorv1.ListBackupJobsRequest:
		return maybeID("repository_id", q.GetRepositoryId())
	case *directorv1.DiffPointsRequest:
		for n, k := range q.GetKinds() {
			if !among(k, directorv1.DifferenceKind_name) || k == 0 {
				return bad(fmt.Sprintf("kinds[%d]", n), "is none that there is")
			}
		}
		return first(id("repository_id", q.GetRepositoryId()), id("older_point_id", q.GetOlderPointId()), id("newer_point_id", q.GetNewerPointId()),
			maybeID("folder_id", q.GetFolderId()), count("kinds", len(q.GetKinds())), between("offset", q.GetOffset(), 0, maxPlace),
			between("limit", q.GetLimit(), 0, maxDifferences))
	case *directorv1.GetMessageHistoryRequest:
		return first(id("repository_id", q.GetRepositoryId()), id("point_id", q.GetPointId()), id("folder_id", q.GetFolderId()),
			id("message_id", q.GetMessageId()))
	}
	return nil
}

// among reports whether an enumeration has a value, as its generated table of names says.
func among[E ~int32](v E, names map[int32]string) bool { return names[int32(v)] != "" }

func messageOrder(o directorv1.MessageOrder) error {
	if !among(o, directorv1.MessageOrder_name) {
		return bad("order", "is none that there is")
	}
	return nil
}

// maxMailboxes bounds a page of mailboxes: one of some 1.5 MB, so that all of a large tenant are read in a few.
const maxMailboxes = 10_000

func listMailboxes(q *directorv1.ListMailboxesRequest) error {
	if !among(q.GetOrder(), directorv1.MailboxOrder_name) {
		return bad("order", "is none that there is")
	}
	for n, k := range q.GetKinds() {
		if !among(k, directorv1.MailboxKind_name) || k == 0 {
			return bad(fmt.Sprintf("kinds[%d]", n), "is none that there is")
		}
	}
	if q.GetPageToken() != "" && (q.GetOffset() != 0 || q.GetDescending() || q.GetOrder() > directorv1.MailboxOrder_MAILBOX_ORDER_NAME) {
		return fault.InvalidField("page_token", "a page token goes on by name only; give the offset of the page in its place")
	}
	if q.GetOrder() >= directorv1.MailboxOrder_MAILBOX_ORDER_NEWEST_POINT && !q.GetProtection() {
		return bad("order", "needs protection to be asked for")
	}
	return first(maybeID("account_id", q.GetAccountId()), line("search", q.GetSearch(), maxName), count("kinds", len(q.GetKinds())),
		between("page_size", q.GetPageSize(), 0, maxMailboxes), line("page_token", q.GetPageToken(), maxPath),
		between("offset", q.GetOffset(), 0, maxPlace))
}

func listBackups(q *directorv1.ListBackupsRequest) error {
	if !among(q.GetOrder(), directorv1.BackupOrder_name) {
		return bad("order", "is none that there is")
	}
	return first(maybeID("repository_id", q.GetRepositoryId()), maybeID("account_id", q.GetAccountId()), maybeID("mailbox_id", q.GetMailboxId()),
		maybeID("job_id", q.GetJobId()), line("search", q.GetSearch(), maxName), between("limit", q.GetLimit(), 0, 10_000),
		between("offset", q.GetOffset(), 0, maxPlace))
}
