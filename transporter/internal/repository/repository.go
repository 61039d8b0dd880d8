// Package repository is a Holdfast repository: a folder on a local disk that keeps the recovery points of any number of
// backups, explains itself, can be copied away when it is closed, and outlives its index.
//
//	holdfast.repo         the descriptor: format, id, name, options, wrapped data key       (descriptor.go)
//	holdfast.repo.copy    the same once more, for when the first is damaged
//	holdfast.lock         who has the repository open                                       (disk.Lock)
//	packs/ID.pack         sealed packs: the truth                                           (package pack)
//	packs/ID.open         packs that still grow
//	staging/ID.journal    the checkpoints of sessions that are not sealed                   (package journal)
//	index.bolt            where everything is; built anew from the packs when missing       (package index)
//	index.bolt.sum        vouches for the index while nobody has it open                    (indexsum.go)
//
// docs/repository-format.md says how one finds mail in it; the packages named here have the bytes.
//
// A backup puts pieces of content and commits checkpoints in a Session; Seal makes a recovery point of them: a root blob that
// names lists (folders, losses, pending removals) and for each folder a tree of pages of message records (package tree).
//
// The order in which things become durable: pieces in packs, then the checkpoint that names them in the journal; pages and
// nodes, then the root that names them, then the index. So a crash leaves blobs that nothing names, never names without
// blobs, and at the worst an index that is brought in line when the repository is opened.
//
// Deleting a point makes a tombstone durable in the packs, then takes it out of the index. Several go as one: the index notes
// them before, and whoever opens it next goes on. What they alone needed is garbage until Reclaim frees the space. Reclaim marks, a bit for each blob, what points, journals and the bases of sessions need
// (mark.go, roots.go); what open sessions were told to be there, or put, is vouched for by the index from before that until
// the end (index.Hold). Then it takes packs with enough garbage one after the other: Condemn fixes what lives, so that from
// then on nobody is told of the rest; the living frames are copied as they lie and checked; the new pack becomes durable with
// its name; one transaction of the index puts it in the place of the old ones; their files are removed, and that is made
// durable. So at each moment every blob that is needed lies whole in a pack that the index knows, and that an index built
// anew would know. A crash leaves at the worst copies, or old packs, which the next opening takes for copies; of two copies
// one goes when the other has been read and is whole. A root that is in a pack and not in the catalogue has a tombstone
// before anything it names is freed, and that stays until no file with the root can come back, and while its backup has
// points (stones.go): so nothing that was deleted returns, from an old pack, a new index, or a copy.
//
// Damage to one blob hides no other: lists and folders are read around it (UnreadableError). Verify says what is damaged and
// whom that touches. Repair keeps what is whole and makes the rest absent, so that the bytes can come back under their hash;
// a session that begins after a loss leads the engine to what is lost (inspect.go). There is no record of a loss that could
// be lost itself: it follows from what is absent.
//
// The package does not log. Its errors are faults that name path or blob, what is lost, and what to do.
package repository

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/arrange"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/repository/pack"
)

// The names in a repository's folder.
const (
	descriptorFile = "holdfast.repo"
	descriptorCopy = "holdfast.repo.copy"
	lockFile       = "holdfast.lock"
	indexFile      = "index.bolt"
	packsFolder    = "packs"
	stagingFolder  = "staging"
)

