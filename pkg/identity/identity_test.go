package identity_test

import (
	"testing"
	"time"

	"holdfast/pkg/identity"
)

func TestNamesAreReadBack(t *testing.T) {
	for name, tc := range map[string]struct {
		uri              identity.URI
		installation, id string
	}{
		"director":             {identity.Director("i1"), "i1", ""},
		"transporter":          {identity.Transporter("i1", "t1"), "i1", "t1"},
		"foreign scheme":       {"spiffe://i1/transporter/t1", "", ""},
		"path below the id":    {"holdfast://i1/transporter/t1/x", "i1", ""},
		"nothing":              {"", "", ""},
		"installation missing": {"holdfast:///director", "", ""},
	} {
		if got := tc.uri.Installation(); got != tc.installation {
			t.Errorf("%s: installation %q, want %q", name, got, tc.installation)
		}
		if got := tc.uri.TransporterID(); got != tc.id {
			t.Errorf("%s: id %q, want %q", name, got, tc.id)
		}
	}
}

func TestKeyAndAuthoritySurviveStorage(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a, err := identity.NewAuthority("i1", now)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := a.Key().PEM()
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.ParseKey(stored)
	if err != nil {
		t.Fatal(err)
	}
	again, err := identity.LoadAuthority(key, a.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := leaf.CertificateRequest()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := again.Sign(request, identity.Transporter("i1", "t1"), now)
	if err != nil || !leaf.Matches(cert) {
		t.Fatalf("sign: %v", err)
	}
	if identity.RenewalDue(cert, now.Add(identity.LeafValidity/2)) {
		t.Error("renewal is due after half of its life")
	}
	if !identity.RenewalDue(cert, now.Add(identity.LeafValidity*3/4)) {
		t.Error("renewal is not due with a quarter of its life left")
	}
	if _, err := identity.LoadAuthority(leaf, a.Certificate()); err == nil {
		t.Error("a foreign key is taken for the authority's")
	}
	request[len(request)-1] ^= 1
	if _, err := again.Sign(request, identity.Transporter("i1", "t1"), now); err == nil {
		t.Error("a tampered request is signed")
	}
}
