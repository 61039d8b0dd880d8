// Package transporter is the Transporter as a process: it waits for its Director under a pairing code, then serves the
// control API under mutual TLS, keeps the repositories assigned to it open, and runs backups, recoveries and verifications.
//
// A Transporter keeps in its data folder who it is (identity.json), the pairing code while it waits for a Director, and
// the journals of recoveries. Repositories lie elsewhere, where the Director says. Everything else is in memory and comes
// again from the Director: a Transporter that was killed is simply started.
package transporter

import (
	"context"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/metrics"
	"holdfast/transporter/internal/pair"
)

// Transporter is one Transporter.
type Transporter struct {
	opts    Options
	log     hclog.Logger
	host    string
	started time.Time
	metrics *metrics.Set
}

// New returns a Transporter for the options, or everything that is wrong with them. It touches nothing.
func New(o Options) (*Transporter, error) {
	o = o.withDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &Transporter{opts: o, log: o.Logger, host: host, metrics: metrics.New()}, nil
}

// Run serves until ctx ends, then drains: it takes no new task, lets those it has checkpoint for up to DrainTimeout, and
// closes the repositories. It returns nil after a drain, or the one reason why it cannot serve.
func (t *Transporter) Run(ctx context.Context) error {
	t.started = t.opts.Now()
	folder, err := holdFolder(t.opts.DataDir)
	if err != nil {
		return err
	}
	defer folder.release()
	store, err := pair.Open(t.opts.DataDir, t.opts.Now)
	if err != nil {
		return err
	}
	// The code is in its file before anybody can connect, so that who waits for the port can read it then.
	offer, err := t.offer(store)
	if err != nil {
		return err
	}
	defer pair.WithdrawCode(t.opts.DataDir) //nolint:errcheck // a code that is left over is refused
	control, err := openPort(t.opts.ControlAddress)
	if err != nil {
		return err
	}
	defer control.close()
	if t.opts.MetricsAddress != "" {
		stop, err := t.serveMetrics()
		if err != nil {
			return err
		}
		defer stop()
	}
	t.log.Info("listening", "address", control.address(), "data", t.opts.DataDir, "version", t.opts.Version)
	for ctx.Err() == nil {
		if offer == nil {
			err = t.serveControl(ctx, store, control)
		} else {
			err = t.servePairing(ctx, offer, control)
		}
		if err == nil && ctx.Err() == nil {
			offer, err = t.offer(store)
		}
		if err != nil {
			return err
		}
	}
	t.log.Info("stopped")
	return nil
}

// ReadPairingCode returns the code of the Transporter that waits for its Director on the data folder.
func ReadPairingCode(dataDir string) (string, error) {
	if dataDir == "" {
		return "", fault.InvalidField("data_dir", "the data folder is not given")
	}
	return pair.ReadCode(dataDir)
}
