package dispatch

import (
	"context"
	"net"
	"strconv"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// startUnlessStopped begins an attempt; a stop at once ends the beginning.
func (f *flight) startUnlessStopped(ctx context.Context, t *record.Task) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-f.stopNow:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := f.start(ctx, t)
	if fault.KindOf(err) == fault.Unavailable {
		// So that no other task is sent the same way before the next look at the fleet.
		_, _ = f.d.Fleet.Refresh(ctx, t.Transporter)
		_, _ = f.d.Fleet.Refresh(ctx, f.repositoryOn(t))
	}
	cancel()
	<-watched
	return err
}

// start begins an attempt on the flight's Transporter: written first, then the way into the repository, then the task.
func (f *flight) start(ctx context.Context, t *record.Task) error {
	now := f.d.Now()
	t.Attempt++
	t.Status, t.Transporter, t.AttemptStarted, t.NextTry = record.TaskRunning, f.on, now, now
	if t.Started.IsZero() {
		t.Started = now
	}
	if err := f.write(ctx, t); err != nil {
		return err
	}
	request := &transporterv1.StartTaskRequest{TaskId: string(t.ID), Attempt: t.Attempt, RunId: string(t.Run)}
	if err := f.fillIn(ctx, t, request); err != nil {
		return err
	}
	client, err := f.d.Fleet.Client(t.Transporter)
	if err != nil {
		return err
	}
	_, err = client.StartTask(ctx, request)
	switch {
	case f.repositoryLost(ctx, t, err):
		return fault.New(fault.Unavailable, "the repository was lost by a restart: %w", err)
	case fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Timeout:
		return nil // whether it was heard shows when the task is watched
	}
	return err
}

// repositoryLost reports whether an error comes from a restart of the repository's Transporter, after which the next
// attempt attaches it again.
func (f *flight) repositoryLost(ctx context.Context, t *record.Task, err error) bool {
	if err == nil {
		return false
	}
	r, gerr := f.d.Depot.Get(t.Repository)
	return gerr == nil && r.Attached && f.d.Depot.Closed(ctx, r, f.since, err)
}

func (f *flight) repositoryOn(t *record.Task) record.TransporterID {
	r, err := f.d.Depot.Get(t.Repository)
	if err != nil {
		return ""
	}
	return r.Transporter
}

// fillIn puts the work into a request, and opens what it needs.
func (f *flight) fillIn(ctx context.Context, t *record.Task, request *transporterv1.StartTaskRequest) error {
	repository, err := f.d.Depot.Ensure(ctx, t.Repository)
	if err != nil {
		return err
	}
	f.since = f.d.Fleet.Status(repository.Transporter).Started
	if done, err := f.fillInUpkeep(ctx, t, request); done {
		return err
	}
	account, err := f.d.Inventory.Get(t.Account)
	if err != nil {
		return err
	}
	if t.Kind == record.KindUndo {
		request.Work = &transporterv1.StartTaskRequest_Undo{Undo: wire.Undo(t, account)}
		return nil
	}
	if t.Kind == record.KindDrill {
		request.Work = &transporterv1.StartTaskRequest_Drill{Drill: wire.Drill(t, account)}
		return nil
	}
	if t.Kind == record.KindRecovery {
		var what record.Recovery
		err := f.d.Store.View(func(tx *store.Tx) (err error) {
			what, err = store.Recoveries.Get(tx, string(t.ID))
			return err
		})
		if err != nil {
			return err
		}
		request.Work = &transporterv1.StartTaskRequest_Recovery{Recovery: wire.Recovery(t, what, account)}
		return nil
	}
	return f.fillInBackup(ctx, t, request, account, repository)
}

func (f *flight) fillInBackup(ctx context.Context, t *record.Task, request *transporterv1.StartTaskRequest, account record.Account, repository record.Repository) error {
	var run record.Run
	err := f.d.Store.View(func(tx *store.Tx) (err error) {
		run, err = store.Runs.Get(tx, string(t.Run))
		return err
	})
	if err != nil {
		return err
	}
	key := &transporterv1.BackupKey{AccountId: string(t.Account), MailboxId: string(t.Mailbox), JobId: string(run.Job)}
	vault, err := f.vault(ctx, t, key, repository)
	if err != nil {
		return err
	}
	request.Work = &transporterv1.StartTaskRequest_Backup{Backup: &transporterv1.BackupWork{
		Account: wire.Account(account), Key: key, Mailbox: wire.TaskMailbox(t), JobName: run.JobName, Vault: vault,
		HiddenFolders: run.Options.HiddenFolders, RecoverableItems: run.Options.RecoverableItems,
		EvidenceCopy: run.Options.EvidenceCopy,
	}}
	return nil
}

// vault returns where the task puts what it reads. Earlier ways in are closed first: what still writes through them, if
// anything does, is cut off before another may begin.
func (f *flight) vault(ctx context.Context, t *record.Task, key *transporterv1.BackupKey, r record.Repository) (*transporterv1.VaultAddress, error) {
	if err := f.closeTransfers(ctx, t); err != nil {
		return nil, err
	}
	if r.Transporter == t.Transporter {
		return &transporterv1.VaultAddress{Vault: &transporterv1.VaultAddress_LocalRepositoryId{LocalRepositoryId: string(r.ID)}}, nil
	}
	host, err := f.transferHost(r.Transporter)
	if err != nil {
		return nil, err
	}
	var opened *transporterv1.OpenTransferResponse
	err = f.d.Depot.With(ctx, r.ID, func(c transporterv1.ControlServiceClient) (err error) {
		opened, err = c.OpenTransfer(ctx, &transporterv1.OpenTransferRequest{
			TaskId: string(t.ID), RepositoryId: string(r.ID), Key: key, SourceTransporterId: string(t.Transporter),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	t.Transfers = append(t.Transfers, record.Transfer{ID: opened.GetTransferId(), Transporter: r.Transporter})
	if err := f.write(ctx, t); err != nil {
		return nil, err
	}
	return &transporterv1.VaultAddress{Vault: &transporterv1.VaultAddress_Remote{Remote: &transporterv1.RemoteVault{
		Address:       net.JoinHostPort(host, strconv.Itoa(int(opened.GetPort()))),
		TransporterId: string(r.Transporter), Token: opened.GetToken(),
	}}}, nil
}

// transferHost returns the host at which other Transporters reach one.
func (f *flight) transferHost(id record.TransporterID) (string, error) {
	t, err := f.d.Fleet.Get(id)
	if err != nil {
		return "", err
	}
	if t.TransferHost != "" {
		return t.TransferHost, nil
	}
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return "", fault.New(fault.Invalid, "the address %q of Transporter %s names no host", t.Address, t.Name)
	}
	return host, nil
}

// closeTransfers closes what was opened for earlier attempts, and forgets it.
func (f *flight) closeTransfers(ctx context.Context, t *record.Task) error {
	if len(t.Transfers) == 0 {
		return nil
	}
	for _, open := range t.Transfers {
		if err := f.d.closeTransfer(ctx, open); err != nil {
			return err
		}
	}
	t.Transfers = nil
	return f.write(ctx, t)
}

// closeTransfer closes one; one that is not there any more, or whose Transporter is not, is closed.
func (d *Dispatcher) closeTransfer(ctx context.Context, open record.Transfer) error {
	client, err := d.Fleet.Client(open.Transporter)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = client.CloseTransfer(ctx, &transporterv1.CloseTransferRequest{TransferId: open.ID})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return nil
}
