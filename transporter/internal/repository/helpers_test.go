package repository

import (
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"holdfast/transporter/internal/repository/disk/disktest"
)

// breakingDisk puts a disk under a repository, which is to be in a folder of its own: after a number of operations (negative:
// never) the process is dead.
func breakingDisk(t *testing.T, o *Options, rnd *rand.Rand, left int) *disktest.Disk {
	t.Helper()
	if err := os.MkdirAll(o.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := disktest.New(disktest.Options{Root: o.Path, Rand: rnd, Left: left, Index: indexFile, Lock: lockFile})
	if err != nil {
		t.Fatal(err)
	}
	o.FS, o.hook = d, d.Hook
	return d
}

func loseIndex(t *testing.T, o Options) {
	t.Helper()
	if err := os.Remove(filepath.Join(o.Path, indexFile)); err != nil {
		t.Fatal(err)
	}
}

func sha(b []byte) [32]byte { return sha256.Sum256(b) }
