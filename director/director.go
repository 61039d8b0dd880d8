// Package director is the Director: it keeps the inventory, plans, and has Transporters do the work. It never touches
// mail. New opens its data folder and its port; Run serves until its context ends.
//
// The data folder holds director.db (see package store), director.key (the secrets in it are sealed with it), tls.crt and
// tls.key (unless others are configured), cli-token (lets the operator CLI of the same machine in), and first-password
// (until the administrator has set their own). It is the Director's user's alone.
package director

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"holdfast/director/internal/api"
	"holdfast/director/internal/audit"
	"holdfast/director/internal/auth"
	"holdfast/director/internal/datadir"
	"holdfast/director/internal/depot"
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/drill"
	"holdfast/director/internal/eraser"
	"holdfast/director/internal/fleet"
	"holdfast/director/internal/forecast"
	"holdfast/director/internal/growth"
	"holdfast/director/internal/history"
	"holdfast/director/internal/inventory"
	"holdfast/director/internal/jobs"
	"holdfast/director/internal/keeper"
	"holdfast/director/internal/notify"
	"holdfast/director/internal/overview"
	"holdfast/director/internal/pruner"
	"holdfast/director/internal/record"
	"holdfast/director/internal/scheduler"
	"holdfast/director/internal/selfbackup"
	"holdfast/director/internal/store"
	"holdfast/director/internal/trust"
	"holdfast/pkg/fault"
	"holdfast/pkg/space"
)

// Director is one Director. It is used once: New, Run.
type Director struct {
	options    Options
	log        hclog.Logger
	dir        datadir.Dir
	listener   net.Listener
	metricsOn  net.Listener
	store      *store.Store
	trust      *trust.Trust
	auth       *auth.Service
	audit      *audit.Log
	fleet      *fleet.Fleet
	inventory  *inventory.Service
	depot      *depot.Service
	jobs       *jobs.Service
	dispatcher *dispatch.Dispatcher
	scheduler  *scheduler.Scheduler
	pruner     *pruner.Pruner
	notify     *notify.Service
	keeper     *keeper.Keeper
	selfBackup *selfbackup.Service
	drills     *drill.Service
	history    *history.Service
	eraser     *eraser.Eraser
	overview   *overview.Service
	growth     *growth.Service
	tls        *certificate
	metrics    *metrics

	// unset is whether a one-time password of an earlier start still waits to be changed.
	unset bool

	mu    sync.Mutex
	ready bool
}

// New makes a Director that owns its data folder and its ports. When it returns an error, nothing of what it began is
// left: no port is held, and a data folder that was not there holds at most what the next start goes on with.
func New(ctx context.Context, o Options) (*Director, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	d := &Director{options: o, log: o.Logger}
	if err := d.open(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *Director) open(ctx context.Context) (err error) {
	// A folder that is in use is told before a port that is in use: the other Director holds both.
	if err := d.openExisting(); err != nil {
		return err
	}
	if d.listener, err = listen(d.options.Address); err != nil {
		return err
	}
	if d.options.MetricsAddress != "" {
		if d.metricsOn, err = listen(d.options.MetricsAddress); err != nil {
			return err
		}
	}
	if err := d.openStore(); err != nil {
		return err
	}
	return d.assemble(ctx)
}

// openExisting opens a store that is there already, and makes nothing.
func (d *Director) openExisting() error {
	d.dir = datadir.Dir(d.options.DataDir)
	if !d.dir.Has(datadir.Database) {
		return nil
	}
	return d.openStore()
}

// openStore opens the data folder and the store, unless they are open.
func (d *Director) openStore() (err error) {
	if d.store != nil {
		return nil
	}
	if d.dir, err = datadir.Open(d.options.DataDir); err != nil {
		return err
	}
	if d.store, err = openStore(d.dir, d.options.KeyFile); err != nil {
		return err
	}
	d.dir.Sweep()
	return nil
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, fault.New(fault.Conflict, "cannot serve on %s (%w): another program uses the port, or the address is not this machine's; choose another with --address", address, err)
	}
	return l, nil
}

