package disktest

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"holdfast/transporter/internal/repository/disk"
)

// node is a file or a folder, whatever it is called.
type node interface {
	// survive returns what a cut of power leaves.
	survive(rnd *rand.Rand) node
	// put makes it anew at a path of the machine.
	put(path string) error
}

// folder is what is known of a folder.
type folder struct {
	now     map[string]node
	durable map[string]node
	pending []naming // since the last SyncDir
}

// naming is a change of names.
type naming struct {
	name string
	from string // of a rename
	node node
	gone bool // name goes
}

func newFolder() *folder { return &folder{now: map[string]node{}, durable: map[string]node{}} }

func (n *naming) apply(names map[string]node) {
	if n.gone {
		if names[n.name] == n.node {
			delete(names, n.name)
		}
		return
	}
	names[n.name] = n.node
	if n.from != "" && names[n.from] == n.node {
		delete(names, n.from)
	}
}

func (f *folder) change(n naming) {
	n.apply(f.now)
	f.pending = append(f.pending, n)
}

func (f *folder) sync() { f.durable, f.pending = maps.Clone(f.now), nil }

// lose makes a drawn part of the changes durable for good, as a sync that fails does.
func (f *folder) lose(rnd *rand.Rand) { f.durable, f.pending = f.draw(rnd), nil }

func (f *folder) draw(rnd *rand.Rand) map[string]node {
	names := maps.Clone(f.durable)
	keep := drawSubset(rnd, len(f.pending))
	for i := range f.pending {
		if keep[i] {
			f.pending[i].apply(names)
		}
	}
	return names
}

func (f *folder) survive(rnd *rand.Rand) node {
	names := f.draw(rnd)
	for name, n := range names {
		names[name] = n.survive(rnd)
	}
	return &folder{now: names, durable: maps.Clone(names)}
}

func (f *folder) put(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for name, n := range f.now {
		if err := n.put(filepath.Join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// drawSubset draws what of n things happened: nothing, all, those up to one of them, or any.
func drawSubset(rnd *rand.Rand, n int) []bool {
	keep := make([]bool, n)
	how := rnd.IntN(4)
	upTo := rnd.IntN(n + 1)
	for i := range keep {
		keep[i] = how == 1 || how == 2 && i < upTo || how == 3 && rnd.IntN(2) == 0
	}
	return keep
}

// outside reports whether a path does not pass through the file system.
func (d *Disk) outside(path string) bool {
	if filepath.Dir(path) != d.opts.Root {
		return false
	}
	name := filepath.Base(path)
	return name == d.opts.Lock || d.opts.Index != "" && (name == d.opts.Index || name == d.opts.Index+".new")
}

// load reads what is in a folder of the machine.
func (d *Disk) load(path string) (*folder, error) {
	f := newFolder()
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		inside := filepath.Join(path, e.Name())
		switch {
		case d.outside(inside):
		case e.IsDir():
			sub, err := d.load(inside)
			if err != nil {
				return nil, err
			}
			f.now[e.Name()] = sub
		default:
			b, err := os.ReadFile(inside)
			if err != nil {
				return nil, err
			}
			f.now[e.Name()] = &content{durable: b}
		}
	}
	f.sync()
	return f, nil
}

// in finds the folder at a path. The caller holds mu.
func (d *Disk) in(path string) (*folder, error) {
	rel, err := filepath.Rel(d.opts.Root, path)
	if err != nil {
		return nil, err
	}
	f := d.root
	if rel == "." {
		return f, nil
	}
	for part := range strings.SplitSeq(rel, string(filepath.Separator)) {
		sub, ok := f.now[part].(*folder)
		if !ok {
			return nil, &fs.PathError{Op: "look up", Path: path, Err: fs.ErrNotExist}
		}
		f = sub
	}
	return f, nil
}

// Rename implements disk.FS. The two names are in one folder.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.pass(Rename, from); err != nil {
		return err
	}
	f, err := d.in(filepath.Dir(from))
	if err != nil {
		return err
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return errors.New("disktest: a rename from one folder to another is not modelled")
	}
	if err := os.Rename(from, to); err != nil || d.outside(from) {
		return err
	}
	f.change(naming{name: filepath.Base(to), from: filepath.Base(from), node: f.now[filepath.Base(from)]})
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.pass(Remove, name); err != nil {
		return err
	}
	f, err := d.in(filepath.Dir(name))
	if err != nil {
		return err
	}
	if err := os.Remove(name); err != nil {
		return err
	}
	if !d.outside(name) {
		f.change(naming{name: filepath.Base(name), node: f.now[filepath.Base(name)], gone: true})
	}
	return nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncDir(dir)
}

func (d *Disk) syncDir(dir string) error {
	f, inErr := d.in(dir)
	if err := d.pass(SyncDir, dir); err != nil {
		if inErr == nil && !errors.Is(err, ErrKilled) {
			f.lose(d.opts.Rand)
		}
		return err
	}
	if inErr != nil {
		return inErr
	}
	f.sync()
	if f == d.root {
		return d.index.begin(d)
	}
	return nil
}

// MkdirAll implements disk.FS, one folder and one sync after the other.
func (d *Disk) MkdirAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.in(name); err == nil {
		return d.look(Open, name)
	}
	parent := filepath.Dir(name)
	if _, err := d.in(parent); err != nil {
		return err // no part of these repositories lies deeper
	}
	if err := d.pass(Mkdir, name); err != nil {
		return err
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		return err
	}
	f, err := d.in(parent)
	if err != nil {
		return err
	}
	f.change(naming{name: filepath.Base(name), node: newFolder()})
	return d.syncDir(parent)
}

// List implements disk.FS.
func (d *Disk) List(dir string) ([]disk.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.look(List, dir); err != nil {
		return nil, err
	}
	return disk.OS{}.List(dir)
}
