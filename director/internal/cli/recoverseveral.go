package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// severalFlags choose the mailboxes of a recovery of several.
type severalFlags struct {
	mailboxes, exclude, to []string
	job, account, at       string
	all                    bool
	maxTasks               int32
}

// several reports whether the flags ask for more than one point.
func (f *recoverFlags) several(args []string) bool {
	return len(args) > 1 || len(f.mailboxes) > 0 || f.job != "" || f.account != "" || f.all
}

func (f *recoverFlags) checkSeveral(args []string) error {
	switch {
	case len(args) > 0 && (len(f.mailboxes) > 0 || f.job != "" || f.account != "" || f.all):
		return usagef("give points, or say which mailboxes with --mailbox, --job, --account or --all, not both")
	case len(f.folders)+len(f.messages) > 0 || f.deletedSince != "":
		return usagef("--folder, --message and --deleted-since are for one mailbox; several are recovered whole")
	case len(args) > 0 && f.at != "":
		return usagef("--at is not for points: each is of a moment of its own")
	case f.all && (f.job != "" || f.account != "" || len(f.mailboxes) > 0):
		return usagef("--all takes every mailbox: leave out --job, --account and --mailbox")
	}
	return nil
}

// inMailbox stands for a mailbox's name in --into-folder.
const inMailbox = "{mailbox}"

// recoverSeveral starts one recovery of several mailboxes.
func (a *app) recoverSeveral(ctx context.Context, c *api, f *recoverFlags, args []string) error {
	if err := f.checkSeveral(args); err != nil {
		return err
	}
	var sources []*pb.RecoverySource
	var err error
	if len(args) > 0 {
		for _, ref := range args {
			p, err := a.point(ctx, c, f.repository, ref)
			if err != nil {
				return err
			}
			sources = append(sources, &pb.RecoverySource{Point: p})
		}
	} else if sources, err = a.recoverySources(ctx, c, f); err != nil {
		return err
	}
	req := &pb.StartRecoveryRequest{
		IfExists: ifExists[f.ifExists], IfFolderExists: ifFolderExists[f.ifFolderExists], PlanOnly: f.plan, MaxTasks: f.maxTasks,
	}
	if req.Mailboxes, err = c.parts(ctx, f, sources); err != nil {
		return err
	}
	return a.startRecovery(ctx, c, f, req, &selection{})
}

// recoverySources asks for the points of the mailboxes that the flags name.
func (a *app) recoverySources(ctx context.Context, c *api, f *recoverFlags) ([]*pb.RecoverySource, error) {
	req := &pb.ListRecoverySourcesRequest{}
	var err error
	if req.At, err = a.moment("--at", f.at); err != nil {
		return nil, err
	}
	if f.repository != "" {
		x, err := c.repository(ctx, f.repository)
		if err != nil {
			return nil, err
		}
		req.RepositoryId = x.GetId()
	}
	if f.account != "" {
		x, err := c.account(ctx, f.account)
		if err != nil {
			return nil, err
		}
		req.AccountId = x.GetId()
	}
	if f.job != "" {
		x, err := c.job(ctx, f.job)
		if err != nil {
			return nil, err
		}
		req.JobId = x.GetId()
	}
	for _, ref := range f.mailboxes {
		m, err := c.mailbox(ctx, req.GetAccountId(), ref)
		if err != nil {
			return nil, err
		}
		req.MailboxIds = append(req.MailboxIds, m.GetId())
	}
	r, err := c.ListRecoverySources(ctx, req)
	if err != nil {
		return nil, err
	}
	for _, n := range r.GetNotes() {
		a.note("Note: %s", n)
	}
	for n, id := range req.GetMailboxIds() {
		if !slices.ContainsFunc(r.GetSources(), func(s *pb.RecoverySource) bool { return s.GetPoint().GetMailboxId() == id }) {
			return nil, fault.New(fault.NotFound, "there is no recovery point of %s at that time", f.mailboxes[n])
		}
	}
	left, err := without(r.GetSources(), f.exclude)
	if err == nil && len(left) == 0 {
		err = fault.New(fault.NotFound, "there is no recovery point of any of these mailboxes at that time")
	}
	return left, err
}

