package repository

import (
	"context"
	"path/filepath"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
)

// RepairOptions say how a repository is repaired.
type RepairOptions struct {
	// DryRun changes nothing and tells what would be done.
	DryRun bool
	// RemoveDamaged removes damaged files, once everything that is whole in them is kept elsewhere, instead of setting them
	// aside. One that the disk could not read to its end stays: another day or another disk may.
	RemoveDamaged bool
}

// FileAction is what was done with a file.
type FileAction uint8

// The actions.
const (
	Rewritten FileAction = iota + 1 // what is whole in it was kept elsewhere; the file was set aside, or removed
	Adopted                         // it is whole, and belongs to the repository again
	Searched                        // one set aside earlier: what could still be had from it was kept
	LeftAlone                       // it is not this repository's, or could not be handled
)

// RepairedFile is a file of the packs folder with which something was the matter.
type RepairedFile struct {
	Path   string
	Action FileAction
	Reason string
	// Now is where the file is afterwards; empty when it is gone. In a dry run it is where it is.
	Now string
	// Whole blobs are in it; Kept of them were whole nowhere else and are elsewhere now, with so many stored bytes.
	Whole, Kept, Bytes int64
	// Lost blobs of it are whole nowhere.
	Lost int64
}

// RepairedBackup is a backup whose newest point misses something. Its next session reads it again from the mailbox.
type RepairedBackup struct {
	Newest record.Point
	// Messages that cannot be read whole, and folders and lists that are damaged.
	Messages, Folders int64
}

// Repaired is what a repair did, or (DryRun) would do.
type Repaired struct {
	DryRun bool
	Files  []RepairedFile
	// Points that came back to the catalogue.
	Points int64
	// Kept blobs are in new packs now; Lost ones are whole nowhere.
	Kept, Bytes, Lost int64
	// Backups whose next session reads again what is lost of their newest point.
	Backups []RepairedBackup
	// Left is what the repair cannot mend, message by message and point by point, as Verify tells it. It is mended by the
	// next sessions as far as the mailboxes still have it.
	Left *Report
}

// Sound reports whether nothing is damaged, after what was done.
func (r *Repaired) Sound() bool { return r.Left.Sound() }

// Repair mends the repository as far as that can be done from what is in its folder. Every byte of every pack is read.
//
// Whole blobs of packs with any damage, of stray packs and of files set aside earlier are copied to new packs, the damaged
// files set aside; a blob that is whole in another pack needs no copy. What is whole nowhere is then simply absent: Have says
// no, the next session that has the bytes puts them, and every point that names them is whole again. So that the next session
// of each backup has them, it looks through its newest point first (inspect.go).
//
// It may run beside sessions and readers, but not beside other upkeep (Conflict). It can be stopped or killed anywhere and started again;
// a second one finds nothing to do. Damage is no error. Points stay as they are: one of which something is lost can be read
// around it.
func (r *Repository) Repair(ctx context.Context, o RepairOptions, progress func(Progress)) (*Repaired, error) {
	if err := r.changeable("repair it"); err != nil && !o.DryRun {
		return nil, err
	}
	ctx, release, err := r.occupy(ctx, "repair")
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := r.verifier(progress)
	if err != nil {
		return nil, err
	}
	if err := v.packs(ctx, true); err != nil {
		return nil, err
	}
	m := &mending{r: r, o: o, v: v, salvage: r.blobs.Salvage(), out: &Repaired{DryRun: o.DryRun}}
	if err := m.files(ctx); err != nil {
		return nil, err
	}
	if err := m.points(ctx); err != nil {
		return nil, err
	}
	return m.out, nil
}

// mending is one Repair.
type mending struct {
	r       *Repository
	o       RepairOptions
	v       *verifier
	salvage *blob.Salvage
	out     *Repaired
	probed  bool
}

// files mends the packs folder, file by file.
func (m *mending) files(ctx context.Context) error {
	if !m.o.DryRun {
		if err := m.salvage.SealDamaged(m.v.open); err != nil {
			return err
		}
	}
	for name := range m.v.sick {
		m.salvage.Sick(name)
	}
	files, err := m.salvage.Files()
	if err != nil {
		return err
	}
	for i := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := &files[i]
		done, err := m.file(ctx, f)
		if err != nil {
			return err
		}
		if done != nil {
			m.out.Files = append(m.out.Files, *done)
			m.out.Lost += done.Lost
		}
		m.v.progress(Progress{Phase: "mend packs", Done: int64(i + 1), Total: int64(len(files)), Bytes: m.v.report.Bytes})
	}
	m.out.Kept, m.out.Bytes = m.salvage.Taken, m.salvage.Bytes
	return nil
}

// file mends one file; nil when nothing is the matter with it.
func (m *mending) file(ctx context.Context, f *blob.File) (*RepairedFile, error) {
	done := &RepairedFile{Path: f.Path, Now: f.Path}
	switch f.Kind {
	case blob.StrangeFile:
		done.Action, done.Reason = LeftAlone, "it does not belong to the repository; move it away"
		return done, nil
	case blob.OpenPack:
		if !m.v.sick[f.Name] {
			return nil, nil
		}
		if done.Reason = m.reason(f.Path); !m.o.DryRun { // its disk failed, so it could not be sealed
			done.Action, done.Reason = LeftAlone, done.Reason+"; it is open: close the repository, open it, and repair it again"
			return done, nil
		}
	case blob.KnownPack:
		if !m.v.sick[f.Name] {
			return nil, nil
		}
		done.Reason = m.reason(f.Path)
	case blob.StrayPack:
		sound, err := m.salvage.Sound(ctx, f)
		if err != nil {
			return nil, err
		}
		done.Reason = "the index does not know it"
		if sound {
			return m.adopt(f, done)
		}
	case blob.AsidePack:
		done.Action, done.Reason = Searched, "it was set aside earlier"
	}
	return m.rewrite(ctx, f, done)
}

