// Package api is the Director's API: the services of proto/holdfast/director/v1 over Connect, gRPC and gRPC-Web on the
// same handlers. It decides who may call what (access.go), whether a request makes sense (validate*.go), and how records
// look from outside (show*.go); what is to be done is the business of the packages behind it.
package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/audit"
	"holdfast/director/internal/auth"
	"holdfast/director/internal/depot"
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/drill"
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
	"holdfast/director/internal/selfbackup"
	"holdfast/director/internal/trust"
	"holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

// maxRequest bounds one request, in bytes.
const maxRequest = 8 << 20

// Options of the API.
type Options struct {
	Version    string
	Auth       *auth.Service
	Audit      *audit.Log
	Fleet      *fleet.Fleet
	Inventory  *inventory.Service
	Depot      *depot.Service
	Jobs       *jobs.Service
	Forecast   *forecast.Service
	Dispatcher *dispatch.Dispatcher
	Pruner     *pruner.Pruner
	Notify     *notify.Service
	Keeper     *keeper.Keeper
	SelfBackup *selfbackup.Service
	Drills     *drill.Service
	History    *history.Service
	Overview   *overview.Service
	Growth     *growth.Service
	Trust      *trust.Trust
	// Bundle writes a support bundle, with the configuration that config returns.
	Bundle func(ctx context.Context, w io.Writer, config func(context.Context) ([]byte, error)) error
	// Certificate is what clients see now.
	Certificate func() ServerCertificate
	Logger      hclog.Logger
	Now         func() time.Time
	// Site is what this installation is called.
	Site string
	// Called is told of every call, for metrics; nil is none.
	Called func(procedure, code string, took time.Duration)
	// Closing ends when the Director shuts down: streams then end too.
	Closing context.Context
}

// Register adds the services to a mux.
func Register(all *http.ServeMux, o Options) {
	mux := fronted{all}
	handler := []connect.HandlerOption{
		connect.WithReadMaxBytes(maxRequest),
		connect.WithInterceptors(&gate{Options: o}),
		connect.WithRecover(recovered(o.Logger)),
	}
	downloads{&gate{Options: o}}.register(mux)
	mux.Handle(directorv1connect.NewSystemServiceHandler(&system{o}, handler...))
	mux.Handle(directorv1connect.NewUserServiceHandler(&users{o}, handler...))
	mux.Handle(directorv1connect.NewAuditServiceHandler(&audits{o}, handler...))
	mux.Handle(directorv1connect.NewAccountServiceHandler(&accounts{o}, handler...))
	mux.Handle(directorv1connect.NewTransporterServiceHandler(&transporters{o}, handler...))
	mux.Handle(directorv1connect.NewRepositoryServiceHandler(&repositories{o}, handler...))
	mux.Handle(directorv1connect.NewJobServiceHandler(&jobService{o}, handler...))
	mux.Handle(directorv1connect.NewBrowseServiceHandler(&browsing{o}, handler...))
	mux.Handle(directorv1connect.NewMessageServiceHandler(&messages{o}, handler...))
	mux.Handle(directorv1connect.NewRecoveryServiceHandler(&recoveries{o}, handler...))
	mux.Handle(directorv1connect.NewDrillServiceHandler(&drills{o}, handler...))
	mux.Handle(directorv1connect.NewSearchServiceHandler(&searches{o}, handler...))
	mux.Handle(directorv1connect.NewMaintenanceServiceHandler(&maintenance{o}, handler...))
	mux.Handle(directorv1connect.NewOverviewServiceHandler(&overviews{o}, handler...))
	mux.Handle(directorv1connect.NewActivityServiceHandler(&activities{o}, handler...))
	mux.Handle(directorv1connect.NewNotificationServiceHandler(&notifications{o}, handler...))
}
