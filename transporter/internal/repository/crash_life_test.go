package repository

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
)

// life is a random use of one repository by several backups. What was acknowledged is in their worlds.
type life struct {
	opts    Options
	rnd     *rand.Rand
	r       *Repository
	created bool
	backups []*backupLife
	// secret is what opens the repository if the change of the passphrase that did not return took effect.
	secret *Secret
	// emptied is set while all backups are being deleted at once.
	emptied bool
	twin    *twin
	disk    *disktest.Disk // that it is on
	mortal  bool           // the process may also end in the twin
	spoiled bool           // a footer is damaged
	// noIndex is set when the index was lost with what it notes of deletions that have begun.
	noIndex bool
}

// backupLife is the use by one backup.
type backupLife struct {
	l   *life
	rnd *rand.Rand
	key record.BackupKey
	s   *Session
	run record.RunID
	n   int // of runs, versions and cursors so far

	w     *world
	maybe *world // what it is if the operation that did not return took effect
}

func newLife(seed uint64, path string) *life {
	l := &life{
		opts: Options{
			Path: path, Name: "crash", Level: Level(seed / 2 % 4), PackSize: 24 << 10, smallest: 1, Cost: cheap, learnAfter: 30_000,
		},
		rnd: rand.New(rand.NewPCG(seed, 2)), twin: newTwin(seed, path),
	}
	if seed%2 == 0 {
		l.opts.Secret.Passphrase = "correct horse"
	}
	for i := range 3 {
		w := &world{}
		w.now = w.start()
		l.backups = append(l.backups, &backupLife{
			l: l, rnd: rand.New(rand.NewPCG(seed, uint64(10+i))), w: w,
			key: record.BackupKey{Account: "a", Mailbox: mail.MailboxID(fmt.Sprint("mailbox", i)), Job: "j"},
		})
	}
	return l
}

// on lets life go on over a disk, from where it stands.
func (l *life) on(d *disktest.Disk) {
	l.opts.FS, l.opts.hook, l.disk = d, d.Hook, d
}

// open opens the repository, or makes it.
func (l *life) open(ctx context.Context) error {
	var err error
	if l.created {
		l.r, err = l.unlock(ctx, Open)
		return err
	}
	if l.r, err = Create(ctx, l.opts); err == nil {
		l.created = true
	}
	return err
}

// unlock opens the repository with the passphrase that it has, which may be either of two.
func (l *life) unlock(ctx context.Context, open func(context.Context, Options) (*Repository, error)) (*Repository, error) {
	r, err := open(ctx, l.opts)
	if l.secret != nil && fault.KindOf(err) == fault.Unauthorized {
		l.opts.Secret = *l.secret
		r, err = open(ctx, l.opts)
	}
	if err == nil {
		l.secret = nil
	}
	return r, err
}

// play does a number of things, one after the other or, in rounds, all backups at the same time beside a reader.
func (l *life) play(ctx context.Context, steps int, together bool) error {
	if l.r == nil {
		if err := l.open(ctx); err != nil {
			return err
		}
	}
	for steps > 0 {
		var err error
		switch n := l.rnd.IntN(20); {
		case n == 0:
			err = l.whole(ctx)
			steps--
		case together:
			err = l.together(ctx, 6)
			steps -= 6 * len(l.backups)
		default:
			err = l.backups[l.rnd.IntN(len(l.backups))].step(ctx)
			steps--
		}
		if err != nil {
			return err
		}
	}
	return l.close()
}

