package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// messageFlags say which message is meant.
type messageFlags struct {
	repository string
	within     []int32
	attachment int32
	to         string
}

const messageArguments = "\nFOLDER is its path, its role (inbox, sentitems, …) or its id; MESSAGE is the\nid that message list shows." + pointArgument

func (f *messageFlags) add(cmd *cobra.Command, a *app) {
	repositoryFlag(cmd, a, &f.repository)
	cmd.Flags().Int32SliceVar(&f.within, "within", nil, "the message that is attached to it under this `number`; several go deeper")
	mapFields(cmd, "within", "--within", "message_id", "MESSAGE", "message", "MESSAGE")
}

func newMessageShow(a *app) *cobra.Command {
	f := &messageFlags{}
	cmd := &cobra.Command{
		Use: "show POINT FOLDER MESSAGE", Short: "Show a message",
		Long:    "Shows a kept message: its addresses, dates, attachments and text." + messageArguments,
		Example: "  holdfast message show pt-anna-1 Inbox m1", Args: takes(3, 3), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runMessageShow(cmd.Context(), a, f, args) },
	}
	f.add(cmd, a)
	return cmd
}

// place finds the point and the folder of a message.
func (a *app) place(ctx context.Context, c *api, repository, point, folder string) (*pb.Point, *pb.Folder, error) {
	p, err := a.point(ctx, c, repository, point)
	if err != nil {
		return nil, nil, err
	}
	folders, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId()})
	if err != nil {
		return nil, nil, err
	}
	found, err := folderOf(folders.GetFolders(), folder)
	return p, found, err
}

func runMessageShow(ctx context.Context, a *app, f *messageFlags, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, folder, err := a.place(ctx, c, f.repository, args[0], args[1])
	if err != nil {
		return err
	}
	r, err := c.GetMessage(ctx, &pb.GetMessageRequest{
		RepositoryId: p.GetRepositoryId(), PointId: p.GetId(), FolderId: folder.GetId(), MessageId: args[2], Within: f.within, Text: true,
	})
	if err != nil {
		return err
	}
	return a.print(r, func() error { return a.showMessage(r) })
}

func (a *app) showMessage(r *pb.GetMessageResponse) error {
	m := r.GetMessage()
	s := m.GetSummary()
	var f facts
	f.add("subject", "%s", orDash(s.GetSubject()))
	f.add("from", "%s", addresses(s.GetFrom()))
	for _, one := range []struct {
		label string
		list  []*pb.Address
	}{{"to", m.GetTo()}, {"cc", m.GetCc()}, {"bcc", m.GetBcc()}, {"reply to", m.GetReplyTo()}} {
		if len(one.list) > 0 {
			f.add(one.label, "%s", addresses(one.list...))
		}
	}
	f.add("sent", "%s", a.when(s.GetSent()))
	f.add("received", "%s", a.when(s.GetReceived()))
	f.add("size", "%s", size(s.GetSize()))
	f.add("state", "%s", orDash(messageState(s)))
	if len(m.GetCategories()) > 0 {
		f.add("categories", "%s", strings.Join(m.GetCategories(), ", "))
	}
	f.add("message id", "%s", orDash(s.GetInternetMessageId()))
	for _, x := range m.GetAttachments() {
		what := fmt.Sprintf("%d  %s  %s", x.GetNumber(), orDash(x.GetName()), size(x.GetSize()))
		if x.GetKind() == pb.AttachmentKind_ATTACHMENT_KIND_MESSAGE {
			what += "  (a message; --within " + strconv.Itoa(int(x.GetNumber())) + ")"
		}
		if x.GetLost() != "" {
			what += "  not kept: " + x.GetLost()
		}
		f.add("attachment", "%s", what)
	}
	for _, l := range m.GetLost() {
		f.add("not kept", "%s", l)
	}
	if err := f.write(a.Stdout); err != nil {
		return err
	}
	for _, n := range r.GetPage().GetNotes() {
		a.note("%s", n)
	}
	return a.say("\n%s", r.GetPage().GetText())
}

