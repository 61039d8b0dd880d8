package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
)

// newToken returns a token of 256 random bits; the prefix lets people and secret scanners recognise it.
func newToken(prefix string) (string, error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	return prefix + "_" + base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// readable is Crockford's base 32, in which nothing looks like something else.
var readable = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// oneTimePassword returns a password of 100 random bits in four groups that can be read out.
func oneTimePassword() (string, error) {
	var raw [13]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	text := readable.EncodeToString(raw[:])[:20]
	return text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:], nil
}
