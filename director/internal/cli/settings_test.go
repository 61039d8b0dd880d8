package cli

import (
	"encoding/pem"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// discard is for servers whose handshakes are meant to fail.
var discard = log.New(io.Discard, "", 0)

func (s *shell) config(text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, "config"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.write("config/config.yaml", text)
}

func TestTheConfigurationIsStrict(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"an unknown key", "director: x\ndirecto: y\n", "DIR/config/config.yaml: line 2: unknown key \"directo\""},
		{"no YAML", "director: [\n", "DIR/config/config.yaml: line"},
		{"a wrong output", "output: xml\n", "--output must be table, json or yaml, not \"xml\""},
		{"a wrong timeout", "timeout: soon\n", "the timeout \"soon\" is not a time like 90s or 5m"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			s.config(tc.text)
			if r := s.run("job", "list"); r.code != exitUsage || !strings.Contains(r.errors, tc.want) {
				t.Errorf("got exit %d and %q, want %q", r.code, r.errors, tc.want)
			}
		})
	}
}

func TestFlagsBeatTheEnvironmentAndTheEnvironmentBeatsTheFile(t *testing.T) {
	s := newShell(t)
	token := s.write("token", goodToken+"\n")
	s.config("director: " + s.d.server.URL + "\ntoken_file: " + token + "\nca: " + s.env["HOLDFAST_CA"] + "\noutput: json\n")
	ca := s.env["HOLDFAST_CA"]
	s.env = map[string]string{}
	if r := s.run("job", "list"); r.code != 0 || !strings.HasPrefix(r.out, "{") {
		t.Errorf("all from the file: got exit %d and %q", r.code, r.errors)
	}
	s.env["HOLDFAST_OUTPUT"], s.env["HOLDFAST_TOKEN"] = "yaml", "bad"
	if r := s.run("job", "list"); r.code != exitNotSignedIn {
		t.Errorf("a bad token in the environment: got exit %d and %q", r.code, r.errors)
	}
	if r := s.run("job", "list", "--token-file", token); r.code != 0 || !strings.HasPrefix(r.out, "jobs:") {
		t.Errorf("a good token file over it: got exit %d and %q", r.code, r.errors)
	}
	// What the file says of its own Director is not used for another one.
	r := s.run("job", "list", "--token-file", token, "--director", strings.Replace(s.d.server.URL, "127.0.0.1", "localhost", 1))
	if r.code != exitUnreachable {
		t.Errorf("another Director: got exit %d and %q", r.code, r.errors)
	}
	s.env = map[string]string{"HOLDFAST_CA": ca}
	if r := s.run("job", "list", "--director", strings.Replace(s.d.server.URL, "127.0.0.1", "localhost", 1)); r.code != exitNotSignedIn {
		t.Errorf("the token in the file went to another Director: exit %d and %q", r.code, r.errors)
	}
}

func TestTheTokenFileOfTheDirectorsFolderNeedsNothingElse(t *testing.T) {
	s := newShell(t)
	s.env = map[string]string{"HOLDFAST_DIRECTOR": s.d.server.URL}
	s.write("cli-token", goodToken)
	s.write("tls.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.d.server.Certificate().Raw})))
	if r := s.run("job", "list", "--token-file", filepath.Join(s.dir, "cli-token")); r.code != 0 {
		t.Errorf("got exit %d and %q", r.code, r.errors)
	}
}

func TestAddressesOfDirectors(t *testing.T) {
	for in, want := range map[string]string{
		"backup.example.com":              "https://backup.example.com:4443",
		"backup.example.com:8443":         "https://backup.example.com:8443",
		"https://Backup.example.com/":     "https://backup.example.com:4443",
		"https://backup.example.com:4443": "https://backup.example.com:4443",
		"[2001:db8::1]":                   "https://[2001:db8::1]:4443",
		"[2001:db8::1]:8443":              "https://[2001:db8::1]:8443",
	} {
		if got, err := directorURL(in); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"http://x", "https://x/path", "https://user@x", "https://x?y", ":4443", "a b"} {
		if got, err := directorURL(in); err == nil {
			t.Errorf("%s: got %q, want an error", in, got)
		}
	}
}

func TestFingerprintsAreTakenAsPeopleCopyThem(t *testing.T) {
	sum := fingerprint(newDirector(t).server.Certificate())
	text := fingerprintText(sum)
	for _, in := range []string{text, strings.ToUpper(text), strings.ReplaceAll(text[7:], ":", ""), "sha256 " + text[7:], " " + text + "\n"} {
		if got, err := parseFingerprint(in); string(got) != string(sum) || err != nil {
			t.Errorf("%q: got %x, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "SHA256:", text[:40], "SHA1:" + text[7:]} {
		if got, err := parseFingerprint(in); err == nil {
			t.Errorf("%q: got %x, want an error", in, got)
		}
	}
}
