package api

import (
	"context"

	"holdfast/director/internal/notify"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type notifications struct{ Options }

func (s *notifications) GetNotificationSettings(context.Context, *directorv1.GetNotificationSettingsRequest) (*directorv1.GetNotificationSettingsResponse, error) {
	settings, err := s.Notify.Settings()
	if err != nil {
		return nil, err
	}
	return &directorv1.GetNotificationSettingsResponse{Settings: showSettings(&settings)}, nil
}

func (s *notifications) UpdateNotificationSettings(ctx context.Context, q *directorv1.UpdateNotificationSettingsRequest) (*directorv1.UpdateNotificationSettingsResponse, error) {
	settings, err := s.Notify.Update(ctx, takeSettings(q.GetSettings()))
	if err != nil {
		return nil, err
	}
	return &directorv1.UpdateNotificationSettingsResponse{Settings: showSettings(&settings)}, nil
}

func (s *notifications) SendTestMail(ctx context.Context, q *directorv1.SendTestMailRequest) (*directorv1.SendTestMailResponse, error) {
	var server *record.MailServer
	if q.GetMail() != nil {
		taken := takeMailServer(q.GetMail())
		server = &taken
	}
	if err := s.Notify.TestMail(ctx, q.GetAddress(), server); err != nil {
		return nil, err
	}
	return &directorv1.SendTestMailResponse{}, nil
}

func (s *notifications) SendTestWebhook(ctx context.Context, q *directorv1.SendTestWebhookRequest) (*directorv1.SendTestWebhookResponse, error) {
	var other *record.Webhook
	if q.GetWebhook() != nil {
		taken := takeWebhook(q.GetWebhook())
		other = &taken
	}
	if err := s.Notify.TestWebhook(ctx, q.GetWebhookId(), other); err != nil {
		return nil, err
	}
	return &directorv1.SendTestWebhookResponse{}, nil
}

// defaultDeliveries is how many deliveries a list has when the request names no limit.
const defaultDeliveries = 100

func (s *notifications) ListDeliveries(_ context.Context, q *directorv1.ListDeliveriesRequest) (*directorv1.ListDeliveriesResponse, error) {
	list, err := s.Notify.List(notify.Filter{
		Status: record.DeliveryStatus(q.GetStatus()), Run: record.RunID(q.GetRunId()), Limit: orDefault(q.GetLimit(), defaultDeliveries),
	})
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListDeliveriesResponse{}
	for i := range list {
		answer.Deliveries = append(answer.Deliveries, showDelivery(&list[i]))
	}
	return answer, nil
}

func (s *notifications) RetryDelivery(ctx context.Context, q *directorv1.RetryDeliveryRequest) (*directorv1.RetryDeliveryResponse, error) {
	d, err := s.Notify.Retry(ctx, record.DeliveryID(q.GetDeliveryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.RetryDeliveryResponse{Delivery: showDelivery(&d)}, nil
}

func showDelivery(d *record.Delivery) *directorv1.Delivery {
	out := &directorv1.Delivery{
		Id: string(d.ID), Kind: directorv1.DeliveryKind(d.Kind), Target: d.Name, RunId: string(d.Run), Subject: d.Subject,
		Status: directorv1.DeliveryStatus(d.Status), Attempts: d.Attempts, Created: stamp(d.Created), Ended: stamp(d.Ended), Error: d.Error,
	}
	if d.Status == record.DeliveryWaiting {
		out.NextTry = stamp(d.NextTry)
	}
	return out
}

// showSettings shows the settings without their secrets.
func showSettings(s *record.NotificationSettings) *directorv1.NotificationSettings {
	out := &directorv1.NotificationSettings{
		Reports: showReports(&s.Reports), Recoveries: directorv1.ReportWhen(s.Recoveries),
		Maintenance: directorv1.ReportWhen(s.Maintenance), PublicUrl: s.PublicURL,
	}
	if m := &s.Mail; m.Host != "" {
		out.Mail = &directorv1.MailServer{
			Host: m.Host, Port: m.Port, Security: directorv1.MailSecurity(m.Security), Login: directorv1.MailLogin(m.Login), User: m.User,
			PasswordSet: m.Password != "", CaPem: m.CAPEM, From: m.From, Hello: m.Hello, TimeoutSeconds: m.TimeoutSeconds,
		}
	}
	for i := range s.Webhooks {
		w := &s.Webhooks[i]
		one := &directorv1.Webhook{
			Id: w.ID, Name: w.Name, Url: w.URL, SecretSet: w.Secret != "", When: directorv1.ReportWhen(w.When), CaPem: w.CAPEM,
			TimeoutSeconds: w.TimeoutSeconds,
		}
		for k := range w.Headers {
			if one.Headers == nil {
				one.Headers = map[string]string{}
			}
			one.Headers[k] = ""
		}
		out.Webhooks = append(out.Webhooks, one)
	}
	return out
}

func takeSettings(p *directorv1.NotificationSettings) record.NotificationSettings {
	s := record.NotificationSettings{
		Reports:    record.Reports{Addresses: p.GetReports().GetAddresses(), When: record.ReportWhen(p.GetReports().GetWhen())},
		Recoveries: record.ReportWhen(p.GetRecoveries()), Maintenance: record.ReportWhen(p.GetMaintenance()), PublicURL: p.GetPublicUrl(),
		Mail: takeMailServer(p.GetMail()),
	}
	for _, w := range p.GetWebhooks() {
		s.Webhooks = append(s.Webhooks, takeWebhook(w))
	}
	return s
}

func takeMailServer(p *directorv1.MailServer) record.MailServer {
	return record.MailServer{
		Host: p.GetHost(), Port: p.GetPort(), Security: record.MailSecurity(p.GetSecurity()), Login: record.MailLogin(p.GetLogin()),
		User: p.GetUser(), Password: record.Secret(p.GetPassword()), CAPEM: p.GetCaPem(), From: p.GetFrom(), Hello: p.GetHello(),
		TimeoutSeconds: p.GetTimeoutSeconds(),
	}
}

func takeWebhook(p *directorv1.Webhook) record.Webhook {
	w := record.Webhook{
		ID: p.GetId(), Name: p.GetName(), URL: p.GetUrl(), Secret: record.Secret(p.GetSecret()), When: record.ReportWhen(p.GetWhen()),
		CAPEM: p.GetCaPem(), TimeoutSeconds: p.GetTimeoutSeconds(),
	}
	for k, v := range p.GetHeaders() {
		if w.Headers == nil {
			w.Headers = map[string]record.Secret{}
		}
		w.Headers[k] = record.Secret(v)
	}
	return w
}
