// Package mailtest runs a mail server that is not ours, with a certificate of its own, and reads what it received with a
// mail library that is not ours either. Both are Python's: aiosmtpd, a Debian package, and its standard library. Where they
// are not installed, tests that need them are skipped.
package mailtest

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed server.py
var serverScript string

//go:embed read.py
var readScript string

// python is Debian's, which has Debian's packages.
const python = "/usr/bin/python3"

// Options say how the server behaves.
type Options struct {
	// Security is "starttls", "tls" or empty for neither.
	Security string
	// User and Password must sign in; Login is the one mechanism that is offered, empty for all.
	User, Password, Login string
	// Greylist is how many recipients are put off, Cut how many messages are cut off as they end.
	Greylist, Cut int
	// Refuse are recipients that there are none of. Full refuses every message, Hang never answers to MAIL.
	Refuse     []string
	Full, Hang bool
}

// Server is a running mail server.
type Server struct {
	Host string
	Port int32
	// CA is the certificate of the one that signed the server's, in PEM form.
	CA []byte

	t       testing.TB
	maildir string
}

// Mail is a mail as it was received.
type Mail struct {
	// Headers by their names in lower case; "x-test-…" tell of the session. Names are all names as they were written.
	Headers map[string]string
	Names   []string
	Type    string
	Text    string
	HTML    string
	// Defects are what is against the rules of mail.
	Defects []string
	// Longest is the length of the longest line, in bytes.
	Longest int
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if err := exec.CommandContext(t.Context(), python, "-c", "import aiosmtpd").Run(); err != nil {
		t.Skip("the Debian package python3-aiosmtpd is not installed: nothing is there to receive mail")
	}
	dir := t.TempDir()
	s := &Server{Host: "127.0.0.1", t: t, maildir: filepath.Join(dir, "mail")}
	certificate, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	s.CA = makeCertificate(t, certificate, key)
	told, err := json.Marshal(map[string]any{
		"maildir": s.maildir, "certificate": certificate, "key": key, "security": o.Security, "user": o.User, "password": o.Password,
		"login": o.Login, "greylist": o.Greylist, "cut": o.Cut, "refuse": append([]string{}, o.Refuse...), "full": o.Full, "hang": o.Hang,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", serverScript, string(told)) //nolint:noctx // it ends with its standard input
	complaint := &bytes.Buffer{}
	cmd.Stderr = complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	port, perr := strconv.ParseInt(strings.TrimSpace(line), 10, 32)
	if err != nil || perr != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("the mail server said %q: %s", line, complaint)
	}
	s.Port = int32(port)
	return s
}

// Mails returns what was received, in order.
func (s *Server) Mails() []Mail {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), python, "-c", readScript, s.maildir).Output()
	if err != nil {
		s.t.Fatalf("read %s: %v", s.maildir, err)
	}
	var list []Mail
	if err := json.Unmarshal(out, &list); err != nil {
		s.t.Fatal(err)
	}
	return list
}

// Received returns how many mails there are, which is cheaper than to read them.
func (s *Server) Received() int {
	list, err := os.ReadDir(filepath.Join(s.maildir, "new"))
	if err != nil {
		return 0
	}
	return len(list)
}

// makeCertificate writes a certificate for 127.0.0.1 that a CA of its own signed, and returns that CA.
func makeCertificate(t testing.TB, certificate, key string) []byte {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	begin, end := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail test CA"}, NotBefore: begin, NotAfter: end, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	must(err)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail.test"}, NotBefore: begin, NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &own.PublicKey, caKey)
	must(err)
	ownDER, err := x509.MarshalPKCS8PrivateKey(own)
	must(err)
	must(os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER}), 0o600))
	must(os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: ownDER}), 0o600))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
}
