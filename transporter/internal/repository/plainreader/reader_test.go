package plainreader

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/argon2"
)

// descriptor is what holdfast.repo says.
type descriptor struct {
	ID         []byte   `json:"id"`
	Name       string   `json:"name"`
	Needs      []string `json:"needs"`
	Removal    uint32   `json:"removal"`
	Encryption *struct {
		Slots []struct {
			Kind     uint32 `json:"kind"`
			Argon2id struct {
				Salt      []byte `json:"salt"`
				Time      uint32 `json:"time"`
				MemoryKib uint32 `json:"memoryKib"`
				Threads   uint8  `json:"threads"`
			} `json:"argon2id"`
			Nonce   []byte `json:"nonce"`
			Wrapped []byte `json:"wrapped"`
		} `json:"slots"`
	} `json:"encryption"`
	Dictionaries []struct {
		Number uint32 `json:"number"`
		Box    []byte `json:"box"`
	} `json:"dictionaries"`
}

func readDescriptor(path string) (*descriptor, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if len(lines) < 3 || string(lines[0]) != "holdfast repository format 1\n" {
		return nil, fmt.Errorf("the first line is %q", lines[0])
	}
	last := lines[len(lines)-2] // behind its line feed is nothing
	body := text[:len(text)-len(last)]
	if string(last) != fmt.Sprintf("sha256 %x\n", sha256.Sum256(body)) {
		return nil, errors.New("the last line is not the sum")
	}
	var d descriptor
	if err := json.Unmarshal(body[len(lines[0]):], &d); err != nil {
		return nil, err
	}
	if len(d.Needs) > 0 || d.Removal != 0 {
		return nil, errors.New("not for this reader")
	}
	return &d, nil
}

// keys are those of an encrypted repository; nil for a plain one.
type keys struct {
	blobs, boxes cipher.AEAD
	ids          []byte
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

func unlock(d *descriptor, passphrase, keyFile string) (*keys, error) {
	if d.Encryption == nil {
		return nil, nil
	}
	for _, s := range d.Encryption.Slots {
		var wrapping []byte
		switch {
		case s.Kind == 1 && passphrase != "":
			wrapping = argon2.IDKey([]byte(passphrase), s.Argon2id.Salt, s.Argon2id.Time, s.Argon2id.MemoryKib, s.Argon2id.Threads, 32)
		case s.Kind == 2 && keyFile != "":
			text, err := os.ReadFile(keyFile)
			if err != nil {
				return nil, err
			}
			line, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "holdfast-key-1 ")
			if wrapping, err = base64.StdEncoding.DecodeString(line); err != nil || !ok {
				return nil, errors.New("not a key file")
			}
		default:
			continue
		}
		more := append(append([]byte("holdfast key"), byte(s.Kind)), d.ID...)
		data, err := gcm(wrapping).Open(nil, s.Nonce, s.Wrapped, more)
		if err != nil {
			continue
		}
		derive := func(info string) []byte {
			k, err := hkdf.Key(sha256.New, data, d.ID, info, 32)
			if err != nil {
				panic(err)
			}
			return k
		}
		return &keys{gcm(derive("holdfast blobs 1")), gcm(derive("holdfast boxes 1")), derive("holdfast ids 1")}, nil
	}
	return nil, errors.New("no slot opens")
}

type hash [32]byte

