package pruner

import (
	"context"
	"errors"
	"slices"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// places are the repositories of a job as far as they could be used: one that failed is not asked again.
type places struct {
	list   []record.RepositoryID
	failed map[record.RepositoryID]error
}

// places returns the repositories of a job that are there.
func (p *Pruner) places(job record.Job) (*places, error) {
	out := &places{failed: map[record.RepositoryID]error{}}
	err := p.Store.View(func(tx *store.Tx) error {
		for _, id := range job.AllRepositories() {
			if store.Repositories.Has(tx, string(id)) {
				out.list = append(out.list, id)
			}
		}
		return nil
	})
	return out, err
}

func (p *places) fail(id record.RepositoryID, err error) { p.failed[id] = err }

// err returns what went wrong, in the order of the repositories.
func (p *places) err() error {
	var errs []error
	for _, id := range p.list {
		errs = append(errs, p.failed[id])
	}
	return errors.Join(errs...)
}

// away returns the repositories that could not be used.
func (p *places) away() []record.RepositoryID {
	var list []record.RepositoryID
	for _, id := range p.list {
		if p.failed[id] != nil {
			list = append(list, id)
		}
	}
	return list
}

// backup is the points of one mailbox, wherever they are.
type backup struct {
	account mail.AccountID
	mailbox mail.MailboxID
	address string
	points  []retention.Point
	// at are the repositories of each point; more than one for a point that was copied.
	at map[string][]record.RepositoryID
}

func (b *backup) add(at record.RepositoryID, p *transporterv1.Point) {
	if len(b.at[p.GetId()]) == 0 {
		b.points = append(b.points, retention.Point{ID: p.GetId(), Time: p.GetTime().AsTime(), Complete: p.GetComplete()})
	}
	b.at[p.GetId()] = append(b.at[p.GetId()], at)
}

// decide applies a policy, the newest point first.
func (b *backup) decide(policy retention.Policy) []retention.Decision {
	slices.SortStableFunc(b.points, func(x, y retention.Point) int { return y.Time.Compare(x.Time) })
	return retention.Decide(b.points, policy)
}

// look returns the backups that a key fits, from all places that can be asked. It returns the error of the context only.
func (p *Pruner) look(ctx context.Context, places *places, key depot.Key) ([]*backup, error) {
	type of struct {
		account mail.AccountID
		mailbox mail.MailboxID
	}
	by := map[of]*backup{}
	var list []*backup
	for _, at := range places.list {
		if places.failed[at] != nil {
			continue
		}
		points, err := p.Depot.Points(ctx, at, key)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			places.fail(at, err)
			continue
		}
		for _, pt := range points {
			k := of{mail.AccountID(pt.GetKey().GetAccountId()), mail.MailboxID(pt.GetKey().GetMailboxId())}
			b := by[k]
			if b == nil {
				b = &backup{account: k.account, mailbox: k.mailbox, address: pt.GetOrigin().GetMailboxAddress(), at: map[string][]record.RepositoryID{}}
				by[k] = b
				list = append(list, b)
			}
			b.add(at, pt)
		}
	}
	return list, nil
}

// Backup is what a policy would do to the points of one mailbox.
type Backup struct {
	Account   mail.AccountID
	Mailbox   mail.MailboxID
	Address   string
	Decisions []Decision
}

// Decision is what a policy would do to a point.
type Decision struct {
	retention.Decision
	// Repository is one that has it.
	Repository record.RepositoryID
}

// Preview tells what a policy would do to the backups of a job now, of one mailbox or (empty) of all, and which repositories
// of the job could not be looked into. It deletes nothing. The error is that of the last of them when none could.
func (p *Pruner) Preview(ctx context.Context, job record.Job, mailbox mail.MailboxID, policy retention.Policy) ([]Backup, []record.RepositoryID, error) {
	places, err := p.places(job)
	if err != nil {
		return nil, nil, err
	}
	found, err := p.look(ctx, places, depot.Key{Job: job.ID, Mailbox: mailbox})
	if err != nil {
		return nil, nil, err
	}
	unread := places.away()
	if len(unread) == len(places.list) && len(unread) > 0 {
		return nil, nil, places.failed[unread[len(unread)-1]]
	}
	var list []Backup
	for _, b := range found {
		out := Backup{Account: b.account, Mailbox: b.mailbox, Address: b.address}
		for _, d := range b.decide(policy) {
			out.Decisions = append(out.Decisions, Decision{d, b.at[d.ID][0]})
		}
		list = append(list, out)
	}
	return list, unread, nil
}
