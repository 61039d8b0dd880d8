package work

import (
	"context"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/graph/governor"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/task"
)

// Recovery returns the work of bringing mail back into one mailbox, or of planning it.
func (b *Bench) Recovery(id string, req *transporterv1.RecoveryWork) (task.Work, error) {
	box, err := mailboxIn(req.GetMailbox())
	if err != nil {
		return nil, err
	}
	journal, err := b.journalPath(id)
	if err != nil {
		return nil, err
	}
	if req.GetRepositoryId() == "" || req.GetPointId() == "" {
		return nil, fault.InvalidField("recovery.point_id", "the recovery has no point to recover from")
	}
	choice, ok := map[transporterv1.IfExists]recovery.IfExists{
		transporterv1.IfExists_IF_EXISTS_UNSPECIFIED: recovery.Skip,
		transporterv1.IfExists_IF_EXISTS_SKIP:        recovery.Skip,
		transporterv1.IfExists_IF_EXISTS_RENAME:      recovery.Rename,
		transporterv1.IfExists_IF_EXISTS_OVERWRITE:   recovery.Overwrite,
	}[req.GetIfExists()]
	if !ok {
		return nil, fault.InvalidField("recovery.if_exists", "this Transporter does not know what to do with messages that exist")
	}
	folders, ok := map[transporterv1.IfFolderExists]recovery.IfFolder{
		transporterv1.IfFolderExists_IF_FOLDER_EXISTS_UNSPECIFIED: recovery.FolderMerge,
		transporterv1.IfFolderExists_IF_FOLDER_EXISTS_SKIP:        recovery.FolderSkip,
		transporterv1.IfFolderExists_IF_FOLDER_EXISTS_RENAME:      recovery.FolderRename,
		transporterv1.IfFolderExists_IF_FOLDER_EXISTS_OVERWRITE:   recovery.FolderOverwrite,
	}[req.GetIfFolderExists()]
	if !ok {
		return nil, fault.InvalidField("recovery.if_folder_exists", "this Transporter does not know what to do with folders that exist")
	}
	if _, err := time.Parse(time.DateOnly, req.GetDay()); folders == recovery.FolderRename && err != nil {
		return nil, fault.InvalidField("recovery.day", "the day that names the folders beside is missing")
	}
	w := &recoveryWork{
		bench: b, account: req.GetAccount(), mailbox: box, repository: req.GetRepositoryId(),
		point: record.PointID(req.GetPointId()), journal: journal,
		request: recovery.Request{
			Task: id, IfExists: choice, IfFolder: folders, Day: req.GetDay(), Into: req.GetIntoFolder(), PlanOnly: req.GetPlanOnly(),
		},
	}
	for _, f := range req.GetSelection().GetFolderIds() {
		w.request.Selection.Folders = append(w.request.Selection.Folders, mail.FolderID(f))
	}
	for _, m := range req.GetSelection().GetMessages() {
		w.request.Selection.Messages = append(w.request.Selection.Messages, recovery.Ref{
			Folder: mail.FolderID(m.GetFolderId()), Message: mail.MessageID(m.GetMessageId()),
		})
	}
	return w, nil
}

type recoveryWork struct {
	bench      *Bench
	account    *transporterv1.Account
	mailbox    mail.Mailbox
	repository string
	point      record.PointID
	journal    string
	request    recovery.Request
}

// Do implements task.Work.
func (w *recoveryWork) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
	if !w.request.PlanOnly {
		if err := w.bench.note(w.journal); err != nil {
			return task.Outcome{}, err
		}
	}
	client, err := w.bench.o.Accounts.Client(w.account)
	if err != nil {
		return task.Outcome{}, err
	}
	w.bench.dropJournals(w.journal)
	r.Phase("opening the recovery point")
	point, key, done, err := w.bench.o.Repositories.Point(ctx, w.repository, w.point)
	if err != nil {
		return task.Outcome{}, err
	}
	defer done()
	request := w.request
	request.SameMailbox = key.Mailbox == w.mailbox.ID
	box := mailbox{client: client, id: w.mailbox.ID, now: w.bench.o.Now}
	var plan *planWriter
	if request.PlanOnly {
		if plan, err = w.bench.newPlan(request.Task); err != nil {
			return task.Outcome{}, err
		}
		defer plan.abandon()
	}
	runner := recovery.New(recovery.Options{
		Planned: plan.add, PlannedFolder: plan.addFolder,
		Point: point, Target: target{box}, Request: request, PointID: string(w.point), TargetID: string(w.mailbox.ID),
		Journal: w.journal, Observer: r, Parallel: int(w.account.GetLimits().GetRequestsInFlight()),
	})
	r.Poll(func() task.Live {
		p, requests := runner.Progress(), box.Requests()
		return task.Live{
			Waiting: box.Waiting(),
			Progress: task.Progress{
				FoldersDone: p.FoldersDone, FoldersTotal: p.FoldersTotal, MessagesDone: p.MessagesDone,
				MessagesTotal: p.MessagesTotal, MessagesChanged: p.MessagesWritten, Attachments: p.Attachments,
				BytesRead: p.Bytes, Requests: sum(requests), RequestsByKind: requests,
			},
		}
	})
	report, err := runner.Run(governor.WithStop(ctx, stop), stop)
	if err == nil && plan != nil {
		err = plan.done()
	}
	return task.Outcome{Recovery: &report}, err
}
