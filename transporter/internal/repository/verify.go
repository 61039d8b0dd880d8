package repository

import (
	"cmp"
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/pack"
)

// VerifyMode is how much Verify reads.
type VerifyMode int

// The modes.
const (
	// VerifyQuick reads the footers of packs and all trees, and makes sure that every piece of content is in a pack.
	VerifyQuick VerifyMode = iota
	// VerifyFull also reads every byte and hashes it again.
	VerifyFull
)

// Report is what Verify found.
type Report struct {
	Packs    int64
	Blobs    int64
	Bytes    int64 // read from packs
	Points   int64
	Messages int64 // looked at; those that points share once
	// Affected says in people's terms what suffers, folder by folder of each point, in the order of mailboxes and time.
	Affected []Affected
	Damage   []Damage
	Problems []Problem // of the folder
	// Aside are files that were set aside as damaged. They do no harm; a repair takes what can still be had from them.
	Aside []string
}

// Sound reports whether nothing is wrong.
func (r *Report) Sound() bool { return len(r.Damage) == 0 && len(r.Problems) == 0 }

// Affected is a folder of a point, or (Folder empty) a point as a whole, of which something cannot be read.
type Affected struct {
	Point record.Point
	// Newest is set for the last point of its backup.
	Newest bool
	Folder mail.FolderID
	// Path is the folder's name behind those of its parents, with slashes between.
	Path string
	// Messages that cannot be read whole: each once. Of a point as a whole it is all that it has.
	Messages int64
	Reason   string // the first
}

// Damage is something that cannot be read as it was written.
type Damage struct {
	Path   string // of the pack; empty for a blob that is in none
	Offset int64
	Blob   string // the blob's id in the packs; empty where it is not known
	Reason string
	// Touches are the messages that suffer, up to maxTouches of them; Touched is how many there are.
	Touches []Touch
	Touched int64
}

// Touch is a message of a point that damage touches, or (Message empty) a part of a folder, or (Folder empty) the point.
type Touch struct {
	Backup  record.BackupKey
	Point   record.PointID
	Folder  mail.FolderID
	Message mail.MessageID
	// Subject and Received tell people which message it is. The subject is mail content, not to be logged.
	Subject  string
	Received time.Time
	// Messages is how many messages are concerned: 1 with Message.
	Messages int64
}

// maxTouches bounds the list of one damage.
const maxTouches = 1000

// Verify checks the repository and reports what is damaged and which messages of which points that touches. Damage is no
// error; what keeps it from looking is. It may run beside sessions, readers, and whatever takes packs out. It changes
// nothing, except that the next session of a backup whose newest point suffers will look for what is lost (inspect.go).
func (r *Repository) Verify(ctx context.Context, mode VerifyMode, progress func(Progress)) (*Report, error) {
	if err := r.usable(); err != nil {
		return nil, err
	}
	v, err := r.verifier(progress)
	if err != nil {
		return nil, err
	}
	if err := v.packs(ctx, mode == VerifyFull); err != nil {
		return nil, err
	}
	if err := v.points(ctx); err != nil {
		return nil, err
	}
	if err := v.journals(ctx); err != nil {
		return nil, err
	}
	report := v.finish()
	if v.staged || slices.ContainsFunc(report.Affected, func(a Affected) bool { return a.Newest }) {
		return report, r.index.Doubt() // so that the next sessions look for what is lost
	}
	return report, nil
}

type verifier struct {
	r        *Repository
	trees    *treeStore // of its own: what others have in memory may be lost on disk
	progress func(Progress)
	report   *Report
	damage   map[pack.ID]*Damage  // of known blobs
	clean    map[record.Hash]bool // pages and nodes below which everything is well
	sick     map[pack.Name]bool   // packs with damage, those that are open included
	open     []blob.Damage        // in packs that are open
	staged   bool                 // whether a journal suffers
}

func (r *Repository) verifier(progress func(Progress)) (*verifier, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	aside, err := r.asideFiles()
	if err != nil {
		return nil, err
	}
	return &verifier{
		r: r, trees: newTreeStore(r.blobs), progress: progress, report: &Report{Problems: r.Problems(), Aside: aside}, damage: map[pack.ID]*Damage{}, clean: map[record.Hash]bool{},
		sick: map[pack.Name]bool{},
	}, nil
}

// finish returns the report.
func (v *verifier) finish() *Report {
	for _, d := range v.damage {
		v.report.Damage = append(v.report.Damage, *d)
	}
	slices.SortFunc(v.report.Damage, func(a, b Damage) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Blob, b.Blob))
	})
	slices.SortStableFunc(v.report.Affected, func(a, b Affected) int {
		return cmp.Or(cmp.Compare(a.Point.Origin.MailboxAddress, b.Point.Origin.MailboxAddress),
			cmp.Compare(a.Point.Key.Mailbox, b.Point.Key.Mailbox), cmp.Compare(a.Point.Key.Job, b.Point.Key.Job),
			a.Point.Time.Compare(b.Point.Time), cmp.Compare(a.Path, b.Path))
	})
	return v.report
}

// packs checks the packs, several at a time.
func (v *verifier) packs(ctx context.Context, full bool) error {
	packs := v.r.index.Packs()
	var total int64
	for _, p := range packs {
		total += p.Size
	}
	var mu sync.Mutex
	var done int64
	add := func(name pack.Name, size int64, c blob.Checked, damage []blob.Damage) {
		mu.Lock()
		defer mu.Unlock()
		done += size
		v.report.Packs++
		v.report.Blobs += c.Blobs
		v.report.Bytes += c.Bytes
		for i := range damage {
			v.sick[name] = true
			v.packDamage(&damage[i])
		}
		v.progress(Progress{Phase: "verify packs", Done: done, Total: total, Bytes: v.report.Bytes})
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range packs {
		g.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			c, damage, err := v.r.blobs.VerifyPack(gctx, p, full)
			if err == nil {
				add(p.Name, p.Size, c, damage)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	c, damage, err := v.r.blobs.VerifyOpen(ctx, full)
	if err != nil {
		return err
	}
	v.report.Blobs += c.Blobs
	v.report.Bytes += c.Bytes
	v.open = damage
	for i := range damage {
		if name, ok := pack.ParseName(filepath.Base(damage[i].Path), pack.Open); ok {
			v.sick[name] = true
		}
		v.packDamage(&damage[i])
	}
	return nil
}

func (v *verifier) packDamage(d *blob.Damage) {
	out := Damage{Path: d.Path, Offset: d.Offset, Reason: d.Reason}
	if d.ID == (pack.ID{}) {
		v.report.Damage = append(v.report.Damage, out)
		return
	}
	out.Blob = d.ID.String()
	if other := v.damage[d.ID]; other != nil { // it is damaged in two places
		v.report.Damage = append(v.report.Damage, *other)
	}
	v.damage[d.ID] = &out
}
