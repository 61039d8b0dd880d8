package repository

import (
	"cmp"
	"context"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// ReclaimOptions of a Reclaim.
type ReclaimOptions struct {
	// Share of a pack's bytes that must be garbage for it to be rewritten, above 0 and up to 1. Default 0.2: to free one
	// byte, at most four are copied.
	Share float64
	// DespiteDamage goes on although parts of points cannot be read: what only they name is freed too. Should somebody bring
	// the damaged file back, that stays lost.
	DespiteDamage bool
}

const defaultShare = 0.2

// Packs shorter than a quarter of the size at which a pack is sealed are small; four of a kind are joined.
const (
	smallPart  = 4
	smallPacks = 4
)

// Reclaimed is what Reclaim did.
type Reclaimed struct {
	// Dropped packs held nothing but garbage. Rewritten ones gave what lives to the Written ones.
	Dropped, Rewritten, Written int
	// Freed is how many bytes the packs take less, and Blobs how many blobs are gone.
	Freed, Blobs int64
	// Garbage is how many bytes of garbage stay: in packs that have too little of it, or in Left ones.
	Garbage int64
	// Left are packs that should have gone and did not: something in them that is needed is damaged, or the file could not
	// be removed.
	Left []LeftPack
}

// LeftPack is a pack that was left alone, and why.
type LeftPack = blob.Left

// Reclaim frees the space of what no point, no interrupted session and no open one needs: it marks what is needed, then
// drops packs without any of it and rewrites those with enough garbage. Sessions, readers and Verify go on meanwhile.
//
// It may be stopped by its context and killed at any moment: what it did stays done, and nothing that is needed is ever
// without a whole copy. Then, and on every other error, the result says what was done. There is one at a time (Conflict). A
// disk that is too full to go on is Exhausted: packs without anything needed have gone by then. A point that cannot be
// read in full is Corrupt, and nothing is reclaimed, unless DespiteDamage is set.
func (r *Repository) Reclaim(ctx context.Context, opts ReclaimOptions, progress func(Progress)) (*Reclaimed, error) {
	if err := r.changeable("reclaim space"); err != nil {
		return nil, err
	}
	if opts.Share == 0 {
		opts.Share = defaultShare
	}
	if opts.Share < 0 || opts.Share > 1 {
		return nil, fault.InvalidField("share", "a share of garbage of %v is not between 0 and 1", opts.Share)
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	ctx, release, err := r.occupy(ctx, "reclaim space in")
	if err != nil {
		return nil, err
	}
	defer release()
	rc := &reclaim{r: r, opts: opts, progress: progress}
	err = rc.run(ctx)
	return &rc.done, err
}

type reclaim struct {
	r        *Repository
	opts     ReclaimOptions
	progress func(Progress)
	done     Reclaimed
}

func (rc *reclaim) run(ctx context.Context) error {
	r := rc.r
	stay, err := r.blobs.RemoveDoomed()
	if err != nil {
		return err
	}
	if err := r.sealForReclaim(); err != nil {
		return err
	}
	// From here on, whatever sessions come to rely on is vouched for until the end.
	hold := r.index.HoldAll()
	defer hold.Release()
	m := &marker{r: r, seen: r.blobs.NewMarks(), pass: rc.opts.DespiteDamage}
	if err := m.all(ctx, rc.progress); err != nil {
		return err
	}
	// A repair looks through packs that were set aside or left alone, and roots in them come back: their tombstones stay as long
	// as the files.
	outside, err := r.blobs.Salvage().Outside()
	if err != nil {
		return err
	}
	fresh, spent, err := r.stones(ctx, m, stay == 0 && !outside)
	if err != nil {
		return err
	}
	if err := r.rebury(fresh, spent); err != nil {
		return err
	}
	r.index.FoldVouched(m.seen.Sealed)
	plan, err := rc.plan(m.seen.Sealed)
	if err != nil {
		return err
	}
	err = rc.rewrite(ctx, plan, m.seen.Sealed)
	if surveyErr := rc.survey(m); err == nil {
		err = surveyErr
	}
	return err
}

// survey keeps for Statistics what is left.
func (rc *reclaim) survey(m *marker) error {
	s, err := rc.r.sumUp(m.seen)
	if err != nil {
		return err
	}
	s.Unreadable = m.passed.Load()
	rc.done.Garbage = s.Garbage.Stored
	return rc.r.keepSurvey(s)
}

// all marks everything that is needed.
func (m *marker) all(ctx context.Context, progress func(Progress)) error {
	marked := map[stem]bool{} // journals
	for range 16 {
		list, err := m.r.roots()
		if err != nil {
			return err
		}
		again := false
		for i, b := range list {
			b.journal = b.journal && !marked[b.stem]
			gone, err := m.backup(ctx, b)
			if err != nil {
				return err
			}
			again = again || gone
			marked[b.stem] = marked[b.stem] || b.journal && !gone
			progress(Progress{Phase: "mark", Done: int64(i + 1), Total: int64(len(list)), Bytes: m.read.Load()})
		}
		if !again {
			return nil
		}
		// A session was sealed before its journal could be read: now its point is in the catalogue.
	}
	return fault.New(fault.Unavailable, "sessions in repository %q begin and end too fast to tell what they need; try again", m.r.Name())
}

// sealForReclaim seals the open packs, where there is something to find in them and nobody writes to them.
func (r *Repository) sealForReclaim() error {
	graves, err := r.index.Graves()
	if err != nil {
		return err
	}
	_, free, err := disk.Space(r.opts.Path)
	if err != nil {
		return err
	}
	r.mu.Lock()
	busy := len(r.sessions)+len(r.copies) > 0
	r.mu.Unlock()
	if busy || len(graves) == 0 || free < r.opts.PackSize {
		return nil
	}
	return r.blobs.SealOpen()
}

// planned is a pack that is to go.
type planned struct {
	pack          index.Pack
	live, garbage int64 // bytes of frames
}

func (p *planned) share() float64 { return float64(p.garbage) / float64(max(1, p.live+p.garbage)) }

// plan returns the packs that are to go: first those with nothing alive, then content and trees with the most garbage, small
// ones last.
func (rc *reclaim) plan(live *index.Set) ([]planned, error) {
	var plan []planned
	small := map[pack.Kind][]planned{}
	err := rc.r.index.EachPack(func(p index.Pack, e index.Entries) error {
		bits := live.Pack(p)
		if !live.Covers(p.Number) {
			return nil
		}
		c := planned{pack: p}
		for i := range e.Len() {
			stored, _ := e.Sizes(i)
			if bits.Has(i) {
				c.live += pack.FrameSize + stored
			} else {
				c.garbage += pack.FrameSize + stored
			}
		}
		switch {
		case c.live == 0 || c.garbage > 0 && c.share() >= rc.opts.Share:
			plan = append(plan, c)
		case p.Size < rc.r.opts.PackSize/smallPart:
			small[p.Kind] = append(small[p.Kind], c)
		}
		return nil
	})
	for _, list := range small {
		if len(list) >= smallPacks {
			plan = append(plan, list...)
		}
	}
	slices.SortFunc(plan, func(a, b planned) int {
		if (a.live == 0) != (b.live == 0) {
			return cmp.Compare(min(1, a.live), min(1, b.live))
		}
		return cmp.Or(cmp.Compare(a.pack.Kind, b.pack.Kind), cmp.Compare(b.share(), a.share()), cmp.Compare(a.pack.Number, b.pack.Number))
	})
	return plan, err
}

func (rc *reclaim) rewrite(ctx context.Context, plan []planned, live *index.Set) error {
	var moved, done, total int64
	for i := range plan {
		total += plan[i].pack.Size
	}
	w := rc.r.blobs.NewRewriter(live)
	tell := func() { rc.progress(Progress{Phase: "rewrite packs", Done: done, Total: total, Bytes: moved}) }
	w.Moved = func(n int64) { moved += n; tell() }
	defer func() {
		w.Cancel()
		sum := w.Sum()
		rc.done.Dropped, rc.done.Rewritten, rc.done.Written = sum.Dropped, sum.Replaced, sum.Written
		rc.done.Freed, rc.done.Blobs, rc.done.Left = sum.Freed, sum.Blobs, sum.Left
	}()
	dead := true
	for i := range plan {
		if err := ctx.Err(); err != nil {
			return err
		}
		if dead && plan[i].live > 0 { // the space of the dead ones is free before anything is written
			dead = false
			if err := w.Flush(); err != nil {
				return err
			}
		}
		if err := w.Rewrite(ctx, plan[i].pack); err != nil {
			return err
		}
		done += plan[i].pack.Size
		tell()
	}
	return w.Flush()
}
