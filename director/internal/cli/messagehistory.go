package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newMessageHistory(a *app) *cobra.Command {
	repository := ""
	cmd := &cobra.Command{
		Use: "history POINT FOLDER MESSAGE", Short: "Follow a message through all recovery points",
		Long: "Tells since when and until when a message is in the recovery points of its\n" +
			"backup, in which folder, and what of it changed." + messageArguments,
		Example: "  holdfast message history pt-anna-1 Inbox m1", Args: takes(3, 3), ValidArgsFunction: a.names(pointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runMessageHistory(cmd.Context(), a, repository, args)
		},
	}
	repositoryFlag(cmd, a, &repository)
	mapFields(cmd, "message_id", "MESSAGE")
	return cmd
}

func runMessageHistory(ctx context.Context, a *app, repository string, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	p, folder, err := a.place(ctx, c, repository, args[0], args[1])
	if err != nil {
		return err
	}
	r, err := c.GetMessageHistory(ctx, &pb.GetMessageHistoryRequest{
		RepositoryId: p.GetRepositoryId(), PointId: p.GetId(), FolderId: folder.GetId(), MessageId: args[2],
	})
	if err != nil {
		return err
	}
	t := newTable("FROM", "TO", "POINTS", "FOLDER", "STATE", "SUBJECT", "CHANGED").numbers(2).shorten(5)
	for _, v := range r.GetVersions() {
		where, state := strings.Join(v.GetPath(), "/"), messageState(v.GetMessage())
		switch {
		case v.GetUnreadable() != "":
			where, state = "-", "cannot be read"
		case v.GetAbsent():
			where, state = "-", "not there"
		}
		changed := v.GetAspects()
		if v.GetMoved() {
			changed = append([]string{"folder"}, changed...)
		}
		t.row(a.when(v.GetFirstTime()), a.when(v.GetLastTime()), count(v.GetPoints()), orDash(where), state, orDash(v.GetMessage().GetSubject()),
			orDash(strings.Join(changed, ", ")))
	}
	if err := a.list(r, t, "No point has this message."); err != nil {
		return err
	}
	if r.GetMore() > 0 {
		a.note("%s before these.", counted(r.GetMore(), "version"))
	}
	return nil
}
