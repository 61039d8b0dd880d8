package director

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/director/internal/api"
	"holdfast/director/internal/datadir"
	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
)

// selfSignedValidity is how long a self-signed certificate lasts: what browsers accept at most.
const selfSignedValidity = 397 * 24 * time.Hour

// certificate is what browsers and CLIs see: files that were configured, or a self-signed one that is kept.
type certificate struct {
	dir           datadir.Dir
	certFile, key string
	names         []string
	now           func() time.Time

	mu     sync.Mutex
	loaded tls.Certificate
	// stamp is of the configured files as they were loaded.
	stamp time.Time
}

func openCertificate(dir datadir.Dir, o Options) (*certificate, error) {
	c := &certificate{dir: dir, certFile: o.CertificateFile, key: o.PrivateKeyFile, now: o.Now, names: localNames(o)}
	return c, c.refresh()
}

// localNames are the names under which this machine is reached.
func localNames(o Options) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if host, _, err := net.SplitHostPort(o.Address); err == nil && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
			names = append(names, host)
		}
	}
	names = append(names, o.ExtraNames...)
	slices.Sort(names)
	return slices.Compact(names)
}

// refresh loads the certificate, again when its file changed or it is about to expire.
func (c *certificate) refresh() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.certFile != "" {
		return c.loadFiles()
	}
	if c.loaded.Leaf != nil && !identity.RenewalDue(c.loaded.Certificate[0], c.now()) {
		return nil
	}
	return c.loadOwn()
}

func (c *certificate) loadFiles() error {
	info, err := os.Stat(c.certFile)
	if err != nil {
		return fault.New(fault.Invalid, "read the certificate: %w", err)
	}
	if info.ModTime().Equal(c.stamp) {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.key)
	if err != nil {
		return fault.New(fault.Invalid, "read the certificate %s with the key %s: %w", c.certFile, c.key, err)
	}
	c.loaded, c.stamp = loaded, info.ModTime()
	return nil
}

// loadOwn loads the self-signed certificate, or makes one when there is none, a name is missing in it, or it is due.
func (c *certificate) loadOwn() error {
	keyText, err := c.dir.Read(datadir.PrivateKey)
	if fault.KindOf(err) == fault.NotFound {
		return c.makeOwn(nil)
	}
	if err != nil {
		return err
	}
	key, err := identity.ParseKey(keyText)
	if err != nil {
		return fault.New(fault.KindOf(err), "%s: %w", c.dir.Path(datadir.PrivateKey), err)
	}
	certText, err := c.dir.Read(datadir.Certificate)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	block, _ := pem.Decode(certText)
	if block == nil {
		return c.makeOwn(key)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !key.Matches(block.Bytes) || identity.RenewalDue(block.Bytes, c.now()) || !c.covers(leaf) {
		return c.makeOwn(key)
	}
	c.loaded, err = key.TLS(block.Bytes)
	return err
}

func (c *certificate) covers(leaf *x509.Certificate) bool {
	for _, name := range c.names {
		if leaf.VerifyHostname(name) != nil && !slices.Contains(leaf.DNSNames, name) {
			return false
		}
	}
	return true
}

// makeOwn makes a certificate, with the key that is there if any: clients that pinned the key go on.
func (c *certificate) makeOwn(key *identity.Key) (err error) {
	if key == nil {
		if key, err = identity.NewKey(); err != nil {
			return err
		}
		text, err := key.PEM()
		if err != nil {
			return err
		}
		if err := c.dir.Write(datadir.PrivateKey, text); err != nil {
			return err
		}
	}
	der, err := key.SelfSigned("Holdfast Director", c.names, c.now(), selfSignedValidity)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := c.dir.Write(datadir.Certificate, text); err != nil {
		return err
	}
	c.loaded, err = key.TLS(der)
	return err
}

// config returns a configuration that always shows the certificate of now.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			loaded := c.loaded
			return &loaded, nil
		},
	}
}

func (c *certificate) fingerprint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256(c.loaded.Certificate[0])
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return "SHA256:" + strings.Join(parts, ":")
}

// current returns the certificate that clients see.
func (c *certificate) current() api.ServerCertificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return api.ServerCertificate{DER: c.loaded.Certificate[0], File: c.certFile}
}

// expires returns when the certificate ends that clients see, and whether the Director renews it.
func (c *certificate) expires() (time.Time, bool) {
	now := c.current()
	leaf, err := x509.ParseCertificate(now.DER)
	if err != nil {
		return time.Time{}, false
	}
	return leaf.NotAfter, now.File == ""
}
