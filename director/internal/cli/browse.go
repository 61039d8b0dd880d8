package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newFolder(a *app) *cobra.Command {
	return group("folder", "Folders in a recovery point", newFolderList(a))
}

func newMessage(a *app) *cobra.Command {
	return group("message", "Messages in a recovery point", newMessageList(a), newMessageShow(a), newMessageHistory(a), newMessageSave(a))
}

func newFolderList(a *app) *cobra.Command {
	repository := ""
	cmd := &cobra.Command{
		Use: "list POINT", Short: "List the folders of a recovery point", Long: "Lists the folders of a recovery point, and what it lacks." + pointArgument,
		Example: "  holdfast folder list anna@contoso.com", Args: takes(1, 1), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runFolderList(cmd.Context(), a, repository, args[0])
		},
	}
	repositoryFlag(cmd, a, &repository)
	return cmd
}

// repositoryFlag narrows the search for a point.
func repositoryFlag(cmd *cobra.Command, a *app, to *string) {
	cmd.Flags().StringVar(to, "repository", "", "look for the point in this `repository` only")
	complete(cmd, "repository", a.names(repositoryNames))
	mapFields(cmd, "repository_id", "--repository", "point_id", "POINT", "folder_id", "FOLDER")
}

func runFolderList(ctx context.Context, a *app, repository, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, err := a.point(ctx, c, repository, ref)
	if err != nil {
		return err
	}
	r, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId()})
	if err != nil {
		return err
	}
	paths := folderPaths(r.GetFolders())
	t := newTable("FOLDER", "ROLE", "MESSAGES", "HIDDEN", "ID").numbers(2)
	byPath := slices.SortedStableFunc(slices.Values(r.GetFolders()), func(x, y *pb.Folder) int {
		return strings.Compare(paths[x.GetId()], paths[y.GetId()])
	})
	for _, f := range byPath {
		t.row(paths[f.GetId()], orDash(f.GetRole()), count(f.GetMessages()), yesNo(f.GetHidden()), f.GetId())
	}
	if err := a.list(r, t, "This point has no folders."); err != nil {
		return err
	}
	if n := len(r.GetLosses()); n > 0 {
		a.note("%s could not be kept; -o json lists them.", counted(int64(n), "item"))
	}
	return nil
}

type messageListFlags struct {
	repository    string
	limit, offset int64
	oldest        bool
	sort, filter  string
	ascending     bool
	only          []string
}

// messageOrders are the orders of a list by their names.
var messageOrders = map[string]pb.MessageOrder{
	"received": pb.MessageOrder_MESSAGE_ORDER_RECEIVED, "sent": pb.MessageOrder_MESSAGE_ORDER_SENT, "subject": pb.MessageOrder_MESSAGE_ORDER_SUBJECT,
	"from": pb.MessageOrder_MESSAGE_ORDER_FROM, "size": pb.MessageOrder_MESSAGE_ORDER_SIZE,
}

// request is what the flags ask for, but for the place and the page.
func (f *messageListFlags) request() (*pb.ListMessagesRequest, error) {
	order, known := messageOrders[f.sort]
	if !known {
		return nil, usagef("--sort is one of received, sent, subject, from, size; not %q", f.sort)
	}
	if order == pb.MessageOrder_MESSAGE_ORDER_RECEIVED {
		order = pb.MessageOrder_MESSAGE_ORDER_UNSPECIFIED // which older Directors know too
	}
	req := &pb.ListMessagesRequest{Offset: f.offset, OldestFirst: f.oldest, Order: order, Ascending: f.ascending, Filter: f.filter}
	for _, what := range f.only {
		switch what {
		case "unread":
			req.Unread = true
		case "flagged":
			req.Flagged = true
		case "attachments":
			req.WithAttachments = true
		default:
			return nil, usagef("--only is unread, flagged or attachments; not %q", what)
		}
	}
	return req, nil
}

