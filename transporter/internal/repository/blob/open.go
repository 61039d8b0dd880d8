package blob

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// Problem is something in the packs folder that is not as it should be. Opening goes on: damage to one blob must not hide
// another.
type Problem struct {
	Path   string
	Reason string
}

// Found is what opening the store met that the index did not know of.
type Found struct {
	Problems []Problem
	// Roots and Tombstones are blobs of these types in packs that were new to the index, or open, or whose points the index
	// may not have.
	Roots, Tombstones []FoundBlob
	// Packs counts packs that were new to the index.
	Packs int
	// Aside are the files that were set aside as damaged: what was whole in them is elsewhere, or waits for a repair.
	Aside []string
}

// FoundBlob is one blob.
type FoundBlob struct {
	ID pack.ID
	// Suspect is set when the pack had damaged stretches, so that blobs written before this one may be missing.
	Suspect bool
}

// Open opens the packs folder and brings it in line with the index: packs that the index does not know are added from their
// footers, or blob by blob where the footer is damaged; packs that are gone are dropped; open packs are cut after their
// last whole blob and gone on with. With an empty index this builds the index anew. Progress is told after each pack.
func Open(ctx context.Context, opts Options, progress func(done, total int)) (*Store, *Found, error) {
	s := &Store{opts: opts, open: map[pack.Kind]*pack.Writer{}, doomed: map[pack.Name]bool{}, heavy: make(chan struct{}, runtime.GOMAXPROCS(0))}
	found := &Found{}
	if err := s.recover(ctx, found, progress); err != nil {
		s.Drop()
		return nil, nil, err
	}
	return s, found, nil
}

func (s *Store) recover(ctx context.Context, found *Found, progress func(done, total int)) error {
	list, err := s.opts.FS.List(s.opts.Dir)
	if err != nil {
		return disk.Fault(err, "read", s.opts.Dir)
	}
	known := map[pack.Name]index.Pack{}
	for _, p := range s.opts.Index.Packs() {
		known[p.Name] = p
	}
	if err := s.opts.Index.NotAdopted(func(e *pack.Entry) { found.note(e, false) }); err != nil {
		return err
	}
	resumable := map[pack.Name]index.OpenPack{}
	open, err := s.opts.Index.OpenPacks()
	if err != nil {
		return err
	}
	for _, o := range open {
		resumable[o.Name] = o
	}
	sealed := map[pack.Name]bool{}
	for _, file := range list {
		if name, ok := pack.ParseName(file.Name, pack.Sealed); ok {
			sealed[name] = true
		}
	}
	for i, file := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if name, ok := pack.ParseName(file.Name, pack.Sealed); ok {
			p, isKnown := known[name]
			delete(known, name)
			delete(resumable, name)
			if isKnown && p.Size == file.Size {
				continue
			}
			if err := s.adopt(name, file.Size, isKnown, found); err != nil {
				return err
			}
		} else if name, ok := pack.ParseName(file.Name, pack.Open); ok && sealed[name] {
			// Going on with it would end in a second sealed pack of that name, in the place of the first.
			path := filepath.Join(s.opts.Dir, file.Name)
			found.problem(path, "the same pack is there sealed; this one is set aside")
			found.Aside = append(found.Aside, path+pack.Damaged)
			if err := s.opts.FS.Rename(path, path+pack.Damaged); err != nil {
				return disk.Fault(err, "rename", path)
			}
		} else if name, ok := pack.ParseName(file.Name, pack.Open); ok {
			if err := s.resume(ctx, name, file.Size, resumable[name], found); err != nil {
				return err
			}
			delete(resumable, name)
		} else if _, ok := pack.ParseName(file.Name, pack.Begun); ok {
			if err := s.opts.FS.Remove(filepath.Join(s.opts.Dir, file.Name)); err != nil {
				return disk.Fault(err, "remove", filepath.Join(s.opts.Dir, file.Name))
			}
		} else if strings.HasSuffix(file.Name, pack.Damaged) {
			found.Aside = append(found.Aside, s.opts.Dir+"/"+file.Name)
		} else {
			found.problem(s.opts.Dir+"/"+file.Name, "the file does not belong to the repository; move it away")
		}
		if progress != nil {
			progress(i+1, len(list))
		}
	}
	for name := range resumable {
		found.problem(filepath.Join(s.opts.Dir, name.String()+pack.Open), "the pack is gone; what only it held is lost")
		if err := s.opts.Index.ForgetOpen(name); err != nil {
			return err
		}
	}
	for name := range known {
		found.problem(s.Path(name), "the pack is gone; what only it held is lost")
		if err := s.opts.Index.LosePack(name); err != nil {
			return err
		}
	}
	return nil
}

