package director_test

import (
	"testing"

	"connectrpc.com/connect"

	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func (h *house) users() dc.UserServiceClient {
	return dc.NewUserServiceClient(h.http, h.base, connect.WithInterceptors(&bearer{h}))
}

// newUser makes a user and returns a browser in which they are signed in.
func (h *house) newUser(name string, role directorv1.Role) *browser {
	h.t.Helper()
	u, err := h.users().CreateUser(h.t.Context(), &directorv1.CreateUserRequest{Name: name, Role: role})
	if err != nil {
		h.t.Fatal(err)
	}
	b := newBrowser(h)
	b.signIn(name, u.GetOneTimePassword())
	a := b.call("SystemService/SetPassword", `{"currentPassword":"`+u.GetOneTimePassword()+`","newPassword":"`+strongPassword+`"}`)
	if a.status != 200 {
		h.t.Fatalf("%+v", a)
	}
	return b
}

func TestUsersOverTheAPI(t *testing.T) {
	h := newHouse(t)
	_, err := h.users().CreateUser(t.Context(), &directorv1.CreateUserRequest{Name: "ada"})
	refused(t, "no role", err, fault.Invalid, "role")
	_, err = h.users().CreateUser(t.Context(), &directorv1.CreateUserRequest{Name: "ada", Role: 9})
	refused(t, "no such role", err, fault.Invalid, "role")
	b := h.newUser("ada", directorv1.Role_ROLE_AUDITOR)
	if a := b.call("UserService/ListUsers", "{}"); a.status != 403 {
		t.Errorf("an auditor lists users: %+v", a)
	}
	if a := b.call("UserService/ListSessions", "{}"); a.status != 200 || len(a.fields["sessions"].([]any)) != 1 {
		t.Errorf("own sessions: %+v", a)
	}
	if a := b.call("UserService/ListSessions", `{"all":true}`); a.status != 403 {
		t.Errorf("everybody's: %+v", a)
	}
	list, err := h.users().ListUsers(t.Context(), &directorv1.ListUsersRequest{})
	if err != nil || len(list.GetUsers()) != 2 || list.GetUsers()[0].GetName() != "ada" || !list.GetUsers()[1].GetLastAdministrator() {
		t.Errorf("%v, %v", list, err)
	}
	sessions, err := h.users().ListSessions(t.Context(), &directorv1.ListSessionsRequest{User: "ada"})
	if err != nil || len(sessions.GetSessions()) != 1 {
		t.Fatalf("%v, %v", sessions, err)
	}
	s := sessions.GetSessions()[0]
	if s.GetRemote() != "127.0.0.1" || s.GetUserAgent() != "Browser/1.0" || !s.GetBrowser() || s.GetCurrent() || s.GetUser() != "ada" {
		t.Errorf("%v", s)
	}
	if _, err := h.users().RevokeSession(t.Context(), &directorv1.RevokeSessionRequest{SessionId: s.GetId()}); err != nil {
		t.Fatal(err)
	}
	if a := b.call("SystemService/WhoAmI", "{}"); a.status != 401 || a.header.Get("Holdfast-Session") != "ended" {
		t.Errorf("a session that was ended: %+v", a)
	}
}

func TestStreamEndsWithItsSession(t *testing.T) {
	h := newHouse(t)
	h.settle()
	local := h.token
	s, err := h.system.SignIn(t.Context(), &directorv1.SignInRequest{User: "admin", Password: strongPassword})
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	defer close(hold)
	p, transporter := h.pair("keep")
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: h.job(h.account(), h.repository(transporter)).GetId()})
	if err != nil {
		t.Fatal(err)
	}
	h.token = s.GetToken()
	stream, err := h.jobs.WatchRun(t.Context(), &directorv1.WatchRunRequest{RunId: run.GetRun().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	h.token = local
	if n, err := h.users().SignOutEverywhere(t.Context(), &directorv1.SignOutEverywhereRequest{User: "admin"}); err != nil || n.GetEnded() != 1 {
		t.Fatalf("%v, %v", n, err)
	}
	for stream.Receive() {
	}
	refused(t, "the stream", stream.Err(), fault.Unauthorized, "", "sign in")
}