func (l *life) together(ctx context.Context, steps int) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, b := range l.backups {
		g.Go(func() error {
			for range steps {
				if err := b.step(gctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	share := l.share()
	g.Go(func() error { return l.reclaim(gctx, share) })
	g.Go(func() error {
		for range steps {
			if _, err := l.r.Backups(gctx); err != nil {
				return err
			}
			if err := l.verify(gctx, VerifyQuick); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// verify also makes sure that points are told to be whole whatever goes on beside it.
func (l *life) verify(ctx context.Context, mode VerifyMode) error {
	report, err := l.r.Verify(ctx, mode, nil)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for _, d := range report.Damage {
		if len(d.Touches) > 0 {
			return fmt.Errorf("verify finds damage: %+v", d)
		}
	}
	return nil
}

func (l *life) share() float64 { return []float64{0.001, 0.2, 1}[l.rnd.IntN(3)] }

func (l *life) reclaim(ctx context.Context, share float64) error {
	if _, err := l.r.Reclaim(ctx, ReclaimOptions{Share: share}, nil); err != nil {
		return fmt.Errorf("reclaim: %w", err)
	}
	return nil
}

// whole does something with the repository as a whole.
func (l *life) whole(ctx context.Context) error {
	switch n := l.rnd.IntN(30); {
	case n < 6:
		if err := l.close(); err != nil {
			return err
		}
		return l.open(ctx)
	case n < 8: // killed while it does nothing
		l.drop()
		return l.open(ctx)
	case n < 10:
		if err := l.close(); err != nil {
			return err
		}
		var err error
		l.r, err = l.unlock(ctx, Rebuild)
		return err
	case n < 12:
		return l.verify(ctx, VerifyFull)
	case n < 14:
		return l.r.SetLevel(ctx, Level(l.rnd.IntN(4)))
	case n < 16 && l.r.Encrypted():
		return l.changeSecret(ctx)
	case n == 16:
		return l.recreate(ctx)
	case n < 20:
		return l.repair(ctx, l.r, RepairOptions{DryRun: n == 17, RemoveDamaged: l.rnd.IntN(2) == 0})
	case n < 24:
		return l.copy(ctx)
	default:
		return l.reclaim(ctx, l.share())
	}
}

func (l *life) changeSecret(ctx context.Context) error {
	l.secret = &Secret{Passphrase: fmt.Sprint("passphrase ", l.rnd.Uint32())}
	if err := l.r.ChangeSecret(ctx, l.opts.Secret, *l.secret); err != nil {
		return fmt.Errorf("change secret: %w", err)
	}
	l.opts.Secret, l.secret = *l.secret, nil
	return nil
}

func (l *life) recreate(ctx context.Context) error {
	if err := l.close(); err != nil {
		return err
	}
	l.emptied = true
	for _, b := range l.backups {
		b.maybe = &world{}
		b.maybe.now = b.maybe.start()
	}
	var err error
	if l.r, err = l.unlock(ctx, Recreate); err != nil {
		return fmt.Errorf("recreate: %w", err)
	}
	l.emptied = false
	for _, b := range l.backups {
		b.w, b.maybe = b.maybe, nil
	}
	return nil
}

func (l *life) close() error {
	for _, b := range l.backups {
		b.s, b.w = nil, b.w.interrupted()
	}
	err := l.r.Close()
	if err == nil {
		l.r = nil
	}
	return err
}

// drop lets go of everything as the end of the process does.
func (l *life) drop() {
	for _, b := range l.backups {
		b.s, b.w = nil, b.w.interrupted()
	}
	if l.r != nil {
		l.r.drop()
		l.r = nil
	}
}

// step does one thing.
func (b *backupLife) step(ctx context.Context) error {
	n := b.rnd.IntN(20)
	switch {
	case n == 0 && len(b.w.points) > 0:
		return b.delete(ctx)
	case n == 1 && len(b.w.points) > 0:
		p := b.w.points[b.rnd.IntN(len(b.w.points))]
		return observePoint(ctx, b.l.r, &p)
	case b.s == nil:
		return b.begin(ctx)
	case n < 13:
		return b.commit(ctx)
	case n < 18:
		return b.seal(ctx)
	case n == 18:
		_, err := b.keep(ctx, b.rnd.IntN(crashBodies))
		return err
	default:
		s := b.s
		b.s, b.w = nil, b.w.interrupted()
		return s.Close()
	}
}

func (b *backupLife) number() int {
	b.n++
	return b.n
}

func (b *backupLife) begin(ctx context.Context) error {
	if b.run == "" || b.rnd.IntN(2) == 0 { // otherwise the task that was interrupted is started again
		b.run = record.RunID(fmt.Sprint("run ", b.number()))
	}
	start := b.w.start()
	s, err := b.l.r.Begin(ctx, b.key, b.run)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	b.s, b.w.session, b.w.now = s, true, start
	return observeStart(ctx, b.l.r, s, start)
}

// keep puts a body, often only where it is lacking, and returns its content.
func (b *backupLife) keep(ctx context.Context, n int) (record.Content, error) {
	body := crashBody(n)
	hash := record.Sum(body)
	c := record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: hash, Size: int64(len(body))}}}
	if b.rnd.IntN(4) > 0 {
		have, err := b.s.Have(ctx, []record.Hash{hash})
		if err != nil || have[0] {
			return c, err
		}
	}
	if b.rnd.IntN(2) == 0 {
		_, err := b.s.Keep(ctx, hash, body)
		return c, err
	}
	return c, b.s.Put(ctx, hash, body)
}

func (b *backupLife) commit(ctx context.Context) error {
	after := b.w.clone()
	folder := crashFolders[b.rnd.IntN(len(crashFolders))]
	c := backup.Checkpoint{Folder: folder, Cursor: mail.Cursor(fmt.Sprint("c", b.number()))}
	if b.rnd.IntN(6) == 0 { // a round that brought nothing
		c.Done = true
		after.round(folder)
	} else {
		after.said(folder)
	}
	after.now.cursors[folder] = c.Cursor
	named := map[mail.MessageID]bool{}
	changes := 6
	if c.Done {
		changes = 1
	}
	for range b.rnd.IntN(changes) {
		id := crashID(b.rnd.IntN(crashMessages))
		if named[id] {
			continue
		}
		named[id] = true
		m := worldMessage{folder, crashSubject(b.number(), b.rnd), b.rnd.IntN(crashBodies)}
		body, err := b.keep(ctx, m.body)
		if err != nil {
			return fmt.Errorf("put: %w", err)
		}
		c.Messages = append(c.Messages, record.Message{
			Message: mail.Message{ID: id, Folder: folder, Subject: m.subject, Received: time.Unix(int64(b.rnd.IntN(1000)), 0).UTC()}, Body: body,
		})
		after.now.messages[id] = m
	}
	for range b.rnd.IntN(changes - changes/2) {
		id := crashID(b.rnd.IntN(crashMessages))
		if !named[id] {
			c.Deleted = append(c.Deleted, id)
			delete(after.now.messages, id)
		}
	}
	b.maybe = after
	if err := b.s.Commit(ctx, c); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	b.w, b.maybe = after, nil
	return nil
}

// crashSubject is long, so that packs of trees are sealed too.
func crashSubject(version int, rnd *rand.Rand) string {
	random := make([]byte, 300)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	return fmt.Sprintf("v%d %x", version, random)
}

func (b *backupLife) seal(ctx context.Context) error {
	after := b.w.clone()
	after.session = false
	sealed := false
	for i := range b.w.points {
		sealed = sealed || b.w.points[i].run == b.run
	}
	if !sealed {
		after.points = append(after.points, worldPoint{run: b.run, worldState: b.w.now.clone()})
		after.staged, after.quiet = false, nil
	} else {
		after = after.interrupted()
	}
	b.maybe = after
	p, err := b.s.Seal(ctx, summary(b.run, string(crashFolders[0]), string(crashFolders[1])))
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	last := &after.points[len(after.points)-1]
	if !sealed {
		last.id = p.ID
	} else if after.point(p.ID) == nil {
		return fmt.Errorf("seal of %s again gave point %s, which is none of those before", b.run, p.ID)
	}
	b.w, b.maybe, b.s = after, nil, nil
	b.run = ""
	return nil
}

func (b *backupLife) delete(ctx context.Context) error {
	after := b.w.clone()
	if b.s == nil && b.rnd.IntN(8) == 0 {
		return b.deleteAll(ctx)
	}
	var ids []record.PointID
	for range 1 + b.rnd.IntN(len(after.points)) {
		i := b.rnd.IntN(len(after.points))
		ids = append(ids, after.points[i].id)
		after.points = append(after.points[:i:i], after.points[i+1:]...)
	}
	b.maybe = after.clone()
	b.maybe.before = b.w.points
	if n, err := b.l.r.DeletePoints(ctx, ids); err != nil || n != len(ids) {
		return fmt.Errorf("delete %d points: %d, %w", len(ids), n, err)
	}
	b.w, b.maybe = after, nil
	return nil
}

// deleteAll deletes the backup. If that is interrupted, what a session left may be gone and the points not.
func (b *backupLife) deleteAll(ctx context.Context) error {
	after := &world{}
	after.now = after.start()
	b.maybe = after.clone()
	b.maybe.before = b.w.points
	if err := b.l.r.DeleteBackup(ctx, b.key); err != nil {
		return fmt.Errorf("delete backup: %w", err)
	}
	b.w, b.maybe = after, nil
	return nil
}

// settle finds out which world a backup is in after a crash: what was acknowledged, or that with the operation that did not
// return.
func (b *backupLife) settle(ctx context.Context, r *Repository) error {
	before := b.w.interrupted()
	err := b.is(ctx, r, before)
	if err != nil && before.staged && b.maybe != nil && !b.maybe.staged && len(b.maybe.points) == 0 {
		before.staged = false // the journal goes first when a backup is deleted
		before.now = before.start()
		err = b.is(ctx, r, before)
	}
	if err == nil {
		b.w = before
	} else if b.maybe != nil {
		after := b.maybe.interrupted()
		if afterErr := b.is(ctx, r, after); afterErr != nil {
			return fmt.Errorf("backup %s is neither as acknowledged (%w) nor as if the last operation had been done (%w)", b.key.Mailbox, err, afterErr)
		}
		b.w = after
	} else {
		return fmt.Errorf("backup %s: %w", b.key.Mailbox, err)
	}
	b.maybe = nil
	return nil
}

// is reports in what a backup that has no session differs from a world.
func (b *backupLife) is(ctx context.Context, r *Repository, w *world) error {
	if err := w.observe(ctx, r, b.key); err != nil {
		return err
	}
	s, err := r.Begin(ctx, b.key, "look")
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err = observeStart(ctx, r, s, w.start())
	return errors.Join(err, s.Close())
}

// check opens the repository on a sound disk and makes sure that all that was acknowledged is there and nothing by halves,
// then the same with an index built anew.
func (l *life) check(ctx context.Context, cut bool) error {
	l.opts.FS, l.opts.hook = nil, nil
	if err := l.twin.check(ctx, cut); err != nil {
		return err
	}
	for _, open := range []func(context.Context, Options) (*Repository, error){Open, Open, Rebuild} {
		r, err := l.unlock(ctx, open)
		if !l.created {
			if fault.KindOf(err) == fault.NotFound {
				return nil
			}
			l.created = err == nil // its answer was lost
		}
		if err != nil {
			return fmt.Errorf("open: %w", err)
		}
		err = l.checkOpen(ctx, r, cut)
		if closeErr := r.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("close: %w", closeErr)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle finds out what of the operations that did not return took effect.
func (l *life) settle(ctx context.Context, r *Repository) error {
	if l.emptied { // all of it or nothing
		gone := slices.ContainsFunc(l.backups, func(b *backupLife) bool { return b.is(ctx, r, b.w.interrupted()) != nil })
		for _, b := range l.backups {
			if gone {
				b.w = b.maybe
			}
			b.maybe = nil
		}
		l.emptied = false
	}
	for _, b := range l.backups {
		if b.maybe != nil && !l.noIndex {
			b.maybe.before = nil // then points are deleted together
		}
		if err := b.settle(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) checkOpen(ctx context.Context, r *Repository, cut bool) error {
	if err := l.settle(ctx, r); err != nil {
		return err
	}
	if l.spoiled {
		if err := l.repair(ctx, r, RepairOptions{}); err != nil {
			return err
		}
	}
	if err := observeDisk(ctx, r, cut); err != nil {
		return err
	}
	if _, err := r.Reclaim(ctx, ReclaimOptions{Share: all}, nil); err != nil {
		return fmt.Errorf("reclaim: %w", err)
	}
	return nil
}
