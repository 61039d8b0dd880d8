package director_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func TestSignInOverTheAPI(t *testing.T) {
	h := newHouse(t)
	first := strings.TrimSpace(string(h.file("first-password")))
	if !strings.Contains(h.out.String(), first) {
		t.Error("the one-time password is not told at the first start")
	}
	h.token = ""
	_, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{})
	refused(t, "without a token", err, fault.Unauthorized, "")
	if v, err := h.system.GetVersion(t.Context(), &directorv1.GetVersionRequest{}); err != nil || v.GetVersion() != "test" {
		t.Errorf("version: %v, %v", v, err)
	}
	_, err = h.system.SignIn(t.Context(), &directorv1.SignInRequest{User: "admin", Password: "wrong"})
	refused(t, "with a wrong password", err, fault.Unauthorized, "", "user name or password")
	s, err := h.system.SignIn(t.Context(), &directorv1.SignInRequest{User: "admin", Password: first})
	if err != nil || !s.GetPasswordChangeRequired() {
		t.Fatalf("%v, %v", s, err)
	}
	h.token = s.GetToken()
	_, err = h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{})
	refused(t, "with the one-time password", err, fault.Denied, "", "set your own password")
	_, err = h.system.CreateToken(t.Context(), &directorv1.CreateTokenRequest{Name: "script"})
	refused(t, "a token with the one-time password", err, fault.Denied, "")
	const password = "a long enough password"
	if _, err := h.system.SetPassword(t.Context(), &directorv1.SetPasswordRequest{CurrentPassword: first, NewPassword: password}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	token, err := h.system.CreateToken(t.Context(), &directorv1.CreateTokenRequest{Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.system.SignOut(t.Context(), &directorv1.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	_, err = h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{})
	refused(t, "signed out", err, fault.Unauthorized, "")
	h.token = token.GetToken()
	h.stop()
	h.start()
	h.token = token.GetToken()
	if _, err := h.jobs.ListJobs(t.Context(), &directorv1.ListJobsRequest{}); err != nil {
		t.Errorf("the token after a restart: %v", err)
	}
}

func TestEveryProtocolIsServedByTheSameHandlers(t *testing.T) {
	for name, options := range map[string][]connect.ClientOption{
		"connect": nil, "grpc": {connect.WithGRPC()}, "grpc-web": {connect.WithGRPCWeb()}, "json": {connect.WithProtoJSON()},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, options...)
			if v, err := h.system.GetVersion(t.Context(), &directorv1.GetVersionRequest{}); err != nil || v.GetVersion() != "test" {
				t.Errorf("%v, %v", v, err)
			}
			_, err := h.accounts.AddAccount(t.Context(), &directorv1.AddAccountRequest{Account: &directorv1.Account{Name: "x"}})
			refused(t, "a request that is not whole", err, fault.Invalid, "account.tenant_id", "the tenant id is missing")
			stream, err := h.jobs.WatchRun(t.Context(), &directorv1.WatchRunRequest{})
			if err == nil {
				stream.Receive()
				err = stream.Err()
			}
			refused(t, "a stream without a run", err, fault.Invalid, "run_id")
		})
	}
}

func TestPlainJSONPostIsEnough(t *testing.T) {
	h := newHouse(t)
	post := func(method, body string) (int, map[string]any) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.base+"/holdfast.director.v1."+method, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Authorization", "Bearer "+h.token)
		answer, err := h.http.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var m map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&m); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, m
	}
	if code, m := post("JobService/GetJob", `{"jobId":"none"}`); code != 404 || m["code"] != "not_found" || m["message"] != `there is no job "none"` {
		t.Errorf("%d %v", code, m)
	}
	if code, m := post("JobService/GetJob", `{"jobId":"`+strings.Repeat("x", 9<<20)+`"}`); code != 429 {
		t.Errorf("9 MiB: %d %v", code, m["code"])
	}
}

