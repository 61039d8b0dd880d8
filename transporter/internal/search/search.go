// Package search finds mail in a repository: by subject, addresses, text, dates, folders and attachments, in one recovery
// point or in many.
//
// The index is derived. It lies in a folder of its own, can be removed at any time and is then made anew from the recovery
// points; nothing but search needs it. It is made of immutable segments (package segment) and one list that names those
// which count:
//
//	00000000000000000000000000000000.list   the segments, oldest first
//	ID.seg                                  a segment
//
// A segment is written, synced and renamed before the list names it, and removed after the list names it no more. So a crash
// leaves files that no list names, which the next opening removes. All of it is boxed by the repository (package key): in an
// encrypted one no text of mail is on the disk. Whatever is damaged, missing or of another version costs the index, not an
// answer: it is thrown away and made anew.
//
// A message of a mailbox is one document however many points and jobs have it, as long as nothing changes that is searched;
// documents are numbered as they come. Beside them the index keeps, for each backup, its points and the places of documents: in which folder, from
// which point to which. A new point is indexed by what differs from the one before it. The text of mail is not kept: where
// words alone do not decide (phrases, parts that span words, long words), messages are read from the repository, newest
// first, until the page is full.
//
// One goroutine, Run, indexes, joins segments and drops what no point holds any more. It never stands in the way of a backup, and a
// search on points that it has not come to yet says so.
//
// Five ways were measured on 50,000 messages with 335 MB of text (answers: median for a common, a rare, an absent part of a word):
//
//	scan of compressed text                    0.72 of the text    190 ms, 248 ms, 250 ms
//	SQLite FTS5, trigrams, full                2.85                 58 ms,   9 ms,  10 ms
//	… without content, candidates verified     0.25 and the text   145 ms,  38 ms,  95 ms
//	an index with wildcards (bleve)            0.52                190 ms, 128 ms, 123 ms
//	bitmaps per trigram, candidates verified   0.25 and the text   363 ms,  97 ms, 204 ms
//	a dictionary scanned for the part          0.17                0.3 ms, 0.45 ms, 0.6 ms
//
// The last is this one. A vocabulary grows far more slowly than mail, so looking at all of it for a part of a word is cheap, and
// then only postings of words that fit are read. Postings are distances or plain bits, whichever is shorter, and sets in memory
// plain bits: the documents of a segment are numbered without large gaps, so a set of a million takes 125 kB, and nothing else
// is faster to unite and to count. A library for compressed bitmaps would spend 18 bytes where the one document of a rare word takes two.
package search

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/search/segment"
)

// Options of an index.
type Options struct {
	// Dir is the folder of the index; it is made when it is missing. Required.
	Dir string
	// FS is where files are. Default: the machine's.
	FS disk.FS
	// Cache is how many bytes of postings and names are kept in memory. Default 32 MiB.
	Cache int
	// Build is how many bytes of memory a segment may take while it is built; writing it takes half as much again. Default
	// 8 MiB.
	Build int
	// Segments is from how many of about the same size on they are joined. Default 4.
	Segments int
	// Progress hears how many of the points to index are done. Default: nobody.
	Progress func(done, total int)
}

