package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoginShowsTheFingerprintAndPinsIt(t *testing.T) {
	s := newShell(t)
	s.env = map[string]string{}
	s.term = &person{answers: []string{"y", "admin", newPassword}}
	r := s.run("login", s.d.server.URL)
	if r.code != 0 || !strings.Contains(r.out, "Signed in to https://director.test:4443 as admin until 2026-03-02 12:00:00.") {
		t.Fatalf("got exit %d, %q, %q", r.code, r.out, r.errors)
	}
	if shown := fingerprintText(fingerprint(s.d.server.Certificate())); !strings.Contains(r.errors, shown) {
		t.Errorf("the fingerprint %s was not shown: %q", shown, r.errors)
	}
	info, err := os.Stat(filepath.Join(s.dir, "config", "session.yaml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("session.yaml: got %v, %v, want mode 0600", info, err)
	}
	if text := readFile(t, filepath.Join(s.dir, "config", "session.yaml")); strings.Contains(text, newPassword) {
		t.Error("the password is kept in the session")
	}
	s.term = nil
	if r := s.run("job", "list"); r.code != 0 {
		t.Errorf("after login: got exit %d and %q", r.code, r.errors)
	}
	if r := s.run("logout"); r.code != 0 {
		t.Errorf("logout: got exit %d and %q", r.code, r.errors)
	}
	if r := s.run("job", "list"); r.code != exitNotSignedIn {
		t.Errorf("after logout: got exit %d and %q", r.code, r.errors)
	}
	// The pin outlives the session: no question the second time.
	s.term = &person{answers: []string{"admin", newPassword}}
	if r := s.run("login"); r.code != 0 {
		t.Errorf("second login: got exit %d and %q", r.code, r.errors)
	}
}

// A Director renews its certificate and keeps its key.
func TestARenewedCertificateIsStillTheSameDirector(t *testing.T) {
	s := newShell(t)
	s.env = map[string]string{}
	s.stdin = newPassword + "\n"
	pin := fingerprintText(fingerprint(s.d.server.Certificate()))
	if r := s.run("login", s.d.server.URL, "--user", "admin", "--password-stdin", "--fingerprint", pin); r.code != 0 {
		t.Fatalf("got exit %d and %q", r.code, r.errors)
	}
	path := filepath.Join(s.dir, "config", "session.yaml")
	session := readFile(t, path)
	older := strings.Repeat("ab", 32)
	if err := os.WriteFile(path, []byte(strings.Replace(session, pin, older, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.run("job", "list"); r.code != 0 {
		t.Errorf("with an older certificate of the same key: got exit %d and %q", r.code, r.errors)
	}
	other := strings.NewReplacer(pin, older, fingerprintText(keyFingerprint(s.d.server.Certificate())), older).Replace(session)
	if err := os.WriteFile(path, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.run("job", "list"); r.code != exitUnreachable {
		t.Errorf("with another key: got exit %d and %q", r.code, r.errors)
	}
}

func TestLoginRefusesACertificateThatThePersonRefuses(t *testing.T) {
	s := newShell(t)
	delete(s.env, "HOLDFAST_CA")
	s.term = &person{answers: []string{""}}
	r := s.run("login")
	if r.code != exitUnreachable || !strings.Contains(r.errors, "nothing was sent") {
		t.Errorf("got exit %d and %q", r.code, r.errors)
	}
	for _, req := range s.d.requests {
		if name := string(req.ProtoReflect().Descriptor().Name()); name != "GetVersionRequest" {
			t.Errorf("a %s was sent to a Director that is not trusted", name)
		}
	}
}

func TestLoginOfAScript(t *testing.T) {
	pin := func(s *shell) string { return fingerprintText(fingerprint(s.d.server.Certificate())) }
	t.Run("without a fingerprint it says which one it saw", func(t *testing.T) {
		s := newShell(t)
		delete(s.env, "HOLDFAST_CA")
		s.stdin = newPassword + "\n"
		r := s.run("login", "--user", "admin", "--password-stdin")
		if r.code != exitUnreachable || !strings.Contains(r.errors, "--fingerprint "+pin(s)) {
			t.Errorf("got exit %d and %q", r.code, r.errors)
		}
	})
	t.Run("with it", func(t *testing.T) {
		s := newShell(t)
		s.env = map[string]string{}
		s.stdin = newPassword + "\n"
		if r := s.run("login", s.d.server.URL, "--user", "admin", "--password-stdin", "--fingerprint", pin(s)); r.code != 0 {
			t.Fatalf("got exit %d and %q", r.code, r.errors)
		}
		if r := s.run("job", "list"); r.code != 0 {
			t.Errorf("after login: got exit %d and %q", r.code, r.errors)
		}
	})
	t.Run("with a wrong password", func(t *testing.T) {
		s := newShell(t)
		s.stdin = "wrong\n"
		if r := s.run("login", "--user", "admin", "--password-stdin"); r.code != exitNotSignedIn || r.errors != "holdfast: user or password is wrong.\n" {
			t.Errorf("got exit %d and %q", r.code, r.errors)
		}
	})
}

func TestTheOneTimePasswordMustBeChanged(t *testing.T) {
	t.Run("by a person", func(t *testing.T) {
		s := newShell(t)
		s.d.password = oneTime
		s.term = &person{answers: []string{"admin", oneTime, "another password", "another password"}}
		if r := s.run("login"); r.code != 0 || s.d.password != "another password" {
			t.Errorf("got exit %d, %q, password %q", r.code, r.errors, s.d.password)
		}
		for _, q := range s.term.asked[1:] {
			if !strings.HasPrefix(q, "(hidden) ") {
				t.Errorf("%q was asked with echo", q)
			}
		}
	})
	t.Run("by a person who mistypes", func(t *testing.T) {
		s := newShell(t)
		s.d.password = oneTime
		s.term = &person{answers: []string{"admin", oneTime, "another password", "an other password"}}
		if r := s.run("login"); r.code != exitUsage || s.d.password != oneTime {
			t.Errorf("got exit %d, %q, password %q", r.code, r.errors, s.d.password)
		}
	})
	t.Run("by a script", func(t *testing.T) {
		s := newShell(t)
		s.d.password = oneTime
		s.stdin = oneTime + "\nanother password\n"
		if r := s.run("login", "--user", "admin", "--password-stdin"); r.code != 0 || s.d.password != "another password" {
			t.Errorf("got exit %d, %q, password %q", r.code, r.errors, s.d.password)
		}
	})
	t.Run("by a script that does not know", func(t *testing.T) {
		s := newShell(t)
		s.d.password = oneTime
		s.stdin = oneTime + "\n"
		if r := s.run("login", "--user", "admin", "--password-stdin"); r.code != exitNotSignedIn || !strings.Contains(r.errors, "second line") {
			t.Errorf("got exit %d and %q", r.code, r.errors)
		}
	})
	t.Run("to one that is long enough", func(t *testing.T) {
		s := newShell(t)
		s.d.password = oneTime
		s.stdin = oneTime + "\nshort\n"
		if r := s.run("login", "--user", "admin", "--password-stdin"); r.code != exitUsage ||
			r.errors != "holdfast: new password: must have 12 to 256 characters.\n" {
			t.Errorf("got exit %d and %q", r.code, r.errors)
		}
	})
}
