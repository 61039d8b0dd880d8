package fleet

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// askWait bounds one question for the state.
const askWait = 10 * time.Second

// seenEvery is how often the time of the last answer is written to the store when nothing else changed.
const seenEvery = 5 * time.Minute

// Refresh asks a Transporter for its state now.
func (f *Fleet) Refresh(ctx context.Context, id record.TransporterID) (Status, error) {
	t, err := f.Get(id)
	if err != nil {
		return Status{}, err
	}
	return f.ask(ctx, t)
}

// Await waits until a Transporter answers, or ctx ends.
func (f *Fleet) Await(ctx context.Context, id record.TransporterID) error {
	t, err := f.Get(id)
	if err != nil {
		return err
	}
	_, err = f.ask(ctx, t, grpc.WaitForReady(true))
	return err
}

func (f *Fleet) ask(ctx context.Context, t record.Transporter, options ...grpc.CallOption) (Status, error) {
	conn, err := f.connect(t)
	if err != nil {
		return Status{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	sent := f.Now()
	answer, err := transporterv1.NewControlServiceClient(conn).GetStatus(ctx, &transporterv1.GetStatusRequest{}, options...)
	if err == nil && answer.GetTransporterId() != string(t.ID) {
		err = fault.New(fault.Conflict, "another Transporter answers at %s", t.Address)
	}
	if err != nil {
		if ctx.Err() == nil || errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			f.lost(t.ID, err)
		}
		return f.Status(t.ID), f.Unreachable(t.ID, err)
	}
	return f.answered(ctx, t, answer, sent), nil
}

// lost notes that a Transporter did not answer.
func (f *Fleet) lost(id record.TransporterID, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &f.porter(id).status
	if s.Reachable || s.Error == "" {
		f.Logger.Warn("Transporter lost", "transporter", id, "kind", fault.KindOf(err).Error())
	}
	if s.Reachable {
		s.Reachable, s.Since = false, f.Now()
		f.changed()
	}
	s.Error = err.Error()
}

// answered notes an answer and writes what changed to the store.
func (f *Fleet) answered(ctx context.Context, t record.Transporter, a *transporterv1.GetStatusResponse, sent time.Time) Status {
	now := f.Now()
	s := Status{
		Reachable: true, Since: now, Seen: now, Version: a.GetVersion(), Hostname: a.GetHostname(), OS: a.GetOs(),
		Arch: a.GetArch(), Started: a.GetStarted().AsTime(), Running: a.GetTasksRunning(), Max: a.GetTasksMax(),
		Expires: a.GetCertificateExpires().AsTime(), Free: a.GetFreeBytes(), Total: a.GetTotalBytes(), CPUs: a.GetCpus(),
		Memory:      a.GetMemoryBytes(),
		ClockAhead:  a.GetNow().AsTime().Sub(sent.Add(now.Sub(sent) / 2)),
		attachedSet: map[record.RepositoryID]bool{},
	}
	for _, id := range a.GetRepositoriesAttached() {
		s.Attached = append(s.Attached, record.RepositoryID(id))
		s.attachedSet[record.RepositoryID(id)] = true
	}
	f.mu.Lock()
	p := f.porter(t.ID)
	if p.status.Reachable {
		s.Since = p.status.Since
	} else {
		f.Logger.Info("Transporter reached", "transporter", t.ID, "version", s.Version)
	}
	if !p.status.Reachable || !p.status.Started.Equal(s.Started) {
		f.changed()
	}
	p.status = s
	f.mu.Unlock()
	f.remember(ctx, t, s)
	return s
}

func (f *Fleet) remember(ctx context.Context, t record.Transporter, s Status) {
	same := func(r record.Transporter) bool {
		return r.Version == s.Version && r.Hostname == s.Hostname && r.OS == s.OS && r.Arch == s.Arch &&
			r.CertificateExpires.Equal(s.Expires) && s.Seen.Sub(r.Seen) < seenEvery
	}
	if same(t) {
		return
	}
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Transporters.Get(tx, string(t.ID))
		if err != nil || same(r) {
			return err
		}
		r.Version, r.Hostname, r.OS, r.Arch = s.Version, s.Hostname, s.OS, s.Arch
		r.CertificateExpires, r.Seen = s.Expires, s.Seen
		return store.Transporters.Put(tx, r)
	})
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.NotFound {
		f.Logger.Error("Transporter's state not written", "transporter", t.ID, "error", err)
	}
}

// renew gives a Transporter a new certificate when a third of the old one's life is left.
func (f *Fleet) renew(ctx context.Context, id record.TransporterID) error {
	s := f.Status(id)
	if s.Expires.IsZero() || s.Expires.Sub(f.Now()) > identity.LeafValidity/3 {
		return nil
	}
	client, err := f.Client(id)
	if err != nil {
		return err
	}
	request, err := client.RenewCertificate(ctx, &transporterv1.RenewCertificateRequest{})
	if err != nil {
		return err
	}
	certificate, err := f.Trust.Sign(request.GetCertificateRequest(), id)
	if err != nil {
		return err
	}
	if _, err := client.RenewCertificate(ctx, &transporterv1.RenewCertificateRequest{Certificate: certificate}); err != nil {
		return err
	}
	f.Logger.Info("certificate renewed", "transporter", id)
	return nil
}
