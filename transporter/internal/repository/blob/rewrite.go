package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// Rewriter replaces packs by new ones that have what is alive in them. It goes from pack to pack: what lives is copied,
// frame by frame as it lies, into a pack under the name of an open one; when that is full it is sealed, one transaction of
// the index puts it in the place of the old ones, and only then their files are removed. Whatever stops it, and wherever, each
// blob that lives is in a pack that the index knows, or would know had it to be built anew.
//
// What lives is fixed by Index.Condemn when a pack's turn comes; sessions go on meanwhile. There must be one Rewriter at a time.
type Rewriter struct {
	s    *Store
	live *index.Set
	// Moved hears of bytes that were read.
	Moved func(bytes int64)

	w      *pack.Writer
	batch  []*index.Condemned // whose live blobs are in w
	reader runReader
	sum    Rewritten
}

// Rewritten is what a Rewriter did.
type Rewritten struct {
	// Dropped packs had nothing that lives, Replaced ones gave what lives to the Written ones.
	Dropped, Replaced, Written int
	// Freed is how many bytes less the packs take.
	Freed int64
	// Blobs counts those that are gone, copies of blobs that stay included, and Moved those that were copied.
	Blobs, Moved int64
	Left         []Left
}

// Left is a pack that was to go and stays, or whose file does.
type Left struct {
	Path, Reason string
}

// NewRewriter begins to replace packs; what is in live stays alive.
func (s *Store) NewRewriter(live *index.Set) *Rewriter {
	return &Rewriter{s: s, live: live, reader: runReader{ring: s.opts.Ring}, Moved: func(int64) {}}
}

// Sum returns what was done.
func (r *Rewriter) Sum() Rewritten { return r.sum }

// maxBatch bounds how many packs go in one transaction.
const maxBatch = 64

// Rewrite takes a pack out of use. It becomes effective with Flush, or with one of the next packs. A pack in which something
// that lives is damaged is left as it is, unless another pack has it whole. After an error nothing is under way any more.
func (r *Rewriter) Rewrite(ctx context.Context, p index.Pack) error {
	if len(r.batch) >= maxBatch || r.w != nil && r.w.Kind() != p.Kind {
		if err := r.Flush(); err != nil {
			return err
		}
	}
	c, err := r.s.opts.Index.Condemn(p.Name, r.live)
	if err != nil {
		return r.cancel(err)
	}
	if c == nil {
		return nil // it is gone already
	}
	if err := r.take(ctx, c); err != nil {
		r.s.opts.Index.Pardon(c.Pack)
		return r.cancel(err)
	}
	return nil
}

func (r *Rewriter) take(ctx context.Context, c *index.Condemned) error {
	list, err := r.keep(c)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		why, err := r.copy(ctx, c, list)
		if err != nil {
			return err
		}
		if why != nil {
			r.leave(c, why)
			return nil
		}
	}
	r.batch = append(r.batch, c)
	return nil
}

// leave lets a pack be as it is.
func (r *Rewriter) leave(c *index.Condemned, why error) {
	r.s.opts.Index.Pardon(c.Pack)
	r.sum.Left = append(r.sum.Left, Left{r.s.Path(c.Pack.Name), why.Error()})
}

// keep returns the entries of a condemned pack that have to be copied, in the order of the file. Of a blob that another pack
// has too, the copy here goes once the other has proven whole.
func (r *Rewriter) keep(c *index.Condemned) ([]pack.Entry, error) {
	live, copies := c.Live.Len(), c.Copies.Len()
	if live+copies == 0 {
		return nil, nil
	}
	entries, err := r.s.opts.Index.PackEntries(c.Pack.Name)
	if err != nil {
		return nil, err
	}
	list := make([]pack.Entry, 0, live)
	for i := range entries {
		switch {
		case c.Live.Has(i):
			list = append(list, entries[i])
		case c.Copies.Has(i) && !r.elsewhere(c, &entries[i]):
			list = append(list, entries[i])
		}
	}
	slices.SortFunc(list, func(a, b pack.Entry) int { return int(int64(a.Offset) - int64(b.Offset)) })
	return slices.CompactFunc(list, func(a, b pack.Entry) bool { return a.Offset == b.Offset }), nil
}

// elsewhere reports whether a pack that stays has a blob whole, and sees to it that the blob stays there.
func (r *Rewriter) elsewhere(c *index.Condemned, e *pack.Entry) bool {
	places, err := r.s.opts.Index.Standing(e.ID, c.Pack.Name)
	if err != nil {
		return false
	}
	for i := range places {
		if _, err := r.s.readAt(&places[i].Place, r.s.readByID); err == nil {
			r.live.Add(places[i].Spot)
			return true
		}
	}
	return false
}

// errLeft ends the copying of a pack that has to stay.
var errLeft = errors.New("the pack is left as it is")

