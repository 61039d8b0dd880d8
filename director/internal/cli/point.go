package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

const pointArgument = "\n\nPOINT is the id of a recovery point, its first characters, or the address of a\nmailbox for its newest point (see: holdfast point list)."

func newPoint(a *app) *cobra.Command {
	return group("point", "Recovery points: mailboxes as of one moment", newPointList(a), newPointDiff(a), newPointDelete(a))
}

type pointListFlags struct {
	repository, account, mailbox, job string
	limit                             int
}

func newPointList(a *app) *cobra.Command {
	f := &pointListFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List recovery points, newest first",
		Example: "  holdfast point list --mailbox anna@contoso.com\n  holdfast point list --repository Vault --job Daily",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runPointList(cmd.Context(), a, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.repository, "repository", "", "only in this `repository`")
	fl.StringVar(&f.account, "account", "", "only of this `account`")
	fl.StringVar(&f.mailbox, "mailbox", "", "only of this `mailbox`")
	fl.StringVar(&f.job, "job", "", "only made by this `job`")
	fl.IntVar(&f.limit, "limit", 0, "at most this `number`; 0 lists all")
	complete(cmd, "repository", a.names(repositoryNames))
	complete(cmd, "account", a.names(accountNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "job", a.names(jobNames))
	mapFields(cmd, "repository_id", "--repository", "account_id", "--account", "mailbox_id", "--mailbox", "job_id", "--job")
	return cmd
}

func (f *pointListFlags) request(ctx context.Context, c *api) (*pb.ListPointsRequest, error) {
	req := &pb.ListPointsRequest{}
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
	if f.mailbox != "" {
		x, err := c.mailbox(ctx, req.AccountId, f.mailbox)
		if err != nil {
			return nil, err
		}
		req.MailboxId, req.AccountId = x.GetId(), x.GetAccountId()
	}
	if f.job != "" {
		x, err := c.job(ctx, f.job)
		if err != nil {
			return nil, err
		}
		req.JobId = x.GetId()
	}
	return req, nil
}

func runPointList(ctx context.Context, a *app, f *pointListFlags) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req, err := f.request(ctx, c)
	if err != nil {
		return err
	}
	r, err := a.points(ctx, c, req)
	if err != nil {
		return err
	}
	if f.limit > 0 && len(r.GetPoints()) > f.limit {
		r.Points = r.Points[:f.limit]
	}
	t := newTable("TIME", "MAILBOX", "JOB", "FOLDERS", "MESSAGES", "SIZE", "COMPLETE", "ID").numbers(3, 4, 5)
	for _, p := range r.GetPoints() {
		whole := yesNo(p.GetComplete())
		if p.GetLost() > 0 {
			whole = count(p.GetLost()) + " lost"
		}
		t.row(a.when(p.GetTime()), first(p.GetMailboxAddress(), p.GetMailboxName()), orDash(p.GetJobName()), count(p.GetFolders()),
			count(p.GetMessages()), size(p.GetBytes()), whole, p.GetId())
	}
	if err := a.list(r, t, "No recovery points in the attached repositories. Make some with: holdfast job run"); err != nil || f.repository != "" {
		return err
	}
	return a.detachedNote(ctx, c)
}

// points lists points. One repository out of reach does not hide those of the others: it is named, and the rest is
// listed.
func (a *app) points(ctx context.Context, c *api, req *pb.ListPointsRequest) (*pb.ListPointsResponse, error) {
	all, err := c.ListPoints(ctx, req)
	if err == nil || req.GetRepositoryId() != "" || !fault.Temporary(err) {
		return all, err
	}
	repositories, listErr := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if listErr != nil {
		return nil, listErr
	}
	all = &pb.ListPointsResponse{}
	answered := false
	for _, x := range repositories.GetRepositories() {
		if !x.GetAttached() {
			continue
		}
		one := proto.CloneOf(req)
		one.RepositoryId = x.GetId()
		some, oneErr := c.ListPoints(ctx, one)
		if oneErr != nil {
			a.note("The points in %s are not listed: %s", x.GetName(), oneErr)
			continue
		}
		answered = true
		all.Points = append(all.Points, some.GetPoints()...)
	}
	if !answered {
		return nil, err
	}
	slices.SortStableFunc(all.Points, func(x, y *pb.Point) int { return y.GetTime().AsTime().Compare(x.GetTime().AsTime()) })
	return all, nil
}

// point finds a recovery point; repository may be empty for all of them.
func (a *app) point(ctx context.Context, c *api, repository, ref string) (*pb.Point, error) {
	req := &pb.ListPointsRequest{}
	if repository != "" {
		x, err := c.repository(ctx, repository)
		if err != nil {
			return nil, err
		}
		req.RepositoryId = x.GetId()
	}
	if strings.Contains(ref, "@") {
		// The points of one mailbox are few; those of all can be too many to list.
		if m, err := c.mailbox(ctx, "", ref); err == nil {
			one := proto.CloneOf(req)
			one.AccountId, one.MailboxId = m.GetAccountId(), m.GetId()
			some, err := a.points(ctx, c, one)
			if err != nil || len(some.GetPoints()) > 0 {
				return firstPoint(some.GetPoints(), err)
			}
		}
	}
	all, err := a.points(ctx, c, req)
	if err != nil {
		return nil, err
	}
	for _, p := range all.GetPoints() {
		if p.GetId() == ref {
			return p, nil
		}
	}
	if newest, err := newestOf(all.GetPoints(), ref); newest != nil || err != nil {
		return newest, err
	}
	return find("recovery point", ref, all.GetPoints(), func(p *pb.Point) candidate {
		return candidate{id: p.GetId(), name: p.GetMailboxAddress(), hint: p.GetTime().AsTime().Format("2006-01-02 15:04")}
	})
}

// firstPoint is the newest of a list.
func firstPoint(points []*pb.Point, err error) (*pb.Point, error) {
	if err != nil {
		return nil, err
	}
	return points[0], nil
}

// newestOf returns the newest point of the mailbox with this address. Two tenants may know the same address, in time:
// then none is taken.
func newestOf(points []*pb.Point, ref string) (*pb.Point, error) {
	var newest *pb.Point
	for _, p := range points {
		if !strings.EqualFold(p.GetMailboxAddress(), ref) && p.GetMailboxId() != ref {
			continue
		}
		if newest != nil && (p.GetMailboxId() != newest.GetMailboxId() || p.GetAccountId() != newest.GetAccountId()) {
			return nil, fault.New(fault.Conflict, "%q is the address of two mailboxes with backups, of %s and of %s. Use the id of a point (holdfast point list)",
				ref, first(newest.GetAccountName(), newest.GetAccountId()), first(p.GetAccountName(), p.GetAccountId()))
		}
		if newest == nil || p.GetTime().AsTime().After(newest.GetTime().AsTime()) {
			newest = p
		}
	}
	return newest, nil
}
