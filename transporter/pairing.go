package transporter

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/pkg/rpc"
	"holdfast/transporter/internal/pair"
)

const (
	// newCodeAfter is how long a void code blocks pairing: guessing 128 bits five times a minute is hopeless.
	newCodeAfter = time.Minute
	// answerTime is how long the last answers of a server that is replaced may take.
	answerTime = 5 * time.Second
)

// offer makes a pairing code and puts it into its file; nil when this Transporter is paired.
func (t *Transporter) offer(store *pair.Store) (*pair.Service, error) {
	if id, paired := store.Current(); paired {
		t.log.Info("paired", "transporter", id.TransporterID, "director", string(id.Director))
		return nil, pair.WithdrawCode(t.opts.DataDir)
	}
	service, err := pair.NewService(store, t.opts.Version, t.host, t.log.Named("pairing"))
	if err != nil {
		return nil, err
	}
	return service, pair.PublishCode(t.opts.DataDir, service.Code())
}

// servePairing serves the offer until it was taken, its code is void, or ctx ends.
func (t *Transporter) servePairing(ctx context.Context, service *pair.Service, control *port) error {
	log := t.log.Named("pairing")
	key, certificate := service.Bootstrap()
	own, err := key.TLS(certificate)
	if err != nil {
		return err
	}
	server := rpc.NewServer(&tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{own},
	}, log)
	transporterv1.RegisterPairingServiceServer(server, service)
	_, err = fmt.Fprintf(t.opts.CodeWriter, "This Transporter is not paired. Add it in the Director with this pairing code "+
		"(it works once):\n\n%s\n\n", service.Code())
	if err != nil {
		return fault.New(fault.Unavailable, "print the pairing code: %w", err)
	}
	log.Info("waiting for a Director", "address", control.address())

	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- server.Run(serving, control.turn(), answerTime) }()
	voided := false
	select {
	case <-service.Paired():
	case <-service.Voided():
		voided = true
	case <-ctx.Done():
	case err := <-served:
		return fault.New(fault.Unavailable, "serve pairing: %w", err)
	}
	if !voided {
		stop()
		return <-served
	}
	// The void code goes on being refused, with a reason, until the new one takes its place.
	log.Warn("pairing code is void; a new one follows", "after", newCodeAfter)
	if err := pair.WithdrawCode(t.opts.DataDir); err != nil {
		return err
	}
	timer := time.NewTimer(newCodeAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	stop()
	return <-served
}
