package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"strings"

	"holdfast/pkg/fault"
)

// KeySize is the length of the sealing key, in bytes.
const KeySize = 32

// sealVersion is the first byte of everything sealed.
const sealVersion = 1

// keyPrefix begins the text of a key file.
const keyPrefix = "holdfast-director-key-1:"

type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (*sealer, error) {
	if len(key) != KeySize {
		return nil, fault.New(fault.Corrupt, "the sealing key has %d bytes, want %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead: aead}, nil
}

// seal returns version | nonce | ciphertext with tag.
func (s *sealer) seal(plain []byte, place string) ([]byte, error) {
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	out[0] = sealVersion
	if _, err := rand.Read(out[1:]); err != nil {
		return nil, err
	}
	return s.aead.Seal(out, out[1:], plain, []byte(place)), nil
}

func (s *sealer) open(sealed []byte, place string) ([]byte, error) {
	n := 1 + s.aead.NonceSize()
	if len(sealed) < n+s.aead.Overhead() || sealed[0] != sealVersion {
		return nil, fault.New(fault.Corrupt, "the secret of %s is damaged", place)
	}
	plain, err := s.aead.Open(nil, sealed[1:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the secret of %s does not open: it is damaged, or another director.key sealed it", place)
	}
	return plain, nil
}

// NewKey returns a random sealing key.
func NewKey() ([]byte, error) {
	key := make([]byte, KeySize)
	_, err := rand.Read(key)
	return key, err
}

// FormatKey returns the text of a key file.
func FormatKey(key []byte) []byte {
	return []byte(keyPrefix + base64.StdEncoding.EncodeToString(key) + "\n")
}

// ParseKey reads the text of a key file.
func ParseKey(text []byte) ([]byte, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyPrefix)
	if !ok {
		return nil, fault.New(fault.Corrupt, "the file is not a Director's key")
	}
	key, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(key) != KeySize {
		return nil, fault.New(fault.Corrupt, "the Director's key is damaged")
	}
	return key, nil
}
