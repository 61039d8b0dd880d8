// Package control implements the control API: what the Director asks of a Transporter (proto/holdfast/transporter/v1). It
// translates between the API's messages and this process's vocabulary, checks requests, and leaves the work to others:
// tasks to a board, repositories to a shelf, Graph to clients from a pool, transfers to a host.
package control

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/types/known/timestamppb"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/control/account"
	"holdfast/transporter/internal/control/ferry"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/pair"
	"holdfast/transporter/internal/task"
)

// Options make a Service. All are required.
type Options struct {
	Store     *pair.Store
	Board     *task.Board
	Shelf     *shelf.Shelf
	Accounts  *account.Pool
	Bench     *work.Bench
	Transfers *ferry.Ferry
	// DataDir is the data folder, whose disk's space is told.
	DataDir  string
	Version  string
	Hostname string
	Started  time.Time
	// TransferPorts are the first and the last port for other Transporters.
	TransferPorts [2]int
	Now           func() time.Time
	Logger        hclog.Logger
}

// Service implements ControlService and SearchService.
type Service struct {
	transporterv1.UnimplementedControlServiceServer
	transporterv1.UnimplementedSearchServiceServer
	Options

	once     sync.Once
	unpaired chan struct{}
}

// New returns a service.
func New(o Options) *Service { return &Service{Options: o, unpaired: make(chan struct{})} }

// Unpaired is closed once the Director asked this Transporter to forget it.
func (s *Service) Unpaired() <-chan struct{} { return s.unpaired }

// GetStatus implements ControlService.
func (s *Service) GetStatus(context.Context, *transporterv1.GetStatusRequest) (*transporterv1.GetStatusResponse, error) {
	id, _ := s.Store.Current()
	running, limit := s.Board.Counts()
	attached := s.Shelf.Attached()
	slices.Sort(attached)
	r := &transporterv1.GetStatusResponse{
		TransporterId: id.TransporterID, Version: s.Version, Hostname: s.Hostname, Os: runtime.GOOS, Arch: runtime.GOARCH,
		Now: timestamppb.New(s.Now()), Started: timestamppb.New(s.Started),
		Cpus: int32(runtime.NumCPU()), MemoryBytes: memory(),
		TasksRunning: int32(running), TasksMax: int32(limit),
		RepositoriesAttached: attached,
		TransferPortFirst:    int32(s.TransferPorts[0]), TransferPortLast: int32(s.TransferPorts[1]),
	}
	if expires := s.Store.Expires(); !expires.IsZero() {
		r.CertificateExpires = timestamppb.New(expires)
	}
	r.TotalBytes, r.FreeBytes = space(s.DataDir)
	return r, nil
}

// RenewCertificate implements ControlService.
func (s *Service) RenewCertificate(_ context.Context, req *transporterv1.RenewCertificateRequest) (*transporterv1.RenewCertificateResponse, error) {
	if len(req.GetCertificate()) == 0 {
		request, err := s.Store.RenewalRequest()
		return &transporterv1.RenewCertificateResponse{CertificateRequest: request}, err
	}
	if err := s.Store.Renew(req.GetCertificate()); err != nil {
		return nil, err
	}
	s.Logger.Info("certificate renewed", "expires", s.Store.Expires())
	return &transporterv1.RenewCertificateResponse{}, nil
}

// Unpair implements ControlService.
func (s *Service) Unpair(context.Context, *transporterv1.UnpairRequest) (*transporterv1.UnpairResponse, error) {
	if err := s.Store.Forget(); err != nil {
		return nil, err
	}
	s.Logger.Info("unpaired by the Director")
	s.once.Do(func() { close(s.unpaired) })
	return &transporterv1.UnpairResponse{}, nil
}
