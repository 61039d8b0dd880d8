package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// placeFlag is --account-repository or --mailbox-repository.
type placeFlag struct {
	list    *[]placeRef
	mailbox bool
}

// placeRef says where an account or a mailbox goes; with an empty repository it goes with the others.
type placeRef struct {
	what, repository string
	mailbox          bool
}

func (p placeFlag) String() string { return "" }
func (p placeFlag) Type() string   { return "string" }

func (p placeFlag) Set(v string) error {
	what, repository, ok := strings.Cut(v, "=")
	if !ok || what == "" {
		return usagef("%q is not of the form WHAT=REPOSITORY", v)
	}
	*p.list = append(*p.list, placeRef{strings.TrimSpace(what), strings.TrimSpace(repository), p.mailbox})
	return nil
}

// applyDestination changes where a job's mailboxes go. Places of what the job does not back up any more are dropped.
func (f *jobFlags) applyDestination(ctx context.Context, c *api, fl *pflag.FlagSet, j *pb.Job) error {
	if j.Destination == nil {
		j.Destination = &pb.Destination{}
	}
	d := j.Destination
	if fl.Changed("repository") {
		d.RepositoryId = ""
		if f.repository != "" {
			r, err := c.repository(ctx, f.repository)
			if err != nil {
				return err
			}
			d.RepositoryId = r.GetId()
		}
	}
	drop(j)
	for _, p := range f.placed {
		repository := ""
		if p.repository != "" {
			r, err := c.repository(ctx, p.repository)
			if err != nil {
				return err
			}
			repository = r.GetId()
		}
		if err := c.place(ctx, d, p, repository); err != nil {
			return err
		}
	}
	return nil
}

// place sets or (with an empty repository) takes away where one account or mailbox goes.
func (c *api) place(ctx context.Context, d *pb.Destination, p placeRef, repository string) error {
	if !p.mailbox {
		x, err := c.account(ctx, p.what)
		if err != nil {
			return err
		}
		d.Accounts = slices.DeleteFunc(d.Accounts, func(o *pb.AccountDestination) bool { return o.GetAccountId() == x.GetId() })
		if repository != "" {
			d.Accounts = append(d.Accounts, &pb.AccountDestination{AccountId: x.GetId(), RepositoryId: repository})
		}
		return nil
	}
	m, err := c.mailbox(ctx, "", p.what)
	if err != nil {
		return err
	}
	d.Mailboxes = slices.DeleteFunc(d.Mailboxes, func(o *pb.MailboxDestination) bool {
		return o.GetAccountId() == m.GetAccountId() && o.GetMailboxId() == m.GetId()
	})
	if repository != "" {
		d.Mailboxes = append(d.Mailboxes, &pb.MailboxDestination{AccountId: m.GetAccountId(), MailboxId: m.GetId(), RepositoryId: repository})
	}
	return nil
}

// drop takes away the destinations of what is not among the sources.
func drop(j *pb.Job) {
	backedUp := func(account, mailbox string, whole bool) bool {
		return slices.ContainsFunc(j.GetSource().GetItems(), func(i *pb.SourceItem) bool {
			return i.GetAccountId() == account && (whole || i.GetMailboxId() == "" || i.GetMailboxId() == mailbox)
		})
	}
	d := j.Destination
	d.Accounts = slices.DeleteFunc(d.Accounts, func(o *pb.AccountDestination) bool { return !backedUp(o.GetAccountId(), "", true) })
	d.Mailboxes = slices.DeleteFunc(d.Mailboxes, func(o *pb.MailboxDestination) bool { return !backedUp(o.GetAccountId(), o.GetMailboxId(), false) })
}
