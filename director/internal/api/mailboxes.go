package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/inventory"
	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// protectionAge is for how long what repositories answered is good enough for a list of mailboxes.
const protectionAge = 30 * time.Second

// kept is what all repositories have of a mailbox.
type kept struct {
	points          int64
	newest          *timestamppb.Timestamp
	messages, bytes int64
}

// guards tells what protects a mailbox.
type guards struct {
	cover    *jobs.Cover
	kept     map[string]kept // by store.MailboxKey
	problems []string
}

func (s *accounts) guards(ctx context.Context, points bool) (*guards, error) {
	cover, err := s.Jobs.Cover()
	g := &guards{cover: cover, kept: map[string]kept{}}
	if err != nil || !points {
		return g, err
	}
	all, err := s.Depot.Catalogue(ctx, "", protectionAge)
	if err != nil {
		return nil, err
	}
	g.problems = all.Problems
	for _, b := range all.Backups {
		key := store.MailboxKey(mail.AccountID(b.GetKey().GetAccountId()), mail.MailboxID(b.GetKey().GetMailboxId()))
		k := g.kept[key]
		k.points += b.GetPoints()
		if k.newest == nil || b.GetNewest().AsTime().After(k.newest.AsTime()) {
			k.newest, k.messages, k.bytes = b.GetNewest(), b.GetMessages(), b.GetLogicalBytes()
		}
		g.kept[key] = k
	}
	return g, nil
}

func (g *guards) of(m record.Mailbox) kept { return g.kept[store.MailboxKey(m.Account, m.ID)] }

// unguarded reports whether no enabled job backs a mailbox up.
func (g *guards) unguarded(m record.Mailbox) bool {
	for _, j := range g.cover.Of(m) {
		if j.Enabled {
			return false
		}
	}
	return true
}

func (g *guards) show(m record.Mailbox) *directorv1.MailboxProtection {
	k := g.of(m)
	out := &directorv1.MailboxProtection{Points: k.points, Newest: k.newest, Messages: k.messages, Bytes: k.bytes}
	for _, j := range g.cover.Of(m) {
		out.Jobs = append(out.Jobs, &directorv1.MailboxJob{JobId: string(j.ID), Name: j.Name, Enabled: j.Enabled})
	}
	return out
}

func (g *guards) order(o directorv1.MailboxOrder) func(a, b record.Mailbox) int {
	switch o {
	case directorv1.MailboxOrder_MAILBOX_ORDER_ADDRESS:
		return func(a, b record.Mailbox) int {
			return strings.Compare(strings.ToLower(a.Address), strings.ToLower(b.Address))
		}
	case directorv1.MailboxOrder_MAILBOX_ORDER_KIND:
		return func(a, b record.Mailbox) int { return cmp.Compare(a.Kind, b.Kind) }
	case directorv1.MailboxOrder_MAILBOX_ORDER_NEWEST_POINT:
		return func(a, b record.Mailbox) int { return g.of(a).newest.AsTime().Compare(g.of(b).newest.AsTime()) }
	case directorv1.MailboxOrder_MAILBOX_ORDER_POINTS:
		return func(a, b record.Mailbox) int { return cmp.Compare(g.of(a).points, g.of(b).points) }
	case directorv1.MailboxOrder_MAILBOX_ORDER_SIZE:
		return func(a, b record.Mailbox) int { return cmp.Compare(g.of(a).bytes, g.of(b).bytes) }
	case directorv1.MailboxOrder_MAILBOX_ORDER_UNSPECIFIED, directorv1.MailboxOrder_MAILBOX_ORDER_NAME:
	}
	return nil
}

// ListMailboxes lists mailboxes a page at a time, with what protects them when that is asked for.
func (s *accounts) ListMailboxes(ctx context.Context, q *directorv1.ListMailboxesRequest) (*directorv1.ListMailboxesResponse, error) {
	after, err := base64.RawURLEncoding.DecodeString(q.GetPageToken())
	if err != nil {
		return nil, fault.InvalidField("page_token", "the page token is not one that was given out")
	}
	f := inventory.Filter{
		Account: mail.AccountID(q.GetAccountId()), Search: q.GetSearch(), Absent: q.GetAbsent(), After: string(after),
		Offset: int(q.GetOffset()), Limit: int(cmp.Or(q.GetPageSize(), defaultPage)), Descending: q.GetDescending(),
	}
	for _, k := range q.GetKinds() {
		f.Kinds = append(f.Kinds, mail.MailboxKind(k))
	}
	g := &guards{}
	if q.GetProtection() || q.GetUnprotected() {
		if g, err = s.guards(ctx, q.GetProtection()); err != nil {
			return nil, err
		}
	}
	f.Order = g.order(q.GetOrder())
	if q.GetUnprotected() {
		f.Only = g.unguarded
	}
	page, total, more, err := s.Inventory.Mailboxes(f)
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListMailboxesResponse{Total: int64(total), Problems: g.problems}
	for _, m := range page {
		one := showMailbox(m)
		if q.GetProtection() {
			one.Protection = g.show(m)
		}
		answer.Mailboxes = append(answer.Mailboxes, one)
	}
	if more && f.Order == nil && !f.Descending {
		answer.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(inventory.Place(page[len(page)-1])))
	}
	return answer, nil
}
