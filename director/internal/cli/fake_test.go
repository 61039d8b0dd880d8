package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

const (
	goodToken   = "token-of-anna"
	oneTime     = "one-time-password"
	newPassword = "a much better password"
)

// director is a fake that is strict: it knows its inventory, refuses ids that it does not know and callers without a
// token, and records every request.
type director struct {
	directorv1connect.UnimplementedSystemServiceHandler
	directorv1connect.UnimplementedUserServiceHandler
	directorv1connect.UnimplementedAuditServiceHandler
	directorv1connect.UnimplementedAccountServiceHandler
	directorv1connect.UnimplementedTransporterServiceHandler
	directorv1connect.UnimplementedRepositoryServiceHandler
	directorv1connect.UnimplementedJobServiceHandler
	directorv1connect.UnimplementedRecoveryServiceHandler
	directorv1connect.UnimplementedDrillServiceHandler
	directorv1connect.UnimplementedActivityServiceHandler
	directorv1connect.UnimplementedNotificationServiceHandler
	directorv1connect.UnimplementedMaintenanceServiceHandler
	directorv1connect.UnimplementedMessageServiceHandler
	directorv1connect.UnimplementedBrowseServiceHandler
	directorv1connect.UnimplementedOverviewServiceHandler

	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	requests []proto.Message
	// fail answers a procedure ("RunJob") with an error.
	fail     map[string]error
	password string
	tokens   map[string]bool
	// runStreams are what WatchRun sends, one list a call; a nil answer breaks the connection.
	runStreams      [][]*pb.WatchRunResponse
	activityStreams [][]*pb.WatchActivityResponse
	// hang, when set, is called after the answers of a stream, which then stays open until the caller goes away.
	hang func()
	// messages by point and folder.
	messages    map[string][]*pb.MessageSummary
	permissions []*pb.Permission
	// jobs are in place of the stock.
	jobs []*pb.Job
	// deletions are what GetJob tells of a job that is being deleted, one a call; after nil it is gone.
	deletions []*pb.Deletion
	// down is a repository out of reach.
	down string
	// bigPages gives as many messages as asked for; shortLists promises more than there are.
	bigPages, shortLists bool
}

func newDirector(t *testing.T) *director {
	t.Helper()
	d := &director{t: t, fail: map[string]error{}, password: newPassword, tokens: map[string]bool{goodToken: true}}
	d.stock()
	mux := http.NewServeMux()
	opt := connect.WithInterceptors(gate{d})
	mux.Handle(directorv1connect.NewSystemServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewUserServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewAuditServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewAccountServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewTransporterServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewRepositoryServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewJobServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewRecoveryServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewDrillServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewActivityServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewNotificationServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewMaintenanceServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewMessageServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewBrowseServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewOverviewServiceHandler(d, opt))
	mux.Handle(directorv1connect.NewSearchServiceHandler(finder{d: d}, opt))
	mux.HandleFunc("POST /download/{what}", d.download)
	d.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s came over HTTP/%d, want HTTP/2", r.URL.Path, r.ProtoMajor)
		}
		mux.ServeHTTP(w, r)
	}))
	d.server.EnableHTTP2 = true
	d.server.Config.ErrorLog = discard
	d.server.StartTLS()
	t.Cleanup(d.server.Close)
	return d
}

// gate checks the token, records the request and turns faults into what a Director sends.
type gate struct{ d *director }

func (g gate) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		name := req.Spec().Procedure[strings.LastIndexByte(req.Spec().Procedure, '/')+1:]
		if err := g.d.admit(name, req.Header(), req.Any().(proto.Message)); err != nil {
			return nil, wire(err)
		}
		res, err := next(ctx, req)
		return res, wire(err)
	}
}

