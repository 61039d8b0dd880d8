package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
)

const (
	partial     = ".partial"
	journalFile = "holdfast-export.journal"
	unfinished  = "holdfast-*.tmp" // the names of files being written
	// maxJournal bounds what an interrupted try may have noted, in bytes.
	maxJournal = 64 << 20
	// A file is synced with others, which is much cheaper than one by one: so many, or so many bytes, at a time.
	batchFiles = 64
	batchBytes = 64 << 20
)

// folderPlace is an export to a folder, under another name until it is whole.
type folderPlace struct {
	dir     string // as it is to be named
	work    string
	journal *os.File
	noted   []MissingItem
	dirs    map[string]bool // made or used
	waiting []*diskFile     // written, and not yet durable under their names
	bytes   int64
}

// request is the first line of the journal: what the export is of.
type request struct {
	Version   int
	Point     record.PointID
	Format    Format
	Selection Selection
}

func openFolder(dir string, o Options) (*folderPlace, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.InvalidField("to", "the folder %q cannot be used: %w", dir, err)
	}
	if err := free(dir); err != nil {
		return nil, err
	}
	p := &folderPlace{dir: dir, work: dir + partial, dirs: map[string]bool{}}
	if err := os.MkdirAll(p.work, 0o700); err != nil {
		return nil, disk.Fault(err, "make", p.work)
	}
	p.dirs["."] = true
	if err := p.start(request{1, o.Point.Info().ID, o.Format, o.Selection}); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// free reports whether a folder can be made, or is there and empty.