// copy appends the frames of entries to the new pack. Why the pack has to stay as it is comes back in why.
func (r *Rewriter) copy(ctx context.Context, c *index.Condemned, entries []pack.Entry) (why, err error) {
	if err := r.room(c.Pack.Kind, entries); err != nil {
		return nil, err
	}
	f, err := r.s.opts.FS.Open(r.s.Path(c.Pack.Name))
	if err != nil {
		return disk.Fault(err, "open", r.s.Path(c.Pack.Name)), nil
	}
	defer f.Close()
	before := r.w.Len()
	err = r.reader.each(ctx, f, entries, func(run *stretch) error {
		for i := range run.entries {
			var err error
			if why, err = r.frame(c, run, i); err != nil {
				return err
			} else if why != nil {
				return errLeft
			}
		}
		r.w.Early() // while the next stretch is read
		r.Moved(int64(len(run.data)))
		return nil
	})
	if why == nil {
		return nil, err
	}
	r.sum.Moved -= int64(r.w.Len() - before)
	return why, r.w.Cut(before)
}

// frame appends one frame if it is whole.
func (r *Rewriter) frame(c *index.Condemned, run *stretch, i int) (why, err error) {
	e := &run.entries[i]
	if err := run.bad[i]; err != nil {
		if r.elsewhere(c, e) {
			return nil, nil
		}
		return fault.New(fault.KindOf(err), "blob %s at %d is needed and damaged (%w); repair the repository", e.ID, e.Offset, err), nil
	}
	r.sum.Moved++
	return nil, r.w.Append(run.frame(i))
}

// room makes sure that the new pack takes the entries: all of a pack go into one.
func (r *Rewriter) room(kind pack.Kind, entries []pack.Entry) error {
	var size int64
	for i := range entries {
		size += entries[i].End() - int64(entries[i].Offset)
	}
	target := r.s.opts.Target
	if r.w != nil && r.w.Len() > 0 && (r.w.Size()+size > target+target/4 || r.w.Len()+len(entries) > pack.MaxBlobs) {
		if err := r.Flush(); err != nil {
			return err
		}
	}
	if r.w != nil {
		return nil
	}
	h := pack.Header{Kind: kind, Repository: r.s.opts.Repository, Created: r.s.opts.Now().Unix()}
	rand.Read(h.Name[:])
	var err error
	r.w, err = pack.Create(r.s.opts.FS, r.s.opts.Dir, h)
	return err
}

// Flush puts what is under way into effect. After an error nothing is under way any more.
func (r *Rewriter) Flush() error {
	if r.w != nil && r.w.Len() == 0 {
		w := r.w
		r.w = nil
		if err := w.Abandon(); err != nil {
			return r.cancel(err)
		}
	}
	if len(r.batch) == 0 {
		return nil
	}
	var added []index.NewPack
	if r.w != nil {
		entries, size, err := r.w.Seal()
		if err != nil {
			return r.cancel(err)
		}
		added = append(added, index.NewPack{Name: r.w.Name(), Kind: r.w.Kind(), Size: size, Entries: entries})
	}
	var gone []pack.Name
	for _, c := range r.batch {
		gone = append(gone, c.Pack.Name)
	}
	if err := r.s.opts.Index.Replace(added, gone); err != nil {
		// Which of the files count, the next opening finds out; until then all stay.
		r.forget()
		return err
	}
	r.count(added)
	batch := r.batch
	r.forget()
	left, err := r.s.remove(gone)
	for _, c := range batch {
		if why := left[c.Pack.Name]; why != nil {
			r.sum.Freed -= c.Pack.Size
			r.sum.Left = append(r.sum.Left, Left{r.s.Path(c.Pack.Name), why.Error()})
		}
	}
	return err
}

func (r *Rewriter) count(added []index.NewPack) {
	for i := range added {
		r.sum.Written++
		r.sum.Freed -= added[i].Size
		r.sum.Blobs -= int64(len(added[i].Entries))
	}
	for _, c := range r.batch {
		if c.Live.Len()+c.Copies.Len() == 0 {
			r.sum.Dropped++
		} else {
			r.sum.Replaced++
		}
		r.sum.Freed += c.Pack.Size
		r.sum.Blobs += int64(c.Pack.Blobs)
	}
}

// forget ends what is under way without undoing it.
func (r *Rewriter) forget() {
	if r.w != nil {
		_ = r.w.Close() // it is sealed
		r.w = nil
	}
	for _, c := range r.batch {
		r.s.opts.Index.Pardon(c.Pack)
	}
	r.batch = nil
}

// cancel undoes what is under way.
func (r *Rewriter) cancel(err error) error {
	if r.w != nil {
		_ = r.w.Abandon() // a leftover holds copies alone
		r.w = nil
	}
	r.forget()
	return err
}

// Cancel gives up what is under way; the packs stay as they are.
func (r *Rewriter) Cancel() { _ = r.cancel(nil) }