// Repository is an open repository. It may be used by several goroutines.
type Repository struct {
	opts  Options
	id    [16]byte
	desc  atomic.Pointer[pb.Descriptor] // see descriptor and describe
	ring  *key.Ring
	coder *codec.Coder
	lock  *disk.Lock
	// overlay and scratch are there while the repository is open for reading only: what lies over its folder, and a temporary
	// folder with the index.
	overlay *disk.Overlay
	scratch string
	index   *index.Index
	blobs   *blob.Store
	trees   *treeStore
	// arranged remembers how folders are sorted. What it says never changes: a tree is known by its hash.
	arranged *arrange.Cache

	describing sync.Mutex // held while the descriptor is replaced

	mu       sync.Mutex
	sessions map[index.Backup]*Session
	copies   map[*CopySession]bool
	problems []blob.Problem
	spent    map[string]bool // paths of journals that are to be removed
	aside    []string        // files set aside as damaged
	hints    map[index.Backup]*hintTable
	doubted  uint64                 // of the damaged blobs that the store has met, see noteDoubt
	claims   map[stem]chan struct{} // journals that are read or removed without a session; closed when that is done
	upkeep   *upkeep                // nil when there is none
	closed   bool
}

// Create makes a repository in a folder that is empty or does not exist yet, and opens it. Check tells beforehand what would
// stand in the way. A failed Create leaves nothing but the folder.
func Create(ctx context.Context, opts Options) (*Repository, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if opts.Name == "" {
		return nil, fault.InvalidField("name", "the repository needs a name")
	}
	if err := Check(ctx, opts.Path, 0); err != nil {
		return nil, err
	}
	if err := opts.FS.MkdirAll(opts.Path); err != nil {
		return nil, disk.Fault(err, "create", opts.Path)
	}
	id := opts.ID
	if id == ([16]byte{}) {
		rand.Read(id[:])
	}
	desc := &pb.Descriptor{Id: id[:], Name: opts.Name, Created: timestamppb.New(opts.Now().UTC()), Level: uint32(opts.Level)}
	ring, encryption, err := key.Create(opts.Secret, opts.Cost, desc.GetId())
	if err != nil {
		return nil, err
	}
	desc.Encryption = encryption
	r := newRepository(opts, desc, ring)
	if r.lock, err = disk.Acquire(r.path(lockFile), opts.owner()); err != nil {
		return nil, err
	}
	if err := r.create(ctx); err != nil {
		r.drop()
		r.erase()
		return nil, err
	}
	return r, nil
}

func newRepository(opts Options, desc *pb.Descriptor, ring *key.Ring) *Repository {
	r := &Repository{
		opts: opts, id: [16]byte(desc.GetId()), ring: ring, sessions: map[index.Backup]*Session{},
		copies: map[*CopySession]bool{}, hints: map[index.Backup]*hintTable{},
		claims: map[stem]chan struct{}{},
	}
	r.desc.Store(desc)
	return r
}

func (r *Repository) create(ctx context.Context) error {
	// An index is all that a creation that was killed can have left of another repository.
	if err := os.Remove(r.path(indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "remove", r.path(indexFile))
	}
	// The descriptor comes last: with it the folder is a repository.
	for _, dir := range []string{packsFolder, stagingFolder} {
		if err := r.opts.FS.MkdirAll(r.path(dir)); err != nil {
			return disk.Fault(err, "create", r.path(dir))
		}
	}
	if err := r.start(ctx); err != nil {
		return err
	}
	_, err := writeDescriptor(r.opts.FS, r.opts.Path, r.descriptor())
	return err
}

// erase removes what a failed Create made.
func (r *Repository) erase() {
	for _, name := range []string{descriptorFile, descriptorFile + ".tmp", descriptorCopy, descriptorCopy + ".tmp", indexFile, indexFile + newIndex, packsFolder, stagingFolder, lockFile} {
		_ = os.Remove(r.path(name)) // whatever stays is in the way of nobody
	}
}

