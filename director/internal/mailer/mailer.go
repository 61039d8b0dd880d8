// Package mailer hands single mails to a mail server by SMTP. It knows what a server's answers mean: whether trying again
// may help. It keeps nothing and does not log.
package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// DefaultTimeout is how long connecting and sending may each take when the settings do not say.
const DefaultTimeout = 30 * time.Second

// Mail is one mail to one person.
type Mail struct {
	// ID stays the same when the mail is sent again, so that mail servers and readers can tell that it is the same.
	ID   string
	To   string
	Date time.Time
	// Subject is cut to one line. Text and HTML say the same.
	Subject, Text, HTML string
}

// Send hands a mail to a server. On nil the server took it. Denied means that the server will never take this mail;
// Unauthorized that the server's certificate or the login does not check; Unsupported that it lacks what was required of it;
// Invalid that the settings or the address cannot be used; else (Unavailable, Timeout, Canceled) it is not known why not, and
// a mail that is cut off as it ends may have been taken nevertheless.
func Send(ctx context.Context, s *record.MailServer, m Mail) error {
	if s.Host == "" {
		return fault.New(fault.Invalid, "no mail server is configured: name one in the settings")
	}
	msg, err := compose(s, m)
	if err != nil {
		return err
	}
	line := &wire{server: s, host: net.JoinHostPort(s.Host, strconv.Itoa(Port(s)))}
	client, err := line.client()
	if err != nil {
		return err
	}
	defer line.close()
	stop := context.AfterFunc(ctx, line.close)
	defer stop()
	smtp, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return line.explain(ctx, err)
	}
	err = client.SendWithSMTPClient(smtp, msg)
	if msg.IsDelivered() { // what went wrong behind it does not matter
		err = nil
	}
	if err != nil {
		return line.explain(ctx, err)
	}
	_ = client.CloseWithSMTPClient(smtp) // it was taken; how the server says goodbye changes nothing
	return nil
}

// Port returns the port of a server.
func Port(s *record.MailServer) int {
	switch {
	case s.Port != 0:
		return int(s.Port)
	case s.Security == record.MailTLS:
		return 465
	case s.Security == record.MailUnprotected:
		return 25
	}
	return 587
}

// Timeout returns how long a step may take.
func Timeout(s *record.MailServer) time.Duration {
	if s.TimeoutSeconds == 0 {
		return DefaultTimeout
	}
	return time.Duration(s.TimeoutSeconds) * time.Second
}

// compose builds the mail.
func compose(s *record.MailServer, m Mail) (*gomail.Msg, error) {
	from, err := Address(s.From)
	if err != nil {
		return nil, fault.InvalidField("from", "the sender: %w", err)
	}
	to, err := Address(m.To)
	if err != nil {
		return nil, fault.InvalidField("address", "the receiver: %w", err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.EnvelopeFromMailAddress(from)
	msg.ToMailAddress(to)
	msg.Subject(Line(m.Subject))
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.ID + from.Address[strings.LastIndexByte(from.Address, '@'):])
	// RFC 3834: so that nobody's absence is answered to us.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// wire is one connection, which is closed whatever becomes of it.
type wire struct {
	server *record.MailServer
	host   string
	conn   connection
}

// client returns a client that connects through the wire.
func (l *wire) client() (*gomail.Client, error) {
	s := l.server
	pool, err := Roots(s.CAPEM)
	if err != nil {
		return nil, err
	}
	trusted := &tls.Config{ServerName: s.Host, RootCAs: pool, MinVersion: tls.VersionTLS12}
	hello := s.Hello
	if hello == "" {
		if hello, err = os.Hostname(); err != nil || strings.ContainsAny(hello, " \r\n") {
			hello = "localhost"
		}
	}
	options := []gomail.Option{
		gomail.WithPort(Port(s)), gomail.WithTimeout(Timeout(s)), gomail.WithTLSConfig(trusted), gomail.WithHELO(hello),
		gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil && s.Security == record.MailTLS {
				secured := tls.Client(conn, trusted)
				if err = secured.HandshakeContext(ctx); err != nil {
					_ = conn.Close() // the handshake's error is the one to tell
				}
				conn = secured
			}
			if err != nil {
				return nil, err
			}
			return conn, l.conn.set(conn)
		}),
	}
	switch s.Security {
	case record.MailTLS:
		options = append(options, gomail.WithSSL())
	case record.MailUnprotected:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
	}
	if s.User != "" {
		options = append(options, gomail.WithUsername(s.User), gomail.WithPassword(string(s.Password)), login(s))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the mail server's settings cannot be used: %w", err)
	}
	return client, nil
}

// login returns how to sign in. What sends a password as it is refuses to do so without TLS.
func login(s *record.MailServer) gomail.Option {
	switch s.Login {
	case record.MailLoginPlain:
		return gomail.WithSMTPAuth(gomail.SMTPAuthPlain)
	case record.MailLoginLogin:
		return gomail.WithSMTPAuth(gomail.SMTPAuthLogin)
	case record.MailLoginCRAMMD5:
		return gomail.WithSMTPAuth(gomail.SMTPAuthCramMD5)
	}
	safe := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5}
	if s.Security == record.MailUnprotected {
		return gomail.WithOpportunisticSMTPAuth(safe...)
	}
	return gomail.WithOpportunisticSMTPAuth(append(safe, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)...)
}

func (l *wire) close() { l.conn.close() }

// Roots returns the CAs in PEM form; nil, for those of the machine, when there are none.
func Roots(pem []byte) (*x509.CertPool, error) {
	if len(pem) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Invalid, "there is no CA certificate in what was given as one")
	}
	return pool, nil
}

var errClosed = errors.New("it was stopped")
