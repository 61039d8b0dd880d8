//go:build unix

package director_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"holdfast/director/internal/mailer/mailtest"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

func (h *house) notifications() directorv1connect.NotificationServiceClient {
	return directorv1connect.NewNotificationServiceClient(h.http, h.base, connect.WithInterceptors(&bearer{h}))
}

// TestAReportOfARunWithScriptsArrives goes the whole way: settings, a job with scripts, its run, a mail server that is not ours.
func TestAReportOfARunWithScriptsArrives(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{Security: "starttls", User: "backup", Password: "swordfish"})
	h := newHouse(t)
	_, transporter := h.pair("keep")
	n := h.notifications()
	settings := &directorv1.NotificationSettings{Mail: &directorv1.MailServer{
		Host: server.Host, Port: server.Port, User: "backup", Password: "swordfish", CaPem: server.CA, From: "backup@example.com", Hello: "here",
	}}
	saved, err := n.UpdateNotificationSettings(t.Context(), &directorv1.UpdateNotificationSettingsRequest{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	if m := saved.GetSettings().GetMail(); m.GetPassword() != "" || !m.GetPasswordSet() {
		t.Errorf("the password is shown: %v", m)
	}
	if _, err := n.SendTestMail(t.Context(), &directorv1.SendTestMailRequest{Address: "ops@example.com"}); err != nil {
		t.Errorf("a test mail: %v", err)
	}
	settings.Mail.Host, settings.Mail.Password = "localhost", ""
	_, err = n.UpdateNotificationSettings(t.Context(), &directorv1.UpdateNotificationSettingsRequest{Settings: settings})
	refused(t, "the password for another server", err, fault.Invalid, "settings.mail.password")

	dir := t.TempDir()
	script := filepath.Join(dir, "after.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$HOLDFAST_RESULT of $HOLDFAST_MAILBOXES\"; exit 5\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	j := h.job(h.account(), h.repository(transporter))
	j.After = &directorv1.Script{Path: script, Required: true}
	j.Reports = &directorv1.Reports{Addresses: []string{"ops@example.com"}, When: directorv1.ReportWhen_REPORT_WHEN_FAILED}
	if _, err := h.jobs.UpdateJob(t.Context(), &directorv1.UpdateJobRequest{Job: j}); err != nil {
		t.Fatal(err)
	}
	run, err := h.jobs.RunJob(t.Context(), &directorv1.RunJobRequest{JobId: j.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("the report to arrive", func() bool { return server.Received() == 2 })
	got, err := h.jobs.GetRun(t.Context(), &directorv1.GetRunRequest{RunId: run.GetRun().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	if s := got.GetRun().GetScripts(); got.GetRun().GetStatus() != directorv1.RunStatus_RUN_STATUS_FAILED || len(s) != 1 || s[0].GetWhen() != "after" ||
		s[0].GetExitCode() != 5 || s[0].GetOutput() != "succeeded of 2\n" {
		t.Errorf("the run is shown as %v", got)
	}
	m := server.Mails()[1]
	if m.Headers["subject"] != "Failed: Nightly" || m.Headers["x-test-to"] != "ops@example.com" || !strings.Contains(m.Text, "exit code 5") || len(m.Defects) > 0 {
		t.Errorf("got %+v", m)
	}
	h.eventually("the outbox to say so", func() bool {
		list, err := n.ListDeliveries(t.Context(), &directorv1.ListDeliveriesRequest{RunId: run.GetRun().GetId()})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.GetDeliveries()) == 1 && list.GetDeliveries()[0].GetStatus() == directorv1.DeliveryStatus_DELIVERY_STATUS_SENT
	})
}
