package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"holdfast/pkg/fault"
)

// explain turns what went wrong into a fault that says what to do. See Send for the kinds.
func (l *wire) explain(ctx context.Context, err error) error {
	var sent *gomail.SendError
	var answer *textproto.Error
	var slow net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case certificate(err):
		return fault.New(fault.Unauthorized, "the certificate of the mail server %s does not check: %w; name the CA that signed it in the settings", l.host, err)
	case errors.As(err, &slow) && slow.Timeout():
		return fault.New(fault.Timeout, "the mail server %s did not answer within %s", l.host, Timeout(l.server))
	case errors.As(err, &sent):
		return l.refused(sent)
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return fault.New(fault.Unsupported, "the mail server %s does not offer STARTTLS, without which nothing is sent to it; use the port for TLS, or allow mail without protection", l.host)
	case strings.Contains(err.Error(), "SMTP AUTH failed"), strings.Contains(err.Error(), "unencrypted connection"):
		return fault.New(fault.Unauthorized, "the mail server %s does not accept the user and password: %w", l.host, err)
	case strings.Contains(err.Error(), "SMTP AUTH"), strings.Contains(err.Error(), "auth"):
		return fault.New(fault.Unsupported, "the mail server %s does not offer a way to sign in that may be used (%w); choose another login, or protect the connection with TLS", l.host, err)
	case errors.As(err, &answer):
		return fault.New(fault.Unavailable, "the mail server %s does not serve now: %w", l.host, answer)
	case errors.As(err, new(tls.RecordHeaderError)):
		return fault.New(fault.Unsupported, "the mail server %s does not speak TLS on this port; use STARTTLS", l.host)
	}
	return fault.New(fault.Unavailable, "the mail server %s cannot be reached: %s", l.host, fault.Unreached(err))
}

// refused is about a server's answer to one mail.
func (l *wire) refused(e *gomail.SendError) error {
	code := e.ErrorCode()
	switch {
	case strings.Contains(e.Error(), "i/o timeout"): // the library keeps only the words
		return fault.New(fault.Timeout, "the mail server %s did not answer within %s", l.host, Timeout(l.server))
	case code >= 500:
		return fault.New(fault.Denied, "the mail server %s refuses the mail: %s", l.host, said(e))
	case code >= 400:
		return fault.New(fault.Unavailable, "the mail server %s puts the mail off: %s", l.host, said(e))
	}
	return fault.New(fault.Unavailable, "the connection to the mail server %s broke: %s", l.host, said(e))
}

// said is what the server said, without what the library adds about the mail.
func said(e *gomail.SendError) string {
	text, _, _ := strings.Cut(e.Error(), ", affected ")
	return Line(text)
}

func certificate(err error) bool {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &verify)
}
