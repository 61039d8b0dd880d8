package key

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/crypto/argon2"

	"holdfast/pkg/fault"
	repositoryv1 "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/disk"
)

// The kinds of key slot. Numbers are stored.
const (
	slotPassphrase = 1
	slotKeyFile    = 2
)

// Limits of what a descriptor may ask for, so that a damaged one cannot take all memory.
const (
	maxSlots     = 16
	maxMemoryKiB = 1 << 20
	maxTime      = 64
	maxWork      = 8 << 20 // KiB, in all passes together: half a minute
	maxKeyFile   = 4096
	saltSize     = 16
	maxSalt      = 64
)

// Secret opens a repository: one of the two.
type Secret struct {
	Passphrase string
	// KeyFile is the path of a key file. It is made when a repository is created with one that does not exist.
	KeyFile string
}

// None reports whether there is no secret.
func (s Secret) None() bool { return s.Passphrase == "" && s.KeyFile == "" }

// Cost is what argon2id costs. Zero fields take the second recommendation of RFC 9106: 3 passes, 64 MiB, 4 lanes.
type Cost struct {
	Time      uint32
	MemoryKiB uint32
	Threads   uint8
}

func (c Cost) orDefault() Cost {
	if c.Time == 0 {
		c.Time = 3
	}
	if c.MemoryKiB == 0 {
		c.MemoryKiB = 64 << 10
	}
	if c.Threads == 0 {
		c.Threads = 4
	}
	return c
}

// check reports costs that a descriptor must not ask for.
func (c Cost) check() error {
	if c.Time > maxTime || c.MemoryKiB > maxMemoryKiB || uint64(c.Time)*uint64(c.MemoryKiB) > maxWork {
		return fault.New(fault.Invalid, "a cost of %d passes over %d KiB is more than the %d passes, %d KiB, or %d KiB in all passes together that may be", c.Time, c.MemoryKiB, maxTime, maxMemoryKiB, maxWork)
	}
	return nil
}

// Create makes a data key for a new repository and wraps it with the secret. Without a secret it returns a plain ring.
func Create(s Secret, cost Cost, repository []byte) (*Ring, *repositoryv1.Encryption, error) {
	if s.None() {
		return &Ring{}, nil, nil
	}
	dataKey := make([]byte, dataKeySize)
	rand.Read(dataKey)
	slot, err := wrap(dataKey, s, cost, repository)
	if err != nil {
		return nil, nil, err
	}
	ring, err := newRing(dataKey, repository)
	return ring, &repositoryv1.Encryption{Slots: []*repositoryv1.KeySlot{slot}}, err
}

// wrap returns a slot that the secret opens, having tried it. A key file that does not exist is made.
func wrap(dataKey []byte, s Secret, cost Cost, repository []byte) (*repositoryv1.KeySlot, error) {
	if s.Passphrase != "" && s.KeyFile != "" {
		return nil, fault.New(fault.Invalid, "give a passphrase or a key file, not both")
	}
	slot := &repositoryv1.KeySlot{Kind: slotKeyFile, Nonce: make([]byte, NonceSize)}
	if s.Passphrase != "" {
		cost = cost.orDefault()
		if err := cost.check(); err != nil {
			return nil, err
		}
		salt := make([]byte, saltSize)
		rand.Read(salt)
		slot.Kind = slotPassphrase
		slot.Argon2Id = &repositoryv1.Argon2Id{Salt: salt, Time: cost.Time, MemoryKib: cost.MemoryKiB, Threads: uint32(cost.Threads)}
	} else if err := makeKeyFile(s.KeyFile); err != nil {
		return nil, err
	}
	wrapping, err := wrappingKey(s, slot)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(wrapping)
	if err != nil {
		return nil, err
	}
	rand.Read(slot.Nonce)
	slot.Wrapped = aead.Seal(nil, slot.Nonce, dataKey, wrapContext(slot, repository))
	again, err := unwrap(slot, s, repository)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, dataKey) {
		return nil, fault.New(fault.Corrupt, "the key does not open again what it closed; check the memory of this machine and the key file")
	}
	return slot, nil
}

// Rewrap returns the slots with the one that old opens replaced by one for secret; e stays as it is. Errors are those of
// Unlock about old, and Invalid for a secret that cannot take its place.
func Rewrap(e *repositoryv1.Encryption, old, secret Secret, cost Cost, repository []byte) (*repositoryv1.Encryption, error) {
	switch {
	case e == nil:
		return nil, fault.New(fault.Invalid, "the repository is not encrypted, and what is in it would stay so; create an encrypted one and back up into that")
	case secret.None():
		return nil, fault.New(fault.Invalid, "the new passphrase is empty, and an encrypted repository stays encrypted; give another passphrase or a key file")
	}
	dataKey, at, err := open(e, old, repository)
	if err != nil {
		return nil, err
	}
	slot, err := wrap(dataKey, secret, cost, repository)
	if err != nil {
		return nil, err
	}
	slots := slices.Clone(e.GetSlots())
	slots[at] = slot
	return &repositoryv1.Encryption{Slots: slots}, nil
}

// Unlock returns the keys of a repository. A missing or wrong secret is Unauthorized, a key file that is not there NotFound,
// a slot of a kind that this version does not know Unsupported.
func Unlock(e *repositoryv1.Encryption, s Secret, repository []byte) (*Ring, error) {
	if e == nil {
		if !s.None() {
			return nil, fault.New(fault.Invalid, "the repository is not encrypted, yet a passphrase or key file was given; leave it out")
		}
		return &Ring{}, nil
	}
	dataKey, _, err := open(e, s, repository)
	if err != nil {
		return nil, err
	}
	return newRing(dataKey, repository)
}

