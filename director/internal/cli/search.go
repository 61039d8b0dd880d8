package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

type searchFlags struct {
	points                        pointListFlags
	point, folder                 string
	from, to, attachment          string
	since, before                 string
	withAttachment, noAttachments bool
	larger, smaller               string
	limit                         int64
	wait                          time.Duration
}

func newSearch(a *app) *cobra.Command {
	f := &searchFlags{}
	cmd := &cobra.Command{
		Use: "search [WORDS...]", Short: "Find mail in recovery points",
		Long: `Finds messages by words or parts of words in subject, addresses and body, newest
first. All words must match; one in quotation marks, or an argument with spaces,
is a phrase of whole words. Case and accents do not matter. Without WORDS, the
flags alone choose.

A message that many points have is shown once, with the newest of them. DATE is
a day like 2026-03-31 or a time like 2026-03-31T08:00:00Z; SIZE is in bytes or
like 500kB, 10MB.`,
		Example: "  holdfast search invoice 2026\n  holdfast search \"annual report\" --mailbox anna@contoso.com --since 2026-01-01\n" +
			"  holdfast search --from bo --has-attachment --larger 1MB -o json",
		Args: takes(0, -1), RunE: func(cmd *cobra.Command, args []string) error { return runSearch(cmd.Context(), a, f, args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.points.repository, "repository", "", "only in this `repository`")
	fl.StringVar(&f.points.account, "account", "", "only of this `account`")
	fl.StringVar(&f.points.mailbox, "mailbox", "", "only of this `mailbox`")
	fl.StringVar(&f.points.job, "job", "", "only in points made by this `job`")
	fl.StringVar(&f.point, "point", "", "only in this `point`")
	fl.StringVar(&f.folder, "folder", "", "only in this `folder` and those below it; needs --mailbox or --point")
	fl.StringVar(&f.from, "from", "", "`words` in the sender's name or address")
	fl.StringVar(&f.to, "to", "", "`words` in the recipients' names or addresses")
	fl.StringVar(&f.attachment, "attachment", "", "`words` in the name of an attachment")
	fl.StringVar(&f.since, "since", "", "received on this `date` or later")
	fl.StringVar(&f.before, "before", "", "received before this `date`")
	fl.BoolVar(&f.withAttachment, "has-attachment", false, "only messages with attachments")
	fl.BoolVar(&f.noAttachments, "no-attachment", false, "only messages without attachments")
	fl.StringVar(&f.larger, "larger", "", "of this `size` at least")
	fl.StringVar(&f.smaller, "smaller", "", "of this `size` at most")
	fl.Int64Var(&f.limit, "limit", 50, "at most this `number`; 0 lists all")
	fl.DurationVar(&f.wait, "wait", 0, "wait so long, a `time` of 60s at most, for points that are not indexed yet")
	complete(cmd, "repository", a.names(repositoryNames))
	complete(cmd, "account", a.names(accountNames))
	complete(cmd, "mailbox", a.names(mailboxNames))
	complete(cmd, "job", a.names(jobNames))
	complete(cmd, "point", a.names(pointNames))
	mapFields(cmd, "repository_id", "--repository", "account_id", "--account", "mailbox_id", "--mailbox", "job_id", "--job", "point_id", "--point",
		"folder_id", "--folder", "text", "WORDS", "attachment_name", "--attachment", "patience_seconds", "--wait")
	return cmd
}

func runSearch(ctx context.Context, a *app, f *searchFlags, args []string) error {
	req, err := f.filters(a, args)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	if err := f.scope(ctx, a, c, req); err != nil {
		return err
	}
	all := &pb.SearchResponse{}
	if err := c.eachSearchPage(ctx, req, f.limit, func(r *pb.SearchResponse) {
		all.Hits = append(all.Hits, r.GetHits()...)
		if r.GetSummary() != nil {
			all.Summary = r.GetSummary()
		}
	}); err != nil {
		return err
	}
	t := newTable("RECEIVED", "MAILBOX", "FROM", "SUBJECT", "FOLDER", "SIZE", "POINT", "ID").numbers(5).shorten(3)
	for _, h := range all.GetHits() {
		m := h.GetMessage()
		t.row(a.when(m.GetReceived()), first(h.GetMailboxAddress(), h.GetMailboxName()), orDash(first(m.GetFrom().GetName(), m.GetFrom().GetAddress())),
			orDash(m.GetSubject()), orDash(strings.Join(h.GetPath(), "/")), size(m.GetSize()), h.GetPointId(), m.GetId())
	}
	if err := a.list(all, t, "Nothing matches."); err != nil {
		return err
	}
	return f.notes(ctx, a, c, all)
}

// notes says what the list does not.
func (f *searchFlags) notes(ctx context.Context, a *app, c *api, all *pb.SearchResponse) error {
	s := all.GetSummary()
	if n := int64(len(all.GetHits())); s.GetNextCursor() != "" {
		more := count(s.GetTotal())
		if s.GetAtLeast() {
			more = "more than " + count(max(n, s.GetTotal()))
		}
		a.note("%s of %s shown; --limit shows others.", count(n), more)
	}
	if s.GetPointsBehind() == 0 && s.GetUnreadable() == 0 && len(s.GetUnsearched()) == 0 {
		return nil
	}
	r, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, x := range r.GetRepositories() {
		names[x.GetId()] = x.GetName()
	}
	for _, x := range s.GetSearched() {
		name := first(names[x.GetRepositoryId()], x.GetRepositoryId())
		if n := x.GetPointsBehind(); n > 0 {
			a.note("Repository %s: %s %s not indexed yet, so mail that only they have is not found; --wait waits for them.",
				name, counted(n, "point"), plural(int(n), "is", "are"))
		}
		if n := x.GetUnreadable(); n > 0 {
			a.note("Repository %s: %s could not be read when indexed.", name, counted(n, "message"))
		}
	}
	for _, u := range s.GetUnsearched() {
		a.note("Repository %s was not searched: %s", first(names[u.GetRepositoryId()], u.GetRepositoryId()), u.GetError())
	}
	return nil
}

// filters makes a request of all flags that need no Director.
func (f *searchFlags) filters(a *app, args []string) (req *pb.SearchRequest, err error) {
	if f.limit < 0 {
		return nil, usagef("--limit cannot be negative")
	}
	if f.withAttachment && f.noAttachments {
		return nil, usagef("--has-attachment and --no-attachment exclude each other")
	}
	if f.wait < 0 || f.wait > time.Minute {
		return nil, usagef("--wait is 60s at most")
	}
	req = &pb.SearchRequest{
		Text: searched(args), From: f.from, To: f.to, AttachmentName: f.attachment, PatienceSeconds: int32(f.wait / time.Second),
	}
	switch {
	case f.withAttachment:
		req.Attachments = pb.AttachmentFilter_ATTACHMENT_FILTER_WITH
	case f.noAttachments:
		req.Attachments = pb.AttachmentFilter_ATTACHMENT_FILTER_WITHOUT
	}
	if req.Since, err = a.date("--since", f.since); err != nil {
		return nil, err
	}
	if req.Before, err = a.date("--before", f.before); err != nil {
		return nil, err
	}
	if req.Larger, err = bytesOf("--larger", f.larger); err != nil {
		return nil, err
	}
	req.Smaller, err = bytesOf("--smaller", f.smaller)
	return req, err
}

// searched joins words. The shell took the marks off a phrase, so they are put back.
func searched(args []string) string {
	list := make([]string, len(args))
	for i, s := range args {
		if strings.ContainsAny(s, " \t") && !strings.Contains(s, `"`) {
			s = `"` + s + `"`
		}
		list[i] = s
	}
	return strings.Join(list, " ")
}

// scope adds where to look.
func (f *searchFlags) scope(ctx context.Context, a *app, c *api, req *pb.SearchRequest) error {
	where, err := f.points.request(ctx, c)
	if err != nil {
		return err
	}
	req.RepositoryId, req.AccountId, req.MailboxId, req.JobId = where.GetRepositoryId(), where.GetAccountId(), where.GetMailboxId(), where.GetJobId()
	if f.point == "" && f.folder == "" {
		return nil
	}
	ref := first(f.point, f.points.mailbox)
	if ref == "" {
		return usagef("--folder needs --mailbox or --point, to know whose folder is meant")
	}
	p, err := a.point(ctx, c, f.points.repository, ref)
	if err != nil {
		return err
	}
	if f.point != "" {
		req.PointId, req.RepositoryId = p.GetId(), p.GetRepositoryId()
	}
	if f.folder == "" {
		return nil
	}
	folders, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId()})
	if err != nil {
		return err
	}
	folder, err := folderOf(folders.GetFolders(), f.folder)
	req.FolderId = folder.GetId()
	return err
}

