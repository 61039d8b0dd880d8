// Package selfbackup copies the Director's state into one file, sealed under a passphrase, and back. The state is the
// database, the key that seals the secrets in it, and the Director's own certificate. The file:
//
//	offset  length  what
//	0       8       "HFDIRBK1"
//	8       4       length of the header, big-endian, at most 64 KiB
//	12      …       BackupHeader (proto/holdfast/state/v1): version, time, schema, how the passphrase becomes a key, and the
//	                file's own key sealed with that key
//	…       …       pieces of 65,536 bytes and a tag of 16, the last one shorter or as long
//
// A piece is AES-256-GCM under the file's own key. Its nonce is three zero bytes, its number (8 bytes, big-endian) and 1 for
// the last piece, 0 for others; the additional data is the SHA-256 of all that is before the first piece. So nothing can be
// changed, left out, cut off, added or exchanged without being noticed. What the pieces hold is a tar of the files and, last,
// of "manifest.json", with their lengths and SHA-256.
//
// The passphrase becomes a key by argon2id; the Director keeps that key, sealed in its database, and not the passphrase.
package selfbackup

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	"golang.org/x/crypto/argon2"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

const (
	magic     = "HFDIRBK1"
	version   = 1
	maxHeader = 64 << 10
	pieceSize = 64 << 10
	keySize   = 32
	// extension of the files, and what their names begin with.
	extension = ".hfbackup"
	prefix    = "holdfast-director-"
)

// MinPassphrase is how many characters a passphrase has at least.
const MinPassphrase = 12

// keyPlace is the additional data of the file's own key.
const keyPlace = "holdfast director backup key"

// Derive makes a key of a passphrase, with a new salt: the second recommended option of RFC 9106, section 4.
func Derive(passphrase string) (record.BackupKey, record.BackupDerivation, error) {
	d := record.BackupDerivation{Salt: make([]byte, 16), Passes: 3, MemoryKiB: 64 << 10, Threads: 4}
	if _, err := rand.Read(d.Salt); err != nil {
		return nil, d, err
	}
	return derive(passphrase, d), d, nil
}

func derive(passphrase string, d record.BackupDerivation) record.BackupKey {
	return argon2.IDKey([]byte(passphrase), d.Salt, d.Passes, d.MemoryKiB, d.Threads, keySize)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "a key of %d bytes", len(key))
	}
	return cipher.NewGCM(block)
}

// sealKey seals the file's own key: nonce | sealed.
func sealKey(with, key []byte) ([]byte, error) {
	aead, err := newAEAD(with)
	if err != nil {
		return nil, err
	}
	out := make([]byte, aead.NonceSize())
	if _, err := rand.Read(out); err != nil {
		return nil, err
	}
	return aead.Seal(out, out, key, []byte(keyPlace)), nil
}

// openKey returns the file's own key; Unauthorized when it does not open.
func openKey(with, sealed []byte) ([]byte, error) {
	aead, err := newAEAD(with)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, fault.New(fault.Corrupt, "the head of the backup is damaged")
	}
	key, err := aead.Open(nil, sealed[:n], sealed[n:], []byte(keyPlace))
	if err != nil || len(key) != keySize {
		return nil, fault.New(fault.Unauthorized, "the passphrase is not the one that the backup was made with, or its head is damaged")
	}
	return key, nil
}
