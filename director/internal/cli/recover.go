package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

var ifExists = map[string]pb.IfExists{
	"skip": pb.IfExists_IF_EXISTS_SKIP, "rename": pb.IfExists_IF_EXISTS_RENAME, "overwrite": pb.IfExists_IF_EXISTS_OVERWRITE,
}

var ifFolderExists = map[string]pb.IfFolderExists{
	"merge": pb.IfFolderExists_IF_FOLDER_EXISTS_UNSPECIFIED, "skip": pb.IfFolderExists_IF_FOLDER_EXISTS_SKIP,
	"rename": pb.IfFolderExists_IF_FOLDER_EXISTS_RENAME, "overwrite": pb.IfFolderExists_IF_FOLDER_EXISTS_OVERWRITE,
}

type recoverFlags struct {
	severalFlags

	repository, toAccount, toMailbox string
	folders, messages                []string
	ifExists, ifFolderExists         string
	intoFolder                       string
	deletedSince                     string
	plan, watch                      bool
}

func newRecover(a *app) *cobra.Command {
	f := &recoverFlags{}
	cmd := &cobra.Command{
		Use: "recover [POINT...]", Short: "Bring mail back",
		Long: `Brings back a mailbox, some of its folders, or single messages, to the original
place or to another mailbox. --plan only counts what would be done.

Several mailboxes are brought back as one activity: give several points, or say
which mailboxes with --mailbox (repeated), --job, --account or --all, and with
--at as of when; of each the newest point till then is taken. --to maps single
mailboxes to others. With --to-mailbox all go into one mailbox, each under a
folder of its name; --into-folder may hold {mailbox} for that name.

A chosen folder that the mailbox has already, and that holds something, is
merged into, with --if-exists for its messages. --if-folder-exists skip merges
and leaves messages that are there, overwrite merges and replaces them, rename
recovers everything into a folder beside it, "Name (recovered 2026-11-22)".
Where all is recovered, the folders at the top are the chosen ones.

--folder takes a folder's path, role or id, and everything below it. --message
takes a message's id or its internet message id, alone or as FOLDER:ID, which
finds it faster.

--deleted-since takes a newer point of the same mailbox and brings back exactly
the messages that it has no more. Moved messages are not deleted, nor are those
in Deleted Items; those behind "Recover deleted items" are. With --folder only
those folders are looked at.` + pointArgument,
		Example: "  holdfast recover anna@contoso.com --plan\n" +
			"  holdfast recover anna@contoso.com --folder Inbox --if-exists rename --watch\n" +
			"  holdfast recover pt-anna-1 --deleted-since anna@contoso.com --watch\n" +
			"  holdfast recover anna@contoso.com --to-mailbox bo@contoso.com --into-folder \"From Anna\"\n" +
			"  holdfast recover --job Daily --at 2026-11-20 --exclude bo@contoso.com --watch\n" +
			"  holdfast recover --mailbox anna@contoso.com --mailbox bo@contoso.com --to bo@contoso.com=info@fabrikam.com --plan",
		Args: takes(0, -1), ValidArgsFunction: a.always(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runRecover(cmd.Context(), a, f, args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.repository, "repository", "", "look for the points in this `repository` only")
	fl.StringVar(&f.toAccount, "to-account", "", "`account` of the mailbox to recover to")
	fl.StringVar(&f.toMailbox, "to-mailbox", "", "`mailbox` to recover to; the original one when not given")
	fl.StringArrayVar(&f.folders, "folder", nil, "only this `folder` and those below it; may be repeated")
	fl.StringArrayVar(&f.messages, "message", nil, "only this `message`; may be repeated")
	fl.StringVar(&f.deletedSince, "deleted-since", "", "only messages that this newer `point` has no more")
	fl.StringVar(&f.ifExists, "if-exists", "skip", "what to do with a message that is still there, a `choice`: skip, rename or overwrite")
	fl.StringVar(&f.ifFolderExists, "if-folder-exists", "merge", "what to do with a chosen folder that is still there, a `choice`: merge, skip, rename or overwrite")
	fl.StringArrayVar(&f.mailboxes, "mailbox", nil, "recover this `mailbox`; may be repeated")
	fl.StringVar(&f.job, "job", "", "recover all mailboxes that this `job` backed up")
	fl.StringVar(&f.account, "account", "", "recover all mailboxes of this `account`")
	fl.BoolVar(&f.all, "all", false, "recover all mailboxes that there are points of")
	fl.StringVar(&f.at, "at", "", "as of this `time`, or the end of this day; now when not given")
	fl.StringArrayVar(&f.exclude, "exclude", nil, "leave out this `mailbox`; may be repeated")
	fl.StringArrayVar(&f.to, "to", nil, "recover a mailbox of several into another, `MAILBOX=TARGET`; may be repeated")
	fl.Int32Var(&f.maxTasks, "max-tasks", 0, "how many of several mailboxes at once, a `number` up to 100; 3 when not given")
	fl.StringVar(&f.intoFolder, "into-folder", "", "put everything under a new folder of this `name`")
	fl.BoolVar(&f.plan, "plan", false, "only count what would be done, and wait for the numbers")
	fl.BoolVarP(&f.watch, "watch", "w", false, "show the progress and wait for the end")
	complete(cmd, "repository", a.always(repositoryNames))
	complete(cmd, "to-account", a.always(accountNames))
	complete(cmd, "to-mailbox", a.always(mailboxNames))
	complete(cmd, "deleted-since", a.always(pointNames))
	complete(cmd, "if-exists", fixed("skip", "rename", "overwrite"))
	complete(cmd, "if-folder-exists", fixed("merge", "skip", "rename", "overwrite"))
	complete(cmd, "mailbox", a.always(mailboxNames))
	complete(cmd, "exclude", a.always(mailboxNames))
	complete(cmd, "job", a.always(jobNames))
	complete(cmd, "account", a.always(accountNames))
	mapFields(cmd, "repository_id", "--repository", "point_id", "POINT", "account_id", "--to-account", "mailbox_id", "--to-mailbox",
		"folder_ids", "--folder", "messages", "--message", "if_exists", "--if-exists", "into_folder", "--into-folder", "plan_only", "--plan",
		"if_folder_exists", "--if-folder-exists", "max_tasks", "--max-tasks", "job_id", "--job", "mailbox_ids", "--mailbox", "at", "--at")
	return cmd
}

func (f *recoverFlags) check() error {
	if _, ok := ifExists[f.ifExists]; !ok {
		return usagef("--if-exists must be skip, rename or overwrite, not %q", f.ifExists)
	}
	if _, ok := ifFolderExists[f.ifFolderExists]; !ok {
		return usagef("--if-folder-exists must be merge, skip, rename or overwrite, not %q", f.ifFolderExists)
	}
	if f.toAccount != "" && f.toMailbox == "" {
		return usagef("--to-account needs --to-mailbox: say which mailbox of %s", f.toAccount)
	}
	if f.deletedSince != "" && len(f.messages) > 0 {
		return usagef("give --deleted-since or --message, not both")
	}
	if len(f.folders) > 0 && len(f.messages) > 0 {
		return usagef("give --folder or --message, not both: a folder brings back all that is in it; to say where a message lies, write --message FOLDER:ID")
	}
	return nil
}

func runRecover(ctx context.Context, a *app, f *recoverFlags, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	several := f.several(args)
	switch {
	case len(args) == 0 && !several:
		return usagef("say what to recover: a POINT, or mailboxes with --mailbox, --job, --account or --all")
	case !several && (f.at != "" || len(f.to)+len(f.exclude) > 0 || f.maxTasks != 0):
		return usagef("--at, --to, --exclude and --max-tasks are for several mailboxes; name them with --mailbox, --job, --account or --all")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	if several {
		return a.recoverSeveral(ctx, c, f, args)
	}
	p, err := a.point(ctx, c, f.repository, args[0])
	if err != nil {
		return err
	}
	req := &pb.StartRecoveryRequest{
		RepositoryId: p.GetRepositoryId(), PointId: p.GetId(), IfExists: ifExists[f.ifExists],
		IntoFolder: f.intoFolder, PlanOnly: f.plan, IfFolderExists: ifFolderExists[f.ifFolderExists],
	}
	if f.toMailbox != "" {
		if req.AccountId, req.MailboxId, err = c.target(ctx, f.toAccount, f.toMailbox); err != nil {
			return err
		}
	}
	chosen, err := a.choose(ctx, c, f, p)
	if err != nil {
		return err
	}
	if chosen == nil {
		return nil // Nothing was deleted, and that has been said.
	}
	return a.startRecovery(ctx, c, f, req, chosen)
}

func (c *api) target(ctx context.Context, account, mailbox string) (accountID, mailboxID string, err error) {
	if account != "" {
		acc, err := c.account(ctx, account)
		if err != nil {
			return "", "", err
		}
		accountID = acc.GetId()
	}
	m, err := c.mailbox(ctx, accountID, mailbox)
	return m.GetAccountId(), m.GetId(), err
}

// selection is what a recovery brings back; empty is everything.
type selection struct {
	folders  []string
	messages []*pb.MessageRef
}

// choose turns the flags into a selection. It returns nil when there is nothing to recover.
func (a *app) choose(ctx context.Context, c *api, f *recoverFlags, p *pb.Point) (*selection, error) {
	chosen := &selection{}
	if len(f.folders) == 0 && len(f.messages) == 0 && f.deletedSince == "" {
		return chosen, nil
	}
	r, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId()})
	if err != nil {
		return nil, err
	}
	for _, ref := range f.folders {
		folder, err := folderOf(r.GetFolders(), ref)
		if err != nil {
			return nil, err
		}
		chosen.folders = append(chosen.folders, folder.GetId())
	}
	if f.deletedSince != "" {
		return a.chooseDeleted(ctx, c, f, p, r.GetFolders(), chosen.folders)
	}
	chosen.messages, err = c.findMessages(ctx, p, r.GetFolders(), f.messages)
	return chosen, err
}

// findMessages turns ids, internet message ids and FOLDER:ID into references. Without a folder every folder is looked
// through, page by page, until all are found.
func (c *api) findMessages(ctx context.Context, p *pb.Point, folders []*pb.Folder, refs []string) ([]*pb.MessageRef, error) {
	var found []*pb.MessageRef
	open := map[string]bool{}
	for _, ref := range refs {
		folder, id, ok := splitMessage(ref)
		if !ok {
			open[ref] = true
			continue
		}
		x, err := folderOf(folders, folder)
		if err != nil {
			return nil, err
		}
		inside := map[string]bool{id: true}
		some, err := c.scanFolder(ctx, p, x.GetId(), inside)
		if err != nil {
			return nil, err
		}
		if len(some) == 0 {
			return nil, fault.New(fault.NotFound, "the folder %s has no message %q in this point", x.GetName(), id)
		}
		found = append(found, some...)
	}
	for _, x := range folders {
		if len(open) == 0 {
			break
		}
		some, err := c.scanFolder(ctx, p, x.GetId(), open)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	for ref := range open {
		return nil, fault.New(fault.NotFound, "this point has no message %q", ref)
	}
	return found, nil
}

// splitMessage parts FOLDER:ID. Graph's ids have no colon; an internet message id starts with "<".
func splitMessage(ref string) (folder, id string, ok bool) {
	if strings.HasPrefix(ref, "<") {
		return "", ref, false
	}
	if folder, rest, ok := strings.Cut(ref, ":<"); ok {
		return folder, "<" + rest, true
	}
	i := strings.LastIndexByte(ref, ':')
	if i < 0 {
		return "", ref, false
	}
	return ref[:i], ref[i+1:], true
}

// errEnough ends a listing early.
var errEnough = errors.New("enough")

// scanFolder finds messages by id or internet message id, and takes what it found out of wanted. Several copies of one
// message share an internet message id: all in this folder are taken.
func (c *api) scanFolder(ctx context.Context, p *pb.Point, folderID string, wanted map[string]bool) ([]*pb.MessageRef, error) {
	var found []*pb.MessageRef
	hit := map[string]bool{}
	req := &pb.ListMessagesRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId(), FolderId: folderID}
	err := c.eachMessagePage(ctx, req, 0, func(r *pb.ListMessagesResponse) error {
		byInternetID := false
		for _, m := range r.GetMessages() {
			for _, id := range []string{m.GetId(), m.GetInternetMessageId()} {
				if wanted[id] {
					hit[id] = true
					found = append(found, &pb.MessageRef{FolderId: folderID, MessageId: m.GetId()})
					break
				}
			}
		}
		for ref := range wanted {
			byInternetID = byInternetID || strings.HasPrefix(ref, "<")
		}
		if len(hit) == len(wanted) && !byInternetID {
			return errEnough
		}
		return nil
	})
	for id := range hit {
		delete(wanted, id)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}
