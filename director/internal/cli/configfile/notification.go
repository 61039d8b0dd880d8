package configfile

import (
	"maps"
	"net/textproto"
	"net/url"
	"slices"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Notifications says whom the Director tells of what ended. It is replaced as a whole.
type Notifications struct {
	// Mail left out: no mail is sent.
	Mail     *Mail     `yaml:"mail,omitempty"`
	Reports  *Reports  `yaml:"reports,omitempty"`
	Webhooks []Webhook `yaml:"webhooks,omitempty"`
	// Recoveries and Maintenance: always, not-successful or failed; never when left out.
	Recoveries  string `yaml:"recoveries,omitempty"`
	Maintenance string `yaml:"maintenance,omitempty"`
	PublicURL   string `yaml:"public_url,omitempty"`
}

// Mail is the server that takes the mails.
type Mail struct {
	Host string `yaml:"host"`
	Port int32  `yaml:"port,omitempty"`
	// Security is starttls when left out, or tls or none.
	Security string `yaml:"security,omitempty"`
	// Login is the strongest that the server has when left out, or plain, login or cram-md5.
	Login          string `yaml:"login,omitempty"`
	User           string `yaml:"user,omitempty"`
	Password       *Ref   `yaml:"password,omitempty"`
	CAPEM          string `yaml:"ca_pem,omitempty"`
	From           string `yaml:"from"`
	Hello          string `yaml:"hello,omitempty"`
	TimeoutSeconds int32  `yaml:"timeout_seconds,omitempty"`
}

// Webhook is an address that is posted to.
type Webhook struct {
	Name   string `yaml:"name"`
	URL    string `yaml:"url"`
	Secret *Ref   `yaml:"secret,omitempty"`
	// Headers are names and where their values are.
	Headers        map[string]Ref `yaml:"headers,omitempty"`
	When           string         `yaml:"when,omitempty"`
	CAPEM          string         `yaml:"ca_pem,omitempty"`
	TimeoutSeconds int32          `yaml:"timeout_seconds,omitempty"`
}

var (
	mailSecurity = vocabulary{prefix: "MAIL_SECURITY_", values: pb.MailSecurity_value, standard: "starttls"}
	mailLogin    = vocabulary{prefix: "MAIL_LOGIN_", values: pb.MailLogin_value}
)

func (w *Webhook) name() string { return w.Name }

func (w *Webhook) check() error {
	if err := w.Secret.check("secret"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, h := range slices.Sorted(maps.Keys(w.Headers)) {
		ref := w.Headers[h]
		if err := ref.check("headers." + h); err != nil {
			return err
		}
		c := textproto.CanonicalMIMEHeaderKey(h)
		if seen[c] {
			return invalid("headers: %s is there twice", c)
		}
		seen[c] = true
	}
	return told.check("when", w.When)
}

func (n *Notifications) check() error {
	if n == nil {
		return nil
	}
	if m := n.Mail; m != nil {
		if err := m.Password.check("notifications.mail.password"); err != nil {
			return err
		}
		if err := mailSecurity.check("notifications.mail.security", m.Security); err != nil {
			return err
		}
		if err := mailLogin.check("notifications.mail.login", m.Login); err != nil {
			return err
		}
		if m.Password != nil && m.User == "" {
			return invalid("notifications.mail: a password goes with a user")
		}
	}
	if err := n.Reports.check("notifications.reports.when"); err != nil {
		return err
	}
	if err := asked.check("notifications.recoveries", n.Recoveries); err != nil {
		return err
	}
	if err := asked.check("notifications.maintenance", n.Maintenance); err != nil {
		return err
	}
	return unique("webhook", n.Webhooks, (*Webhook).name, (*Webhook).check)
}

func exportNotifications(p *pb.NotificationSettings) (*Notifications, error) {
	n := &Notifications{
		Reports: exportReports(p.GetReports()), Recoveries: asked.word(int32(p.GetRecoveries())),
		Maintenance: asked.word(int32(p.GetMaintenance())), PublicURL: p.GetPublicUrl(),
	}
	if m := p.GetMail(); m.GetHost() != "" {
		n.Mail = &Mail{
			Host: m.GetHost(), Port: m.GetPort(), Security: mailSecurity.word(int32(m.GetSecurity())), Login: mailLogin.word(int32(m.GetLogin())),
			User: m.GetUser(), CAPEM: string(m.GetCaPem()), From: m.GetFrom(), Hello: m.GetHello(), TimeoutSeconds: m.GetTimeoutSeconds(),
		}
		if m.GetPasswordSet() {
			n.Mail.Password = placeholder("mail", "password")
		}
	}
	for _, w := range p.GetWebhooks() {
		one := Webhook{
			Name: w.GetName(), URL: w.GetUrl(), When: told.word(int32(w.GetWhen())), CAPEM: string(w.GetCaPem()), TimeoutSeconds: w.GetTimeoutSeconds(),
		}
		if w.GetSecretSet() {
			one.Secret = placeholder("webhook", w.GetName(), "secret")
		}
		for h := range w.GetHeaders() {
			if one.Headers == nil {
				one.Headers = map[string]Ref{}
			}
			one.Headers[h] = *placeholder("webhook", w.GetName(), h)
		}
		n.Webhooks = append(n.Webhooks, one)
	}
	byName(n.Webhooks, (*Webhook).name)
	return n, unique("webhook", n.Webhooks, (*Webhook).name, func(*Webhook) error { return nil })
}

// open is the settings without their secrets, webhooks by name, in words that can be compared.
func (n *Notifications) open() Notifications {
	out := *n
	out.Reports, out.Webhooks = n.Reports.normal(), nil
	if n.Mail != nil {
		m := *n.Mail
		m.Password, m.Port = nil, m.port()
		m.Security = mailSecurity.plain(m.Security)
		out.Mail = &m
	}
	return out
}

func (w Webhook) open() Webhook {
	w.Secret, w.Headers, w.When = nil, nil, told.plain(w.When)
	return w
}

// port is the one that is dialled.
func (m *Mail) port() int32 {
	switch {
	case m.Port != 0:
		return m.Port
	case m.Security == "tls":
		return 465
	case m.Security == "none":
		return 25
	}
	return 587
}

// server is whom a password is sent to; with another it must be given again.
func (m *Mail) server() Mail {
	return Mail{Host: m.Host, Port: m.port(), Security: mailSecurity.plain(m.Security), Login: m.Login, User: m.User, CAPEM: m.CAPEM}
}

// place is whom the secrets of a webhook are sent to.
func (w *Webhook) place() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return w.URL + " " + w.CAPEM
	}
	return u.Scheme + "://" + u.Host + " " + w.CAPEM
}