// assemble puts the parts together.
func (d *Director) assemble(ctx context.Context) (err error) {
	o := d.options
	if d.trust, err = trust.Open(ctx, d.store, o.Now); err != nil {
		return err
	}
	if d.tls, err = openCertificate(d.dir, o); err != nil {
		return err
	}
	d.auth = auth.New(auth.Options{Store: d.store, Dir: d.dir, Logger: d.log.Named("auth"), Now: o.Now})
	d.audit = audit.New(audit.Options{Store: d.store, Now: o.Now, Logger: d.log.Named("audit")})
	d.fleet = fleet.New(fleet.Options{
		Store: d.store, Trust: d.trust, Logger: d.log.Named("fleet"), Now: o.Now, StatusEvery: o.StatusEvery,
	})
	d.inventory = inventory.New(inventory.Options{Store: d.store, Fleet: d.fleet, Logger: d.log.Named("inventory"), Now: o.Now})
	d.depot = depot.New(depot.Options{Store: d.store, Fleet: d.fleet, Logger: d.log.Named("depot"), Now: o.Now})
	d.jobs = jobs.New(jobs.Options{Store: d.store, Now: o.Now})
	work := o.dispatch()
	work.Store, work.Fleet, work.Depot, work.Inventory = d.store, d.fleet, d.depot, d.inventory
	work.Logger, work.Now = d.log.Named("dispatch"), o.Now
	d.notify = notify.New(notify.Options{Store: d.store, Now: o.Now, Logger: d.log.Named("notify")})
	work.Ended = d.notify.Ended
	if d.dispatcher, err = dispatch.Open(ctx, work); err != nil {
		return err
	}
	d.pruner = pruner.New(pruner.Options{Store: d.store, Depot: d.depot, Now: o.Now, Logger: d.log.Named("retention")})
	d.eraser = eraser.New(eraser.Options{Store: d.store, Depot: d.depot, Now: o.Now, Logger: d.log.Named("deletion"), Changes: d.fleet.Changes})
	d.scheduler = scheduler.New(scheduler.Options{Store: d.store, Dispatcher: d.dispatcher, Now: o.Now, Logger: d.log.Named("scheduler")})
	d.keeper = keeper.New(keeper.Options{
		Store: d.store, Depot: d.depot, Dispatcher: d.dispatcher, Now: o.Now, Logger: d.log.Named("keeper"), Changes: d.fleet.Changes,
	})
	d.drills = drill.New(drill.Options{Store: d.store, Dispatcher: d.dispatcher, Now: d.options.Now, Logger: d.log.Named("drill")})
	d.selfBackup = selfbackup.New(selfbackup.Options{
		Store: d.store, Dir: d.dir, Dispatcher: d.dispatcher, KeyFile: o.KeyFile, Product: o.Version, Now: o.Now, Logger: d.log.Named("backup"),
	})
	d.history = history.New(history.Options{Store: d.store, Depot: d.depot, Now: o.Now, Logger: d.log.Named("history")})
	d.growth = growth.New(growth.Options{
		Store: d.store, Depot: d.depot, Now: o.Now, Logger: d.log.Named("growth"), Every: o.MeasureEvery,
		Reachable: func(id record.TransporterID) bool { return d.fleet.Status(id).Reachable },
	})
	d.overview = overview.New(overview.Options{
		Store: d.store, Fleet: d.fleet, Dispatcher: d.dispatcher, Version: o.Version, Now: o.Now, Logger: d.log.Named("overview"),
		Search: d.growth.Search, Growth: d.growth.Full, Expires: d.tls.expires,
		Space: func() (int64, int64, error) { return space.Of(o.DataDir) },
	})
	d.metrics = newMetrics(d)
	d.unset = d.dir.Has(datadir.FirstPassword)
	return d.auth.Start(ctx, o.Announce)
}

// Address returns where the Director serves: with port 0 in the options, the port that it got.
func (d *Director) Address() string { return d.listener.Addr().String() }