// addresses returns people as a mail program shows them.
func addresses(all ...*pb.Address) string {
	var list []string
	for _, x := range all {
		switch {
		case x == nil:
		case x.GetName() == "" || x.GetName() == x.GetAddress():
			list = append(list, x.GetAddress())
		default:
			list = append(list, fmt.Sprintf("%s <%s>", x.GetName(), x.GetAddress()))
		}
	}
	return orDash(strings.Join(list, ", "))
}

func newMessageSave(a *app) *cobra.Command {
	f := &messageFlags{}
	cmd := &cobra.Command{
		Use: "save POINT FOLDER MESSAGE", Short: "Save a message or an attachment as a file",
		Long: "Saves a kept message as a file that any mail program opens (.eml), or one of\nits attachments." + messageArguments,
		Example: "  holdfast message save pt-anna-1 Inbox m1\n" +
			"  holdfast message save pt-anna-1 Inbox m1 --attachment 1 --to plan.pdf",
		Args: takes(3, 3), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runMessageSave(cmd.Context(), a, f, args) },
	}
	f.add(cmd, a)
	cmd.Flags().Int32Var(&f.attachment, "attachment", 0, "save the attachment of this `number`, from 1, in place of the message")
	toFlag(cmd, &f.to)
	mapFields(cmd, "attachment", "--attachment")
	return cmd
}

func toFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "to", "", "`path` of the new file, a folder to put it in, or - for standard output; here when not given")
}

func runMessageSave(ctx context.Context, a *app, f *messageFlags, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, folder, err := a.place(ctx, c, f.repository, args[0], args[1])
	if err != nil {
		return err
	}
	form := url.Values{"repository": {p.GetRepositoryId()}, "point": {p.GetId()}, "folder": {folder.GetId()}, "message": {args[2]}}
	for _, n := range f.within {
		form.Add("within", strconv.Itoa(int(n)))
	}
	path := "/download/message"
	if f.attachment != 0 {
		path = "/download/attachment"
		form.Set("attachment", strconv.Itoa(int(f.attachment)))
	}
	return a.saved(ctx, c, path, form, f.to)
}

// saved downloads and tells where to.
func (a *app) saved(ctx context.Context, c *api, path string, form url.Values, to string) error {
	where, err := a.save(ctx, c, path, form, to)
	if err != nil {
		return err
	}
	if where != "-" {
		a.note("Saved as %s", where)
	}
	return nil
}

type exportFlags struct {
	repository, format, to string
	folders                []string
}

func newExport(a *app) *cobra.Command {
	f := &exportFlags{}
	cmd := &cobra.Command{
		Use: "export POINT", Short: "Save mail of a recovery point as a zip archive",
		Long: `Saves the mail of a recovery point as a zip archive of files that any mail
program opens; Microsoft is not asked. What could not be read is left out and
listed in the archive's holdfast-export.json.` + pointArgument,
		Example: "  holdfast export anna@contoso.com\n  holdfast export anna@contoso.com --folder Inbox --format mbox --to inbox.zip",
		Args:    takes(1, 1), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runExport(cmd.Context(), a, f, args[0]) },
	}
	repositoryFlag(cmd, a, &f.repository)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.folders, "folder", nil, "only this `folder` and what is below it; may be given several times")
	fl.StringVar(&f.format, "format", "eml", "`form` of the mail: eml, mbox or maildir")
	toFlag(cmd, &f.to)
	mapFields(cmd, "format", "--format", "folder", "--folder")
	return cmd
}

func runExport(ctx context.Context, a *app, f *exportFlags, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, err := a.point(ctx, c, f.repository, ref)
	if err != nil {
		return err
	}
	form := url.Values{"repository": {p.GetRepositoryId()}, "point": {p.GetId()}, "format": {f.format}}
	if len(f.folders) > 0 {
		folders, err := c.ListFolders(ctx, &pb.ListFoldersRequest{RepositoryId: p.GetRepositoryId(), PointId: p.GetId()})
		if err != nil {
			return err
		}
		for _, name := range f.folders {
			one, err := folderOf(folders.GetFolders(), name)
			if err != nil {
				return err
			}
			form.Add("folder", one.GetId())
		}
	}
	return a.saved(ctx, c, "/download/export", form, f.to)
}