func (o Options) complete() Options {
	if o.FS == nil {
		o.FS = disk.OS{}
	}
	if o.Cache == 0 {
		o.Cache = 32 << 20
	}
	if o.Build == 0 {
		o.Build = 8 << 20
	}
	if o.Segments == 0 {
		o.Segments = 4
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o
}

// Index is the search index of one library. It may be used by several goroutines.
type Index struct {
	lib   Library
	opts  Options
	place segment.Place
	cache *segment.Cache

	working sync.Mutex    // held by who changes the index
	wake    chan struct{} // something may be there to index

	mu       sync.RWMutex
	epoch    [8]byte
	segments []*segment.Segment
	backups  map[record.BackupKey]*backup
	boxes    map[segment.Mailbox][]*backup
	indexed  map[record.PointID]bool // visible points
	missing  map[record.PointID]record.Point
	broken   error         // why the index is made anew
	trouble  error         // why the last work ended
	changed  chan struct{} // closed and replaced whenever points become visible, or work ends
	version  uint64        // counts changes
	synced   bool          // missing is all that is missing
	scopes   scopeCache
	rebuild  bool
	sweepAll bool
	running  bool     // Run does the work
	wanted   []*Scope // somebody waits for

	// Of the work; guarded by working.
	builder *segment.Builder
	next    uint32 // number of the next document that is not in builder or segments
	keys    *mailboxKeys
	// orphans are the segments with documents of points that were not indexed to their end.
	orphans map[*segment.Segment]bool
	read    reader
}

// New returns an index, which Run or Update then opens. Searches wait for that.
func New(lib Library, o Options) *Index {
	o = o.complete()
	return &Index{
		lib: lib, opts: o, place: segment.Place{FS: o.FS, Dir: o.Dir, Sealer: lib}, cache: segment.NewCache(o.Cache),
		wake: make(chan struct{}, 1), changed: make(chan struct{}), read: reader{lib: lib},
		backups: map[record.BackupKey]*backup{}, boxes: map[segment.Mailbox][]*backup{}, indexed: map[record.PointID]bool{},
		missing: map[record.PointID]record.Point{},
	}
}

// Wake has Run look for what is new in the library, or gone.
func (x *Index) Wake() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Sealed tells of a new point, so that searches say that it is not indexed yet, and wakes Run.
func (x *Index) Sealed(p record.Point) {
	x.mu.Lock()
	if !x.indexed[p.ID] {
		x.missing[p.ID] = p
	}
	x.version++
	x.mu.Unlock()
	x.Wake()
}

// Deleted tells of points that are gone from the library: they are no longer found from then on. It wakes Run.
func (x *Index) Deleted(ids []record.PointID) {
	gone := map[record.PointID]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	x.mu.Lock()
	x.forget(func(id record.PointID) bool { return gone[id] })
	x.mu.Unlock()
	x.Wake()
}

// forget takes points out of what is found. The caller holds mu.
func (x *Index) forget(gone func(record.PointID) bool) {
	for id := range x.missing {
		if gone(id) {
			delete(x.missing, id)
		}
	}
	for _, b := range x.backups {
		for i := range b.points {
			if p := &b.points[i]; p.live && gone(pointID(&p.Point)) {
				p.live = false
				delete(x.indexed, pointID(&p.Point))
			}
		}
	}
	x.version++
}

// Rebuild has Run throw the index away and make it anew.
func (x *Index) Rebuild() {
	x.mu.Lock()
	x.rebuild = true
	x.mu.Unlock()
	x.Wake()
}

// Repaired tells that points or messages which could not be read may be readable now. An index that misses some is made anew.
func (x *Index) Repaired() {
	if x.Status().Unreadable > 0 {
		x.Rebuild()
		return
	}
	x.Wake()
}

// Sweep has Run drop all that no point holds any more, however little it is.
func (x *Index) Sweep() {
	x.mu.Lock()
	x.sweepAll = true
	x.mu.Unlock()
	x.Wake()
}

// Run keeps the index up to date until ctx ends, and closes it. What goes wrong is tried again when something wakes it; report hears
// of it, and may be nil. After Run the index is of no use.
func (x *Index) Run(ctx context.Context, report func(error)) {
	defer x.Close()
	x.mu.Lock()
	x.running = true
	x.mu.Unlock()
	for {
		err := x.Update(ctx)
		if err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		}
	}
}

