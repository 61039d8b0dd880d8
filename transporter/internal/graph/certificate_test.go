package graph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/graph"
)

// pemOf returns a self-signed certificate with its key.
func pemOf(t *testing.T, key any, public any) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "holdfast"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func TestACertificateSignsInInPlaceOfASecret(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newTenant(t, noUsers)
	asserted := false
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			asserted = strings.Count(r.FormValue("client_assertion"), ".") == 2 && strings.HasSuffix(r.FormValue("client_assertion_type"), "jwt-bearer")
			r.Form.Set("client_secret", s.secret)
		}
		inner.ServeHTTP(w, r)
	})
	c := s.client(t, func(o *graph.Options) {
		o.Secret, o.Certificate = graph.Secret{}, graph.Certificate{Data: graph.NewSecret(pemOf(t, key, &key.PublicKey))}
	})
	if _, err := c.CheckAccess(t.Context()); err != nil || !asserted {
		t.Fatalf("asserted %v, %v", asserted, err)
	}
}

// pfxOf returns a PFX file with a self-signed certificate.
func pfxOf(t *testing.T, encoder *pkcs12.Encoder, password string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(pemOf(t, key, &key.PublicKey)))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	data, err := encoder.Encode(key, cert, nil, password)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPFXFilesOfAllAgesAreRead(t *testing.T) {
	for name, encoder := range map[string]*pkcs12.Encoder{
		"AES": pkcs12.Modern2023, "triple DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2,
	} {
		t.Run(name, func(t *testing.T) {
			data := graph.NewSecret(pfxOf(t, encoder, "right"))
			options := func(password string) graph.Options {
				return graph.Options{Tenant: tenantID, ClientID: appID, Certificate: graph.Certificate{Data: data, Password: graph.NewSecret(password)}}
			}
			if _, err := graph.New(options("right")); err != nil {
				t.Error(err)
			}
			for _, password := range []string{"wrong", ""} {
				_, err := graph.New(options(password))
				if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "password") {
					t.Errorf("with password %q: got %v", password, err)
				}
			}
		})
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"), "x")
	f.Add([]byte{0x30, 0x82, 1, 0, 2, 1, 3}, "")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		o := graph.Options{Tenant: tenantID, ClientID: appID, Certificate: graph.Certificate{Data: graph.NewSecret(string(data)), Password: graph.NewSecret(password)}}
		if _, err := graph.New(o); err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("got %v, want Invalid", err)
		}
	})
}

func TestACertificateThatCannotSignInIsRefusedAtOnce(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	whole := pemOf(t, key, &key.PublicKey)
	withoutKey, _, _ := strings.Cut(whole, "-----BEGIN PRIVATE KEY")
	for name, data := range map[string]string{"no key": withoutKey, "nonsense": "x", "cut": whole[:100], "not RSA, which Microsoft wants": whole} {
		_, err := graph.New(graph.Options{Tenant: tenantID, ClientID: appID, Certificate: graph.Certificate{Data: graph.NewSecret(data)}})
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
