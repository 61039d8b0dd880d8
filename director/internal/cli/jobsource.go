package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// sourceEdits are the flags that change single sources of a job.
type sourceEdits struct {
	added, removed []sourceRef
	included       []string
	order          []string
	first, last    []string
}

func (e *sourceEdits) register(cmd *cobra.Command, a *app) {
	fl := cmd.Flags()
	fl.Var(sourceFlag{&e.added, false}, "add-account", "back up this whole `account` too; may be repeated")
	fl.Var(sourceFlag{&e.added, true}, "add-mailbox", "back up this `mailbox` too; may be repeated")
	fl.Var(sourceFlag{&e.removed, false}, "remove-account", "take this `account` out of the sources; its backups stay")
	fl.Var(sourceFlag{&e.removed, true}, "remove-mailbox", "take this `mailbox` out of the sources; its backups stay")
	fl.StringArrayVar(&e.included, "include", nil, "do not leave out this `mailbox` any more; may be repeated")
	fl.StringArrayVar(&e.order, "order", nil, "process this `source` next; repeat it in the order wanted, others follow")
	fl.StringArrayVar(&e.first, "move-first", nil, "process this `source` before all others")
	fl.StringArrayVar(&e.last, "move-last", nil, "process this `source` after all others")
	for flag, names := range map[string]lister{
		"add-account": accountNames, "add-mailbox": mailboxNames, "remove-account": accountNames, "remove-mailbox": mailboxNames,
		"include": mailboxNames, "order": mailboxNames, "move-first": mailboxNames, "move-last": mailboxNames,
	} {
		complete(cmd, flag, a.names(names))
	}
}

// applySource changes what a job backs up, and in which order.
func (f *jobFlags) applySource(ctx context.Context, c *api, fl *pflag.FlagSet, j *pb.Job) error {
	e := &f.edits
	if len(f.sources) > 0 {
		if len(e.added)+len(e.removed) > 0 {
			return usagef("--account and --mailbox replace all sources; use them, or --add-… and --remove-…, not both")
		}
		items, err := c.items(ctx, f.sources)
		if err != nil {
			return err
		}
		j.Source.Items = items
	}
	if err := e.addAndRemove(ctx, c, j); err != nil {
		return err
	}
	if fl.Changed("exclude") {
		if slices.Contains(f.excluded, "") {
			j.Source.ExcludedMailboxIds = nil
		}
		ids, err := c.mailboxIDs(ctx, f.excluded)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if !slices.Contains(j.GetSource().GetExcludedMailboxIds(), id) {
				j.Source.ExcludedMailboxIds = append(j.Source.ExcludedMailboxIds, id)
			}
		}
	}
	if err := e.include(ctx, c, j); err != nil {
		return err
	}
	return e.arrange(ctx, c, j)
}

func (e *sourceEdits) addAndRemove(ctx context.Context, c *api, j *pb.Job) error {
	for _, ref := range e.removed {
		names, err := c.sourceNames(ctx, j)
		if err != nil {
			return err
		}
		n, err := indexOf(j, names, ref.name, func(i *pb.SourceItem) bool { return ref.mailbox == (i.GetMailboxId() != "") })
		if err != nil {
			return err
		}
		j.Source.Items = slices.Delete(j.Source.Items, n, n+1)
	}
	items, err := c.items(ctx, e.added)
	if err != nil {
		return err
	}
	for n, item := range items {
		if slices.ContainsFunc(j.GetSource().GetItems(), func(i *pb.SourceItem) bool {
			return i.GetAccountId() == item.GetAccountId() && i.GetMailboxId() == item.GetMailboxId()
		}) {
			return usagef("%s is among the sources of %s already", e.added[n].name, j.GetName())
		}
		j.Source.Items = append(j.Source.Items, item)
	}
	return nil
}

// include takes exclusions away.
func (e *sourceEdits) include(ctx context.Context, c *api, j *pb.Job) error {
	ids, err := c.mailboxIDs(ctx, e.included)
	if err != nil {
		return err
	}
	for n, id := range ids {
		at := slices.Index(j.GetSource().GetExcludedMailboxIds(), id)
		if at < 0 {
			return usagef("%s is not left out of %s", e.included[n], j.GetName())
		}
		j.Source.ExcludedMailboxIds = slices.Delete(j.Source.ExcludedMailboxIds, at, at+1)
	}
	return nil
}

