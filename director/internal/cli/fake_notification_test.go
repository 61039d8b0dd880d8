package cli

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func notificationSettings() *pb.NotificationSettings {
	return &pb.NotificationSettings{
		Mail: &pb.MailServer{
			Host: "smtp.contoso.com", Security: pb.MailSecurity_MAIL_SECURITY_TLS, User: "backup", PasswordSet: true, From: "Holdfast <backup@contoso.com>",
		},
		Reports:   &pb.Reports{Addresses: []string{"ops@contoso.com"}, When: pb.ReportWhen_REPORT_WHEN_NOT_SUCCESSFUL},
		Webhooks:  []*pb.Webhook{{Id: "wh-1", Name: "Pager", Url: "https://pager.contoso.com/in", SecretSet: true, Headers: map[string]string{"Authorization": ""}}},
		PublicUrl: "https://backup.contoso.com:4443",
	}
}

func deliveries() []*pb.Delivery {
	return []*pb.Delivery{
		{
			Id: "rep-2", Kind: pb.DeliveryKind_DELIVERY_KIND_MAIL, Target: "ops@contoso.com", RunId: "run-2", Subject: "Incomplete: Daily (1 of 2 mailboxes)",
			Status: pb.DeliveryStatus_DELIVERY_STATUS_WAITING, Attempts: 2, Created: at("2026-03-01 03:04:12"), NextTry: at("2026-03-01 03:08:00"),
			Error: "the mail server smtp.contoso.com:465 cannot be reached",
		},
		{
			Id: "rep-1", Kind: pb.DeliveryKind_DELIVERY_KIND_WEBHOOK, Target: "Pager", RunId: "run-1", Subject: "Succeeded: Daily (2 mailboxes)",
			Status: pb.DeliveryStatus_DELIVERY_STATUS_SENT, Attempts: 1, Created: at("2026-02-28 05:30:00"), Ended: at("2026-02-28 05:30:01"),
		},
	}
}

func (d *director) GetNotificationSettings(context.Context, *pb.GetNotificationSettingsRequest) (*pb.GetNotificationSettingsResponse, error) {
	return &pb.GetNotificationSettingsResponse{Settings: notificationSettings()}, nil
}

func (d *director) UpdateNotificationSettings(_ context.Context, q *pb.UpdateNotificationSettingsRequest) (*pb.UpdateNotificationSettingsResponse, error) {
	if q.GetSettings().GetMail() != nil && q.GetSettings().GetMail().GetHost() == "" {
		return nil, fault.InvalidField("settings.mail.host", "the host is missing")
	}
	return &pb.UpdateNotificationSettingsResponse{Settings: q.GetSettings()}, nil
}

func (d *director) SendTestMail(context.Context, *pb.SendTestMailRequest) (*pb.SendTestMailResponse, error) {
	return &pb.SendTestMailResponse{}, nil
}

func (d *director) SendTestWebhook(_ context.Context, q *pb.SendTestWebhookRequest) (*pb.SendTestWebhookResponse, error) {
	_, err := byID("webhook", q.GetWebhookId(), notificationSettings().GetWebhooks())
	return &pb.SendTestWebhookResponse{}, err
}

func (d *director) ListDeliveries(_ context.Context, q *pb.ListDeliveriesRequest) (*pb.ListDeliveriesResponse, error) {
	r := &pb.ListDeliveriesResponse{}
	for _, x := range deliveries() {
		if q.GetStatus() == 0 || q.GetStatus() == x.GetStatus() {
			r.Deliveries = append(r.Deliveries, x)
		}
	}
	return r, nil
}

func (d *director) RetryDelivery(_ context.Context, q *pb.RetryDeliveryRequest) (*pb.RetryDeliveryResponse, error) {
	x, err := byID("report", q.GetDeliveryId(), deliveries())
	return &pb.RetryDeliveryResponse{Delivery: x}, err
}

func TestNotificationRequests(t *testing.T) {
	with := func(change func(*pb.NotificationSettings)) proto.Message {
		s := notificationSettings()
		change(s)
		return &pb.UpdateNotificationSettingsRequest{Settings: s}
	}
	for line, want := range map[string]proto.Message{
		"settings mail set --host h --port 2525 --security none --login cram-md5 --user u --password-stdin --from a@b.c --hello me --seconds 9": with(func(s *pb.NotificationSettings) {
			s.Mail.Host, s.Mail.Port, s.Mail.Security, s.Mail.Login = "h", 2525, pb.MailSecurity_MAIL_SECURITY_NONE, pb.MailLogin_MAIL_LOGIN_CRAM_MD5
			s.Mail.User, s.Mail.Password, s.Mail.From, s.Mail.Hello, s.Mail.TimeoutSeconds = "u", "typed", "a@b.c", "me", 9
		}),
		"settings mail set --report-to a@b.c;d@e.f --report-to g@h.i --report-when failed --recoveries always --maintenance not-successful --public-url https://x": with(func(s *pb.NotificationSettings) {
			s.Reports = &pb.Reports{Addresses: []string{"a@b.c", "d@e.f", "g@h.i"}, When: pb.ReportWhen_REPORT_WHEN_FAILED}
			s.Recoveries, s.Maintenance, s.PublicUrl = pb.ReportWhen_REPORT_WHEN_ALWAYS, pb.ReportWhen_REPORT_WHEN_NOT_SUCCESSFUL, "https://x"
		}),
		"settings mail set --off":  with(func(s *pb.NotificationSettings) { s.Mail = nil }),
		"settings mail test a@b.c": &pb.SendTestMailRequest{Address: "a@b.c"},
		"settings webhook set Pager --secret-file secret.txt --report-when failed --seconds 3": with(func(s *pb.NotificationSettings) {
			s.Webhooks[0].Secret, s.Webhooks[0].When, s.Webhooks[0].TimeoutSeconds = "s3cret", pb.ReportWhen_REPORT_WHEN_FAILED, 3
		}),
		"settings webhook set Chat --url https://c": with(func(s *pb.NotificationSettings) {
			s.Webhooks = append(s.Webhooks, &pb.Webhook{Name: "Chat", Url: "https://c"})
		}),
		"settings webhook remove wh-1 --yes": with(func(s *pb.NotificationSettings) { s.Webhooks = nil }),
		"settings webhook test Pager":        &pb.SendTestWebhookRequest{WebhookId: "wh-1"},
		"report list --status waiting --run run-2 --limit 5": &pb.ListDeliveriesRequest{
			Status: pb.DeliveryStatus_DELIVERY_STATUS_WAITING, RunId: "run-2", Limit: 5,
		},
		"report retry rep-1": &pb.RetryDeliveryRequest{DeliveryId: "rep-1"},
	} {
		t.Run(line, func(t *testing.T) {
			s := newShell(t)
			t.Chdir(s.dir)
			s.write("secret.txt", "s3cret\n")
			s.stdin = "typed\n"
			if r := s.run(words(line)...); r.code != exitOK {
				t.Fatalf("exit %d: %s", r.code, r.errors)
			}
			s.d.mu.Lock()
			got := s.d.requests[len(s.d.requests)-1]
			s.d.mu.Unlock()
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("asked otherwise (-want +got):\n%s", diff)
			}
		})
	}
}
