package director_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/director"
	"holdfast/pkg/fault"
)

func TestStartThatCannotBeLeavesNothing(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, tc := range map[string]struct {
		change func(t *testing.T, o *director.Options)
		kind   fault.Kind
		text   string
	}{
		"port in use": {func(_ *testing.T, o *director.Options) { o.Address = busy.Addr().String() }, fault.Conflict, "--address"},
		"metrics port in use": {
			func(_ *testing.T, o *director.Options) { o.MetricsAddress = busy.Addr().String() }, fault.Conflict, "cannot serve",
		},
		"a file where the folder should be": {func(t *testing.T, o *director.Options) {
			if err := os.WriteFile(o.DataDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, fault.Invalid, "data folder"},
		"a key file that is not there": {
			func(_ *testing.T, o *director.Options) { o.KeyFile = filepath.Join(o.DataDir, "none") }, fault.NotFound, "key",
		},
		"several things at once": {func(_ *testing.T, o *director.Options) {
			o.Address, o.CertificateFile, o.ExtraNames = "nowhere", "x", []string{"a b"}
		}, fault.Invalid, "belong together"},
	} {
		t.Run(name, func(t *testing.T) {
			o := director.Options{DataDir: filepath.Join(t.TempDir(), "data"), Address: "127.0.0.1:0"}
			tc.change(t, &o)
			_, err := director.New(t.Context(), o)
			if !errors.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v (%v), want kind %v and %q", err, fault.KindOf(err), tc.kind, tc.text)
			}
			for _, made := range []string{"first-password", "cli-token", "tls.key"} {
				if _, err := os.Stat(filepath.Join(o.DataDir, made)); err == nil {
					t.Errorf("%s was made", made)
				}
			}
		})
	}
}

func TestSecondDirectorOnAFolderIsRefused(t *testing.T) {
	h := newHouse(t)
	_, err := director.New(t.Context(), h.options)
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "another Director") {
		t.Errorf("got %v", err)
	}
	var out bytes.Buffer
	if err := director.ResetPassword(t.Context(), h.options, &out); fault.KindOf(err) != fault.Conflict {
		t.Errorf("reset-password beside it: %v", err)
	}
	h.stop()
	if err := director.ResetPassword(t.Context(), h.options, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), strings.TrimSpace(string(h.file("first-password")))) {
		t.Errorf("it says %q", out.String())
	}
}

func TestLostKeyIsToldAndNotReplaced(t *testing.T) {
	h := newHouse(t)
	h.stop()
	path := filepath.Join(h.options.DataDir, "director.key")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := director.New(t.Context(), h.options); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("another key was made")
	}
}

func TestCertificateIsKept(t *testing.T) {
	h := newHouse(t)
	before := h.file("tls.crt")
	h.stop()
	h.start()
	if !bytes.Equal(before, h.file("tls.crt")) {
		t.Error("the second start shows another certificate")
	}
	h.stop()
	h.options.ExtraNames = []string{"backup.example.com", "192.0.2.7"}
	d, err := director.New(t.Context(), h.options)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Run(ended); err != nil {
		t.Error(err)
	}
	if bytes.Equal(before, h.file("tls.crt")) {
		t.Error("a new name is not in the certificate")
	}
}

func TestPagesAndHealth(t *testing.T) {
	h := newHouse(t)
	answer, page := h.get("/", "")
	if answer.StatusCode != 200 || !strings.Contains(page, "<title>Holdfast") || strings.Contains(page, "<script>") {
		t.Errorf("the page: %d\n%s", answer.StatusCode, page)
	}
	csp := answer.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	for path, want := range map[string]int{
		"/jobs/new/source": 200, "/healthz": 200, "/readyz": 200, "/assets/none.js": 404, "/metrics": 401, "/holdfast.director.v1.Nothing/X": 404,
	} {
		if answer, _ := h.get(path, ""); answer.StatusCode != want || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	if answer, text := h.get("/metrics", h.token); answer.StatusCode != 200 || !strings.Contains(text, "holdfast_director_runs 0") {
		t.Errorf("metrics: %d\n%s", answer.StatusCode, text)
	}
}
