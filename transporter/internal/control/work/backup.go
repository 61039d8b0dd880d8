package work

import (
	"context"
	"errors"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/task"
)

// Backup returns the work of backing up one mailbox.
func (b *Bench) Backup(run record.RunID, req *transporterv1.BackupWork) (task.Work, error) {
	box, err := mailboxIn(req.GetMailbox())
	if err != nil {
		return nil, err
	}
	w := &backupWork{
		bench: b, account: req.GetAccount(), mailbox: box,
		key: record.BackupKey{
			Account: mail.AccountID(req.GetKey().GetAccountId()), Mailbox: mail.MailboxID(req.GetKey().GetMailboxId()),
			Job: record.JobID(req.GetKey().GetJobId()),
		},
		folders: graph.FolderOptions{Hidden: req.GetHiddenFolders(), RecoverableItems: req.GetRecoverableItems()},
		options: backup.Options{
			Run: run, EvidenceCopy: req.GetEvidenceCopy(), Now: b.o.Now,
			Origin: record.Origin{
				AccountName: req.GetAccount().GetName(), Tenant: mail.TenantID(req.GetAccount().GetTenantId()),
				MailboxName: box.Name, MailboxAddress: box.Address, MailboxKind: box.Kind, JobName: req.GetJobName(),
			},
		},
	}
	if w.key.Account == "" || w.key.Mailbox == "" {
		return nil, fault.InvalidField("backup.key", "the backup's key is not complete")
	}
	switch v := req.GetVault().GetVault().(type) {
	case *transporterv1.VaultAddress_LocalRepositoryId:
		w.local = v.LocalRepositoryId
	case *transporterv1.VaultAddress_Remote:
		w.remote = &RemoteVault{Address: v.Remote.GetAddress(), TransporterID: v.Remote.GetTransporterId(), Token: v.Remote.GetToken()}
	default:
		return nil, fault.InvalidField("backup.vault", "the backup has no repository to go to")
	}
	return w, nil
}

type backupWork struct {
	bench   *Bench
	account *transporterv1.Account
	mailbox mail.Mailbox
	key     record.BackupKey
	folders graph.FolderOptions
	options backup.Options
	local   string
	remote  *RemoteVault
}

// Do implements task.Work.
func (w *backupWork) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (out task.Outcome, err error) {
	client, err := w.bench.o.Accounts.Client(w.account)
	if err != nil {
		return out, err
	}
	r.Phase("opening the repository")
	vault, err := w.vault(ctx)
	if err != nil {
		return out, err
	}
	defer func() {
		if closeErr := vault.Close(); err == nil && closeErr != nil && out.Point == nil {
			err = closeErr
		}
	}()
	progress := new(backup.Progress)
	r.Poll(func() task.Live { return liveBackup(progress.Snapshot()) })
	options := w.options
	options.Stop = stop
	src := source{mailbox{client: client, id: w.mailbox.ID, now: w.bench.o.Now}, w.folders}
	result, err := backup.Run(governor.WithStop(ctx, stop), src, vault, options, progress)
	r.Losses(result.Losses, result.LossesMore)
	if err != nil {
		return out, err
	}
	return task.Outcome{Point: &result.Point}, nil
}

func (w *backupWork) vault(ctx context.Context) (backup.Vault, error) {
	if w.remote == nil {
		return w.bench.o.Repositories.Vault(ctx, w.local, w.key, w.options.Run)
	}
	vault, err := w.bench.o.Dial(ctx, *w.remote, w.options.Run)
	if err != nil && !errors.Is(err, fault.Unavailable) {
		return nil, err
	}
	if err != nil {
		f := fault.New(fault.Unavailable, "the Transporter with the repository cannot be reached at %s; ports 9448 to 10000 must "+
			"be open there: %w", w.remote.Address, err)
		return nil, f
	}
	return vault, nil
}

func liveBackup(s backup.Snapshot) task.Live {
	return task.Live{
		Phase: string(s.Phase), Waiting: s.Waiting,
		Progress: task.Progress{
			FoldersDone: s.FoldersDone, FoldersTotal: s.FoldersTotal, MessagesDone: s.MessagesDone,
			MessagesTotal: s.MessagesTotal, MessagesChanged: s.Changed, MessagesDeleted: s.Deleted,
			Attachments: s.Attachments, BytesRead: s.BytesRead, BytesNew: s.BytesNew,
			Requests: sum(s.Requests), RequestsByKind: s.Requests,
		},
	}
}