// eachSearchPage reads answers until there are limit messages; 0 reads all.
func (c *api) eachSearchPage(ctx context.Context, req *pb.SearchRequest, limit int64, do func(*pb.SearchResponse)) error {
	for seen := int64(0); ; {
		page := proto.CloneOf(req)
		page.Limit = messagePage
		if limit > 0 {
			page.Limit = int32(min(messagePage, limit-seen))
		}
		stream, err := c.Search(ctx, page)
		if err != nil {
			return c.settings.wireError(err)
		}
		next := ""
		for stream.Receive() {
			r := stream.Msg()
			seen += int64(len(r.GetHits()))
			next = r.GetSummary().GetNextCursor()
			do(proto.CloneOf(r))
		}
		if err := stream.Err(); err != nil {
			_ = stream.Close() // the error says more
			return c.settings.wireError(err)
		}
		if err := stream.Close(); err != nil {
			return c.settings.wireError(err)
		}
		if next == "" || limit > 0 && seen >= limit {
			return nil
		}
		req.Cursor = next
	}
}

// date reads a day, in the zone of the terminal, or a time.
func (a *app) date(flag, s string) (*timestamppb.Timestamp, error) {
	if s == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return timestamppb.New(t), nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, a.Zone)
	if err != nil {
		return nil, usagef("%s: %q is neither a day like 2026-03-31 nor a time like 2026-03-31T08:00:00Z", flag, s)
	}
	return timestamppb.New(t), nil
}

// units are what a size may end in.
var units = []struct {
	name  string
	bytes float64
}{{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"b", 1}}

// bytesOf reads a size; empty is 0.
func bytesOf(flag, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	number, factor := strings.ToLower(strings.ReplaceAll(s, " ", "")), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = rest, u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= 0) || v*factor > 1<<50 {
		return 0, usagef("%s: %q is no size; write bytes, or 500kB, 10MB", flag, s)
	}
	return int64(v * factor), nil
}
