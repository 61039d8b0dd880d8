package fleet

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// maxProbed is how many other Transporters one test tries, and probesAtOnce how many at a time.
const (
	maxProbed    = 100
	probesAtOnce = 4
)

// Way is one that was tried. From is nil for the Director.
type Way struct {
	From    *record.Transporter
	To      record.Transporter
	Address string
	Took    time.Duration
	Err     error
}

// Test tries every way that work takes through a Transporter: from the Director to it, and between it and others, both
// ways; no others means all. A way that does not work is told in it; the error is NotFound for a Transporter that is not
// there.
func (f *Fleet) Test(ctx context.Context, id record.TransporterID, others []record.TransporterID) ([]Way, error) {
	one, err := f.Get(id)
	if err != nil {
		return nil, err
	}
	all, err := f.List()
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if !slices.ContainsFunc(all, func(t record.Transporter) bool { return t.ID == o }) {
			return nil, fault.New(fault.NotFound, "there is no Transporter %q", o)
		}
	}
	first := f.control(ctx, one)
	ways := []Way{first}
	if first.Err != nil {
		return ways, nil //nolint:nilerr // it is told in the way
	}
	all = slices.DeleteFunc(all, func(t record.Transporter) bool {
		return t.ID == id || len(others) > 0 && !slices.Contains(others, t.ID) || len(others) == 0 && !f.Status(t.ID).Reachable
	})
	all = all[:min(len(all), maxProbed)]
	between := make([]Way, 2*len(all))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(probesAtOnce)
	for n, other := range all {
		group.Go(func() error {
			between[2*n] = f.between(inner, one, other)
			between[2*n+1] = f.between(inner, other, one)
			return inner.Err()
		})
	}
	err = group.Wait()
	return append(ways, between...), err
}

// control tries the way from the Director.
func (f *Fleet) control(ctx context.Context, t record.Transporter) Way {
	w := Way{To: t, Address: t.Address}
	begun := time.Now()
	_, w.Err = f.ask(ctx, t)
	if begun, w.Took = time.Now(), time.Since(begun); w.Err == nil { // the first call may have had to connect
		if _, err := f.ask(ctx, t); err == nil {
			w.Took = min(w.Took, time.Since(begun))
		}
	}
	return w
}

// between tries the way by which one Transporter puts backups into repositories of another.
func (f *Fleet) between(ctx context.Context, from, to record.Transporter) Way {
	w := Way{From: &from, To: to}
	host := to.TransferHost
	if host == "" {
		host, _, w.Err = net.SplitHostPort(to.Address)
	}
	var opened *transporterv1.OpenProbeResponse
	client, err := f.Client(to.ID)
	if err == nil && w.Err == nil {
		opened, err = client.OpenProbe(ctx, &transporterv1.OpenProbeRequest{SourceTransporterId: string(from.ID)})
	}
	if err != nil || w.Err != nil {
		if w.Err == nil {
			w.Err = err
		}
		return w
	}
	w.Address = net.JoinHostPort(host, strconv.Itoa(int(opened.GetPort())))
	if client, w.Err = f.Client(from.ID); w.Err != nil {
		return w
	}
	answer, err := client.Probe(ctx, &transporterv1.ProbeRequest{Address: w.Address, TransporterId: string(to.ID)})
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout:
		w.Err = fault.New(fault.Unavailable, "Transporter %s does not get through to %s (%w); open the transfer ports of Transporter %s (9448 to 10000 unless configured otherwise) for it, and check the name or address by which others reach it",
			from.Name, w.Address, err, to.Name)
	default:
		w.Err = err
	}
	w.Took = time.Duration(answer.GetMicroseconds()) * time.Microsecond
	return w
}
