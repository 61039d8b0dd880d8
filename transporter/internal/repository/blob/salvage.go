package blob

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// Salvage is the mending of the packs folder. Whole blobs of a damaged pack are appended to open packs; when they are
// durable, the pack is taken out of the index and its file set aside, in this order, so that a blob that is whole anywhere is
// always found. It may run beside everything else. Only one is made at a time.
type Salvage struct {
	s *Store
	// sick are sealed packs with damage: what lies in them is not relied upon.
	sick map[pack.Name]bool
	// Taken are blobs that were copied, and their stored bytes.
	Taken, Bytes int64
	// Found are roots and tombstones among them.
	Found Found
}

// Salvage begins a mending.
func (s *Store) Salvage() *Salvage { return &Salvage{s: s, sick: map[pack.Name]bool{}} }

// FileKind is what a file of the packs folder is.
type FileKind uint8

// The kinds of files.
const (
	KnownPack FileKind = iota // sealed, in the index
	OpenPack                  // of this process
	StrayPack                 // sealed by its name, not in the index
	AsidePack                 // set aside as damaged
	StrangeFile
)

// File is a file of the packs folder.
type File struct {
	Path string
	Size int64
	Kind FileKind
	Name pack.Name // of a pack
	Pack index.Pack
}

// Files lists the packs folder. A known pack that has no file is listed with the size it should have. Packs that are to be
// removed are left out: nothing in them is needed, and one that was adopted would be removed all the same.
func (v *Salvage) Files() ([]File, error) {
	s := v.s
	known := map[pack.Name]index.Pack{} // before the list, so that no pack that is sealed meanwhile counts as gone
	for _, p := range s.opts.Index.Packs() {
		known[p.Name] = p
	}
	entries, err := s.opts.FS.List(s.opts.Dir)
	if err != nil {
		return nil, disk.Fault(err, "read", s.opts.Dir)
	}
	var files []File
	for _, e := range entries {
		f := File{Path: filepath.Join(s.opts.Dir, e.Name), Size: e.Size, Kind: StrangeFile}
		if name, ok := pack.ParseName(e.Name, pack.Sealed); ok {
			f.Kind, f.Name = StrayPack, name
			if p, ok := known[name]; ok {
				f.Kind, f.Pack = KnownPack, p
				delete(known, name)
			} else if s.opts.Index.HasPack(name) || s.isDoomed(name) {
				continue // sealed meanwhile, or to be removed
			}
		} else if name, ok := pack.ParseName(e.Name, pack.Open); ok && s.writes(name) {
			f.Kind, f.Name = OpenPack, name
		} else if strings.HasSuffix(e.Name, pack.Damaged) {
			f.Kind = AsidePack
		}
		files = append(files, f)
	}
	for name, p := range known {
		if s.opts.Index.HasPack(name) {
			files = append(files, File{Path: s.Path(name), Size: p.Size, Kind: KnownPack, Name: name, Pack: p})
		}
	}
	return files, nil
}

// Outside reports whether there are packs that the index does not have and a mending goes through: points of which a root lies in
// them may come back.
func (v *Salvage) Outside() (bool, error) {
	files, err := v.Files()
	return slices.ContainsFunc(files, func(f File) bool { return f.Kind == StrayPack || f.Kind == AsidePack }), err
}

// writes reports whether an open pack is one of this process.
func (s *Store) writes(name pack.Name) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, w := range s.open {
		if w.Name() == name {
			return true
		}
	}
	for _, w := range s.leaving {
		if w.Name() == name {
			return true
		}
	}
	return false
}

// SealDamaged seals open packs in which damage was found, so that they are mended like others.
func (v *Salvage) SealDamaged(damage []Damage) error {
	v.s.mu.RLock()
	var writers []*pack.Writer
	for _, w := range v.s.open {
		for i := range damage {
			if damage[i].Path == w.Path() {
				writers = append(writers, w)
				break
			}
		}
	}
	v.s.mu.RUnlock()
	for _, w := range writers {
		if err := v.s.rotate(w); err != nil {
			return err
		}
	}
	return nil
}

// Sick notes that a sealed pack is damaged. All that are must be noted before the first Take.
func (v *Salvage) Sick(name pack.Name) { v.sick[name] = true }

// Sound reports whether a stray pack is whole and this repository's, so that it can be adopted where it is.
func (v *Salvage) Sound(ctx context.Context, f *File) (bool, error) {
	file, err := v.s.opts.FS.Open(f.Path)
	if err != nil {
		return false, disk.Fault(err, "open", f.Path)
	}
	defer file.Close()
	h, entries, err := pack.ReadFooter(file, f.Size)
	if err != nil || h.Repository != v.s.opts.Repository || h.Name != f.Name {
		return false, nil
	}
	places := make(map[uint32]pack.ID, len(entries))
	for i := range entries {
		places[entries[i].Offset] = entries[i].ID
	}
	end := f.Size - pack.TrailerSize - int64(len(entries))*pack.EntrySize
	_, damage, err := v.s.scan(ctx, file, f.Path, end, places)
	return len(damage) == 0 && err == nil, err
}

// Adopt adds a stray pack that is sound to the index.
func (v *Salvage) Adopt(f *File) error {
	if err := v.s.adopt(f.Name, f.Size, false, &v.Found); err != nil {
		return err
	}
	entries, err := v.s.opts.Index.PackEntries(f.Name)
	for i := range entries {
		v.s.spoiled.heal(entries[i].ID)
	}
	return err
}