// Fingerprint returns the SHA-256 of the certificate that clients see, as "SHA256:ab:cd:…".
func (d *Director) Fingerprint() string { return d.tls.fingerprint() }

// Run serves until ctx ends, drains, and closes the store last. It returns when everything that it started is gone.
func (d *Director) Run(ctx context.Context) error {
	defer d.close()
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	group, failed := errgroup.WithContext(work)
	for _, part := range []func(context.Context) error{d.fleet.Run, d.depot.Run, d.dispatcher.Run, d.scheduler.Run, d.pruner.Run, d.notify.Run, d.keeper.Run, d.selfBackup.Run, d.drills.Run, d.history.Run, d.eraser.Run, d.growth.Run, d.overview.Run, d.housekeeping} {
		group.Go(func() error { return part(failed) })
	}
	streams, endStreams := context.WithCancel(work)
	defer endStreams()
	d.setReady(true) // nobody is answered before the servers below
	servers := []*http.Server{d.server(streams)}
	group.Go(func() error { return serve(servers[0], d.listener, true) })
	if d.metricsOn != nil {
		servers = append(servers, d.metricsServer())
		group.Go(func() error { return serve(servers[1], d.metricsOn, false) })
	}
	d.announce()
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	d.setReady(false)
	d.log.Info("shutting down")
	endStreams()
	drain, cancel := context.WithTimeout(work, d.options.DrainTimeout)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(drain) != nil {
			_ = s.Close()
		}
	}
	stopWork()
	return group.Wait()
}

func (d *Director) announce() {
	_, _ = fmt.Fprintf(d.options.Announce, "The Director serves at https://%s (certificate %s)\n", shown(d.Address()), d.Fingerprint())
	if d.unset {
		_, _ = fmt.Fprintf(d.options.Announce, "The administrator's one-time password is in %s\n", d.dir.Path(datadir.FirstPassword))
	}
	d.log.Info("serving", "address", d.Address(), "version", d.options.Version)
}

// shown returns an address as a person would type it into a browser on this machine.
func shown(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (ip == nil || ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return address
}

// housekeepingEvery is how often expired tokens are removed and the certificate is looked at.
const housekeepingEvery = time.Hour

func (d *Director) housekeeping(ctx context.Context) error {
	ticker := time.NewTicker(housekeepingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := d.auth.Sweep(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("expired tokens not removed", "error", err)
		}
		if err := d.audit.Sweep(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("old entries of the audit log not removed", "error", err)
		}
		if err := d.tls.refresh(); err != nil {
			d.log.Error("certificate not renewed", "error", err)
		}
	}
}

func (d *Director) setReady(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = on
}

func (d *Director) isReady() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ready
}

func (d *Director) close() {
	if d.listener != nil {
		_ = d.listener.Close()
	}
	if d.metricsOn != nil {
		_ = d.metricsOn.Close()
	}
	if d.audit != nil {
		if err := d.audit.Flush(context.Background()); err != nil {
			d.log.Error("audit log not written", "error", err)
		}
	}
	if d.store != nil {
		if err := d.store.Close(); err != nil {
			d.log.Error("close the store", "error", err)
		}
	}
}

// register adds the API to a mux; its streams end with their context.
func (d *Director) register(streams context.Context, mux *http.ServeMux) {
	api.Register(mux, api.Options{
		Version: d.options.Version, Site: d.options.Site, Auth: d.auth, Audit: d.audit, Fleet: d.fleet, Inventory: d.inventory, Depot: d.depot, Jobs: d.jobs,
		Forecast:   forecast.New(forecast.Options{Store: d.store, Fleet: d.fleet, Now: d.options.Now, Logger: d.log.Named("forecast")}),
		Dispatcher: d.dispatcher, Pruner: d.pruner, Notify: d.notify, Keeper: d.keeper, SelfBackup: d.selfBackup, Drills: d.drills,
		History: d.history, Overview: d.overview, Growth: d.growth, Trust: d.trust, Certificate: d.tls.current, Bundle: d.bundle,
		Logger: d.log.Named("api"), Now: d.options.Now, Called: d.metrics.called, Closing: streams,
	})
}
