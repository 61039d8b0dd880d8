package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// ListRecoverySources asks the repositories that can be asked. One that cannot is noted; when none can, that is the answer.
func (s *recoveries) ListRecoverySources(ctx context.Context, q *directorv1.ListRecoverySourcesRequest) (*directorv1.ListRecoverySourcesResponse, error) {
	at := s.Now()
	if q.GetAt() != nil {
		at = q.GetAt().AsTime()
	}
	all, err := s.Depot.List()
	if err != nil {
		return nil, err
	}
	key := depot.Key{Account: mail.AccountID(q.GetAccountId()), Job: record.JobID(q.GetJobId())}
	if len(q.GetMailboxIds()) == 1 {
		key.Mailbox = mail.MailboxID(q.GetMailboxIds()[0])
	}
	wanted := map[string]bool{}
	for _, id := range q.GetMailboxIds() {
		wanted[id] = true
	}
	answer, newest, asked := &directorv1.ListRecoverySourcesResponse{}, map[depot.MailboxKey]*directorv1.Point{}, 0
	var failure error
	for _, r := range all {
		if q.GetRepositoryId() != "" && string(r.ID) != q.GetRepositoryId() {
			continue
		}
		if !r.Attached {
			answer.Notes = append(answer.Notes, r.Detached(s.Now()))
			continue
		}
		points, err := s.Depot.NewestAt(ctx, r.ID, key, at)
		if err != nil {
			failure = fmt.Errorf("look for points in repository %s: %w", r.Name, err)
			answer.Notes = append(answer.Notes, fmt.Sprintf("repository %s could not be asked: %s", r.Name, err))
			continue
		}
		asked++
		for of, p := range points {
			have := newest[of]
			if len(wanted) > 0 && !wanted[string(of.Mailbox)] || have != nil && !p.GetTime().AsTime().After(have.GetTime().AsTime()) {
				continue
			}
			newest[of] = showPoint(r.ID, p)
		}
	}
	if asked == 0 && failure != nil {
		return nil, failure
	}
	for of, p := range newest {
		answer.Sources = append(answer.Sources, &directorv1.RecoverySource{Point: p, Problem: s.noWayBack(of)})
	}
	slices.SortFunc(answer.Sources, func(a, b *directorv1.RecoverySource) int {
		return cmp.Or(
			strings.Compare(strings.ToLower(a.GetPoint().GetMailboxName()), strings.ToLower(b.GetPoint().GetMailboxName())),
			strings.Compare(a.GetPoint().GetMailboxId(), b.GetPoint().GetMailboxId()),
			strings.Compare(a.GetPoint().GetAccountId(), b.GetPoint().GetAccountId()),
		)
	})
	return answer, nil
}

// noWayBack says why a mailbox cannot be recovered to where it was; empty when it can.
func (s *recoveries) noWayBack(of depot.MailboxKey) string {
	if _, err := s.Inventory.Get(of.Account); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return "its account is not in the inventory any more"
		}
		return err.Error()
	}
	m, err := s.Inventory.Mailbox(of.Account, of.Mailbox)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return "" // the inventory was never read since the account was added; the point knows the mailbox
	case err != nil:
		return err.Error()
	case m.Gone:
		return "the mailbox is gone from the tenant"
	case m.Absent != "":
		return "it has no mailbox any more: " + m.Absent
	}
	return ""
}
