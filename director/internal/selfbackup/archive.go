package selfbackup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// manifestName is the last entry.
const manifestName = "manifest.json"

// maxSmall bounds every file but the database, in bytes.
const maxSmall = 1 << 20

// Manifest says what is in a backup.
type Manifest struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	Product string    `json:"product"`
	Schema  int       `json:"schema"`
	Files   []File    `json:"files"`
}

// File is one file of a Manifest.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// known are the files that a backup may hold.
var known = map[string]bool{
	datadir.Database: true, datadir.SealKey: true, datadir.Certificate: true, datadir.PrivateKey: true,
}

// content is what goes into a backup: the store, and small files by name.
type content struct {
	store *store.Store
	small map[string][]byte
}

// write writes a backup whose own key is sealed with a key; head lacks only that.
func write(w io.Writer, head Head, with []byte, c content) error {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	var err error
	if head.sealedKey, err = sealKey(with, key); err != nil {
		return err
	}
	raw, err := formatHead(&head)
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	p, err := newPieces(key, raw)
	if err != nil {
		return err
	}
	sealed := &pieceWriter{pieces: p, w: w}
	if err := writeTar(tar.NewWriter(sealed), &head, c); err != nil {
		return err
	}
	return sealed.Close()
}

func writeTar(t *tar.Writer, head *Head, c content) error {
	m := Manifest{Version: version, Made: head.Made.UTC(), Product: head.Product, Schema: head.Schema}
	add := func(name string, size int64, write func(io.Writer) error) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: head.Made, Format: tar.FormatPAX}); err != nil {
			return err
		}
		hash := sha256.New()
		if err := write(io.MultiWriter(t, hash)); err != nil {
			return err
		}
		m.Files = append(m.Files, File{Name: name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))})
		return nil
	}
	err := c.store.Snapshot(func(size int64, write func(io.Writer) error) error { return add(datadir.Database, size, write) })
	if err != nil {
		return err
	}
	for _, name := range []string{datadir.SealKey, datadir.Certificate, datadir.PrivateKey} {
		data, ok := c.small[name]
		if !ok {
			continue
		}
		err := add(name, int64(len(data)), func(w io.Writer) error { _, err := w.Write(data); return err })
		if err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := add(manifestName, int64(len(text)), func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	return t.Close()
}

// Unlock returns the key of a backup with that head.
type Unlock func(*Head) ([]byte, error)

// WithPassphrase unlocks a backup with its passphrase.
func WithPassphrase(passphrase string) Unlock {
	return func(h *Head) ([]byte, error) { return derive(passphrase, h.derivation), nil }
}

// Extract reads a backup to its end and writes its files into a folder that is there and holds none of them, durable when
// it returns without an error. Corrupt when anything is not as it was written: then what is in the folder is of no use.
// Unauthorized when the key is not the backup's, Unsupported when a newer Director made it.
func Extract(from io.Reader, unlock Unlock, folder string) (*Head, error) {
	in := bufio.NewReaderSize(from, pieceSize)
	head, raw, err := readHead(in)
	if err != nil {
		return nil, err
	}
	if head.Schema > store.Schema {
		return nil, fault.New(fault.Unsupported, "the backup was made by a newer Director (%s, schema %d; this one knows %d); install that version or a later one", head.Product, head.Schema, store.Schema)
	}
	with, err := unlock(head)
	if err != nil {
		return nil, err
	}
	key, err := openKey(with, head.sealedKey)
	if err != nil {
		return nil, err
	}
	p, err := newPieces(key, raw)
	if err != nil {
		return nil, err
	}
	sealed := &pieceReader{pieces: p, r: in}
	if err := readTar(tar.NewReader(sealed), head, folder); err != nil {
		return nil, err
	}
	// What pads the tar is read too: only then is it known that nothing was cut off.
	if _, err := io.Copy(io.Discard, sealed); err != nil {
		return nil, err
	}
	return head, nil
}

func readTar(t *tar.Reader, head *Head, folder string) error {
	var got []File
	for {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return fault.New(fault.Corrupt, "the backup has no manifest")
		case err != nil:
			return damaged(err)
		}
		if h.Name == manifestName {
			return checkManifest(t, h.Size, head, got)
		}
		if !known[h.Name] || h.Typeflag != tar.TypeReg || h.Name != datadir.Database && h.Size > maxSmall {
			return fault.New(fault.Corrupt, "the backup holds %q, which does not belong there", h.Name)
		}
		sum, err := extractFile(filepath.Join(folder, h.Name), t)
		if err != nil {
			return err
		}
		got = append(got, File{Name: h.Name, Size: h.Size, SHA256: sum})
	}
}

// damaged keeps a fault of the pieces, and makes one of what the tar's reader says.
func damaged(err error) error {
	if fault.KindOf(err) != fault.Unknown {
		return err
	}
	return fault.New(fault.Corrupt, "the backup is damaged: %w", err)
}

func extractFile(path string, from io.Reader) (sum string, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fault.New(fault.Denied, "write %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(onDisk{f}, hash), from); err != nil {
		return "", damaged(err)
	}
	if err := f.Sync(); err != nil {
		return "", fault.New(fault.Denied, "write %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// onDisk tells errors of the disk from those of what is read.
type onDisk struct{ f *os.File }

func (d onDisk) Write(b []byte) (int, error) {
	n, err := d.f.Write(b)
	if err != nil {
		err = fault.New(fault.Denied, "write %w", err)
	}
	return n, err
}

func checkManifest(from io.Reader, size int64, head *Head, got []File) error {
	if size > maxSmall {
		return fault.New(fault.Corrupt, "the manifest cannot have %d bytes", size)
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return damaged(err)
	}
	var m Manifest
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&m); err != nil {
		return fault.New(fault.Corrupt, "the manifest cannot be read: %w", err)
	}
	if m.Version != version || m.Schema != head.Schema || len(m.Files) != len(got) {
		return fault.New(fault.Corrupt, "the manifest is of another backup")
	}
	names := map[string]bool{}
	for i, f := range m.Files {
		if f != got[i] {
			return fault.New(fault.Corrupt, "%s is not as it was when the backup was made", got[i].Name)
		}
		names[f.Name] = true
	}
	for _, name := range []string{datadir.Database, datadir.SealKey} {
		if !names[name] {
			return fault.New(fault.Corrupt, "the backup lacks %s", name)
		}
	}
	return nil
}

// verifyPrefix begins the names of folders in which backups are read again.
const verifyPrefix = ".verify-"

// verify reads a backup to its end, and every record in it, in a folder that is removed afterwards.
func verify(path string, unlock Unlock, inside string) (records int, err error) {
	folder, err := os.MkdirTemp(inside, verifyPrefix+"*")
	if err != nil {
		return 0, fault.New(fault.Denied, "make a folder to read the backup again: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f, err := os.Open(path)
	if err != nil {
		return 0, fault.New(fault.Denied, "read the backup again: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := Extract(f, unlock, folder); err != nil {
		return 0, fmt.Errorf("read the backup again: %w", err)
	}
	return CheckFolder(folder)
}

// CheckFolder reads every record of the state in a folder.
func CheckFolder(folder string) (records int, err error) {
	text, err := datadir.ReadFile(filepath.Join(folder, datadir.SealKey))
	if err != nil {
		return 0, err
	}
	key, err := store.ParseKey(text)
	if err != nil {
		return 0, err
	}
	return store.Check(filepath.Join(folder, datadir.Database), key)
}
