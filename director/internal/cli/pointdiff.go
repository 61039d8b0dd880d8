package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type pointDiffFlags struct {
	repository, folder string
	limit              int32
}

func newPointDiff(a *app) *cobra.Command {
	f := &pointDiffFlags{}
	cmd := &cobra.Command{
		Use: "diff OLDER NEWER", Short: "Tell what differs between two recovery points",
		Long: "Lists what differs between two recovery points of a mailbox: folders and messages\n" +
			"that came, went, moved or changed, and what of them changed." + pointArgument,
		Example: "  holdfast point diff pt-anna-1 pt-anna-2\n  holdfast point diff pt-anna-1 anna@contoso.com --folder Inbox --limit 50",
		Args:    takes(2, 2), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runPointDiff(cmd.Context(), a, f, args) },
	}
	repositoryFlag(cmd, a, &f.repository)
	cmd.Flags().StringVar(&f.folder, "folder", "", "only what is in this `folder`, named as in the newer point")
	cmd.Flags().Int32Var(&f.limit, "limit", 0, "list at most this `number`; 0 lists all")
	mapFields(cmd, "older_point_id", "OLDER", "newer_point_id", "NEWER", "limit", "--limit")
	return cmd
}

func runPointDiff(ctx context.Context, a *app, f *pointDiffFlags, args []string) error {
	if f.limit < 0 {
		return usagef("--limit cannot be negative")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	older, err := a.point(ctx, c, f.repository, args[0])
	if err != nil {
		return err
	}
	newer, err := a.point(ctx, c, f.repository, args[1])
	if err != nil {
		return err
	}
	if older.GetRepositoryId() != newer.GetRepositoryId() {
		return fault.New(fault.Invalid, "the points are in two repositories; only points of one can be compared. Copy one over with: holdfast repository copy")
	}
	req := &pb.DiffPointsRequest{RepositoryId: older.GetRepositoryId(), OlderPointId: older.GetId(), NewerPointId: newer.GetId(), Limit: f.limit}
	folders, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: newer.GetRepositoryId(), PointId: newer.GetId()})
	if err != nil {
		return err
	}
	paths := folderPaths(folders.GetFolders())
	if f.folder != "" {
		folder, err := folderOf(folders.GetFolders(), f.folder)
		if err != nil {
			return err
		}
		req.FolderId = folder.GetId()
	}
	all, err := c.differences(ctx, req)
	if err != nil {
		return err
	}
	t := newTable("WHAT", "FOLDER", "SUBJECT", "RECEIVED", "CHANGED", "ID").shorten(2)
	for _, d := range all.GetDifferences() {
		m := d.GetNew()
		if m == nil {
			m = d.GetOld()
		}
		t.row(word(d.GetKind(), "DIFFERENCE_KIND_"), differenceFolder(d, paths), orDash(first(m.GetSubject(), d.GetReason())), a.when(m.GetReceived()),
			orDash(strings.Join(d.GetAspects(), ", ")), orDash(m.GetId()))
	}
	if err := a.list(all, t, "The two points have the same mail."); err != nil {
		return err
	}
	if n := int64(len(all.GetDifferences())); n > 0 && n < all.GetSummary().GetTotal() {
		a.note("%s of %s shown; --limit shows more.", count(n), count(all.GetSummary().GetTotal()))
	}
	return nil
}

// differences gathers what a comparison sends. An answer without a summary was cut off.
func (c *api) differences(ctx context.Context, req *pb.DiffPointsRequest) (*pb.DiffPointsResponse, error) {
	stream, err := c.DiffPoints(ctx, req)
	if err != nil {
		return nil, c.settings.wireError(err)
	}
	defer func() { _ = stream.Close() }() // what it ended with is told by Err
	all := &pb.DiffPointsResponse{}
	for stream.Receive() {
		proto.Merge(all, stream.Msg())
	}
	if err := stream.Err(); err != nil {
		return nil, c.settings.wireError(err)
	}
	if all.GetSummary() == nil {
		return nil, fault.New(fault.Unavailable, "the list of differences broke off; try again")
	}
	return all, nil
}

// differenceFolder names where something is, or from where to where it went.
func differenceFolder(d *pb.Difference, paths map[string]string) string {
	name := func(f *pb.Folder) string { return first(paths[f.GetId()], f.GetName()) }
	from, to := d.GetOldFolder(), d.GetNewFolder()
	switch {
	case to == nil:
		return orDash(from.GetName())
	case d.GetKind() == pb.DifferenceKind_DIFFERENCE_KIND_MESSAGE_MOVED:
		return from.GetName() + " → " + name(to)
	case d.GetKind() == pb.DifferenceKind_DIFFERENCE_KIND_FOLDER_CHANGED && from.GetName() != to.GetName():
		return from.GetName() + " → " + name(to)
	}
	return name(to)
}