// Open opens a repository. The lock says who has it if it is in use (Conflict). A descriptor that is damaged is Corrupt, a
// newer format Unsupported, a wrong or missing secret Unauthorized, a folder that is not there NotFound. An index that is
// missing or damaged is built anew from the packs, which takes a moment for each pack; Options.Progress hears of it. Problems
// says what was found wrong on the way.
//
// With Options.ReadOnly nothing in the folder is changed, then or later, and the lock is shared. What would change something
// is Denied: sessions, copies to it, deletions, reclaiming, repairs (but for dry runs), settings.
func Open(ctx context.Context, opts Options) (*Repository, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	found, err := findDescriptor(opts.FS, opts.Path)
	if err != nil {
		return nil, err
	}
	ring, err := key.Unlock(found.desc.GetEncryption(), opts.Secret, found.desc.GetId())
	if err != nil {
		return nil, err
	}
	lock, err := opts.openLock()
	if err != nil {
		return nil, err
	}
	r := newRepository(opts, found.desc, ring)
	r.lock = lock
	if err = r.prepareReadOnly(ctx); err == nil {
		err = r.settle(ctx)
	}
	if err == nil {
		err = r.start(ctx)
	}
	if err != nil {
		r.drop()
		return nil, errors.Join(err, r.discard())
	}
	return r, nil
}

// settle reads the descriptor once more, now that nobody else changes it, and brings it and its copy in order.
func (r *Repository) settle(ctx context.Context) error {
	found, err := findDescriptor(r.opts.FS, r.opts.Path)
	if err != nil {
		return err
	}
	if !proto.Equal(found.desc, r.descriptor()) {
		return fault.New(fault.Conflict, "the repository in %s was changed while it was being opened; try again", r.opts.Path)
	}
	switch found.desc.GetRemoval() {
	case removalDelete:
		return deleted(r.opts.Path, found.desc)
	case removalRecreate:
		if r.opts.ReadOnly {
			return fault.New(fault.Conflict, "the repository %q in %s is being emptied; attach it to end that", found.desc.GetName(), r.opts.Path)
		}
		fresh, err := renew(ctx, r.opts, found.desc)
		r.desc.Store(fresh)
		return err
	}
	if found.problem != "" {
		r.problem(r.path(descriptorFile), found.problem)
	}
	return found.mend(r.opts.FS, r.opts.Path)
}

// Rebuild opens a repository with an index built anew from the packs, whatever the old one was like: points, cursors and
// blobs come back, deleted points stay deleted, interrupted sessions are gone on with.
func Rebuild(ctx context.Context, opts Options) (*Repository, error) {
	opts.rebuild = true
	return Open(ctx, opts)
}

// start opens everything behind the descriptor.
func (r *Repository) start(ctx context.Context) error {
	for _, dir := range []string{packsFolder, stagingFolder} { // an empty folder does not survive every way of copying
		if err := r.opts.FS.MkdirAll(r.path(dir)); err != nil {
			return disk.Fault(err, "open", r.path(dir))
		}
	}
	if err := r.startCoder(); err != nil {
		return err
	}
	if err := r.openIndex(); err != nil {
		return err
	}
	var found *blob.Found
	var err error
	r.blobs, found, err = blob.Open(ctx, blob.Options{
		FS: r.opts.FS, Dir: r.path(packsFolder), Repository: r.id, Ring: r.ring, Coder: r.coder, Target: r.opts.PackSize,
		Now: r.opts.Now, Index: r.index,
	}, r.opts.progress("open packs"))
	if err != nil {
		return err
	}
	r.problems = append(r.problems, found.Problems...)
	r.aside = found.Aside
	r.trees, r.arranged = newTreeStore(r.blobs), arrange.NewCache(arrangedBytes)
	if err := r.adopt(ctx, found, false); err != nil {
		return err
	}
	return r.resumeDeletion()
}

// newIndex ends the name of an index that is being built.
const newIndex = ".new"