// id is what a blob goes by in the packs.
func (k *keys) id(h hash) hash {
	if k == nil {
		return h
	}
	m := hmac.New(sha256.New, k.ids)
	m.Write(h[:])
	return hash(m.Sum(nil))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(b ...[]byte) (crc uint32) {
	for _, part := range b {
		crc = crc32.Update(crc, castagnoli, part)
	}
	return crc
}

func (k *keys) unbox(use string, box []byte) ([]byte, error) {
	switch {
	case k == nil && len(box) >= 5 && box[0] == 0 && binary.LittleEndian.Uint32(box[1:]) == sum([]byte(use), box[5:]):
		return box[5:], nil
	case k != nil && len(box) > 13 && box[0] == 1:
		return k.boxes.Open(nil, box[1:13], box[13:], []byte(use))
	}
	return nil, errors.New("a box does not open")
}

// blob is a frame in a pack.
type blob struct {
	typ   byte
	frame []byte // header and stored bytes
}

// repository is an open one.
type repository struct {
	id     []byte
	keys   *keys
	blobs  map[hash]blob
	decode map[uint16]*zstd.Decoder
	packs  map[string]int // how many of each ending
}

func open(dir, passphrase, keyFile string) (*repository, error) {
	d, err := readDescriptor(filepath.Join(dir, "holdfast.repo"))
	if err != nil {
		return nil, err
	}
	r := &repository{id: d.ID, blobs: map[hash]blob{}, decode: map[uint16]*zstd.Decoder{}, packs: map[string]int{}}
	if r.keys, err = unlock(d, passphrase, keyFile); err != nil {
		return nil, err
	}
	if r.decode[0], err = zstd.NewReader(nil); err != nil {
		return nil, err
	}
	for _, dict := range d.Dictionaries {
		block, err := r.keys.unbox("dictionary", dict.Box)
		if err != nil {
			return nil, err
		}
		content, err := snappy.Decode(nil, block)
		if err != nil {
			return nil, err
		}
		if r.decode[uint16(dict.Number)], err = zstd.NewReader(nil, zstd.WithDecoderDicts(content)); err != nil {
			return nil, err
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "packs"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := r.pack(filepath.Join(dir, "packs"), f.Name()); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return r, nil
}

func (r *repository) pack(dir, name string) error {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	if len(b) < 64 || string(b[:8]) != "HFPACK\x1a\n" || binary.LittleEndian.Uint16(b[8:]) != 1 || binary.LittleEndian.Uint32(b[60:]) != sum(b[:60]) {
		return errors.New("not a pack")
	}
	own, ending, _ := strings.Cut(name, ".")
	if !bytes.Equal(b[16:32], r.id) || hex.EncodeToString(b[32:48]) != own {
		return errors.New("a pack of another repository")
	}
	r.packs[ending]++
	if ending == "open" {
		return r.scan(b)
	}
	last := b[len(b)-64:]
	count, end := int(binary.LittleEndian.Uint32(last[4:])), int(binary.LittleEndian.Uint64(last[8:]))
	entries := b[end : len(b)-64]
	if string(last[:4]) != "HFPE" || string(last[56:]) != "HFPEND\x1a\n" || len(entries) != 48*count {
		return errors.New("no trailer")
	}
	h := sha256.New()
	h.Write(b[:64])
	h.Write(entries)
	h.Write(last[:16])
	if !bytes.Equal(h.Sum(nil), last[16:48]) {
		return errors.New("the footer does not fit its sum")
	}
	for ; len(entries) > 0; entries = entries[48:] {
		at := int(binary.LittleEndian.Uint32(entries[32:]))
		n, err := r.frame(b[at:])
		switch {
		case err != nil:
			return err
		case n != 68+int(binary.LittleEndian.Uint32(entries[36:])), !bytes.Equal(entries[:32], b[at+16:at+48]),
			!bytes.Equal(entries[40:44], b[at+8:at+12]), !bytes.Equal(entries[44:48], b[at+4:at+8]):
			return errors.New("an entry is not its frame")
		}
	}
	return nil
}

// scan reads the frames of an open pack, up to a torn one.
func (r *repository) scan(b []byte) error {
	for at := 64; at < len(b); {
		n, err := r.frame(b[at:])
		if err != nil {
			return nil //nolint:nilerr // the torn end
		}
		at += n
	}
	return nil
}

// frame notes the frame at the beginning of b and returns its length.
func (r *repository) frame(b []byte) (int, error) {
	if len(b) < 68 || string(b[:4]) != "HFB\x01" || binary.LittleEndian.Uint32(b[64:]) != sum(b[:64]) {
		return 0, errors.New("no frame")
	}
	n := 68 + int(binary.LittleEndian.Uint32(b[12:]))
	if len(b) < n || binary.LittleEndian.Uint32(b[60:]) != sum(b[68:n]) {
		return 0, errors.New("the stored bytes do not fit their sum")
	}
	r.blobs[hash(b[16:48])] = blob{b[4], b[:n]}
	return n, nil
}

// plain returns the plain bytes of a blob.
func (r *repository) plain(b blob) ([]byte, error) {
	f := b.frame
	data := f[68:]
	var err error
	if r.keys != nil {
		if data, err = r.keys.blobs.Open(nil, f[48:60], data, f[:48]); err != nil {
			return nil, err
		}
	}
	switch dict := binary.LittleEndian.Uint16(f[6:]); f[5] {
	case 0:
	case 1:
		data, err = snappy.Decode(nil, data)
	case 2:
		if r.decode[dict] == nil {
			return nil, fmt.Errorf("no dictionary %d", dict)
		}
		data, err = r.decode[dict].DecodeAll(data, nil)
	default:
		return nil, fmt.Errorf("codec %d", f[5])
	}
	if err != nil {
		return nil, err
	}
	if len(data) != int(binary.LittleEndian.Uint32(f[8:])) || r.keys.id(sha256.Sum256(data)) != hash(f[16:48]) {
		return nil, errors.New("a blob is not what it goes by")
	}
	return data, nil
}

func (r *repository) get(h []byte) ([]byte, error) {
	if len(h) != 32 {
		return nil, errors.New("not a hash")
	}
	b, ok := r.blobs[r.keys.id(hash(h))]
	if !ok {
		return nil, fmt.Errorf("blob %x is missing", h)
	}
	return r.plain(b)
}