func (g gate) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (g gate) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		name := conn.Spec().Procedure[strings.LastIndexByte(conn.Spec().Procedure, '/')+1:]
		if err := g.d.admit(name, conn.RequestHeader(), nil); err != nil {
			return wire(err)
		}
		return wire(next(ctx, conn))
	}
}

func (d *director) admit(name string, h http.Header, req proto.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if req != nil {
		d.requests = append(d.requests, proto.Clone(req))
	}
	if name != "GetVersion" && name != "SignIn" && !d.tokens[strings.TrimPrefix(h.Get("Authorization"), "Bearer ")] {
		return fault.New(fault.Unauthorized, "the session has ended; sign in again")
	}
	if err, ok := d.fail[name]; ok {
		return err
	}
	if r, ok := req.(*pb.ListPointsRequest); ok && d.down != "" && (r.GetRepositoryId() == "" || r.GetRepositoryId() == d.down) {
		return fault.New(fault.Unavailable, "site-a does not answer")
	}
	return nil
}

func wire(err error) error {
	if err == nil {
		return nil
	}
	var ce *connect.Error
	if errors.As(err, &ce) {
		return err
	}
	ce = connect.NewError(connect.Code(fault.Code(err)), errors.New(err.Error()))
	info, retry := fault.Details(err)
	if d, err := connect.NewErrorDetail(info); err == nil {
		ce.AddDetail(d)
	}
	if retry != nil {
		if d, err := connect.NewErrorDetail(retry); err == nil {
			ce.AddDetail(d)
		}
	}
	return ce
}

// last returns the newest request of type T.
func last[T proto.Message](d *director) T {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.requests) - 1; i >= 0; i-- {
		if m, ok := d.requests[i].(T); ok {
			return m
		}
	}
	var none T
	d.t.Helper()
	d.t.Fatalf("no %T was sent", none)
	return none
}

func at(text string) *timestamppb.Timestamp {
	x, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(x)
}

func unknown(kind, id string) error {
	return fault.New(fault.NotFound, "%s %s does not exist", kind, id)
}

// byID is the strictness of the fake.
func byID[T interface{ GetId() string }](kind, id string, all []T) (T, error) {
	for _, x := range all {
		if x.GetId() == id {
			return x, nil
		}
	}
	var none T
	return none, unknown(kind, id)
}

func (d *director) GetVersion(context.Context, *pb.GetVersionRequest) (*pb.GetVersionResponse, error) {
	return &pb.GetVersionResponse{Version: "1.0.0", Now: at("2026-03-01 12:00:00")}, nil
}

func (d *director) SignIn(_ context.Context, r *pb.SignInRequest) (*pb.SignInResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.GetUser() != "admin" || r.GetPassword() != d.password {
		return nil, fault.New(fault.Unauthorized, "user or password is wrong")
	}
	token := fmt.Sprintf("session-%d", len(d.tokens))
	d.tokens[token] = true
	return &pb.SignInResponse{Token: token, Expires: at("2026-03-02 12:00:00"), PasswordChangeRequired: r.GetPassword() == oneTime}, nil
}

func (d *director) SignOut(context.Context, *pb.SignOutRequest) (*pb.SignOutResponse, error) {
	return &pb.SignOutResponse{}, nil
}

func (d *director) SetPassword(_ context.Context, r *pb.SetPasswordRequest) (*pb.SetPasswordResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.GetCurrentPassword() != d.password {
		return nil, fault.InvalidField("current_password", "the password is wrong")
	}
	if len(r.GetNewPassword()) < 12 {
		return nil, fault.InvalidField("new_password", "must have 12 to 256 characters")
	}
	d.password = r.GetNewPassword()
	return &pb.SetPasswordResponse{}, nil
}

func (d *director) CreateToken(_ context.Context, r *pb.CreateTokenRequest) (*pb.CreateTokenResponse, error) {
	if r.GetName() == "" {
		return nil, fault.InvalidField("name", "must not be empty")
	}
	return &pb.CreateTokenResponse{Token: "hf_0123456789abcdef"}, nil
}
