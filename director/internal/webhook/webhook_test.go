package webhook_test

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/webhook"
	"holdfast/pkg/fault"
)

// receiver is a webhook's server, and settings that trust it.
func receiver(t *testing.T, h http.HandlerFunc) *record.Webhook {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return &record.Webhook{
		ID: "w", Name: "Pager", URL: s.URL + "/in?token=hush", Secret: "swordfish", CAPEM: ca, TimeoutSeconds: 10,
		Headers: map[string]record.Secret{"Authorization": "Bearer x", "X-Team": "mail"},
	}
}

var now = time.Unix(1_772_400_000, 0)

func TestAPostIsSignedAndCarriesItsHeaders(t *testing.T) {
	var got http.Header
	var body string
	w := receiver(t, func(rw http.ResponseWriter, q *http.Request) {
		data, _ := io.ReadAll(q.Body)
		got, body = q.Header, string(data)
		rw.WriteHeader(http.StatusAccepted)
	})
	if err := webhook.Post(t.Context(), w, "d-1", []byte(`{"a":1}`), now); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer x", "X-Team": "mail", "Holdfast-Delivery": "d-1",
		"Holdfast-Signature": "t=1772400000,v1=" + openssl(t, "swordfish", `1772400000.{"a":1}`),
	} {
		if got.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, got.Get(name), want)
		}
	}
	if body != `{"a":1}` {
		t.Errorf("body: %q", body)
	}
}

// openssl signs a text with a program that is not ours.
func openssl(t *testing.T, secret, text string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", "dgst", "-sha256", "-hmac", secret, "-r")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("openssl cannot be run: %v", err)
	}
	digest, _, _ := strings.Cut(string(out), " ")
	return digest
}

func TestWhyAPostIsNotTaken(t *testing.T) {
	answer := func(code int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Location", "https://elsewhere.invalid/")
			rw.Header().Set("Retry-After", "90")
			rw.WriteHeader(code)
		}
	}
	for name, tc := range map[string]struct {
		h      http.HandlerFunc
		change func(*record.Webhook)
		kind   fault.Kind
		says   string
	}{
		"refused":      {answer(400), nil, fault.Denied, "HTTP 400"},
		"gone":         {answer(410), nil, fault.Denied, "HTTP 410"},
		"not let in":   {answer(401), nil, fault.Unauthorized, "HTTP 401"},
		"busy":         {answer(503), nil, fault.Unavailable, "HTTP 503"},
		"moved":        {answer(308), nil, fault.Unavailable, "do not follow"},
		"slow":         {func(_ http.ResponseWriter, q *http.Request) { _, _ = io.ReadAll(q.Body); <-q.Context().Done() }, func(w *record.Webhook) { w.TimeoutSeconds = 1 }, fault.Timeout, "within 1s"},
		"untrusted":    {answer(200), func(w *record.Webhook) { w.CAPEM = nil }, fault.Unauthorized, "certificate"},
		"breaks off":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, fault.Unavailable, "broke off"},
		"nobody there": {answer(200), func(w *record.Webhook) { w.URL = "https://127.0.0.1:1/hush" }, fault.Unavailable, "cannot be reached"},
		"no CA":        {answer(200), func(w *record.Webhook) { w.CAPEM = []byte("x") }, fault.Invalid, "CA"},
	} {
		t.Run(name, func(t *testing.T) {
			w := receiver(t, tc.h)
			if tc.change != nil {
				tc.change(w)
			}
			err := webhook.Post(t.Context(), w, "d", []byte("{}"), now)
			if !errors.Is(err, tc.kind) || err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v (%v), want %v with %q", err, fault.KindOf(err), tc.kind, tc.says)
			}
			if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "swordfish")) {
				t.Errorf("the error tells a secret: %v", err)
			}
			if name == "busy" && fault.RetryAfter(err) != 90*time.Second {
				t.Errorf("asked to wait %v", fault.RetryAfter(err))
			}
		})
	}
}
