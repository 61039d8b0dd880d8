// Package webhook posts reports as JSON to addresses of the administrator's. What is posted can be signed: the header
// Holdfast-Signature is "t=SECONDS,v1=HEX", HEX being the HMAC-SHA256, under the secret that both sides know, of the seconds
// (Unix time), a full stop, and the body. A receiver refuses what is older than some minutes. It keeps nothing and does not log.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"holdfast/director/internal/mailer"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// DefaultTimeout is how long a post may take when the settings do not say.
const DefaultTimeout = 15 * time.Second

// SignatureHeader carries the signature.
const SignatureHeader = "Holdfast-Signature"

// maxAnswer is how much of an answer is read, in bytes: its status says all that matters.
const maxAnswer = 4 << 10

// Post hands a body to a webhook. On nil the receiver took it (2xx). ID is the same when the body is posted again. Denied means
// that the receiver will never take this body; Unauthorized that its certificate does not check, or that it does not know who
// we are; else it is not known why not. Redirects are not followed: a secret is for whom it was meant.
func Post(ctx context.Context, w *record.Webhook, id string, body []byte, now time.Time) error {
	timeout := time.Duration(w.TimeoutSeconds) * time.Second
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(limited, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Invalid, "the address of the webhook %s cannot be used", w.Name)
	}
	for k, v := range w.Headers {
		q.Header.Set(k, string(v))
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Holdfast-Delivery", id)
	if w.Secret != "" {
		q.Header.Set(SignatureHeader, Sign(string(w.Secret), now, body))
	}
	roots, err := mailer.Roots(w.CAPEM)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(q)
	if err != nil {
		return explain(ctx, w, timeout, err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // the status is known
	_ = answer.Body.Close()                             // nothing is kept of it
	return status(w, answer)
}

// Sign returns the signature of a body.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return fmt.Sprintf("t=%s,v1=%s", seconds, hex.EncodeToString(mac.Sum(nil)))
}

// explain says why there was no answer. The address may hold a secret and is not told.
func explain(ctx context.Context, w *record.Webhook, timeout time.Duration, err error) error {
	var slow net.Error
	var verify *tls.CertificateVerificationError
	var broken *net.OpError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &verify):
		return fault.New(fault.Unauthorized, "the certificate of the webhook %s does not check: %w; name the CA that signed it in the settings", w.Name, verify)
	case errors.As(err, &slow) && slow.Timeout():
		return fault.New(fault.Timeout, "the webhook %s did not answer within %s", w.Name, timeout)
	case errors.As(err, &broken):
		return fault.New(fault.Unavailable, "the webhook %s cannot be reached: %s", w.Name, fault.Unreached(broken))
	}
	return fault.New(fault.Unavailable, "the webhook %s cannot be reached, or broke off", w.Name)
}

// status says what an answer means.
func status(w *record.Webhook, a *http.Response) error {
	switch code := a.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fault.New(fault.Unauthorized, "the webhook %s does not let us in (HTTP %d); check its headers and its secret", w.Name, code)
	case code == http.StatusBadRequest, code == http.StatusGone, code == http.StatusRequestEntityTooLarge,
		code == http.StatusUnsupportedMediaType, code == http.StatusUnprocessableEntity:
		return fault.New(fault.Denied, "the webhook %s refuses the report (HTTP %d)", w.Name, code)
	case code >= 300 && code < 400:
		return fault.New(fault.Unavailable, "the webhook %s sends us elsewhere (HTTP %d), where we do not follow: enter its new address", w.Name, code)
	default:
		f := fault.New(fault.Unavailable, "the webhook %s could not take the report (HTTP %d)", w.Name, code)
		if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil && seconds > 0 {
			f.RetryAfter = min(time.Duration(seconds)*time.Second, 6*time.Hour)
		}
		return f
	}
}
