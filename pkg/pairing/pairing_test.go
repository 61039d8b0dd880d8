package pairing_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"holdfast/pkg/pairing"
)

func newCode(t testing.TB) pairing.Code {
	t.Helper()
	c, err := pairing.New(sha256.Sum256([]byte("certificate")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCodeSurvivesPasting(t *testing.T) {
	c := newCode(t)
	text := c.String()
	for name, pasted := range map[string]string{
		"as printed":       text,
		"lower case":       strings.ToLower(text),
		"without hyphens":  strings.ReplaceAll(text, "-", ""),
		"broken over two":  text[:30] + "\r\n  " + text[30:],
		"zero typed as O":  strings.ReplaceAll(text, "0", "o"),
		"one typed as ell": "HF1" + strings.ReplaceAll(text[3:], "1", "l"),
	} {
		if got, err := pairing.Parse(pasted); err != nil || got != c {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestEveryWrongCharacterIsNoticed(t *testing.T) {
	// A fixed code: with two bytes of checksum, one change in 65,536 would slip through.
	text := pairing.Code{Fingerprint: sha256.Sum256([]byte("x")), Secret: [16]byte{1, 2, 3}}.String()
	for i := 4; i < len(text); i++ {
		if text[i] == '-' {
			continue
		}
		other := byte('A')
		if text[i] == other {
			other = 'B'
		}
		if _, err := pairing.Parse(text[:i] + string(other) + text[i+1:]); err == nil {
			t.Errorf("character %d changed and not noticed", i)
		}
	}
}

func TestProofBindsEveryPart(t *testing.T) {
	c := newCode(t)
	base := pairing.Transcript{
		DirectorNonce: []byte("d"), TransporterNonce: []byte("t"), CertificateRequest: []byte("r"),
		Certificate: []byte("c"), CA: []byte("ca"), DirectorURI: "u", TransporterID: "i",
	}
	proof := c.Proof(pairing.RoleDirector, base)
	if !c.Check(proof, pairing.RoleDirector, base) {
		t.Fatal("the right proof is refused")
	}
	if c.Check(proof, pairing.RoleTransporter, base) {
		t.Error("a Director's proof passes as a Transporter's")
	}
	for name, change := range map[string]func(*pairing.Transcript){
		"director nonce":    func(x *pairing.Transcript) { x.DirectorNonce = []byte("x") },
		"transporter nonce": func(x *pairing.Transcript) { x.TransporterNonce = []byte("x") },
		"request":           func(x *pairing.Transcript) { x.CertificateRequest = []byte("x") },
		"certificate":       func(x *pairing.Transcript) { x.Certificate = []byte("x") },
		"authority":         func(x *pairing.Transcript) { x.CA = []byte("x") },
		"uri":               func(x *pairing.Transcript) { x.DirectorURI = "x" },
		"id":                func(x *pairing.Transcript) { x.TransporterID = "x" },
		"shifted border":    func(x *pairing.Transcript) { x.Certificate, x.CA = []byte("cc"), []byte("a") },
	} {
		changed := base
		change(&changed)
		if c.Check(proof, pairing.RoleDirector, changed) {
			t.Errorf("%s: the proof does not bind it", name)
		}
	}
	if newCode(t).Check(proof, pairing.RoleDirector, base) {
		t.Error("another secret accepts the proof")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(newCode(f).String())
	f.Add("HF1-")
	f.Add("hf1 00000 11111")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := pairing.Parse(text); err == nil {
			if again, err := pairing.Parse(c.String()); err != nil || again != c {
				t.Fatalf("parsed %q, which does not print and parse again", text)
			}
		}
	})
}
