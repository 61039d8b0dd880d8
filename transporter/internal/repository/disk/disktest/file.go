package disktest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"

	"holdfast/transporter/internal/repository/disk"
)

// sector is what a disk writes as a whole, in bytes.
const sector = 512

// content is what is known of a file.
type content struct {
	durable []byte
	pending []change // since the last Sync
}

// change is a write, or a truncation to off.
type change struct {
	off      int64
	data     []byte
	truncate bool
}

// apply returns b after the change.
func (c *change) apply(b []byte) []byte {
	if c.truncate {
		return resize(b, int(c.off))
	}
	if end := int(c.off) + len(c.data); end > len(b) {
		b = resize(b, end)
	}
	copy(b[c.off:], c.data)
	return b
}

// resize cuts b or fills it up with zeros.
func resize(b []byte, n int) []byte {
	if n <= len(b) {
		return b[:n]
	}
	return append(b, make([]byte, n-len(b))...)
}

func (c *content) sync() {
	for i := range c.pending {
		c.durable = c.pending[i].apply(c.durable)
	}
	c.pending = nil
}

func (c *content) lose(rnd *rand.Rand) { c.durable, c.pending = c.draw(rnd), nil }

func (c *content) survive(rnd *rand.Rand) node { return &content{durable: c.draw(rnd)} }

func (c *content) put(path string) error { return os.WriteFile(path, c.durable, 0o600) }

// draw returns one of the states that the file may be in without another Sync.
func (c *content) draw(rnd *rand.Rand) []byte {
	b := bytes.Clone(c.durable)
	if len(c.pending) == 0 {
		return b
	}
	if rnd.IntN(2) == 0 { // whole writes, the file's length with them
		keep := drawSubset(rnd, len(c.pending))
		for i := range c.pending {
			if keep[i] {
				b = c.pending[i].apply(b)
			}
		}
		return b
	}
	return c.drawSectors(rnd)
}

// drawSectors draws a version of each sector, and a length.
func (c *content) drawSectors(rnd *rand.Rand) []byte {
	latest := bytes.Clone(c.durable)
	drawn := bytes.Clone(c.durable)
	lengths := []int{len(latest)}
	for i := range c.pending {
		ch := &c.pending[i]
		latest = ch.apply(latest)
		lengths = append(lengths, len(latest))
		if ch.truncate {
			continue
		}
		drawn = resize(drawn, max(len(drawn), len(latest)))
		for at := ch.off - ch.off%sector; at < ch.off+int64(len(ch.data)); at += sector {
			end := min(at+sector, int64(len(latest)))
			switch rnd.IntN(8) {
			case 0, 1, 2: // this write did not arrive
			case 3:
				if at >= int64(len(c.durable)) { // the sector was given to the file, what it held is another's
					garbage(rnd, drawn[at:end])
				}
			default:
				copy(drawn[at:end], latest[at:end])
			}
		}
	}
	n := lengths[rnd.IntN(len(lengths))]
	if rnd.IntN(2) == 0 {
		lo, hi := n, n
		for _, l := range lengths {
			lo, hi = min(lo, l), max(hi, l)
		}
		n = lo + rnd.IntN(hi-lo+1)
	}
	return resize(drawn, n)
}

func garbage(rnd *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
}

// file is an open file.
type file struct {
	disk.File
	d    *Disk
	c    *content
	path string
}

// Open implements disk.FS.
func (d *Disk) Open(name string) (disk.File, error) { return d.open(name, disk.OS{}.Open) }

// Edit implements disk.FS.
func (d *Disk) Edit(name string) (disk.File, error) { return d.open(name, disk.OS{}.Edit) }

func (d *Disk) open(name string, open func(string) (disk.File, error)) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.look(Open, name); err != nil {
		return nil, err
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	in, err := d.in(filepath.Dir(name))
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	c, ok := in.now[filepath.Base(name)].(*content)
	if !ok {
		_ = f.Close()
		return nil, errors.New("disktest: " + name + " was not made through this file system")
	}
	return &file{f, d, c, name}, nil
}

// Create implements disk.FS.
func (d *Disk) Create(name string) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.pass(Create, name); err != nil {
		return nil, err
	}
	in, err := d.in(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	f, err := disk.OS{}.Create(name)
	if err != nil {
		return nil, err
	}
	c := &content{}
	in.change(naming{name: filepath.Base(name), node: c})
	return &file{f, d, c, name}, nil
}

// ReadAt implements disk.File.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	err := f.d.look(Read, f.path)
	f.d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

// WriteAt implements disk.File.
func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	wasDead := f.d.dead
	err := f.d.pass(Write, f.path)
	if err != nil {
		if wasDead || len(b) == 0 {
			return 0, err
		}
		b = b[:f.d.opts.Rand.IntN(len(b))]
	}
	n, writeErr := f.File.WriteAt(b, off)
	if n > 0 {
		f.c.pending = append(f.c.pending, change{off: off, data: bytes.Clone(b[:n])})
	}
	if err == nil {
		err = writeErr
	}
	return n, err
}

// Truncate implements disk.File.
func (f *file) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.pass(Truncate, f.path); err != nil {
		return err
	}
	f.c.pending = append(f.c.pending, change{off: size, truncate: true})
	return f.File.Truncate(size)
}

// Sync implements disk.File.
func (f *file) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.pass(Sync, f.path); err != nil {
		if !errors.Is(err, ErrKilled) {
			f.c.lose(f.d.opts.Rand)
		}
		return err
	}
	f.c.sync()
	return nil
}
