package repository

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"holdfast/transporter/internal/repository/disk"
)

var errKilled = errors.New("the process was killed here")

// brokenFS is the machine's file system until it is killed: from one operation on, nothing reaches the disk any more; the
// write it falls on arrives in part. It knows what was not synced, so that the power can be cut afterwards.
type brokenFS struct {
	disk.OS
	rnd *rand.Rand

	mu      sync.Mutex
	left    int // operations until the end; negative: for ever
	count   int
	dead    bool
	files   map[string]*written // by path
	created map[string]bool     // not yet durable in its folder
	renamed map[string]string   // to → from, not yet durable
}

type written struct{ synced, size int64 }

func newBrokenFS(rnd *rand.Rand, left int) *brokenFS {
	return &brokenFS{rnd: rnd, left: left, files: map[string]*written{}, created: map[string]bool{}, renamed: map[string]string{}}
}

// pass counts an operation and reports whether it may happen.
func (b *brokenFS) pass() error {
	b.count++
	if b.dead || b.left >= 0 && b.count > b.left {
		b.dead = true
		return errKilled
	}
	return nil
}

// hook counts transactions of the index as operations.
func (b *brokenFS) hook(string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pass()
}

func (b *brokenFS) track(name string, size int64, isNew bool) {
	if isNew {
		b.created[name] = true
		b.files[name] = &written{}
	} else if b.files[name] == nil {
		b.files[name] = &written{synced: size, size: size}
	}
}

func (b *brokenFS) Edit(name string) (disk.File, error) {
	f, err := b.OS.Edit(name)
	return b.wrap(name, f, err, false)
}

func (b *brokenFS) Create(name string) (disk.File, error) {
	b.mu.Lock()
	err := b.pass()
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f, err := b.OS.Create(name)
	return b.wrap(name, f, err, true)
}

func (b *brokenFS) wrap(name string, f disk.File, err error, isNew bool) (disk.File, error) {
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.track(name, size, isNew)
	return &brokenFile{File: f, fs: b, state: b.files[name]}, nil
}

func (b *brokenFS) Rename(from, to string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.pass(); err != nil {
		return err
	}
	if err := b.OS.Rename(from, to); err != nil {
		return err
	}
	b.files[to] = b.files[from]
	delete(b.files, from)
	if b.created[from] {
		delete(b.created, from)
		b.created[to] = true
	}
	b.renamed[to] = from
	return nil
}

func (b *brokenFS) Remove(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.pass(); err != nil {
		return err
	}
	delete(b.files, name)
	delete(b.created, name)
	return b.OS.Remove(name)
}

func (b *brokenFS) SyncDir(dir string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.pass(); err != nil {
		return err
	}
	for name := range b.created {
		if filepath.Dir(name) == filepath.Clean(dir) {
			delete(b.created, name)
		}
	}
	for name := range b.renamed {
		if filepath.Dir(name) == filepath.Clean(dir) {
			delete(b.renamed, name)
		}
	}
	return b.OS.SyncDir(dir)
}

// cutPower makes of the folder what a disk might hold after the power failed: of what was not synced, some came through,
// some not, some as garbage; names that were not synced are there or not.
func (b *brokenFS) cutPower() error {
	for to, from := range b.renamed {
		if b.rnd.IntN(2) == 0 {
			if err := os.Rename(to, from); err != nil && !os.IsNotExist(err) {
				return err
			}
			b.files[from] = b.files[to]
			delete(b.files, to)
			if b.created[to] {
				delete(b.created, to)
				b.created[from] = true
			}
		}
	}
	for name, w := range b.files {
		if w == nil || w.size <= w.synced {
			continue
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		keep := w.synced + b.rnd.Int64N(w.size-w.synced+1)
		err = f.Truncate(keep)
		// Sectors between may never have been written.
		for at := w.synced; err == nil && at < keep; at += 512 {
			if b.rnd.IntN(4) == 0 {
				_, err = f.WriteAt(make([]byte, min(512, keep-at)), at)
			}
		}
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	for name := range b.created {
		if b.rnd.IntN(2) == 0 {
			if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	return nil
}

type brokenFile struct {
	disk.File
	fs    *brokenFS
	state *written
}

func (f *brokenFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	wasDead := f.fs.dead
	if err := f.fs.pass(); err != nil {
		if !wasDead && len(b) > 0 { // torn
			n, _ := f.File.WriteAt(b[:f.fs.torn(len(b))], off)
			f.state.size = max(f.state.size, off+int64(n))
		}
		return 0, err
	}
	n, err := f.File.WriteAt(b, off)
	f.state.size = max(f.state.size, off+int64(n))
	return n, err
}

func (f *brokenFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.pass(); err != nil {
		return err
	}
	f.state.size, f.state.synced = size, min(f.state.synced, size)
	return f.File.Truncate(size)
}

// Sync takes what was written as durable; it spares the tests the disk's time.
func (f *brokenFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.pass(); err != nil {
		return err
	}
	f.state.synced = f.state.size
	return nil
}

// torn returns how much of the last write arrives.
func (b *brokenFS) torn(n int) int {
	if b.rnd == nil {
		return n / 2
	}
	return b.rnd.IntN(n)
}
