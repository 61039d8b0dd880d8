package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"holdfast/pkg/fault"
)

// wireError says what went wrong between us and the Director: what it answered, as a fault, or why there was no answer.
func (s settings) wireError(err error) error {
	if err == nil {
		return nil
	}
	if connect.IsWireError(err) {
		return answered(err)
	}
	return s.noAnswer(err)
}

// answered is the Director's own error, with the kind and field that ride along.
func answered(err error) *fault.Fault {
	var ce *connect.Error
	if !errors.As(err, &ce) {
		return fault.New(fault.Unknown, "%w", err)
	}
	var info *errdetails.ErrorInfo
	var retry *errdetails.RetryInfo
	for _, d := range ce.Details() {
		v, err := d.Value()
		if err != nil {
			continue // A detail of a newer Director.
		}
		switch v := v.(type) {
		case *errdetails.ErrorInfo:
			info = v
		case *errdetails.RetryInfo:
			retry = v
		}
	}
	return fault.FromParts(codes.Code(ce.Code()), ce.Message(), info, retry)
}

// sessionOver is the sentence for a token that the Director does not accept any more, with the way back in.
func (s settings) sessionOver(f *fault.Fault) error {
	text, _ := strings.CutSuffix(strings.TrimRight(f.Message, ". "), "; sign in again")
	switch s.tokenFrom {
	case "":
		return notSignedIn{text + "."}
	case "login":
		return notSignedIn{text + ". Sign in again with: holdfast login"}
	default:
		return notSignedIn{text + ". The token came from " + s.tokenFrom + "."}
	}
}

// streamError is wireError for streams, where Unauthorized is always about the session: what is watched keeps its own
// errors to itself.
func (s settings) streamError(err error) error {
	err = s.wireError(err)
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind == fault.Unauthorized {
		return s.sessionOver(f)
	}
	return err
}

// noAnswer is the sentence for each way of not reaching a Director.
func (s settings) noAnswer(err error) error {
	var (
		pin  *mismatch
		ca   x509.UnknownAuthorityError
		host x509.HostnameError
		bad  x509.CertificateInvalidError
		tv   *tls.CertificateVerificationError
		rec  tls.RecordHeaderError
		dns  *net.DNSError
	)
	text := ""
	switch {
	case errors.As(err, &pin):
		text = fmt.Sprintf("%s shows another certificate than the one trusted at the last login: it is %s, expected %s. "+
			"If the Director got a new certificate, compare it with what the Director's machine prints and run: "+
			"holdfast login --fingerprint %s. Otherwise somebody may be in between.",
			s.director, fingerprintText(pin.got), fingerprintText(pin.want), fingerprintText(pin.got))
	case errors.As(err, &ca):
		text = "the certificate of " + s.director + " is not known here. Run \"holdfast login\" to see and trust it, or name its CA with --ca."
	case errors.As(err, &host):
		text = "the certificate of " + s.director + " is for another name: " + host.Error() +
			". Use a name that is in it, or trust exactly this certificate with --fingerprint."
	case errors.As(err, &bad), errors.As(err, &tv):
		text = "the certificate of " + s.director + " is not valid: " + root(err).Error() + "."
	case errors.As(err, &rec), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		text = s.director + " does not speak HTTPS: this is not the Director's port (its own is " + defaultPort + ")."
	case errors.As(err, &dns):
		text = "no machine is called " + dns.Name + ". Check the name, or give another with --director."
	case fault.Refused(err):
		text = "no Director answers at " + s.director + ": the connection was refused. " + s.whichDirector()
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err), connect.CodeOf(err) == connect.CodeDeadlineExceeded:
		text = fmt.Sprintf("%s did not answer within %s. --timeout waits longer.", s.director, duration(s.timeout))
	case connect.CodeOf(err) == connect.CodeUnavailable, isNet(err):
		text = "the connection to " + s.director + " failed: " + root(err).Error() + "."
	default:
		text = s.director + " answers, but not like a Holdfast Director: " + root(err).Error() + "."
	}
	return &unreachable{text: text, cause: err}
}

func (s settings) whichDirector() string {
	if s.named {
		return "Check that it runs and that the address is right."
	}
	return "Name yours with --director or HOLDFAST_DIRECTOR."
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func isNet(err error) bool {
	var oe *net.OpError
	var ue *url.Error
	return errors.As(err, &oe) || errors.As(err, &ue)
}

// root is the innermost error: the outer ones repeat the address and the method.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