func free(dir string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && isFile(dir):
		return fault.New(fault.Conflict, "%s is a file; an export goes into a folder of its own", dir)
	case err != nil:
		return disk.Fault(err, "read", dir)
	case len(list) > 0:
		return fault.New(fault.Conflict, "%s is not empty; an export overwrites nothing: name a folder that does not exist yet", dir)
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// start begins the journal, or reads that of an interrupted try.
func (p *folderPlace) start(r request) error {
	path := filepath.Join(p.work, journalFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return disk.Fault(err, "open", path)
	}
	p.journal = f
	data, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return disk.Fault(err, "read", path)
	}
	head, err := json.Marshal(r)
	if err != nil {
		return fault.New(fault.Invalid, "the export cannot be noted: %w", err)
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if len(whole) == 0 {
		list, err := os.ReadDir(p.work)
		if err != nil {
			return disk.Fault(err, "read", p.work)
		}
		if len(list) > 1 {
			_ = f.Close()       // nothing was written
			_ = os.Remove(path) // an empty file of ours in somebody's folder harms nobody if it stays
			return fault.New(fault.Conflict, "%s is not empty and holds no export that could be gone on with; remove it, or choose another place", p.work)
		}
		if err := f.Truncate(0); err != nil {
			return disk.Fault(err, "write", path)
		}
		return p.log(head, 0)
	}
	lines := bufio.NewScanner(bytes.NewReader(whole))
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	if !bytes.Equal(lines.Bytes(), head) {
		return fault.New(fault.Conflict, "%s holds another export, which was interrupted; ask for the same again to go on with it, or remove it", p.work)
	}
	for lines.Scan() {
		var item MissingItem
		if json.Unmarshal(lines.Bytes(), &item) == nil { // what cannot be read will be met again, or is lost from the report alone
			p.noted = append(p.noted, item)
		}
	}
	// A line that was cut is overwritten.
	if err := f.Truncate(int64(len(whole))); err != nil {
		return disk.Fault(err, "write", path)
	}
	_, err = f.Seek(int64(len(whole)), io.SeekStart)
	return disk.Fault(err, "write", path)
}

func (p *folderPlace) log(line []byte, at int64) error {
	if _, err := p.journal.Seek(at, io.SeekStart); err != nil {
		return disk.Fault(err, "write", p.journal.Name())
	}
	_, err := p.journal.Write(append(line, '\n'))
	return disk.Fault(err, "write", p.journal.Name())
}

func (p *folderPlace) earlier() []MissingItem { return p.noted }

func (p *folderPlace) note(item MissingItem) error {
	line, err := json.Marshal(item)
	if err != nil {
		return fault.New(fault.Invalid, "a problem cannot be noted: %w", err)
	}
	_, err = p.journal.Write(append(line, '\n'))
	return disk.Fault(err, "write", p.journal.Name())
}

func (p *folderPlace) path(name string) string {
	return filepath.Join(p.work, filepath.FromSlash(name))
}

func (p *folderPlace) mkdir(name string) error {
	if err := inside(name); err != nil {
		return err
	}
	if err := os.MkdirAll(p.path(name), 0o700); err != nil {
		return disk.Fault(err, "make", p.path(name))
	}
	for dir := filepath.FromSlash(name); dir != "."; dir = filepath.Dir(dir) {
		p.dirs[dir] = true
	}
	return nil
}

func (p *folderPlace) written(name string) bool {
	info, err := os.Lstat(p.path(name))
	return err == nil && info.Mode().IsRegular()
}

// create begins a file under another name: in "tmp" beside it where there is one, as Maildir wants it.
func (p *folderPlace) create(name string, modified time.Time) (file, error) {
	if err := inside(name); err != nil {
		return nil, err
	}
	final := p.path(name)
	dir := filepath.Dir(final)
	if filepath.Base(dir) == "cur" {
		if tmp := filepath.Join(filepath.Dir(dir), "tmp"); p.dirs[p.relative(tmp)] {
			dir = tmp
		}
	}
	f, err := os.CreateTemp(dir, unfinished)
	if err != nil {
		return nil, disk.Fault(err, "write in", dir)
	}
	return &diskFile{p: p, f: f, final: final, modified: modified, buffer: bufio.NewWriterSize(f, 64<<10)}, nil
}

func (p *folderPlace) relative(path string) string {
	rel, err := filepath.Rel(p.work, path)
	if err != nil {
		return path
	}
	return rel
}

// diskFile is a file under a name of its own until it is durable.
type diskFile struct {
	p        *folderPlace
	f        *os.File
	buffer   *bufio.Writer
	final    string
	modified time.Time
	size     int64
}

func (d *diskFile) Write(b []byte) (int, error) {
	n, err := d.buffer.Write(b)
	d.size += int64(n)
	return n, disk.Fault(err, "write", d.final)
}

func (d *diskFile) done() error {
	if err := d.buffer.Flush(); err != nil {
		return disk.Fault(err, "write", d.final)
	}
	d.buffer = nil
	d.p.waiting = append(d.p.waiting, d)
	if d.p.bytes += d.size; len(d.p.waiting) < batchFiles && d.p.bytes < batchBytes {
		return nil
	}
	return d.p.flush()
}

func (d *diskFile) abandon() {
	if d.buffer == nil {
		return // it waits, and is let go of with the others
	}
	_ = d.f.Close()           // nobody will read it
	_ = os.Remove(d.f.Name()) // what stays is swept away
}

// flush makes the files that wait durable and gives them their names.
func (p *folderPlace) flush() error {
	if err := p.journal.Sync(); err != nil {
		return disk.Fault(err, "write", p.journal.Name())
	}
	for _, d := range p.waiting {
		err := d.f.Sync()
		if closeErr := d.f.Close(); err == nil {
			err = closeErr
		}
		if err == nil && !d.modified.IsZero() {
			err = os.Chtimes(d.f.Name(), d.modified, d.modified)
		}
		if err == nil {
			err = os.Rename(d.f.Name(), d.final)
		}
		if err != nil {
			return disk.Fault(err, "write", d.final)
		}
	}
	p.waiting, p.bytes = nil, 0
	return nil
}

// finish gives the export its name.
func (p *folderPlace) finish(r *Report) error {
	if err := p.flush(); err != nil {
		return err
	}
	data, err := r.encode()
	if err != nil {
		return err
	}
	if err := disk.WriteFile(disk.OS{}, filepath.Join(p.work, reportFile), data); err != nil {
		return err
	}
	journal := p.journal.Name()
	p.close()
	if err := p.sweep(); err != nil {
		return err
	}
	if err := os.Remove(journal); err != nil {
		return disk.Fault(err, "remove", journal)
	}
	for dir := range p.dirs {
		if err := (disk.OS{}).SyncDir(filepath.Join(p.work, dir)); err != nil {
			return disk.Fault(err, "write", filepath.Join(p.work, dir))
		}
	}
	if err := os.Remove(p.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Conflict, "%s is no more empty; the export is whole and stays in %s: %w", p.dir, p.work, err)
	}
	if err := os.Rename(p.work, p.dir); err != nil {
		return disk.Fault(err, "rename", p.work)
	}
	parent := filepath.Dir(p.dir)
	return disk.Fault((disk.OS{}).SyncDir(parent), "write", parent)
}

// sweep removes files that an interrupted try left unfinished.
func (p *folderPlace) sweep() error {
	for dir := range p.dirs {
		list, err := os.ReadDir(filepath.Join(p.work, dir))
		if err != nil {
			return disk.Fault(err, "read", dir)
		}
		for _, entry := range list {
			if left, _ := filepath.Match(unfinished, entry.Name()); !left {
				continue
			}
			if err := os.Remove(filepath.Join(p.work, dir, entry.Name())); err != nil {
				return disk.Fault(err, "remove", entry.Name())
			}
		}
	}
	return nil
}

// close lets go of what is open. Unfinished files stay for sweep.
func (p *folderPlace) close() {
	for _, d := range p.waiting {
		_ = d.f.Close() // it is written again by the next try
	}
	p.waiting = nil
	_ = p.journal.Close() // what was noted is synced with the files it is about
}

// infoMark is what parts the name of a message in a Maildir from its flags.
func infoMark(p place) string {
	if _, ok := p.(*folderPlace); ok && runtime.GOOS == "windows" {
		return "!"
	}
	return ":"
}
