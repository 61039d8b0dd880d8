package api

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"holdfast/director/internal/mailer"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of the settings.
const (
	maxWebhooks       = 20
	maxHeaders        = 20
	maxHeader         = 4096
	maxMailSeconds    = 300
	maxWebhookSeconds = 120
)

func validateNotification(m any) error {
	switch q := m.(type) {
	case *directorv1.GetNotificationSettingsRequest:
		return nil
	case *directorv1.UpdateNotificationSettingsRequest:
		return notificationSettings(q.GetSettings())
	case *directorv1.SendTestMailRequest:
		return first(addresses("address", []string{q.GetAddress()}), mailServer("mail", q.GetMail()))
	case *directorv1.SendTestWebhookRequest:
		if q.GetWebhook() == nil {
			return id("webhook_id", q.GetWebhookId())
		}
		return webhook("webhook", q.GetWebhook())
	case *directorv1.ListDeliveriesRequest:
		return first(between("limit", q.GetLimit(), 0, maxRuns), one(directorv1.DeliveryStatus_name, "status", int32(q.GetStatus())), maybeID("run_id", q.GetRunId()))
	case *directorv1.RetryDeliveryRequest:
		return id("delivery_id", q.GetDeliveryId())
	default:
		return validateMaintenance(m)
	}
}

// one checks a number of an enumeration.
func one(names map[int32]string, field string, n int32) error {
	if _, ok := names[n]; !ok {
		return bad(field, "is none that there is")
	}
	return nil
}

func notificationSettings(s *directorv1.NotificationSettings) error {
	if s == nil {
		return bad("settings", "is missing")
	}
	if len(s.GetWebhooks()) > maxWebhooks {
		return bad("settings.webhooks", "has more than %d entries", maxWebhooks)
	}
	for n, w := range s.GetWebhooks() {
		if err := webhook(fmt.Sprintf("settings.webhooks[%d]", n), w); err != nil {
			return err
		}
	}
	if s.GetPublicUrl() != "" {
		if err := httpsURL("settings.public_url", s.GetPublicUrl()); err != nil {
			return err
		}
	}
	return first(
		mailServer("settings.mail", s.GetMail()), reports("settings.reports", s.GetReports()), line("settings.public_url", s.GetPublicUrl(), maxPath),
		once("settings.webhooks", ".name", s.GetWebhooks(), (*directorv1.Webhook).GetName),
		one(directorv1.ReportWhen_name, "settings.recoveries", int32(s.GetRecoveries())),
		one(directorv1.ReportWhen_name, "settings.maintenance", int32(s.GetMaintenance())),
	)
}

// mailServer checks a mail server; nil is none.
func mailServer(field string, m *directorv1.MailServer) error {
	if m == nil {
		return nil
	}
	if m.GetHost() == "" {
		return bad(field+".host", "is missing")
	}
	if _, err := mailer.Address(m.GetFrom()); err != nil {
		return fault.InvalidField(field+".from", "the sender: %w", err)
	}
	if m.GetUser() != "" && m.GetSecurity() == directorv1.MailSecurity_MAIL_SECURITY_NONE &&
		m.GetLogin() != directorv1.MailLogin_MAIL_LOGIN_UNSPECIFIED && m.GetLogin() != directorv1.MailLogin_MAIL_LOGIN_CRAM_MD5 {
		return fault.InvalidField(field+".login", "without protection everybody on the way could read the password: choose STARTTLS or TLS, or sign in with CRAM-MD5")
	}
	return first(
		host(field+".host", m.GetHost()), host(field+".hello", m.GetHello()), between(field+".port", m.GetPort(), 0, 65535),
		one(directorv1.MailSecurity_name, field+".security", int32(m.GetSecurity())),
		one(directorv1.MailLogin_name, field+".login", int32(m.GetLogin())),
		line(field+".user", m.GetUser(), maxSecret), secret(field+".password", m.GetPassword(), false),
		programText(field+".password", m.GetPassword(), maxSecret), certificates(field+".ca_pem", m.GetCaPem()),
		between(field+".timeout_seconds", m.GetTimeoutSeconds(), 0, maxMailSeconds),
	)
}

func webhook(field string, w *directorv1.Webhook) error {
	if len(w.GetHeaders()) > maxHeaders {
		return bad(field+".headers", "has more than %d entries", maxHeaders)
	}
	for key, value := range w.GetHeaders() {
		if !headerName(key) || len(value) > maxHeader || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fault.InvalidField(field+".headers", "the header %q is none that can be added", key)
		}
	}
	err := first(
		maybeID(field+".id", w.GetId()), name(field+".name", w.GetName()), line(field+".url", w.GetUrl(), maxPath),
		secret(field+".secret", w.GetSecret(), false), one(directorv1.ReportWhen_name, field+".when", int32(w.GetWhen())),
		certificates(field+".ca_pem", w.GetCaPem()), between(field+".timeout_seconds", w.GetTimeoutSeconds(), 0, maxWebhookSeconds),
	)
	if err != nil {
		return err
	}
	return webhookURL(field+".url", w.GetUrl())
}

// headerName reports whether a webhook may add a header: any that does not steer the request itself.
func headerName(s string) bool {
	if s == "" || len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return false
	}
	switch textproto.CanonicalMIMEHeaderKey(s) {
	case "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Upgrade", "Trailer", "Te", http.CanonicalHeaderKey("Holdfast-Signature"):
		return false
	}
	return true
}

// webhookURL is where a webhook posts to; its path and query may say who we are.
func webhookURL(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return fault.InvalidField(field, "this is no address of the form https://host[:port]/path")
	}
	return nil
}
