package tenant

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// Blob names bytes by their SHA-256, or says how they are made. The zero Blob is no bytes.
type Blob struct {
	Hash string  `json:"h,omitempty"`
	Size int64   `json:"n,omitempty"`
	Made *Recipe `json:"m,omitempty"`
}

// Blobs keeps bytes once each, in one append-only file: records of magic, length, hash, bytes. A record whose header is
// incomplete or whose bytes are short was cut by a kill and is dropped at the next start.
type Blobs struct {
	f *os.File

	put sync.Mutex // one writer

	mu  sync.RWMutex
	at  map[[sha256.Size]byte]int64 // hash to the offset of its bytes
	end int64
}

const blobHeader = 4 + 8 + sha256.Size

var errNoBlob = errors.New("no such content")

func tempBlobs() (*Blobs, error) {
	f, err := os.CreateTemp("", "graphsim-*.blobs")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // open files may be removed on Unix; elsewhere the system's temp cleaning has it
	return &Blobs{f: f, at: map[[sha256.Size]byte]int64{}}, nil
}

func openBlobs(path string) (*Blobs, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	b := &Blobs{f: f, at: map[[sha256.Size]byte]int64{}}
	if err := b.scan(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b, nil
}

func (b *Blobs) scan() error {
	info, err := b.f.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, blobHeader)
	for b.end+blobHeader <= info.Size() {
		if _, err := b.f.ReadAt(head, b.end); err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint64(head[4:]))
		if string(head[:4]) != "BLOB" || size < 0 || b.end+blobHeader+size > info.Size() {
			break
		}
		b.at[[sha256.Size]byte(head[12:])] = b.end + blobHeader
		b.end += blobHeader + size
	}
	return b.f.Truncate(b.end)
}

// Close releases the file.
func (b *Blobs) Close() error { return b.f.Close() }

// Put stores p unless it is there already.
func (b *Blobs) Put(p []byte) (Blob, error) {
	sum := sha256.Sum256(p)
	b.mu.RLock()
	_, ok := b.at[sum]
	b.mu.RUnlock()
	if ok {
		return Blob{Hash: hex.EncodeToString(sum[:]), Size: int64(len(p))}, nil
	}
	return b.PutReader(bytes.NewReader(p))
}

// PutReader stores what r yields, without holding it in memory. The header is written last, so a cut leaves no record.
func (b *Blobs) PutReader(r io.Reader) (Blob, error) {
	b.put.Lock()
	defer b.put.Unlock()
	start := b.end + blobHeader
	h := sha256.New()
	size, err := io.Copy(io.NewOffsetWriter(b.f, start), io.TeeReader(r, h))
	if err != nil {
		return Blob{}, fmt.Errorf("store content: %w", err)
	}
	head := append([]byte("BLOB"), make([]byte, 8)...)
	binary.BigEndian.PutUint64(head[4:], uint64(size))
	head = h.Sum(head)
	name, sum := hex.EncodeToString(head[12:]), [sha256.Size]byte(head[12:])
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.at[sum]; ok {
		return Blob{Hash: name, Size: size}, nil // the next record overwrites the copy
	}
	if _, err := b.f.WriteAt(head, b.end); err != nil {
		return Blob{}, fmt.Errorf("store content: %w", err)
	}
	b.at[sum] = start
	b.end = start + size
	return Blob{Hash: name, Size: size}, nil
}

// Open reads a blob from its start. Any number of readers may be open.
func (b *Blobs) Open(x Blob) (io.Reader, error) {
	switch {
	case x.Made != nil && x.Made.Kind == "file":
		return io.LimitReader(x.Made.file(), x.Size), nil
	case x.Made != nil:
		return strings.NewReader(x.Made.read(x.Size)), nil
	case x.Hash == "":
		return bytes.NewReader(nil), nil
	}
	sum, err := hex.DecodeString(x.Hash)
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("%w: %s", errNoBlob, x.Hash)
	}
	b.mu.RLock()
	off, ok := b.at[[sha256.Size]byte(sum)]
	b.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("%w: %s", errNoBlob, x.Hash)
	}
	return io.NewSectionReader(b.f, off, x.Size), nil
}

// Read is the whole blob in memory.
func (b *Blobs) Read(x Blob) ([]byte, error) {
	r, err := b.Open(x)
	if err != nil {
		return nil, err
	}
	p := make([]byte, x.Size)
	_, err = io.ReadFull(r, p)
	return p, err
}

// Hash is the SHA-256 of a blob's bytes as hex; empty for no bytes that were never stored.
func (b *Blobs) Hash(x Blob) (string, error) {
	if x.Made == nil {
		return x.Hash, nil
	}
	r, err := b.Open(x)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
