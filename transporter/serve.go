package transporter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/pkg/rpc"
	"holdfast/transporter/internal/control"
	"holdfast/transporter/internal/control/account"
	"holdfast/transporter/internal/control/ferry"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/pair"
	"holdfast/transporter/internal/task"
)

// journalDir is where recoveries remember what they did, within the data folder.
const journalDir = "journal"

// serveControl serves the Director until ctx ends or the Director unpairs this Transporter. Before it returns, tasks are
// drained, transfers ended, repositories closed.
func (t *Transporter) serveControl(ctx context.Context, store *pair.Store, p *port) (err error) {
	paired, _ := store.Current()
	credentials := func() identity.Credentials {
		if now, ok := store.Current(); ok {
			return now.Credentials
		}
		return paired.Credentials // unpaired this moment; nobody is allowed in any more
	}
	attached := shelf.New(func() string { return paired.TransporterID }, t.opts.Now)
	defer func() { err = errors.Join(err, attached.Close()) }()
	transfers := ferry.New(ferry.Options{
		Host: t.opts.TransferHost, First: t.opts.TransferPortFirst, Last: t.opts.TransferPortLast,
		Credentials: credentials, Vault: attached.Vault, Logger: t.log.Named("transfer"),
	})
	defer transfers.CloseAll()
	spool, err := t.spoolFolder()
	if err != nil {
		return err
	}
	accounts := account.New(account.Options{Spool: spool, Now: t.opts.Now, Logger: t.log.Named("graph")})
	defer accounts.Close()
	board := task.New(task.Options{
		Max: t.opts.MaxTasks, Now: t.opts.Now, Logger: t.log.Named("task"), Ended: t.metrics.TaskEnded,
	})
	defer board.Drain(0)
	t.watch(board, attached)
	service := control.New(control.Options{
		Store: store, Board: board, Shelf: attached, Accounts: accounts, Transfers: transfers,
		Bench: work.New(work.Options{
			Accounts: accounts, Repositories: attached, Dial: transfers.Dial,
			JournalDir: filepath.Join(t.opts.DataDir, journalDir), Now: t.opts.Now, Logger: t.log.Named("work"),
		}),
		DataDir: t.opts.DataDir, Version: t.opts.Version, Hostname: t.host, Started: t.started,
		TransferPorts: [2]int{t.opts.TransferPortFirst, t.opts.TransferPortLast}, Now: t.opts.Now, Logger: t.log.Named("control"),
	})
	server := rpc.NewServer(identity.ServerTLS(credentials, func(peer identity.URI) bool {
		now, ok := store.Current()
		return ok && peer == now.Director
	}), t.log.Named("rpc"))
	transporterv1.RegisterControlServiceServer(server, service)
	transporterv1.RegisterSearchServiceServer(server, service)

	serving, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- server.Run(serving, p.turn(), answerTime) }()
	t.log.Info("serving the Director", "address", p.address(), "transporter", paired.TransporterID)
	select {
	case <-ctx.Done():
		t.log.Info("draining", "patience", t.opts.DrainTimeout)
		server.Health.Shutdown()
	case <-service.Unpaired():
	case err := <-served:
		return err
	}
	board.Drain(t.opts.DrainTimeout)
	stop()
	return <-served
}

// spoolDir holds attachments that are too large for memory while they pass through, within the data folder.
const spoolDir = "spool"

// spoolFolder returns an empty folder for what passes through.
func (t *Transporter) spoolFolder() (string, error) {
	dir := filepath.Join(t.opts.DataDir, spoolDir)
	if err := os.RemoveAll(dir); err != nil { // left by a process that was killed
		return "", fault.New(fault.Unavailable, "empty the folder %s: %w", dir, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fault.New(fault.Unavailable, "make the folder %s: %w", dir, err)
	}
	return dir, nil
}

// watch puts the state of what is served now into the metrics.
func (t *Transporter) watch(board *task.Board, attached *shelf.Shelf) {
	t.metrics.Gauge("holdfast_tasks_running", "Tasks that run now.", func() float64 {
		running, _ := board.Counts()
		return float64(running)
	})
	t.metrics.Gauge("holdfast_tasks_max", "Tasks that may run at once.", func() float64 {
		_, limit := board.Counts()
		return float64(limit)
	})
	t.metrics.Gauge("holdfast_repositories_attached", "Repositories that are open.", func() float64 {
		return float64(len(attached.Attached()))
	})
	t.metrics.Gauge("holdfast_started_seconds", "When the Transporter started, in seconds since 1970.", func() float64 {
		return float64(t.started.UnixNano()) / float64(time.Second)
	})
}