// moment reads a time; a day is meant up to its end.
func (a *app) moment(flag, s string) (*timestamppb.Timestamp, error) {
	at, err := a.date(flag, s)
	if _, day := time.Parse(time.DateOnly, s); err == nil && day == nil {
		return timestamppb.New(at.AsTime().In(a.Zone).AddDate(0, 0, 1).Add(-time.Nanosecond)), nil
	}
	return at, err
}

// named reports whether a word names the mailbox of a point.
func named(p *pb.Point, word string) bool {
	return p.GetMailboxId() == word || strings.EqualFold(p.GetMailboxAddress(), word) || strings.EqualFold(p.GetMailboxName(), word)
}

// without leaves out mailboxes; each that is named must be there.
func without(sources []*pb.RecoverySource, exclude []string) ([]*pb.RecoverySource, error) {
	for _, word := range exclude {
		n := len(sources)
		sources = slices.DeleteFunc(sources, func(s *pb.RecoverySource) bool { return named(s.GetPoint(), word) })
		if len(sources) == n {
			return nil, fault.New(fault.NotFound, "--exclude: %q is none of the mailboxes", word)
		}
	}
	return sources, nil
}

// parts says where each mailbox goes.
func (c *api) parts(ctx context.Context, f *recoverFlags, sources []*pb.RecoverySource) ([]*pb.MailboxRecovery, error) {
	var account, mailbox string
	var err error
	if f.toMailbox != "" {
		if account, mailbox, err = c.target(ctx, f.toAccount, f.toMailbox); err != nil {
			return nil, err
		}
	}
	into := f.intoFolder
	if into == "" && f.toMailbox != "" {
		into = inMailbox // else the mail of several people would lie in the same folders
	}
	parts := make([]*pb.MailboxRecovery, 0, len(sources))
	for _, s := range sources {
		p := s.GetPoint()
		parts = append(parts, &pb.MailboxRecovery{
			RepositoryId: p.GetRepositoryId(), PointId: p.GetId(), AccountId: account, MailboxId: mailbox,
			IntoFolder: strings.ReplaceAll(into, inMailbox, first(p.GetMailboxName(), p.GetMailboxAddress())),
		})
	}
	for _, word := range f.to {
		from, to, ok := strings.Cut(word, "=")
		if !ok || from == "" || to == "" {
			return nil, usagef("--to: %q is not of the form MAILBOX=TARGET", word)
		}
		n := slices.IndexFunc(sources, func(s *pb.RecoverySource) bool { return named(s.GetPoint(), from) })
		if n < 0 {
			return nil, fault.New(fault.NotFound, "--to: %q is none of the mailboxes", from)
		}
		if parts[n].AccountId, parts[n].MailboxId, err = c.target(ctx, "", to); err != nil {
			return nil, err
		}
	}
	var stuck []string
	for n, s := range sources {
		if s.GetProblem() != "" && parts[n].GetMailboxId() == "" {
			stuck = append(stuck, s.GetPoint().GetMailboxName()+": "+s.GetProblem())
		}
	}
	if len(stuck) > 0 {
		return nil, fault.New(fault.Conflict, "%s cannot go back to where they were; map each with --to MAILBOX=TARGET or leave it out with --exclude: %s",
			counted(int64(len(stuck)), "mailbox"), strings.Join(stuck[:min(len(stuck), 10)], "; "))
	}
	return parts, nil
}

// tasksOf returns the ids of those tasks of an activity that recover from, or write to, mailboxes.
func (c *api) tasksOf(ctx context.Context, activity string, mailboxes []string) ([]string, error) {
	r, err := c.wholeRun(ctx, activity)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, ref := range mailboxes {
		n := len(ids)
		for _, t := range r.GetTasks() {
			s := t.GetSource()
			names := []string{s.GetMailboxId(), s.GetMailboxAddress(), s.GetMailboxName(), t.GetId()}
			if slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.EqualFold(name, ref) }) {
				ids = append(ids, t.GetId())
			}
		}
		if len(ids) == n {
			return nil, fault.New(fault.NotFound, "%q is none of the mailboxes of this activity", ref)
		}
	}
	return ids, nil
}

// always completes from a list, however many arguments there are already: of a command that takes any number.
func (a *app) always(list lister) completion {
	names := a.names(list)
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return names(cmd, nil, typed)
	}
}
