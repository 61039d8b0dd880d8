// Package key holds what a repository's secret is good for: the data key wrapped by a passphrase or a key file, and the keys
// derived from it.
//
// One random data key of 32 bytes is made with the repository and never changes, so that a passphrase can be changed
// without touching a blob. HKDF-SHA256 with the repository's id as salt derives from it
//
//	"holdfast blobs 1"    AES-256-GCM key of blobs
//	"holdfast ids 1"      HMAC-SHA256 key of blob ids
//	"holdfast boxes 1"    AES-256-GCM key of everything else: staging, catalogue, dictionaries
//
// A slot of the descriptor holds the data key under AES-256-GCM, with a key that the secret gives: argon2id of the passphrase's
// bytes with the slot's parameters, 32 bytes long, or the 32 bytes of the key file. The additional data is
//
//	 0 12  "holdfast key"
//	12  1  kind of the slot: 1 passphrase, 2 key file
//	13 16  repository id
//
// A key file is text: "holdfast-key-1 ", 32 random bytes in standard base64, a line feed. White space around it does not count.
//
// A blob goes by HMAC-SHA256 of the 32 bytes of its SHA-256. Its stored bytes are AES-256-GCM of its compressed bytes, with the
// first 48 bytes of its header as additional data (package pack). A box is described at boxPlain.
//
// Nonces are random, 96 bits, one for each blob or box; by NIST SP 800-38D that is good for 2^32 of them under one key.
//
// A repository that is not encrypted has the same Ring without keys: ids are plain, boxes carry a checksum.
package key

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"slices"
	"sync"

	"holdfast/pkg/fault"
)

// NonceSize and Overhead are what encryption adds to a blob: the nonce in its header, the tag behind its bytes.
const (
	NonceSize = 12
	Overhead  = 16
)

const dataKeySize = 32

// Ring is the keys of one open repository. The zero Ring is that of a plain repository.
type Ring struct {
	blobs cipher.AEAD
	boxes cipher.AEAD
	macs  sync.Pool // of hash.Hash, keyed for ids
}

// newRing derives the keys of a repository.
func newRing(dataKey, repository []byte) (*Ring, error) {
	derive := func(info string) ([]byte, error) {
		return hkdf.Key(sha256.New, dataKey, repository, info, 32)
	}
	blobs, err := derive("holdfast blobs 1")
	if err != nil {
		return nil, err
	}
	ids, err := derive("holdfast ids 1")
	if err != nil {
		return nil, err
	}
	boxes, err := derive("holdfast boxes 1")
	if err != nil {
		return nil, err
	}
	r := &Ring{}
	if r.blobs, err = gcm(blobs); err != nil {
		return nil, err
	}
	if r.boxes, err = gcm(boxes); err != nil {
		return nil, err
	}
	r.macs.New = func() any { return hmac.New(sha256.New, ids) }
	return r, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Encrypted reports whether the ring has keys.
func (r *Ring) Encrypted() bool { return r.blobs != nil }

// ID returns what the blob of these plain bytes goes by inside the repository: their SHA-256, keyed when there is a key, so
// that nobody without it can tell whether a known file is kept.
func (r *Ring) ID(plain [32]byte) [32]byte {
	if !r.Encrypted() {
		return plain
	}
	mac := r.macs.Get().(hash.Hash)
	mac.Reset()
	mac.Write(plain[:])
	var id [32]byte
	mac.Sum(id[:0])
	r.macs.Put(mac)
	return id
}

// SealBlob appends data to dst, encrypted, with Overhead bytes behind it. Data may lie right behind dst already.
func (r *Ring) SealBlob(dst []byte, nonce *[NonceSize]byte, data, header []byte) []byte {
	rand.Read(nonce[:])
	return r.blobs.Seal(dst, nonce[:], data, header)
}

// OpenBlob appends what SealBlob encrypted to dst. A wrong key, header or byte is Corrupt.
func (r *Ring) OpenBlob(dst []byte, nonce *[NonceSize]byte, data, header []byte) ([]byte, error) {
	if !r.Encrypted() {
		return nil, fault.New(fault.Corrupt, "the blob is encrypted, the repository is not")
	}
	out, err := r.blobs.Open(dst, nonce[:], data, header)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the blob's bytes do not fit its seal")
	}
	return out, nil
}

// A box is
//
//	plain repository:      0x00, CRC-32C of use and bytes (4, little-endian), bytes
//	encrypted repository:  0x01, nonce (12), AES-256-GCM of bytes with use as additional data
const (
	boxPlain  = 0
	boxSealed = 1
)

// BoxOverhead is the most that a box is longer than what is in it.
const BoxOverhead = 1 + NonceSize + Overhead

// Box appends data to dst, encrypted where the repository is, and in any case so that Unbox notices damage. The use says
// what it is ("point"): a box does not open under another.
func (r *Ring) Box(dst []byte, use string, data []byte) []byte {
	dst = slices.Grow(dst, BoxOverhead+len(data)) // by itself the cipher makes room for one box only
	if !r.Encrypted() {
		dst = append(dst, boxPlain)
		dst = binary.LittleEndian.AppendUint32(dst, boxSum(use, data))
		return append(dst, data...)
	}
	var nonce [NonceSize]byte
	rand.Read(nonce[:])
	dst = append(dst, boxSealed)
	dst = append(dst, nonce[:]...)
	return r.boxes.Seal(dst, nonce[:], data, []byte(use))
}

// Unbox returns what is in a box. In a plain repository the result shares the box's memory.
func (r *Ring) Unbox(use string, box []byte) ([]byte, error) { return r.unbox(nil, use, box) }

// UnboxInPlace returns what is in a box, in the memory of the box, which is overwritten.
func (r *Ring) UnboxInPlace(use string, box []byte) ([]byte, error) {
	return r.unbox(box[min(len(box), 1+NonceSize):][:0], use, box)
}

func (r *Ring) unbox(dst []byte, use string, box []byte) ([]byte, error) {
	damaged := fault.New(fault.Corrupt, "a stored %s is damaged", use)
	switch {
	case len(box) >= 5 && box[0] == boxPlain && !r.Encrypted():
		data := box[5:]
		if binary.LittleEndian.Uint32(box[1:]) != boxSum(use, data) {
			return nil, damaged
		}
		return data, nil
	case len(box) >= BoxOverhead && box[0] == boxSealed && r.Encrypted():
		data, err := r.boxes.Open(dst, box[1:1+NonceSize], box[1+NonceSize:], []byte(use))
		if err != nil {
			return nil, damaged
		}
		return data, nil
	default:
		return nil, damaged
	}
}

func boxSum(use string, data []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum([]byte(use), table), table, data)
}