// Update brings the index up to date, once. A damaged index is made anew on the way. Errors are those of the library and of
// the disk; what was done stays done.
func (x *Index) Update(ctx context.Context) error {
	x.working.Lock()
	defer x.working.Unlock()
	err := x.update(ctx)
	if err != nil && (fault.KindOf(err) == fault.Corrupt || fault.KindOf(err) == fault.Unsupported) && ctx.Err() == nil {
		x.mu.Lock()
		x.rebuild = true
		x.mu.Unlock()
		err = x.update(ctx)
	}
	x.mu.Lock()
	x.trouble = err
	x.announce()
	x.mu.Unlock()
	return err
}

// announce wakes those who wait for points. The caller holds mu.
func (x *Index) announce() {
	close(x.changed)
	x.changed = make(chan struct{})
}

func (x *Index) update(ctx context.Context) (err error) {
	defer func() {
		if err != nil { // what was begun is not in files: begin with these the next time
			x.reset()
		}
	}()
	x.mu.RLock()
	rebuild, broken := x.rebuild, x.broken
	x.mu.RUnlock()
	if rebuild || broken != nil {
		if err := x.erase(); err != nil {
			return err
		}
	}
	if x.builder == nil {
		if err := x.load(ctx); err != nil {
			return err
		}
	}
	if err := x.sync(ctx); err != nil {
		return err
	}
	return x.sweep(ctx)
}

// reset forgets everything but the files. Searches that follow find nothing until they are read again.
func (x *Index) reset() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.segments {
		_ = s.Close() // it was only read
	}
	x.segments, x.backups, x.boxes = nil, map[record.BackupKey]*backup{}, map[segment.Mailbox][]*backup{}
	x.indexed = map[record.PointID]bool{}
	x.builder, x.keys, x.synced = nil, nil, false
	x.version++
}

// erase removes all files.
func (x *Index) erase() error {
	x.reset()
	list, err := x.opts.FS.List(x.opts.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "read", x.opts.Dir)
	}
	// The list goes first: without it segments count for nothing.
	for _, first := range []bool{true, false} {
		for _, f := range list {
			if own(f.Name) && (f.Name == listFile) == first {
				if err := x.opts.FS.Remove(filepath.Join(x.opts.Dir, f.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return disk.Fault(err, "remove", filepath.Join(x.opts.Dir, f.Name))
				}
			}
		}
	}
	x.mu.Lock()
	x.rebuild, x.broken = false, nil
	x.mu.Unlock()
	return nil
}

// Close lets go of the files. Who used Run need not close. After that the index is of no use.
func (x *Index) Close() {
	x.working.Lock()
	defer x.working.Unlock()
	x.reset()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.broken = fault.New(fault.Unavailable, "the repository is being detached")
	x.announce()
}

// damage notes that the index is damaged, and has it made anew.
func (x *Index) damage(err error) {
	x.mu.Lock()
	if x.broken == nil {
		x.broken = err
	}
	x.mu.Unlock()
	x.Wake()
}

// Status is how far the index is.
type Status struct {
	Points, Missing int64 // indexed, and not yet
	Documents       int64
	Words           int64 // in all segments, so some more than once
	Segments        int64
	Bytes           int64 // on disk
	Memory          int64 // besides what is cached
	// Unreadable counts messages of indexed points that could not be read.
	Unreadable int64
	// Trouble is why the last work ended early; nil when it did not.
	Trouble error
}

// Status returns how far the index is.
func (x *Index) Status() Status {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := Status{Points: int64(len(x.indexed)), Missing: int64(len(x.missing)), Segments: int64(len(x.segments)), Trouble: x.trouble}
	if x.broken != nil {
		s.Trouble = x.broken
	}
	for _, g := range x.segments {
		s.Documents += int64(g.Present)
		s.Words += int64(g.Words)
		s.Bytes += g.Size()
		s.Memory += g.Memory()
	}
	for _, b := range x.backups {
		s.Memory += 16 * int64(cap(b.places))
		for i := range b.points {
			if b.points[i].live {
				s.Unreadable += int64(b.points[i].Unreadable)
			}
		}
	}
	return s
}