// openIndex opens the index, or begins an empty one, which opening the packs then fills.
func (r *Repository) openIndex() error {
	path := r.indexPath()
	options := index.Options{Repository: r.id, Hook: r.opts.hook, NoSync: r.opts.ReadOnly}
	var x *index.Index
	var err error
	if !r.opts.rebuild {
		if options.Vouched, err = r.vetIndex(); err == nil {
			x, err = r.openVetted(path, options)
		}
	}
	switch {
	case r.opts.rebuild, fault.KindOf(err) == fault.NotFound:
	case fault.KindOf(err) == fault.Corrupt:
		r.problems = append(r.problems, blob.Problem{Path: path, Reason: err.Error() + "; it was built anew from the packs"})
	default:
		r.index = x
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "remove", path)
	}
	if err := r.unvouchIndex(); err != nil {
		return err
	}
	// Begin under another name, so that a half-made file is never taken for an index.
	if err := os.Remove(path + newIndex); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "remove", path+newIndex)
	}
	if x, err = index.Open(path+newIndex, true, options); err != nil {
		return err
	}
	if err := x.Close(nil); err != nil {
		return err
	}
	if err := os.Rename(path+newIndex, path); err != nil {
		return disk.Fault(err, "rename", path+newIndex)
	}
	if err := r.opts.FS.SyncDir(filepath.Dir(path)); err != nil {
		return disk.Fault(err, "sync", filepath.Dir(path))
	}
	options.Vouched = false
	r.index, err = index.Open(path, false, options)
	return err
}

func (r *Repository) path(name string) string { return filepath.Join(r.opts.Path, name) }

// ID returns the repository's id, in the descriptor's notation.
func (r *Repository) ID() string { return pack.Name(r.id).String() }

// Name returns the name it was created with.
func (r *Repository) Name() string { return r.descriptor().GetName() }

// Path returns its folder.
func (r *Repository) Path() string { return r.opts.Path }

// Created returns when it was created.
func (r *Repository) Created() time.Time { return r.descriptor().GetCreated().AsTime() }

// Encrypted reports whether it is encrypted.
func (r *Repository) Encrypted() bool { return r.ring.Encrypted() }

// Level returns how new blobs are compressed.
func (r *Repository) Level() codec.Level { return codec.Level(r.descriptor().GetLevel()) }

// Clean reports whether it had been closed in order before it was opened.
func (r *Repository) Clean() bool { return r.index.Clean }

// Problem is something in the folder that is not as it should be.
type Problem = blob.Problem

// Problems returns what has been found wrong since the repository was opened and did not keep it from working.
func (r *Repository) Problems() []Problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.problems)
}

func (r *Repository) problem(path, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, Problem{Path: path, Reason: reason})
}

// Close stops what Reclaim or Survey is doing, ends the sessions that are open (their checkpoints stay), makes everything
// durable, writes the clean mark, and gives the lock back. The folder may then be copied. Readers must be done. Closing again
// does nothing.
func (r *Repository) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	var sessions []*Session
	for _, s := range r.sessions {
		sessions = append(sessions, s)
	}
	copies := slices.Collect(maps.Keys(r.copies))
	running := r.upkeep
	r.mu.Unlock()
	if running != nil {
		running.cancel()
		<-running.done
	}
	for _, s := range copies {
		_ = s.Close() // the blobs are made durable below
	}
	for _, s := range sessions {
		_ = s.Close() // the journal is durable already
	}
	if r.opts.ReadOnly {
		r.drop()
		return r.discard()
	}
	open, err := r.blobs.Close()
	if err != nil {
		r.index.Drop() // no clean mark: the packs are looked through at the next opening
	} else {
		err = r.index.Close(open)
	}
	if err == nil {
		err = r.vouchIndex()
	}
	r.coder.Close()
	if lockErr := r.lock.Release(); err == nil && lockErr != nil {
		err = disk.Fault(lockErr, "release the lock", r.path(lockFile))
	}
	return err
}

// drop lets go of everything as a crash would.
func (r *Repository) drop() {
	if r.blobs != nil {
		r.blobs.Drop()
	}
	if r.index != nil {
		r.index.Drop()
	}
	if r.coder != nil {
		r.coder.Close()
	}
	if r.lock != nil {
		r.lock.Drop()
	}
}

func (r *Repository) usable() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fault.New(fault.Unavailable, "repository %q is closed", r.Name())
	}
	return nil
}
