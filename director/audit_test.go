package director_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

func (h *house) audits(f *directorv1.AuditFilter) []*directorv1.AuditEntry {
	h.t.Helper()
	list, err := dc.NewAuditServiceClient(h.http, h.base, connect.WithInterceptors(&bearer{h})).ListAudit(h.t.Context(), &directorv1.ListAuditRequest{Filter: f})
	if err != nil {
		h.t.Fatal(err)
	}
	return list.GetEntries()
}

func TestWhatIsDoneIsInTheAuditLog(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	j := h.job(a, r)
	ada := h.newUser("ada", directorv1.Role_ROLE_OPERATOR)
	ada.call("JobService/RunJob", `{"jobId":"`+j.GetId()+`"}`)
	ada.call("JobService/ListJobs", "{}")
	ada.call("JobService/DeleteJob", `{"jobId":"`+j.GetId()+`"}`)
	ada.do(http.MethodGet, "/preview?repository="+r.GetId()+"&point=p&folder=f&message=m", "")
	ada.call("UserService/ListUsers", "{}")
	for _, word := range []string{"hush", "hush-h", "hush-hush"} {
		ada.call("RepositoryService/ListMessages", `{"repositoryId":"`+r.GetId()+`","pointId":"p","folderId":"f","filter":"`+word+`"}`)
	}
	theirs := h.audits(&directorv1.AuditFilter{User: "ADA"})
	var got []string
	for i := len(theirs) - 1; i >= 0; i-- {
		e := theirs[i]
		got = append(got, strings.TrimSpace(e.GetMethod()+" "+e.GetFault()))
		if e.GetRemote() != "127.0.0.1" || e.GetTime() == nil || e.GetCount() < 1 {
			t.Errorf("%v", e)
		}
	}
	want := "SystemService/SignIn, SystemService/SetPassword, JobService/RunJob, JobService/DeleteJob denied, /preview unsupported, " +
		"UserService/ListUsers denied, RepositoryService/ListMessages"
	if text := strings.Join(got, ", "); !strings.HasPrefix(text, want) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	run := h.audits(&directorv1.AuditFilter{User: "ada", Area: "JobService/RunJob"})[0]
	if o := run.GetObjects(); len(o) != 2 || o[0].GetKind() != "job" || o[0].GetName() != "Nightly" || o[1].GetKind() != "run" {
		t.Errorf("the run is about %v", o)
	}
	if run.GetKind() != directorv1.TokenKind_TOKEN_KIND_SESSION || run.GetRole() != directorv1.Role_ROLE_OPERATOR || run.GetSessionId() == "" {
		t.Errorf("%v", run)
	}
	made := h.audits(&directorv1.AuditFilter{Object: "ada", Area: "UserService"})
	if len(made) != 1 || made[0].GetMethod() != "UserService/CreateUser" || made[0].GetUser() != "local operator" {
		t.Errorf("%v", made)
	}
	answer, file := h.get("/download/audit", h.token)
	if answer.StatusCode != 200 || !strings.Contains(answer.Header.Get("Content-Disposition"), ".jsonl") {
		t.Errorf("%v", answer)
	}
	lines := strings.Split(strings.TrimSpace(file), "\n")
	if len(lines) < 8 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		var e struct{ ID, Method string }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.ID == "" || e.Method == "" {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, secret := range []string{"hush", strongPassword, h.token, "secret"} {
		if strings.Contains(file, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if answer, text := h.get("/download/audit?since=yesterday", h.token); answer.StatusCode != 400 {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}

func TestSignInsAreInTheAuditLog(t *testing.T) {
	h := newHouse(t)
	h.settle()
	for _, user := range []string{"Admin", "my password by mistake", "another mistake"} {
		_, err := h.system.SignIn(t.Context(), &directorv1.SignInRequest{User: user, Password: "wrong"})
		refused(t, user, err, fault.Unauthorized, "")
	}
	failed := h.audits(&directorv1.AuditFilter{Area: "SystemService/SignIn", Failed: true})
	if len(failed) != 2 || failed[0].GetUser() != "" || failed[0].GetCount() != 2 || failed[1].GetUser() != "admin" || failed[1].GetFault() != "unauthorized" {
		t.Errorf("%v", failed)
	}
	h.stop()
	h.start()
	if again := h.audits(&directorv1.AuditFilter{Area: "SystemService/SignIn", Failed: true}); len(again) != 2 || again[0].GetCount() != 2 {
		t.Errorf("after a restart: %v", again)
	}
}

// TestTheAuditLogNamesWhoseMailWasLookedAt asks what an auditor asks: who looked into this mailbox?
func TestTheAuditLogNamesWhoseMailWasLookedAt(t *testing.T) {
	h := newHouse(t)
	porter, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	p := h.backedUp(a, r)[0]
	ada, eve := h.newUser("ada", directorv1.Role_ROLE_OPERATOR), h.newUser("eve", directorv1.Role_ROLE_AUDITOR)
	in := `{"repositoryId":"` + r.GetId() + `","pointId":"` + p.GetId() + `","folderId":"inbox"`
	looked := func(who *browser) {
		who.call("RepositoryService/ListMessages", in+`}`)
		who.call("MessageService/GetMessage", in+`,"messageId":"m"}`) // which the pretender cannot: nothing is shown
		who.do(http.MethodGet, "/preview?repository="+r.GetId()+"&point="+p.GetId()+"&folder=inbox&message=m", "")
		// What a download does not look at keeps nothing out of the log.
		who.do(http.MethodGet, "/download/export?format=zip&repository="+r.GetId()+"&repository=x&point="+p.GetId()+"&point=y", "")
	}
	looked(ada)
	got := h.audits(&directorv1.AuditFilter{User: "ada", Object: p.GetMailboxName()})
	if len(got) != 3 {
		t.Errorf("%d looks into the mailbox %s are known: %v", len(got), p.GetMailboxName(), got)
	}
	for _, e := range got {
		o := e.GetObjects()
		if len(o) < 3 || o[0].GetKind() != "mailbox" || o[0].GetId() != p.GetMailboxId() || o[1].GetKind() != "account" || o[1].GetName() != a.GetName() {
			t.Errorf("%s is about %v", e.GetMethod(), o)
		}
	}
	if n := porter.Calls("ListFolders"); n != 1 {
		t.Errorf("the Transporter was asked %d times whose the point is", n)
	}

	looked(eve) // who may not
	if list := h.audits(&directorv1.AuditFilter{User: "eve", Object: p.GetMailboxName()}); len(list) != 0 {
		t.Errorf("whoever is denied learns whose point it is: %v", list)
	}
	ada.call("RepositoryService/ListMessages", strings.Replace(in, p.GetId(), "another", 1)+`}`)
	if list := h.audits(&directorv1.AuditFilter{User: "ada", Object: "another"}); len(list) != 1 || list[0].GetObjects()[0].GetName() != "that is not known" {
		t.Errorf("that it is not known whose mail was looked at is not told: %v", list)
	}
	if _, err := h.repositories.DeletePoints(t.Context(), &directorv1.DeletePointsRequest{RepositoryId: r.GetId(), PointIds: []string{p.GetId()}}); err != nil {
		t.Fatal(err)
	}
	if list := h.audits(&directorv1.AuditFilter{Area: "RepositoryService/DeletePoints", Object: p.GetMailboxName()}); len(list) != 1 {
		t.Errorf("whose points were deleted is not known: %v", h.audits(&directorv1.AuditFilter{Area: "RepositoryService"}))
	}
}

func TestTheAuditLogTellsAPlanFromARecovery(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, r := h.account(), h.repository(transporter)
	p := h.backedUp(a, r)[0]
	for _, planOnly := range []bool{true, false} {
		started, err := h.recovery.StartRecovery(t.Context(), &directorv1.StartRecoveryRequest{
			RepositoryId: r.GetId(), PointId: p.GetId(), AccountId: a.GetId(), MailboxId: p.GetMailboxId(), PlanOnly: planOnly,
		})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(started.GetActivityId())
	}
	list := h.audits(&directorv1.AuditFilter{Area: "RecoveryService/StartRecovery", Object: p.GetMailboxName()})
	if len(list) != 2 || list[0].GetPlanOnly() || !list[1].GetPlanOnly() {
		t.Errorf("a plan, then a recovery: %v", list)
	}
}
