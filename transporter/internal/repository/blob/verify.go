package blob

import (
	"context"
	"fmt"
	"io"

	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// Damage is something wrong in a pack.
type Damage struct {
	Path   string
	Offset int64
	Length int64
	ID     pack.ID // of the blob; zero where it is not known
	Reason string
}

// Checked is what was looked at.
type Checked struct {
	Blobs int64
	Bytes int64
}

// VerifyPack checks a sealed pack: footer and length, and if full every blob down to the hash of its plain bytes. What the
// disk cannot read is damage. A pack that the index knows no more is passed over: it was taken out meanwhile.
func (s *Store) VerifyPack(ctx context.Context, p index.Pack, full bool) (Checked, []Damage, error) {
	checked, damage, err := s.verifyPack(ctx, p, full)
	if len(damage) > 0 && !s.opts.Index.HasPack(p.Name) {
		return Checked{}, nil, err
	}
	return checked, damage, err
}

func (s *Store) verifyPack(ctx context.Context, p index.Pack, full bool) (Checked, []Damage, error) {
	path := s.Path(p.Name)
	var damage []Damage
	report := func(length int64, format string, args ...any) {
		damage = append(damage, Damage{Path: path, Length: length, Reason: fmt.Sprintf(format, args...)})
	}
	f, err := s.opts.FS.Open(path)
	if err != nil {
		report(p.Size, "%v", disk.Fault(err, "open", path))
		return Checked{}, damage, nil
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		report(p.Size, "%v", disk.Fault(err, "read", path))
		return Checked{}, damage, nil
	}
	end := size
	h, entries, err := pack.ReadFooter(f, size)
	switch {
	case err != nil:
		report(size, "%v", err)
	case h.Repository != s.opts.Repository || h.Name != p.Name || h.Kind != p.Kind:
		report(pack.HeaderSize, "the pack belongs elsewhere")
	case len(entries) != p.Blobs || size != p.Size:
		report(size, "the pack has %d blobs in %d bytes, the index says %d in %d", len(entries), size, p.Blobs, p.Size)
	}
	if err == nil {
		end = size - pack.TrailerSize - int64(len(entries))*pack.EntrySize
	}
	if !full {
		return Checked{Blobs: int64(len(entries))}, damage, nil
	}
	if err != nil { // the index still knows what should be there
		if entries, err = s.opts.Index.PackEntries(p.Name); err != nil {
			return Checked{}, nil, err
		}
		end = pack.HeaderSize
		for i := range entries {
			end = max(end, min(size, entries[i].End()))
		}
	}
	places := make(map[uint32]pack.ID, len(entries))
	for i := range entries {
		places[entries[i].Offset] = entries[i].ID
	}
	checked, more, err := s.scan(ctx, f, path, end, places)
	return checked, append(damage, more...), err
}

// VerifyOpen checks the packs that are open.
func (s *Store) VerifyOpen(ctx context.Context, full bool) (Checked, []Damage, error) {
	if !full {
		return Checked{}, nil, nil // they were looked through when they were opened
	}
	if err := s.Sync(); err != nil {
		return Checked{}, nil, err
	}
	var sum Checked
	var damage []Damage
	for _, w := range s.writers() {
		entries, end := w.Entries()
		places := make(map[uint32]pack.ID, len(entries))
		for i := range entries {
			places[entries[i].Offset] = entries[i].ID
		}
		c, d, err := s.scan(ctx, w, w.Path(), end, places)
		if w.Closed() {
			continue // sealed meanwhile
		}
		if err != nil {
			return sum, damage, err
		}
		sum.Blobs += c.Blobs
		sum.Bytes += c.Bytes
		damage = append(damage, d...)
	}
	return sum, damage, nil
}

// scan checks every blob up to end. Places are the blobs that should be there by their offsets.
func (s *Store) scan(ctx context.Context, r io.ReaderAt, path string, end int64, places map[uint32]pack.ID) (Checked, []Damage, error) {
	var sum Checked
	var damage []Damage
	var buf []byte
	if end <= pack.HeaderSize {
		return sum, nil, nil
	}
	_, err := pack.ScanAny(r, pack.HeaderSize, end, func(e pack.Entry, f *pack.Frame, stored []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum.Blobs++
		sum.Bytes += pack.FrameSize + int64(len(stored))
		if places[e.Offset] == e.ID {
			delete(places, e.Offset)
		}
		need := int(f.Plain) + len(stored)
		if cap(buf) < need {
			buf = make([]byte, 0, need+need/4)
		}
		if _, err := s.checked(buf[:0], f, stored); err != nil {
			damage = append(damage, Damage{path, int64(e.Offset), e.End() - int64(e.Offset), e.ID, err.Error()})
		}
		return nil
	}, func(g pack.Gap) {
		damage = append(damage, Damage{path, g.Offset, g.Length, places[uint32(g.Offset)], g.Reason})
		delete(places, uint32(g.Offset))
	})
	for offset, id := range places {
		damage = append(damage, Damage{path, int64(offset), 0, id, "the blob is not where the footer places it"})
	}
	return sum, damage, err
}
