package disktest

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Cut cuts the power and leaves in the folder what the disk has then. The process must be dead or done: nothing of it may
// still write.
func (d *Disk) Cut() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	left := d.root.survive(d.opts.Rand).(*folder)
	outside, err := d.index.survive(d)
	if err != nil {
		return err
	}
	list, err := os.ReadDir(d.opts.Root)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := os.RemoveAll(filepath.Join(d.opts.Root, e.Name())); err != nil {
			return err
		}
	}
	if err := left.put(d.opts.Root); err != nil {
		return err
	}
	for name, b := range outside {
		if err := os.WriteFile(filepath.Join(d.opts.Root, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// indexState is what is known of the files that bbolt and the lock write.
type indexState struct {
	durable map[string]outsider // names that are durable, with the last content known
	before  map[string][]byte   // when the transaction began that is not acknowledged yet
	running bool
}

type outsider struct {
	info    fs.FileInfo
	content []byte
}

// begin takes the names that are there as durable.
func (x *indexState) begin(d *Disk) error {
	files, err := d.outsiders()
	x.durable = files
	return err
}

// outsiders reads the files beside the file system.
func (d *Disk) outsiders() (map[string]outsider, error) {
	files := map[string]outsider{}
	list, err := os.ReadDir(d.opts.Root)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		path := filepath.Join(d.opts.Root, e.Name())
		if !d.outside(path) {
			continue
		}
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[e.Name()] = outsider{info, b}
	}
	return files, nil
}

// Hook is told by the index of its transactions: "before …" while no other transaction can run, and "after …".
func (d *Disk) Hook(when string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.pass(Index, when); err != nil {
		return err
	}
	if strings.HasPrefix(when, "after") {
		d.index.running = false
		return nil
	}
	files, err := d.outsiders()
	if err != nil {
		return err
	}
	d.index.before = map[string][]byte{}
	for name, f := range files {
		d.index.before[name] = f.content
		if was, ok := d.index.durable[name]; ok && os.SameFile(was.info, f.info) {
			d.index.durable[name] = f
		}
	}
	d.index.running = true
	return nil
}

// survive returns what a cut leaves of the index and the lock.
func (x *indexState) survive(d *Disk) (map[string][]byte, error) {
	rnd := d.opts.Rand
	files, err := d.outsiders()
	if err != nil {
		return nil, err
	}
	left := map[string][]byte{}
	named := rnd.IntN(2) == 0 // whether the changes of names since the last sync of the folder arrived
	for name, f := range files {
		was, ok := x.durable[name]
		if !named && (!ok || !os.SameFile(was.info, f.info)) {
			continue
		}
		switch before, known := x.before[name]; {
		case name == d.opts.Lock:
			left[name] = f.content[:rnd.IntN(len(f.content)+1)]
		case x.running && known:
			left[name] = mix(rnd, before, f.content)
		case !ok && name != d.opts.Index:
			left[name] = f.content[:rnd.IntN(len(f.content)+1)] // it was just being made
		default:
			left[name] = f.content
		}
	}
	if !named {
		for name, was := range x.durable {
			if now, ok := files[name]; !ok || !os.SameFile(was.info, now.info) {
				left[name] = was.content // what was removed or replaced is back
			}
		}
	}
	return left, nil
}

// bboltPage is the size of a page of the index on all machines that these tests run on; a wrong size would only draw other
// cuts.
var bboltPage = os.Getpagesize()

// mix draws the file of a transaction that began at before and, uninterrupted, ended at after.
func mix(rnd *rand.Rand, before, after []byte) []byte {
	const metas = 2
	b := bytes.Clone(before)
	how := rnd.IntN(5)
	if how == 0 || len(b) < metas*bboltPage || len(after) < metas*bboltPage {
		return b
	}
	if len(after) > len(b) && (how > 2 || rnd.IntN(2) == 0) {
		b = resize(b, len(after)) // growth comes first
	}
	for at := metas * bboltPage; at < len(b); at += sector {
		end := min(at+sector, len(b), len(after))
		if end <= at {
			break
		}
		if how > 2 || how == 2 && rnd.IntN(2) == 0 || how == 1 && rnd.IntN(16) == 0 {
			copy(b[at:end], after[at:end])
		}
	}
	switch how {
	case 3: // the meta page is torn, wherever
		for at := 0; at < metas*bboltPage; at += bboltPage {
			copy(b[at:at+rnd.IntN(96)], after[at:]) // of the two, one has changed
		}
	case 4:
		copy(b[:metas*bboltPage], after[:metas*bboltPage])
	default:
	}
	return b
}