// open returns the data key, and which slot the secret opened.
func open(e *repositoryv1.Encryption, s Secret, repository []byte) ([]byte, int, error) {
	if s.None() {
		return nil, 0, fault.New(fault.Unauthorized, "the repository is encrypted; give its passphrase or key file")
	}
	if s.Passphrase != "" && s.KeyFile != "" {
		return nil, 0, fault.New(fault.Invalid, "give a passphrase or a key file, not both")
	}
	if n := len(e.GetSlots()); n == 0 || n > maxSlots {
		return nil, 0, fault.New(fault.Corrupt, "the descriptor has %d key slots; it must have 1 to %d", n, maxSlots)
	}
	want, tried, foreign := uint32(slotKeyFile), 0, uint32(0)
	if s.Passphrase != "" {
		want = slotPassphrase
	}
	for i, slot := range e.GetSlots() {
		switch slot.GetKind() {
		case want:
		case slotPassphrase, slotKeyFile:
			continue
		default:
			foreign = slot.GetKind()
			continue
		}
		tried++
		dataKey, err := unwrap(slot, s, repository)
		if err != nil {
			return nil, 0, err
		}
		if dataKey != nil {
			return dataKey, i, nil
		}
	}
	switch {
	case tried == 0 && foreign != 0:
		return nil, 0, fault.New(fault.Unsupported, "the repository opens with a kind of key (%d) that this version does not know; upgrade the Transporter", foreign)
	case tried == 0 && s.Passphrase != "":
		return nil, 0, fault.New(fault.Unauthorized, "the repository opens with a key file, not with a passphrase")
	case tried == 0:
		return nil, 0, fault.New(fault.Unauthorized, "the repository opens with a passphrase, not with a key file")
	case s.Passphrase != "":
		return nil, 0, fault.New(fault.Unauthorized, "the passphrase is wrong; without the right one nothing in the repository can be read")
	default:
		return nil, 0, fault.New(fault.Unauthorized, "the key file %s belongs to another repository; without the right one nothing in this one can be read", s.KeyFile)
	}
}

// unwrap returns the data key in a slot; nil when the secret does not open it.
func unwrap(slot *repositoryv1.KeySlot, s Secret, repository []byte) ([]byte, error) {
	if len(slot.GetNonce()) != NonceSize || len(slot.GetWrapped()) != dataKeySize+Overhead {
		return nil, fault.New(fault.Corrupt, "the descriptor's key slot is damaged; bring the descriptor back from a copy of the repository")
	}
	wrapping, err := wrappingKey(s, slot)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(wrapping)
	if err != nil {
		return nil, err
	}
	dataKey, err := aead.Open(nil, slot.GetNonce(), slot.GetWrapped(), wrapContext(slot, repository))
	if err != nil {
		return nil, nil //nolint:nilerr // that the secret does not fit is the answer
	}
	return dataKey, nil
}

// wrappingKey returns the key that the secret gives for a slot.
func wrappingKey(s Secret, slot *repositoryv1.KeySlot) ([]byte, error) {
	if s.Passphrase == "" {
		return readKeyFile(s.KeyFile)
	}
	a := slot.GetArgon2Id()
	cost := Cost{Time: a.GetTime(), MemoryKiB: a.GetMemoryKib(), Threads: uint8(min(a.GetThreads(), 255))}
	if n := len(a.GetSalt()); n < 8 || n > maxSalt || cost.Time < 1 || cost.Threads < 1 || a.GetThreads() > 255 || cost.check() != nil {
		return nil, fault.New(fault.Corrupt, "the descriptor's argon2id parameters are out of range; bring the descriptor back from a copy of the repository")
	}
	return argon2.IDKey([]byte(s.Passphrase), a.GetSalt(), a.GetTime(), a.GetMemoryKib(), uint8(a.GetThreads()), 32), nil
}

func wrapContext(slot *repositoryv1.KeySlot, repository []byte) []byte {
	return append([]byte{'h', 'o', 'l', 'd', 'f', 'a', 's', 't', ' ', 'k', 'e', 'y', byte(slot.GetKind())}, repository...)
}

// keyFileMagic begins a key file; 32 random bytes in base64 and a newline follow.
const keyFileMagic = "holdfast-key-1 "

// makeKeyFile makes a key file where there is none.
func makeKeyFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return keyFileFault(err, "make", path)
	}
	secret := make([]byte, dataKeySize)
	rand.Read(secret)
	_, err = f.WriteString(keyFileMagic + base64.StdEncoding.EncodeToString(secret) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = disk.OS{}.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(path)
		return keyFileFault(err, "write", path)
	}
	return nil
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the key file %s does not exist in %s; without it nothing in the repository can be read: bring it back from where it is kept safe", filepath.Base(path), filepath.Dir(path))
	}
	if err != nil {
		return nil, keyFileFault(err, "read", path)
	}
	notKey := fault.New(fault.Unauthorized, "%s is not a key file of Holdfast", path)
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, notKey
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, keyFileFault(err, "read", path)
	}
	encoded, ok := bytes.CutPrefix(bytes.TrimSpace(text), []byte(keyFileMagic))
	if !ok {
		return nil, notKey
	}
	secret, err := base64.StdEncoding.DecodeString(string(encoded))
	if err != nil || len(secret) != dataKeySize {
		return nil, notKey
	}
	return secret, nil
}

func keyFileFault(err error, doing, path string) error {
	f := fault.New(fault.Denied, "cannot %s the key file %s: %v", doing, path, err)
	f.Cause = err
	return f
}
