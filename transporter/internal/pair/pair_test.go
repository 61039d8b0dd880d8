package pair_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/transporter/internal/pair"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func open(t *testing.T, dir string) *pair.Store {
	t.Helper()
	s, err := pair.Open(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// member is an identity of an installation.
func member(t *testing.T, a *identity.Authority, id string) pair.Identity {
	t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := key.CertificateRequest()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Sign(request, identity.Transporter("inst", id), now)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Identity{
		TransporterID: id, Director: identity.Director("inst"),
		Credentials: identity.Credentials{Key: key, Certificate: cert, CA: a.Certificate()},
	}
}

func authority(t *testing.T) *identity.Authority {
	t.Helper()
	a, err := identity.NewAuthority("inst", now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnIdentityIsKeptAndForgotten(t *testing.T) {
	dir := t.TempDir()
	if _, paired := open(t, dir).Current(); paired {
		t.Fatal("an empty folder has an identity")
	}
	want := member(t, authority(t), "tr1")
	if err := open(t, dir).Install(want); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "identity.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key lies in a file of mode %v, %v", info.Mode(), err)
	}
	s := open(t, dir)
	got, paired := s.Current()
	if !paired || got.TransporterID != "tr1" || got.Director != want.Director || !got.Credentials.Key.Matches(want.Credentials.Certificate) {
		t.Errorf("got %+v, %v", got, paired)
	}
	if !s.Expires().Equal(now.Add(identity.LeafValidity)) {
		t.Errorf("it expires %v", s.Expires())
	}
	for range 2 {
		if err := s.Forget(); err != nil {
			t.Fatal(err)
		}
	}
	if _, paired := open(t, dir).Current(); paired {
		t.Error("it is still there")
	}
}

func TestRenewalNeedsTheKeyThatWasAskedWith(t *testing.T) {
	a := authority(t)
	s := open(t, t.TempDir())
	if err := s.Renew(nil); !errors.Is(err, fault.Conflict) {
		t.Errorf("unpaired: got %v, want Conflict", err)
	}
	if err := s.Install(member(t, a, "tr1")); err != nil {
		t.Fatal(err)
	}
	first, err := s.RenewalRequest()
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.RenewalRequest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		request []byte
		want    fault.Kind
	}{{"for a request that was replaced", first, fault.Conflict}, {"for the last one", second, fault.Unknown}, {"again", second, fault.Conflict}} {
		cert, err := a.Sign(tc.request, identity.Transporter("inst", "tr1"), now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Renew(cert); tc.want == fault.Unknown && err != nil || tc.want != fault.Unknown && !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestADamagedIdentityIsToldNotReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Install(member(t, authority(t), "tr1")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity.json")
	for _, tc := range []struct {
		text string
		want fault.Kind
	}{{"", fault.Corrupt}, {"{", fault.Corrupt}, {`{"version":1}`, fault.Corrupt}, {`{"version":9}`, fault.Unsupported}} {
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := pair.Open(dir, clock); !errors.Is(err, tc.want) {
			t.Errorf("%q: got %v, want %v", tc.text, err, tc.want)
		}
	}
}

// The Director may be gone for good, with nobody left who could remove the Transporter there.
func TestWhoAsksAPairedTransporterForACodeLearnsTheWayOut(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Install(member(t, authority(t), "tr1")); err != nil {
		t.Fatal(err)
	}
	_, err := pair.ReadCode(dir)
	if !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), filepath.Join(dir, "identity.json")) {
		t.Errorf("got %v, want NotFound that names the identity's file", err)
	}
}