// reason returns what was found wrong with a pack first.
func (m *mending) reason(path string) string {
	for _, d := range m.v.report.Damage {
		if d.Path == path {
			return d.Reason
		}
	}
	for _, d := range m.v.damage {
		if d.Path == path {
			return d.Reason
		}
	}
	return "it was open while damage was found in it"
}

func (m *mending) adopt(f *blob.File, done *RepairedFile) (*RepairedFile, error) {
	done.Action = Adopted
	if m.o.DryRun {
		return done, nil
	}
	return done, m.salvage.Adopt(f)
}

// rewrite keeps what is whole in a file, and sets it aside.
func (m *mending) rewrite(ctx context.Context, f *blob.File, done *RepairedFile) (*RepairedFile, error) {
	taken, err := m.salvage.Take(ctx, f, m.o.DryRun)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "repair %s: %w", f.Path, err)
	}
	done.Whole, done.Kept, done.Bytes, done.Lost = taken.Whole, taken.Kept, taken.Bytes, int64(len(taken.Lost))
	if taken.Foreign != "" {
		done.Action, done.Reason = LeftAlone, taken.Foreign+"; move it away"
		return done, nil
	}
	if done.Action == 0 {
		done.Action = Rewritten
	}
	if m.o.DryRun {
		return done, nil
	}
	if err := m.probe(); err != nil {
		return nil, err
	}
	done.Now, err = m.salvage.Retire(f, len(taken.Lost) > 0, m.o.RemoveDamaged && !taken.Unread)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "repair %s: %w", f.Path, err)
	}
	return done, nil
}

// probe makes sure, once, that it is not the disk as a whole that has gone: then nothing must be given up.
func (m *mending) probe() error {
	if m.probed {
		return nil
	}
	m.probed = true
	return probe(m.r.opts.Path, 1)
}

// points brings the catalogue in line and finds out what is lost.
func (m *mending) points(ctx context.Context) error {
	v := m.v
	var doubt uint64
	if !m.o.DryRun {
		err := m.catalogue(ctx)
		if err == nil {
			// Whatever is found to be lost, the next sessions look for it; and what is lost after this is another doubt.
			err = m.r.index.Doubt()
		}
		if err == nil {
			doubt, err = m.r.index.Doubts()
		}
		if err != nil {
			return err
		}
		if v, err = m.r.verifier(m.v.progress); err != nil {
			return err
		}
		v.report.Packs, v.report.Blobs, v.report.Bytes = m.v.report.Packs, m.v.report.Blobs, m.v.report.Bytes
	}
	if err := v.points(ctx); err != nil {
		return err
	}
	if err := v.journals(ctx); err != nil {
		return err
	}
	m.out.Left = v.finish()
	at := map[record.BackupKey]int{}
	for i := range m.out.Left.Affected {
		a := &m.out.Left.Affected[i]
		if !a.Newest {
			continue
		}
		n, ok := at[a.Point.Key]
		if !ok {
			n = len(m.out.Backups)
			at[a.Point.Key] = n
			m.out.Backups = append(m.out.Backups, RepairedBackup{Newest: a.Point})
		}
		m.out.Backups[n].Messages += a.Messages
		m.out.Backups[n].Folders++
	}
	if m.o.DryRun {
		return nil
	}
	return m.sure(ctx, doubt, at)
}

// catalogue takes in points that were found, and forgets problems that are mended.
func (m *mending) catalogue(ctx context.Context) error {
	r := m.r
	before, err := r.index.Points(nil)
	if err != nil {
		return err
	}
	r.trees.forget() // what it has in memory may be lost on disk
	if err := r.adopt(ctx, &m.salvage.Found, true); err != nil {
		return err
	}
	r.mu.Lock()
	// The problems told so far are about files that were gone through, about the index, which is whole by now, or about
	// points, of which the report tells.
	r.problems, r.aside = nil, nil
	for _, f := range m.out.Files {
		if f.Action == LeftAlone {
			r.problems = append(r.problems, Problem{Path: f.Path, Reason: f.Reason})
		} else if f.Now != "" && f.Action != Adopted {
			r.aside = append(r.aside, f.Now)
		}
	}
	r.mu.Unlock()
	if err := r.noteDoubt(); err != nil {
		return err
	}
	after, err := r.index.Points(nil)
	if err != nil {
		return err
	}
	m.out.Points = int64(max(0, len(after)-len(before)))
	return nil
}

// sure spares the next sessions of backups whose newest point is whole the look through it. One with an interrupted session
// looks: its journal was not gone through.
func (m *mending) sure(ctx context.Context, doubt uint64, affected map[record.BackupKey]int) error {
	r := m.r
	journals, err := r.opts.FS.List(r.path(stagingFolder))
	if err != nil {
		return disk.Fault(err, "read", r.path(stagingFolder))
	}
	backups, err := r.Backups(ctx)
	if err != nil {
		return err
	}
	return r.index.Change("sure", func(c index.Change) error {
		for i := range backups {
			k := backups[i].Key
			id := r.backupID(k)
			name := filepath.Base(r.journalPath(stemOf(id)))
			if _, ok := affected[k]; ok || slices.ContainsFunc(journals, func(e disk.Entry) bool { return e.Name == name }) {
				continue
			}
			if err := c.Sure(id, doubt); err != nil {
				return err
			}
		}
		return nil
	})
}