// Taken is what was found in one file.
type Taken struct {
	// Whole blobs there were; Kept of them, with so many stored bytes, were whole nowhere else.
	Whole, Kept, Bytes int64
	// Lost are blobs of a known pack that are whole neither in it nor elsewhere.
	Lost []pack.ID
	// Unread is set when the disk could not read all of it: another disk, or another day, may.
	Unread bool
	// Foreign says why a file was left alone: another repository's, or a newer version's.
	Foreign string
}

// Take goes through a file and keeps every blob that is whole in it and in no sound pack. With dry it only counts.
func (v *Salvage) Take(ctx context.Context, f *File, dry bool) (Taken, error) {
	var out Taken
	file, err := v.s.opts.FS.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return out, v.lost(f, nil, &out)
	}
	if err != nil {
		return out, disk.Fault(err, "open", f.Path)
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return out, disk.Fault(err, "read", f.Path)
	}
	from := int64(pack.HeaderSize)
	h, err := pack.ReadHeader(file)
	switch {
	case fault.KindOf(err) == fault.Unsupported:
		out.Foreign = err.Error()
		return out, nil
	case err != nil:
		from = 0 // blobs vouch for themselves
	case h.Repository != v.s.opts.Repository:
		out.Foreign = "it belongs to another repository"
		return out, nil
	}
	before, _ := v.s.Losses()
	whole := map[pack.ID]bool{}
	var buf, frame []byte
	_, err = pack.ScanAny(file, from, min(size, pack.MaxSize), func(e pack.Entry, h *pack.Frame, stored []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if need := int(h.Plain) + len(stored); cap(buf) < need {
			buf = make([]byte, 0, need+need/4)
		}
		if _, err := v.s.checked(buf[:0], h, stored); err != nil {
			return nil //nolint:nilerr // it is among the lost
		}
		out.Whole++
		if whole[e.ID] {
			return nil
		}
		whole[e.ID] = true
		has, err := v.has(e.ID)
		if err != nil || has {
			return err
		}
		out.Kept++
		out.Bytes += pack.FrameSize + int64(len(stored))
		if dry {
			return nil
		}
		frame = append(frame[:0], make([]byte, pack.FrameSize)...)
		h.Put(frame)
		frame = append(frame, stored...)
		if err := v.s.append(kindOf(e.Type), frame); err != nil {
			return err
		}
		v.s.spoiled.heal(e.ID)
		v.Found.note(&e, true)
		return nil
	}, func(g pack.Gap) { out.Unread = out.Unread || g.Unread })
	if err != nil {
		return out, err
	}
	v.Taken += out.Kept
	v.Bytes += out.Bytes
	if err := v.lost(f, whole, &out); err != nil || dry || out.Whole == 0 {
		return out, err
	}
	// Also what was not kept, because it is in an open pack, may not be durable there yet.
	if err := v.s.Sync(); err != nil {
		return out, err
	}
	if after, why := v.s.Losses(); after != before {
		return out, fault.New(fault.KindOf(why), "what was whole in %s could not be kept (%w); repair again", f.Path, why)
	}
	return out, nil
}

// lost lists the blobs of a known pack that are whole nowhere.
func (v *Salvage) lost(f *File, whole map[pack.ID]bool, out *Taken) error {
	if f.Kind != KnownPack {
		return nil
	}
	entries, err := v.s.opts.Index.PackEntries(f.Name)
	if err != nil {
		return err
	}
	for i := range entries {
		if whole[entries[i].ID] {
			continue
		}
		has, err := v.has(entries[i].ID)
		if err != nil {
			return err
		}
		if !has {
			out.Lost = append(out.Lost, entries[i].ID)
		}
	}
	return nil
}

// has reports whether a blob is in a pack that is sound.
func (v *Salvage) has(id pack.ID) (bool, error) {
	if v.s.isOpen(id) {
		return true, nil
	}
	found := false
	err := v.s.opts.Index.FindAll(id, func(p index.Place) { found = found || !v.sick[p.Pack] })
	return found || v.s.isOpen(id), err
}

func kindOf(t pack.Type) pack.Kind {
	if t == pack.Piece {
		return pack.Content
	}
	return pack.Trees
}

// Retire sets the file of a damaged pack aside, or (remove) removes it, and takes it out of the index. What was whole in it
// has been taken. The file goes first: if the process dies in between, the pack is gone when the store is opened, and what
// is lost with it is known; the other way round its damaged blobs would be taken for whole again. It returns where the file
// is then; empty if it is gone.
func (v *Salvage) Retire(f *File, lost, remove bool) (string, error) {
	s := v.s
	if f.Kind == AsidePack && !remove {
		return f.Path, nil
	}
	s.files.drop(f.Path)
	aside := ""
	var err error
	if remove {
		err = s.opts.FS.Remove(f.Path)
	} else {
		aside = f.Path + pack.Damaged
		err = s.opts.FS.Rename(f.Path, aside)
	}
	if errors.Is(err, fs.ErrNotExist) {
		aside, err = "", nil
	}
	if err != nil {
		return f.Path, disk.Fault(err, "set aside", f.Path)
	}
	if err := s.opts.FS.SyncDir(s.opts.Dir); err != nil {
		return aside, disk.Fault(err, "sync", s.opts.Dir)
	}
	if f.Kind != KnownPack {
		return aside, nil
	}
	if lost {
		s.disown(fault.New(fault.Unavailable, "blobs that were damaged have been taken out by a repair"))
	}
	return aside, s.opts.Index.LosePack(f.Name)
}

// disown tells those who rely on blobs that some of them are gone.
func (s *Store) disown(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses++
	s.lastLoss = why
}