func (f *Found) problem(path, format string, args ...any) {
	f.Problems = append(f.Problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (f *Found) note(e *pack.Entry, suspect bool) {
	switch e.Type {
	case pack.Root:
		f.Roots = append(f.Roots, FoundBlob{e.ID, suspect})
	case pack.Tombstone:
		f.Tombstones = append(f.Tombstones, FoundBlob{e.ID, suspect})
	default:
	}
}

// adopt adds a sealed pack to the index. One that the index knows with another size is read anew.
func (s *Store) adopt(name pack.Name, size int64, isKnown bool, found *Found) error {
	path := s.Path(name)
	if isKnown {
		found.problem(path, "the pack is not as long as it was written")
		if err := s.opts.Index.LosePack(name); err != nil {
			return err
		}
	}
	f, err := s.opts.FS.Open(path)
	if err != nil {
		return disk.Fault(err, "open", path)
	}
	defer f.Close()
	h, entries, err := pack.ReadFooter(f, size)
	suspect := false
	if fault.KindOf(err) == fault.Corrupt {
		suspect = true
		found.problem(path, "%v; its blobs are found one by one", err)
		h, entries, err = s.salvage(f, size, path, found)
	}
	switch kind := fault.KindOf(err); {
	case kind == fault.Corrupt:
		found.problem(path, "%v; it is left alone", err)
		return nil
	case kind == fault.Unsupported: // without it points would seem damaged
		return fault.New(kind, "%s: %w", path, err)
	case err != nil:
		return disk.Fault(err, "read", path)
	}
	if h.Repository != s.opts.Repository || h.Name != name {
		found.problem(path, "the pack belongs to another repository or was renamed; it is left alone")
		return nil
	}
	found.Packs++
	for i := range entries {
		found.note(&entries[i], suspect)
	}
	return s.opts.Index.AddPack(name, h.Kind, size, entries)
}

// salvage finds what is whole in a sealed pack whose footer is damaged.
func (s *Store) salvage(f disk.File, size int64, path string, found *Found) (pack.Header, []pack.Entry, error) {
	h, err := pack.ReadHeader(f)
	if err != nil {
		return h, nil, err
	}
	var entries []pack.Entry
	_, err = pack.ScanAny(f, pack.HeaderSize, min(size, pack.MaxSize), func(e pack.Entry, _ *pack.Frame, _ []byte) error {
		entries = append(entries, e)
		return nil
	}, func(g pack.Gap) {
		found.problem(path, "%d bytes from %d on are no whole blob: %s", g.Length, g.Offset, g.Reason)
	})
	pack.SortEntries(entries)
	if len(entries) > pack.MaxBlobs {
		entries = entries[:pack.MaxBlobs]
	}
	return h, entries, err
}

// resume goes on with an open pack, or removes one that holds nothing.
func (s *Store) resume(ctx context.Context, name pack.Name, size int64, known index.OpenPack, found *Found) error {
	path := s.opts.Dir + "/" + name.String() + pack.Open
	if size <= pack.HeaderSize && len(known.Entries) == 0 {
		// Not even one blob was written, so nothing of it was acknowledged.
		if err := s.opts.FS.Remove(path); err != nil {
			return disk.Fault(err, "remove", path)
		}
		return nil
	}
	w, gaps, err := pack.Resume(s.opts.FS, s.opts.Dir, name, s.opts.Repository, known.Entries, known.End)
	if fault.KindOf(err) == fault.Unsupported {
		return fault.New(fault.Unsupported, "%s: %w", path, err)
	}
	if fault.KindOf(err) == fault.Corrupt {
		found.problem(path, "%v; what is whole in it is kept, the file is set aside", err)
		return s.setAside(ctx, path, size, found)
	}
	if err != nil {
		return err
	}
	suspect := false
	for _, g := range gaps {
		if g.Torn {
			found.problem(path, "the last %d bytes, from %d on, are no whole blob (%s): a crash left them, or they were damaged; they were cut off", g.Length, g.Offset, g.Reason)
			continue
		}
		suspect = true
		found.problem(path, "%d bytes from %d on are no whole blob: %s", g.Length, g.Offset, g.Reason)
	}
	if known.End > size {
		found.problem(path, "the pack has %d of the %d bytes that it had when it was closed", size, known.End)
	}
	if len(gaps) > 0 || known.End > size {
		if err := s.opts.Index.Doubt(); err != nil {
			return err
		}
	}
	if w.Len() == 0 {
		if err := s.opts.Index.Doubt(); err != nil {
			return err
		}
		return w.Discard()
	}
	found.Packs++
	entries, _ := w.Entries()
	for i := range entries {
		found.note(&entries[i], suspect)
	}
	other := s.open[w.Kind()]
	if other == nil && w.Size() < s.opts.Target && w.Len() < pack.MaxBlobs {
		s.open[w.Kind()] = w
		return nil
	}
	s.leaving = append(s.leaving, w)
	return s.seal(w)
}

// setAside keeps what is whole in an open pack that cannot be gone on with, and sets its file aside.
func (s *Store) setAside(ctx context.Context, path string, size int64, found *Found) error {
	v := s.Salvage()
	f := &File{Path: path, Size: size, Kind: StrangeFile}
	taken, err := v.Take(ctx, f, false)
	if err != nil {
		return err
	}
	if taken.Foreign != "" {
		found.problem(path, "%s", taken.Foreign)
	}
	aside, err := v.Retire(f, false, false)
	if err != nil {
		return err
	}
	found.Aside = append(found.Aside, aside)
	found.Roots = append(found.Roots, v.Found.Roots...)
	found.Tombstones = append(found.Tombstones, v.Found.Tombstones...)
	return s.opts.Index.Doubt()
}
