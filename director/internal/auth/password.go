package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"

	"holdfast/pkg/fault"
)

// Parameters of argon2id: the second recommended option of RFC 9106, section 4.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
	argonSalt    = 16
	argonHash    = 32
)

// hashPassword returns a password's hash as "$argon2id$v=19$m=…,t=…,p=…$SALT$HASH".
func hashPassword(password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	hash := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonHash)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(hash)), nil
}

// verifyPassword reports whether the password is the hash's. An empty hash is nobody's: it takes the time all the same.
func verifyPassword(phc, password string) (bool, error) {
	if phc == "" {
		argon2.IDKey([]byte(password), make([]byte, argonSalt), argonTime, argonMemory, argonThreads, argonHash)
		return false, nil
	}
	p, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(len(p.hash)))
	return subtle.ConstantTimeCompare(got, p.hash) == 1, nil
}

type phc struct {
	time, memory uint32
	threads      uint8
	salt, hash   []byte
}

func parsePHC(text string) (phc, error) {
	var p phc
	var version int
	var rest string
	damaged := fault.New(fault.Corrupt, "the stored password is damaged; set a new one with holdfast-director reset-password")
	n, err := fmt.Sscanf(text, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &p.memory, &p.time, &p.threads, &rest)
	if err != nil || n != 5 || version != argon2.Version {
		return phc{}, damaged
	}
	// Bounds keep a damaged record from taking the machine's memory or time.
	if p.memory < 8 || p.memory > 1<<20 || p.time < 1 || p.time > 64 || p.threads < 1 {
		return phc{}, damaged
	}
	for i := range rest {
		if rest[i] != '$' {
			continue
		}
		var serr, herr error
		p.salt, serr = base64.RawStdEncoding.DecodeString(rest[:i])
		p.hash, herr = base64.RawStdEncoding.DecodeString(rest[i+1:])
		if serr != nil || herr != nil || len(p.salt) < 8 || len(p.hash) < 16 || len(p.hash) > 128 {
			return phc{}, damaged
		}
		return p, nil
	}
	return phc{}, damaged
}
