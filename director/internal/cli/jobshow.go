package cli

import (
	"context"
	"fmt"
	"strings"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// showJob prints a job with the names of what it refers to; what is gone from the inventory shows as its id.
func (a *app) showJob(ctx context.Context, c *api, j *pb.Job) error {
	accounts, err := accountNamesByID(ctx, c)
	if err != nil {
		return err
	}
	repositories, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if err != nil {
		return err
	}
	hosts, err := c.transporterNamesByID(ctx)
	if err != nil {
		return err
	}
	boxes, err := c.addresses(ctx, j)
	if err != nil {
		return err
	}
	var f facts
	f.add("name", "%s", j.GetName())
	f.add("id", "%s", j.GetId())
	f.add("state", "%s", jobState(j))
	if j.GetDeletion() != nil {
		text, _ := deletionText(j.GetDeletion())
		f.add("deleted so far", "%s", text)
		return f.write(a.Stdout)
	}
	for i, s := range j.GetSource().GetItems() {
		label := ""
		if i == 0 {
			label = "source"
		}
		f.add(label, "%s", sourceText(s, accounts, boxes))
	}
	for _, id := range j.GetSource().GetExcludedMailboxIds() {
		f.add("without", "%s", first(boxes[id], id))
	}
	f.destinations(j, repositories.GetRepositories(), accounts, boxes)
	f.some("group", j.GetGroup())
	for i, s := range j.GetSchedules() {
		label := ""
		if i == 0 {
			label = "starts"
		}
		f.add(label, "%s", s.GetText())
	}
	if len(j.GetSchedules()) == 0 {
		f.add("starts", "on demand")
	}
	f.some("next start", a.when(j.GetNextStart()))
	f.add("keeps", "%s", keepsText(j.GetRetention()))
	o := j.GetOptions()
	if o.GetMaxTasks() == 0 {
		f.add("mailboxes at once", "3")
	} else {
		f.add("mailboxes at once", "%d", o.GetMaxTasks())
	}
	var pullers []string
	for _, id := range o.GetTransporterIds() {
		pullers = append(pullers, first(hosts[id], id))
	}
	f.add("pulled by", "%s", first(strings.Join(pullers, ", "), "any Transporter"))
	f.add("evidence copy", "%s", yesNo(o.GetEvidenceCopy()))
	f.add("recoverable items", "%s", yesNo(o.GetRecoverableItems()))
	f.add("hidden folders", "%s", yesNo(o.GetHiddenFolders()))
	f.tell(j)
	f.some("created", a.when(j.GetCreated()))
	if j.GetLastRunId() != "" {
		f.add("last run", "%s, %s (id %s)", a.when(j.GetLastStart()), word(j.GetLastStatus(), "RUN_STATUS_"), j.GetLastRunId())
	}
	return f.write(a.Stdout)
}

// keepsText says which points stay.
func keepsText(r *pb.Retention) string {
	var parts []string
	for _, p := range []struct {
		n    int32
		what string
	}{{r.GetLast(), "last"}, {r.GetDaily(), "daily"}, {r.GetWeekly(), "weekly"}, {r.GetMonthly(), "monthly"}, {r.GetYearly(), "yearly"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return first(strings.Join(parts, ", "), "everything")
}

func sourceText(s *pb.SourceItem, accounts, boxes map[string]string) string {
	account := first(accounts[s.GetAccountId()], s.GetAccountId())
	if s.GetMailboxId() == "" {
		return "all of " + account
	}
	return first(boxes[s.GetMailboxId()], s.GetMailboxId()) + " of " + account
}

func accountNamesByID(ctx context.Context, c *api) (map[string]string, error) {
	r, err := c.ListAccounts(ctx, &pb.ListAccountsRequest{})
	names := map[string]string{}
	for _, x := range r.GetAccounts() {
		names[x.GetId()] = x.GetName()
	}
	return names, err
}

// addresses gives the addresses of the single mailboxes that a job names, by id. It reads no list when there are none.
func (c *api) addresses(ctx context.Context, j *pb.Job) (map[string]string, error) {
	out := map[string]string{}
	single := len(j.GetSource().GetExcludedMailboxIds()) > 0 || len(j.GetDestination().GetMailboxes()) > 0
	for _, i := range j.GetSource().GetItems() {
		single = single || i.GetMailboxId() != ""
	}
	if !single {
		return out, nil
	}
	all, err := c.mailboxes(ctx, &pb.ListMailboxesRequest{}, 0)
	for _, m := range all.GetMailboxes() {
		out[m.GetId()] = first(m.GetAddress(), m.GetName())
	}
	return out, err
}
