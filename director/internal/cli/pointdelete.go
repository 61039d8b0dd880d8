package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type pointDeleteFlags struct {
	pointListFlags
	all bool
}

func newPointDelete(a *app) *cobra.Command {
	f := &pointDeleteFlags{}
	cmd := &cobra.Command{
		Use: "delete [POINT…]", Short: "Delete recovery points for ever",
		Long: `Deletes recovery points for ever. POINT is the id of one, or its first characters.
With --all every point goes that fits the other flags. What other points need of
them stays; the space of the rest is freed by "holdfast repository reclaim".`,
		Example: "  holdfast point delete pt-anna-1 --yes\n" +
			"  holdfast point delete --all --mailbox anna@contoso.com --job Daily --yes",
		Args: takes(0, 1000),
		RunE: func(cmd *cobra.Command, args []string) error { return runPointDelete(cmd.Context(), a, f, args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.repository, "repository", "", "only in this `repository`")
	fl.StringVar(&f.account, "account", "", "only of this `account`")
	fl.StringVar(&f.mailbox, "mailbox", "", "only of this `mailbox`")
	fl.StringVar(&f.job, "job", "", "only made by this `job`")
	fl.BoolVar(&f.all, "all", false, "all points that fit; needs --mailbox or --job")
	complete(cmd, "repository", a.names(repositoryNames))
	complete(cmd, "account", a.names(accountNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "job", a.names(jobNames))
	mapFields(cmd, "repository_id", "--repository", "account_id", "--account", "mailbox_id", "--mailbox", "job_id", "--job", "point_ids", "POINT")
	return cmd
}

func runPointDelete(ctx context.Context, a *app, f *pointDeleteFlags, refs []string) error {
	switch {
	case f.all == (len(refs) > 0):
		return usagef("name the points to delete, or give --all with --mailbox or --job")
	case f.all && f.mailbox == "" && f.job == "":
		return usagef("--all needs --mailbox or --job")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	which, err := f.request(ctx, c)
	if err != nil {
		return err
	}
	var points []*pb.Point
	if f.all {
		// Not a.points, which passes over a repository that is out of reach: all means all.
		list, err := c.ListPoints(ctx, which)
		if err != nil {
			return err
		}
		points = list.GetPoints()
	} else if points, err = a.choosePoints(ctx, c, which, refs); err != nil {
		return err
	}
	if len(points) == 0 {
		return a.done(&pb.DeletePointsResponse{}, "No recovery point fits; nothing was deleted.")
	}
	if err := a.confirm(ctx, "Delete "+pointsOf(points)+" for ever?"); err != nil {
		return err
	}
	byRepository := map[string][]string{}
	for _, p := range points {
		byRepository[p.GetRepositoryId()] = append(byRepository[p.GetRepositoryId()], p.GetId())
	}
	for id, ids := range byRepository {
		for part := range slices.Chunk(ids, 1000) { // what one request may name
			if _, err := c.DeletePoints(ctx, &pb.DeletePointsRequest{RepositoryId: id, PointIds: part}); err != nil {
				return err
			}
		}
	}
	return a.done(&pb.DeletePointsResponse{}, "Deleted %s. Free their space with: holdfast repository reclaim", pointsOf(points))
}

// pointsOf says how many points of whom: "3 recovery points of anna@contoso.com".
func pointsOf(points []*pb.Point) string {
	whose := map[string]bool{}
	for _, p := range points {
		whose[first(p.GetMailboxAddress(), p.GetMailboxName(), p.GetMailboxId())] = true
	}
	text := counted(int64(len(points)), "recovery point")
	if len(whose) > 1 {
		return fmt.Sprintf("%s of %s", text, counted(int64(len(whose)), "mailbox"))
	}
	for who := range whose {
		text += " of " + who
	}
	return text
}

// detachedNote says which repositories are not in a list of points because they are detached.
func (a *app) detachedNote(ctx context.Context, c *api) error {
	all, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if err != nil {
		return err
	}
	for _, x := range all.GetRepositories() {
		if !x.GetAttached() {
			a.note("%s is detached: its points are not listed. Attach it with: holdfast repository attach %s", x.GetName(), x.GetName())
		}
	}
	return nil
}
