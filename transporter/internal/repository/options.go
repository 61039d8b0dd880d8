package repository

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/key"
)

// Level is how new blobs are compressed.
type Level = codec.Level

// The levels.
const (
	None     = codec.None
	Fast     = codec.Fast
	Balanced = codec.Balanced
	Best     = codec.Best
)

// Secret is a passphrase or a key file.
type Secret = key.Secret

// Sizes of packs, in bytes.
const (
	defaultPackSize = 48 << 20
	minPackSize     = 64 << 10
	maxPackSize     = 1 << 30
)

// Options of a repository. Create and Open take the same.
type Options struct {
	// Path is the folder. Required.
	Path string
	// Name is what people call it; Create requires it, Open ignores it.
	Name string
	// ID is what the repository goes by; Create stores it, Open ignores it. Default: a random one.
	ID [16]byte
	// Level of compression; Create stores it, Open ignores it. Default None.
	Level Level
	// Secret encrypts the repository, or opens an encrypted one. Default: not encrypted.
	Secret Secret
	// Cost of turning a passphrase into a key, for Create. Default: 3 passes, 64 MiB, 4 lanes.
	Cost key.Cost
	// ReadOnly opens the repository without changing anything in its folder. Memory is needed for what would be changed (open
	// packs that have to be cut: 64 KiB for each), space in the temporary folder for a copy of the index.
	ReadOnly bool
	// Still is whether the folder surely does not change while it is open for reading only, although somebody elsewhere may
	// not have given it back: it is a copy.
	Still bool
	// Transporter is who opens the repository, named in the lock.
	Transporter string
	// PackSize is when a pack is sealed, in bytes. Default 48 MiB; from 64 KiB to 1 GiB.
	PackSize int64
	// Now tells the time. Default time.Now.
	Now func() time.Time
	// FS is where files are, other than index and lock. Default: the machine's.
	FS disk.FS
	// Progress hears how far opening is. Default: nobody.
	Progress func(Progress)

	// hook stops index transactions in tests.
	hook func(when string) error
	// learnAfter is codec.Options.LearnAfter, for tests.
	learnAfter int64
	// smallest stands in for minPackSize in tests.
	smallest int64
	// rebuild discards the index.
	rebuild bool
}

// Progress is how far something long is.
type Progress struct {
	Phase string // what is being done: "open packs", "verify packs", "verify points"
	Done  int64
	Total int64
	Bytes int64 // read so far, where bytes are read
}

func (o Options) complete() (Options, error) {
	if o.Path == "" {
		return o, fault.InvalidField("path", "the repository needs a path")
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return o, fault.InvalidField("path", "the path %q cannot be used: %w", o.Path, err)
	}
	o.Path = path
	if o.Level > Best {
		return o, fault.InvalidField("level", "there is no compression level %d", o.Level)
	}
	if o.PackSize == 0 {
		o.PackSize = defaultPackSize
	}
	if o.smallest == 0 {
		o.smallest = minPackSize
	}
	if o.PackSize < o.smallest || o.PackSize > maxPackSize {
		return o, fault.InvalidField("pack_size", "a pack size of %d bytes is not between %d and %d", o.PackSize, o.smallest, maxPackSize)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FS == nil {
		o.FS = disk.OS{}
	}
	return o, nil
}

func (o *Options) owner() disk.Owner {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return disk.Owner{Transporter: o.Transporter, Host: host, PID: os.Getpid(), Since: o.Now().UTC()}
}

func (o *Options) progress(phase string) func(done, total int) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total int) { o.Progress(Progress{Phase: phase, Done: int64(done), Total: int64(total)}) }
}

// ParseID reads a repository's id as people and Directors write it: 32 hexadecimal digits, with or without the hyphens of a
// UUID. Anything else, and the id of all zeros, is Invalid.
func ParseID(s string) (id [16]byte, err error) {
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 32 {
		return id, fault.InvalidField("repository_id", "%q is not the id of a repository", s)
	}
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil || id == ([16]byte{}) {
		return id, fault.InvalidField("repository_id", "%q is not the id of a repository", s)
	}
	return id, nil
}