// arrange puts the sources into the order that is asked for.
func (e *sourceEdits) arrange(ctx context.Context, c *api, j *pb.Job) error {
	if len(e.order)+len(e.first)+len(e.last) == 0 {
		return nil
	}
	names, err := c.sourceNames(ctx, j)
	if err != nil {
		return err
	}
	take := func(refs []string) ([]*pb.SourceItem, error) {
		var taken []*pb.SourceItem
		for _, ref := range refs {
			n, err := indexOf(j, names, ref, func(*pb.SourceItem) bool { return true })
			if err != nil {
				return nil, err
			}
			taken = append(taken, j.Source.Items[n])
			j.Source.Items = slices.Delete(j.Source.Items, n, n+1)
		}
		return taken, nil
	}
	// Each is taken out as it is found, so that none can be named twice.
	first, err := take(slices.Concat(e.first, e.order))
	if err != nil {
		return err
	}
	last, err := take(e.last)
	if err != nil {
		return err
	}
	j.Source.Items = slices.Concat(first, j.Source.Items, last)
	return nil
}

// sourceNames is what the sources of a job can be called, by account and mailbox.
type sourceNames struct {
	accounts map[string]string
	boxes    map[string]*pb.Mailbox
}

func (c *api) sourceNames(ctx context.Context, j *pb.Job) (*sourceNames, error) {
	accounts, err := accountNamesByID(ctx, c)
	if err != nil {
		return nil, err
	}
	names := &sourceNames{accounts, map[string]*pb.Mailbox{}}
	if !slices.ContainsFunc(j.GetSource().GetItems(), func(i *pb.SourceItem) bool { return i.GetMailboxId() != "" }) {
		return names, nil
	}
	all, err := c.mailboxes(ctx, &pb.ListMailboxesRequest{}, 0)
	for _, m := range all.GetMailboxes() {
		names.boxes[m.GetId()] = m
	}
	return names, err
}

// indexOf finds a source of a job by the name of its account, or the address, name or id of its mailbox.
func indexOf(j *pb.Job, names *sourceNames, ref string, fits func(*pb.SourceItem) bool) (int, error) {
	var all []candidate
	var at []int
	for n, i := range j.GetSource().GetItems() {
		if !fits(i) {
			continue
		}
		one := candidate{id: i.GetAccountId(), name: names.accounts[i.GetAccountId()]}
		if i.GetMailboxId() != "" {
			m := names.boxes[i.GetMailboxId()]
			one = candidate{id: i.GetMailboxId(), name: m.GetName(), alias: m.GetAddress(), hint: names.accounts[i.GetAccountId()]}
		}
		all, at = append(all, one), append(at, n)
	}
	found, err := pick("source of "+j.GetName(), ref, all)
	if err != nil {
		return 0, err
	}
	return at[slices.Index(all, found)], nil
}

// items resolves sources in their order.
func (c *api) items(ctx context.Context, refs []sourceRef) ([]*pb.SourceItem, error) {
	var items []*pb.SourceItem
	for _, s := range refs {
		if s.mailbox {
			m, err := c.mailbox(ctx, "", s.name)
			if err != nil {
				return nil, err
			}
			items = append(items, &pb.SourceItem{AccountId: m.GetAccountId(), MailboxId: m.GetId()})
			continue
		}
		acc, err := c.account(ctx, s.name)
		if err != nil {
			return nil, err
		}
		items = append(items, &pb.SourceItem{AccountId: acc.GetId()})
	}
	return items, nil
}

// mailboxIDs resolves several mailboxes; an empty name stands for none, so that a list can be emptied.
func (c *api) mailboxIDs(ctx context.Context, refs []string) ([]string, error) {
	var ids []string
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		m, err := c.mailbox(ctx, "", ref)
		if err != nil {
			return nil, err
		}
		ids = append(ids, m.GetId())
	}
	return ids, nil
}
