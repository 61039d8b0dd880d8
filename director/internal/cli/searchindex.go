package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newSearchIndex(a *app) *cobra.Command {
	return group("search-index", "What search goes by in a repository", newSearchIndexStatus(a), newSearchIndexRebuild(a))
}

func newSearchIndexStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status [REPOSITORY]", Short: "Tell how far the search index is",
		Long: `Tells how much of each attached repository the search index has. Recovery points
that it has not come to yet are indexed by themselves, and so is everything when
the index is missing or damaged; until then a search does not find mail that only
they have, and says so. Backups and recoveries never need the index.`,
		Example: "  holdfast search-index status\n  holdfast search-index status Vault -o json",
		Args:    takes(0, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runSearchIndexStatus(cmd.Context(), a, args) },
	}
}

func runSearchIndexStatus(ctx context.Context, a *app, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	req := &pb.ListSearchIndexesRequest{}
	if len(args) > 0 {
		x, err := c.repository(ctx, args[0])
		if err != nil {
			return err
		}
		req.RepositoryId = x.GetId()
	}
	r, err := c.ListSearchIndexes(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("REPOSITORY", "STATE", "POINTS", "BEHIND", "MESSAGES", "SIZE", "MEMORY").numbers(2, 3, 4, 5, 6)
	for _, i := range r.GetIndexes() {
		x := i.GetIndex()
		if i.GetError() != "" {
			t.row(i.GetRepositoryName(), "not known", "-", "-", "-", "-", "-")
			continue
		}
		t.row(i.GetRepositoryName(), indexState(x), count(x.GetPoints()), count(x.GetPointsBehind()), count(x.GetMessages()), size(x.GetBytes()), size(x.GetMemoryBytes()))
	}
	if err := a.list(r, t, "No repository is attached."); err != nil {
		return err
	}
	for _, i := range r.GetIndexes() {
		x := i.GetIndex()
		switch {
		case i.GetError() != "":
			a.note("%s: its index could not be asked for: %s", i.GetRepositoryName(), i.GetError())
		case x.GetTrouble() != "":
			a.note("%s: indexing ended early, and begins again with the next backup or with \"holdfast search-index rebuild %s\": %s",
				i.GetRepositoryName(), i.GetRepositoryName(), x.GetTrouble())
		}
		if n := x.GetUnreadable(); n > 0 {
			a.note("%s: %s could not be read whole when indexed, so their text is not found. See: holdfast repository verify %s",
				i.GetRepositoryName(), counted(n, "message"), i.GetRepositoryName())
		}
	}
	return nil
}

// indexState says in words how far an index is.
func indexState(x *pb.SearchIndex) string {
	switch {
	case x.GetTrouble() != "":
		return "stopped"
	case x.GetPointsBehind() > 0:
		return "indexing"
	default:
		return "complete"
	}
}

func newSearchIndexRebuild(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "rebuild REPOSITORY", Short: "Make the search index of a repository anew",
		Long: `Throws the search index of a repository away and makes it anew from the recovery
points, in the background. A damaged index is made anew by itself; this is for
when you do not trust it. Until it is done searches find a part of the mail, and
say so. Watch it with "holdfast search-index status".`,
		Example: "  holdfast search-index rebuild Vault --yes",
		Args:    takes(1, 1), ValidArgsFunction: a.names(repositoryNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			c, err := a.connect()
			if err != nil {
				return err
			}
			x, err := c.repository(ctx, args[0])
			if err != nil {
				return err
			}
			if err := a.confirm(ctx, "Make the search index of "+x.GetName()+" anew? Until it is done, searches find only a part of the mail."); err != nil {
				return err
			}
			r, err := c.RebuildSearchIndex(ctx, &pb.RebuildSearchIndexRequest{RepositoryId: x.GetId()})
			if err != nil {
				return err
			}
			return a.done(r, "The search index of %s is being made anew. See how far it is: holdfast search-index status %s", x.GetName(), x.GetName())
		},
	}
	mapFields(cmd, "repository_id", "REPOSITORY")
	return cmd
}