func newMessageList(a *app) *cobra.Command {
	f := &messageListFlags{}
	cmd := &cobra.Command{
		Use: "list POINT FOLDER", Short: "List the messages of a folder",
		Long:    "Lists messages of a folder in a recovery point, newest first. FOLDER is its path,\nits role (inbox, sentitems, …) or its id." + pointArgument,
		Example: "  holdfast message list anna@contoso.com Inbox --limit 20", Args: takes(2, 2), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runMessageList(cmd.Context(), a, f, args) },
	}
	repositoryFlag(cmd, a, &f.repository)
	fl := cmd.Flags()
	fl.Int64Var(&f.limit, "limit", 100, "at most this `number`; 0 lists all")
	fl.Int64Var(&f.offset, "offset", 0, "leave out this `number` at the start")
	fl.BoolVar(&f.oldest, "oldest-first", false, "oldest first")
	fl.StringVar(&f.sort, "sort", "received", "`order`: received, sent, subject, from or size; the greatest first")
	fl.BoolVar(&f.ascending, "ascending", false, "the smallest first, or from A to Z")
	fl.StringVar(&f.filter, "filter", "", "only with this `text` in the subject or sender")
	fl.StringSliceVar(&f.only, "only", nil, "only messages that are `this`: unread, flagged, attachments")
	mapFields(cmd, "filter", "--filter", "order", "--sort", "offset", "--offset", "limit", "--limit", "oldest_first", "--oldest-first")
	return cmd
}

// messagePage is the most that one answer lists.
const messagePage = 1000

func runMessageList(ctx context.Context, a *app, f *messageListFlags, args []string) error {
	if f.limit < 0 || f.offset < 0 {
		return usagef("--limit and --offset cannot be negative")
	}
	req, err := f.request()
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, err := a.point(ctx, c, f.repository, args[0])
	if err != nil {
		return err
	}
	folders, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId()})
	if err != nil {
		return err
	}
	folder, err := folderOf(folders.GetFolders(), args[1])
	if err != nil {
		return err
	}
	all := &pb.ListMessagesResponse{}
	req.RepositoryId, req.PointId, req.FolderId = p.GetRepositoryId(), p.GetId(), folder.GetId()
	err = c.eachMessagePage(ctx, req, f.limit, func(r *pb.ListMessagesResponse) error {
		all.Messages = append(all.Messages, r.GetMessages()...)
		all.Total, all.InFolder = r.GetTotal(), r.GetInFolder()
		return nil
	})
	if err != nil {
		return err
	}
	t := newTable("RECEIVED", "FROM", "SUBJECT", "SIZE", "FILES", "STATE", "ID").numbers(3, 4).shorten(2)
	for _, m := range all.GetMessages() {
		t.row(a.when(m.GetReceived()), orDash(first(m.GetFrom().GetName(), m.GetFrom().GetAddress())), orDash(m.GetSubject()),
			size(m.GetSize()), count(int64(m.GetAttachments())), messageState(m), m.GetId())
	}
	if err := a.list(all, t, "This folder has no messages here."); err != nil {
		return err
	}
	if n := int64(len(all.GetMessages())); n > 0 && n < all.GetTotal() {
		a.note("%s of %s shown; --limit and --offset show others.", count(n), count(all.GetTotal()))
	}
	return nil
}

// eachMessagePage reads a folder page by page, so that memory stays that of one page; limit 0 reads all.
func (c *api) eachMessagePage(ctx context.Context, req *pb.ListMessagesRequest, limit int64, do func(*pb.ListMessagesResponse) error) error {
	for seen := int64(0); ; {
		req.Limit = messagePage
		if limit > 0 {
			req.Limit = int32(min(messagePage, limit-seen))
		}
		r, err := c.ListMessages(ctx, req)
		if err != nil {
			return err
		}
		if err := do(r); err != nil {
			return err
		}
		n := int64(len(r.GetMessages()))
		if n == 0 && req.Offset < r.GetTotal() {
			return fault.New(fault.Corrupt, "the list of messages ended at %s of %s", count(req.Offset), count(r.GetTotal()))
		}
		seen += n
		req.Offset += n
		if n == 0 || req.Offset >= r.GetTotal() || (limit > 0 && seen >= limit) {
			return nil
		}
	}
}

func messageState(m *pb.MessageSummary) string {
	var s []string
	if m.GetDraft() {
		s = append(s, "draft")
	}
	if !m.GetRead() {
		s = append(s, "unread")
	}
	if m.GetFlagged() {
		s = append(s, "flagged")
	}
	return orDash(strings.Join(s, ", "))
}
