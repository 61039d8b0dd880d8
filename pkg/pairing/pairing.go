// Package pairing is how a Director and a Transporter come to trust each other: the code that the Transporter prints and
// the administrator pastes, and the proofs that both sides exchange under it. See PairingService for the calls.
//
// The code is "HF1-" and, in groups of five characters of Crockford's base 32, the 32 bytes of the bootstrap certificate's
// SHA-256 fingerprint, 16 random bytes of secret, and 2 bytes of checksum (the first of the SHA-256 of what precedes).
package pairing

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"strings"

	"holdfast/pkg/fault"
)

const (
	prefix      = "HF1-"
	secretSize  = 16
	checkSize   = 2
	codeSize    = sha256.Size + secretSize + checkSize
	group       = 5
	maxCodeText = 256
	// NonceSize is the length of each side's nonce, in bytes.
	NonceSize = 32
)

// alphabet is Crockford's base 32: no I, L, O, U, so that a code can be read out.
var alphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Code is a pairing code: it tells the Director which certificate to expect and proves that it was seen.
type Code struct {
	Fingerprint [sha256.Size]byte
	Secret      [secretSize]byte
}

// New returns a code with a fresh secret for the bootstrap certificate of that fingerprint.
func New(fingerprint [sha256.Size]byte) (Code, error) {
	c := Code{Fingerprint: fingerprint}
	if _, err := rand.Read(c.Secret[:]); err != nil {
		return Code{}, fault.New(fault.Unknown, "make a pairing secret: %w", err)
	}
	return c, nil
}

// String returns the code as it is printed. It is a secret until it was used.
func (c Code) String() string {
	raw := append(append(make([]byte, 0, codeSize), c.Fingerprint[:]...), c.Secret[:]...)
	sum := sha256.Sum256(raw)
	text := alphabet.EncodeToString(append(raw, sum[:checkSize]...))
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(prefix, "-"))
	for len(text) > 0 {
		n := min(group, len(text))
		b.WriteByte('-')
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// Parse reads a code as a person may have pasted or typed it: case, spaces, line breaks and hyphens do not matter, and the
// letters I, L and O are read as the digits that they look like.
func Parse(text string) (Code, error) {
	wrong := func(why string) (Code, error) {
		return Code{}, fault.InvalidField("pairing_code", "the pairing code %s; copy the whole line that the Transporter printed", why)
	}
	if len(text) > maxCodeText {
		return wrong("is too long")
	}
	clean := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '-':
			return -1
		}
		return r
	}, strings.ToUpper(text))
	body, ok := strings.CutPrefix(clean, strings.TrimSuffix(prefix, "-"))
	if !ok {
		return wrong("does not begin with HF1")
	}
	body = strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(body)
	raw, err := alphabet.DecodeString(body)
	if err != nil || len(raw) != codeSize {
		return wrong("is not complete")
	}
	sum := sha256.Sum256(raw[:codeSize-checkSize])
	if subtle.ConstantTimeCompare(sum[:checkSize], raw[codeSize-checkSize:]) != 1 {
		return wrong("has a typing error")
	}
	var c Code
	copy(c.Fingerprint[:], raw)
	copy(c.Secret[:], raw[sha256.Size:])
	return c, nil
}

// Transcript is everything that the two sides must agree on.
type Transcript struct {
	DirectorNonce      []byte
	TransporterNonce   []byte
	CertificateRequest []byte
	Certificate        []byte
	CA                 []byte
	DirectorURI        string
	TransporterID      string
}

// Roles name who proves.
const (
	RoleDirector    = "director"
	RoleTransporter = "transporter"
)

// Proof returns HMAC-SHA256 under the code's secret over the role and the transcript, each part with its length.
func (c Code) Proof(role string, t Transcript) []byte {
	mac := hmac.New(sha256.New, c.Secret[:])
	for _, part := range [][]byte{
		[]byte("holdfast pairing " + role), c.Fingerprint[:], t.DirectorNonce, t.TransporterNonce, t.CertificateRequest,
		t.Certificate, t.CA, []byte(t.DirectorURI), []byte(t.TransporterID),
	} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// Check reports whether proof is right, in constant time.
func (c Code) Check(proof []byte, role string, t Transcript) bool {
	return hmac.Equal(proof, c.Proof(role, t))
}

// NewNonce returns NonceSize random bytes.
func NewNonce() ([]byte, error) {
	nonce := make([]byte, NonceSize)
	if _, err := rand.Read(nonce); err != nil {
		return nil, fault.New(fault.Unknown, "make a nonce: %w", err)
	}
	return nonce, nil
}
