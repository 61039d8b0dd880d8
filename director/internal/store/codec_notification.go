package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// notificationsPlace binds the sealed secrets to their record.
const notificationsPlace = "notifications/" + NotificationsKey

func encodeNotifications(s *sealer, r *record.NotificationSettings) (*statev1.NotificationSettings, error) {
	p := &statev1.NotificationSettings{
		Reports: encodeReports(&r.Reports), Recoveries: int32(r.Recoveries), Maintenance: int32(r.Maintenance), PublicUrl: r.PublicURL,
		Mail: &statev1.MailServer{
			Host: r.Mail.Host, Port: r.Mail.Port, Security: int32(r.Mail.Security), Login: int32(r.Mail.Login), User: r.Mail.User,
			CaPem: r.Mail.CAPEM, From: r.Mail.From, Hello: r.Mail.Hello, TimeoutSeconds: r.Mail.TimeoutSeconds,
		},
	}
	secrets := &statev1.NotificationSecrets{MailPassword: string(r.Mail.Password), Webhooks: map[string]*statev1.WebhookSecrets{}}
	for i := range r.Webhooks {
		w := &r.Webhooks[i]
		p.Webhooks = append(p.Webhooks, &statev1.Webhook{
			Id: w.ID, Name: w.Name, Url: w.URL, When: int32(w.When), CaPem: w.CAPEM, TimeoutSeconds: w.TimeoutSeconds,
		})
		of := &statev1.WebhookSecrets{Secret: string(w.Secret), Headers: map[string]string{}}
		for k, v := range w.Headers {
			of.Headers[k] = string(v)
		}
		secrets.Webhooks[w.ID] = of
	}
	var err error
	p.SealedSecrets, err = s.sealMessage(secrets, notificationsPlace)
	return p, err
}

func decodeNotifications(s *sealer, p *statev1.NotificationSettings) (record.NotificationSettings, error) {
	m := p.GetMail()
	r := record.NotificationSettings{
		Reports: decodeReports(p.GetReports()), Recoveries: record.ReportWhen(p.GetRecoveries()),
		Maintenance: record.ReportWhen(p.GetMaintenance()), PublicURL: p.GetPublicUrl(),
		Mail: record.MailServer{
			Host: m.GetHost(), Port: m.GetPort(), Security: record.MailSecurity(m.GetSecurity()), Login: record.MailLogin(m.GetLogin()),
			User: m.GetUser(), CAPEM: m.GetCaPem(), From: m.GetFrom(), Hello: m.GetHello(), TimeoutSeconds: m.GetTimeoutSeconds(),
		},
	}
	var secrets statev1.NotificationSecrets
	if len(p.GetSealedSecrets()) > 0 {
		if err := s.openMessage(p.GetSealedSecrets(), notificationsPlace, &secrets); err != nil {
			return record.NotificationSettings{}, err
		}
	}
	r.Mail.Password = record.Secret(secrets.GetMailPassword())
	for _, w := range p.GetWebhooks() {
		of := secrets.GetWebhooks()[w.GetId()]
		one := record.Webhook{
			ID: w.GetId(), Name: w.GetName(), URL: w.GetUrl(), Secret: record.Secret(of.GetSecret()), When: record.ReportWhen(w.GetWhen()),
			CAPEM: w.GetCaPem(), TimeoutSeconds: w.GetTimeoutSeconds(),
		}
		for k, v := range of.GetHeaders() {
			if one.Headers == nil {
				one.Headers = map[string]record.Secret{}
			}
			one.Headers[k] = record.Secret(v)
		}
		r.Webhooks = append(r.Webhooks, one)
	}
	return r, nil
}

func encodeDelivery(r *record.Delivery) *statev1.Delivery {
	return &statev1.Delivery{
		Id: string(r.ID), Kind: int32(r.Kind), Target: r.Target, Name: r.Name, RunId: string(r.Run), Subject: r.Subject,
		Status: int32(r.Status), Attempts: r.Attempts, Created: stamp(r.Created), Since: stamp(r.Since), NextTry: stamp(r.NextTry),
		Ended: stamp(r.Ended), Error: r.Error,
	}
}

func decodeDelivery(p *statev1.Delivery) record.Delivery {
	return record.Delivery{
		ID: record.DeliveryID(p.GetId()), Kind: record.DeliveryKind(p.GetKind()), Target: p.GetTarget(), Name: p.GetName(),
		Run: record.RunID(p.GetRunId()), Subject: p.GetSubject(), Status: record.DeliveryStatus(p.GetStatus()),
		Attempts: p.GetAttempts(), Created: moment(p.GetCreated()), Since: moment(p.GetSince()), NextTry: moment(p.GetNextTry()),
		Ended: moment(p.GetEnded()), Error: p.GetError(),
	}
}
