package forecast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"holdfast/director/internal/estimate"
	"holdfast/director/internal/record"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// measure has those mailboxes counted of which no run tells, a sample of them where there are many, and returns how many
// were, and sentences about what could not be.
func (s *Service) measure(ctx context.Context, j record.Job, accounts map[mail.AccountID]record.Account, list []estimate.Mailbox) (int, []string) {
	ctx, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()
	byAccount := map[mail.AccountID][]*estimate.Mailbox{}
	for _, m := range sample(list, s.Sample) {
		byAccount[m.Account] = append(byAccount[m.Account], m)
	}
	var failures []string
	done, refused := 0, 0
	var why string
	for _, id := range slices.Sorted(maps.Keys(byAccount)) {
		counted, texts, err := s.account(ctx, j, accounts[id], byAccount[id])
		done += counted
		if len(texts) > 0 {
			refused += len(texts)
			why = cmp.Or(why, texts[0])
		}
		if err != nil {
			failures = append(failures, told(accounts[id].Name, err))
			s.Logger.Warn("mailboxes could not be measured for an estimate", "account", id, "kind", fault.KindOf(err).Error())
		}
	}
	if refused > 0 {
		failures = append(failures, fmt.Sprintf("mailboxes that could not be measured, of those asked: %d, the first because: %s", refused, why))
	}
	return done, failures
}

// sample returns those of which nothing is known, or so many of them, evenly spread over the list.
func sample(list []estimate.Mailbox, most int) []*estimate.Mailbox {
	var unknown []*estimate.Mailbox
	for i := range list {
		if !list[i].Known {
			unknown = append(unknown, &list[i])
		}
	}
	if len(unknown) <= most {
		return unknown
	}
	some := make([]*estimate.Mailbox, most)
	for i := range some {
		some[i] = unknown[i*len(unknown)/most]
	}
	return some
}

// account has mailboxes of one account counted, and returns how many were, and why others were not. What came before an
// error counts.
func (s *Service) account(ctx context.Context, j record.Job, a record.Account, list []*estimate.Mailbox) (counted int, refused []string, err error) {
	porter, err := s.Fleet.Pick(a.Transporter)
	if err != nil {
		return 0, nil, err
	}
	client, err := s.Fleet.Client(porter)
	if err != nil {
		return 0, nil, err
	}
	q := &transporterv1.MeasureMailboxesRequest{
		Account: wire.Account(a), HiddenFolders: j.Options.HiddenFolders, RecoverableItems: j.Options.RecoverableItems,
	}
	asked := make(map[string]*estimate.Mailbox, len(list))
	for _, m := range list {
		q.MailboxIds = append(q.MailboxIds, string(m.ID))
		asked[string(m.ID)] = m
	}
	stream, err := client.MeasureMailboxes(ctx, q)
	if err != nil {
		return 0, nil, err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return counted, refused, nil
		}
		if err != nil {
			return counted, refused, err
		}
		m := asked[answer.GetMailboxId()]
		if m == nil || m.Known {
			continue
		}
		if text := answer.GetError(); text != "" {
			refused = append(refused, text)
			continue
		}
		m.Known, m.Messages, m.Folders = true, max(0, answer.GetMessages()), max(0, answer.GetFolders())
		counted++
	}
}