func TestPairing(t *testing.T) {
	h := newHouse(t)
	p, paired := h.pair("site-a")
	if !paired.GetReachable() || paired.GetHostname() != "fake-host" || paired.GetVersion() != "fake" || paired.GetId() != p.ID() {
		t.Errorf("paired: %v", paired)
	}
	pair := func(name, address, code string) error {
		_, err := h.transporters.PairTransporter(t.Context(), &directorv1.PairTransporterRequest{Name: name, Address: address, PairingCode: code})
		return err
	}
	other, third := newPorter(h), newPorter(h)
	refused(t, "a typing error", pair("x", other.Address(), other.Code()[:40]), fault.Invalid, "pairing_code", "not complete")
	refused(t, "another's code", pair("x", other.Address(), third.Code()), fault.Invalid, "pairing_code", other.Address(), "the code that the Transporter prints now")
	if got := other.Calls("BeginPairing"); got != 0 {
		t.Error("something was sent to a Transporter that is not the one in the code")
	}
	refused(t, "nobody there", pair("x", "127.0.0.1:1", other.Code()), fault.Unavailable, "", "127.0.0.1:1", "firewall")
	refused(t, "no address", pair("x", "http://x/", other.Code()), fault.Invalid, "address", "host:port")
	refused(t, "a name that is taken", pair("SITE-A", other.Address(), other.Code()), fault.Invalid, "name", "site-a")
	refused(t, "an address that is taken", pair("x", p.Address(), p.Code()), fault.Conflict, "", "paired already")
	other.SetRefuse(func(method string) error {
		if method == "CompletePairing" {
			return fault.New(fault.Denied, "the code is void after five wrong proofs")
		}
		return nil
	})
	refused(t, "a code that is void", pair("x", other.Address(), other.Code()), fault.Invalid, "pairing_code", "void")
	other.SetRefuse(nil)
	if list, err := h.transporters.ListTransporters(t.Context(), &directorv1.ListTransportersRequest{}); err != nil || len(list.GetTransporters()) != 1 {
		t.Errorf("after all these: %v, %v", list, err)
	}
	if err := pair("", other.Address(), other.Code()); err != nil {
		t.Errorf("the same Transporter with the right code: %v", err)
	}
	h.stop()
	h.start()
	h.eventually("both Transporters to be reached again", func() bool {
		list, err := h.transporters.ListTransporters(t.Context(), &directorv1.ListTransportersRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.GetTransporters()) == 2 && list.GetTransporters()[0].GetReachable() && list.GetTransporters()[1].GetReachable()
	})
}

func TestPairingSurvivesALostAnswer(t *testing.T) {
	h := newHouse(t)
	p := newPorter(h)
	// It takes the certificate, and the connection breaks before the answer.
	p.LoseAnswer("CompletePairing")
	answer, err := h.transporters.PairTransporter(t.Context(), &directorv1.PairTransporterRequest{
		Name: "a", Address: p.Address(), PairingCode: p.Code(),
	})
	if err != nil || answer.GetTransporter().GetId() != p.ID() {
		t.Errorf("%v, %v", answer, err)
	}
}

func TestTransportersAreEditedAndRemoved(t *testing.T) {
	h := newHouse(t)
	p, paired := h.pair("a")
	_, second := h.pair("b")
	paired.Name, paired.MaxTasks, paired.TransferHost = "renamed", 5, "10.0.0.1"
	edited, err := h.transporters.UpdateTransporter(t.Context(), &directorv1.UpdateTransporterRequest{Transporter: paired})
	if err != nil || edited.GetTransporter().GetName() != "renamed" || edited.GetTransporter().GetMaxTasks() != 5 {
		t.Fatalf("%v, %v", edited, err)
	}
	second.Name = "renamed"
	_, err = h.transporters.UpdateTransporter(t.Context(), &directorv1.UpdateTransporterRequest{Transporter: second})
	refused(t, "a name that is taken", err, fault.Invalid, "name")
	r := h.repository(paired)
	_, err = h.transporters.RemoveTransporter(t.Context(), &directorv1.RemoveTransporterRequest{TransporterId: paired.GetId()})
	refused(t, "one that keeps a repository", err, fault.Conflict, "", "repository Vault")
	if _, err := h.repositories.RemoveRepository(t.Context(), &directorv1.RemoveRepositoryRequest{RepositoryId: r.GetId()}); err != nil {
		t.Fatal(err)
	}
	p.Cut()
	seen, err := h.transporters.RefreshTransporter(t.Context(), &directorv1.RefreshTransporterRequest{TransporterId: paired.GetId()})
	if err != nil || seen.GetTransporter().GetReachable() || seen.GetTransporter().GetError() == "" {
		t.Errorf("one that is cut off: %v, %v", seen, err)
	}
	p.Mend()
	if _, err := h.transporters.RemoveTransporter(t.Context(), &directorv1.RemoveTransporterRequest{TransporterId: paired.GetId()}); err != nil {
		t.Fatal(err)
	}
	_, err = h.transporters.RefreshTransporter(t.Context(), &directorv1.RefreshTransporterRequest{TransporterId: paired.GetId()})
	refused(t, "one that was removed", err, fault.NotFound, "")
}

func TestCertificatesAreRenewedInTime(t *testing.T) {
	h := newHouse(t)
	p := newPorter(h)
	p.Life = 24 * 60 * 60 * 1e9 // a day left
	if _, err := h.transporters.PairTransporter(t.Context(), &directorv1.PairTransporterRequest{
		Name: "a", Address: p.Address(), PairingCode: p.Code(),
	}); err != nil {
		t.Fatal(err)
	}
	h.eventually("the certificate to be renewed", func() bool { return p.Renewed() > 0 })
	calls := p.Calls("GetStatus")
	h.eventually("more looks at it", func() bool { return p.Calls("GetStatus") > calls+3 })
	if p.Renewed() != 1 {
		t.Errorf("it was renewed %d times", p.Renewed())
	}
}
