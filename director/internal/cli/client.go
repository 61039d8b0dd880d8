package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

// maxAnswer bounds one answer of the Director; a list of points can be long.
const maxAnswer = 512 << 20

// api is the whole of the Director's API. Its errors are faults, unreachable or notSignedIn.
type api struct {
	directorv1connect.SystemServiceClient
	directorv1connect.UserServiceClient
	directorv1connect.AuditServiceClient
	directorv1connect.AccountServiceClient
	directorv1connect.TransporterServiceClient
	directorv1connect.RepositoryServiceClient
	directorv1connect.JobServiceClient
	directorv1connect.RecoveryServiceClient
	directorv1connect.DrillServiceClient
	directorv1connect.ActivityServiceClient
	directorv1connect.NotificationServiceClient
	directorv1connect.MaintenanceServiceClient
	directorv1connect.SearchServiceClient
	directorv1connect.MessageServiceClient
	directorv1connect.BrowseServiceClient
	directorv1connect.OverviewServiceClient
	settings settings
	http     *http.Client
	who      *caller
}

// connect finds the Director and the token and returns the API, for a command that needs a session.
func (a *app) connect() (*api, error) {
	s, err := a.loadSettings()
	if err != nil {
		return nil, err
	}
	if s.token == "" {
		return nil, notSignedIn{"nobody is signed in to " + s.director + ". Sign in with: holdfast login"}
	}
	return a.dial(s, s.trust.tlsConfig()), nil
}

func (a *app) dial(s settings, t *tls.Config) *api {
	// Pings find out within half a minute that a watched Director is gone without a goodbye.
	h2 := &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	client := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, ForceAttemptHTTP2: true, HTTP2: h2,
		TLSHandshakeTimeout: 15 * time.Second, IdleConnTimeout: 90 * time.Second,
	}}
	who := &caller{settings: s, agent: "holdfast-cli/" + a.Version}
	opts := []connect.ClientOption{connect.WithInterceptors(who), connect.WithReadMaxBytes(maxAnswer)}
	who.probe = func(ctx context.Context) error {
		plain := connect.WithInterceptors(&caller{settings: s, agent: who.agent})
		_, err := directorv1connect.NewTransporterServiceClient(client, s.director, plain).ListTransporters(ctx, &pb.ListTransportersRequest{})
		return err
	}
	return &api{
		SystemServiceClient:       directorv1connect.NewSystemServiceClient(client, s.director, opts...),
		UserServiceClient:         directorv1connect.NewUserServiceClient(client, s.director, opts...),
		AuditServiceClient:        directorv1connect.NewAuditServiceClient(client, s.director, opts...),
		AccountServiceClient:      directorv1connect.NewAccountServiceClient(client, s.director, opts...),
		TransporterServiceClient:  directorv1connect.NewTransporterServiceClient(client, s.director, opts...),
		RepositoryServiceClient:   directorv1connect.NewRepositoryServiceClient(client, s.director, opts...),
		JobServiceClient:          directorv1connect.NewJobServiceClient(client, s.director, opts...),
		RecoveryServiceClient:     directorv1connect.NewRecoveryServiceClient(client, s.director, opts...),
		ActivityServiceClient:     directorv1connect.NewActivityServiceClient(client, s.director, opts...),
		NotificationServiceClient: directorv1connect.NewNotificationServiceClient(client, s.director, opts...),
		DrillServiceClient:        directorv1connect.NewDrillServiceClient(client, s.director, opts...),
		MaintenanceServiceClient:  directorv1connect.NewMaintenanceServiceClient(client, s.director, opts...),
		SearchServiceClient:       directorv1connect.NewSearchServiceClient(client, s.director, opts...),
		MessageServiceClient:      directorv1connect.NewMessageServiceClient(client, s.director, opts...),
		BrowseServiceClient:       directorv1connect.NewBrowseServiceClient(client, s.director, opts...),
		OverviewServiceClient:     directorv1connect.NewOverviewServiceClient(client, s.director, opts...),
		settings:                  s, http: client, who: who,
	}
}

// caller adds to every call who asks and how long to wait, and turns what comes back into our errors.
type caller struct {
	settings settings
	agent    string
	// probe makes a call that any session may make; nil in the probe itself.
	probe func(context.Context) error
}

func (c *caller) headers(h http.Header) {
	h.Set("User-Agent", c.agent)
	if c.settings.token != "" {
		h.Set("Authorization", "Bearer "+c.settings.token)
	}
}

// WrapUnary implements connect.Interceptor.
func (c *caller) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		limited, cancel := context.WithTimeout(ctx, c.settings.patience(req.Spec().Procedure))
		defer cancel()
		c.headers(req.Header())
		res, err := next(limited, req)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, c.explain(ctx, c.settings.wireError(err))
		}
		return res, nil
	}
}

// explain tells a session that has ended from Microsoft's secret, or a repository's passphrase, that is wrong: the
// Director answers Unauthorized to all of them, but only the first also to a call that needs nothing else.
func (c *caller) explain(ctx context.Context, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind != fault.Unauthorized || c.probe == nil {
		return err
	}
	if c.settings.token == "" || errors.Is(c.probe(ctx), fault.Unauthorized) {
		return c.settings.sessionOver(f)
	}
	return err
}

// slowCalls wait for Microsoft or for disks.
var slowCalls = map[string]bool{
	directorv1connect.AccountServiceAddAccountProcedure: true, directorv1connect.AccountServiceUpdateAccountProcedure: true,
	directorv1connect.AccountServiceRefreshAccountProcedure: true, directorv1connect.RepositoryServiceCreateRepositoryProcedure: true,
	directorv1connect.RepositoryServiceAttachRepositoryProcedure: true, directorv1connect.RepositoryServiceDetachRepositoryProcedure: true,
	directorv1connect.RepositoryServiceRemoveRepositoryProcedure: true, directorv1connect.JobServiceEstimateJobProcedure: true,
}

// slowTimeout is beyond the Director's own limit for a call. That it still lives is checked by pings meanwhile.
const slowTimeout = 40 * time.Minute

// patience is how long to wait for one answer.
func (s settings) patience(procedure string) time.Duration {
	if s.timeoutGiven || !slowCalls[procedure] {
		return s.timeout
	}
	return slowTimeout
}

// WrapStreamingClient implements connect.Interceptor. Streams last as long as what they watch: no deadline.
func (c *caller) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		c.headers(conn.RequestHeader())
		return conn
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (c *caller) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
