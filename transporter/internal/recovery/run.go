package recovery

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery/journal"
)

// Options make a Runner. Fields without a stated default are required.
type Options struct {
	Point   Point
	Target  Target
	Request Request
	// PointID and TargetID name both sides, so that a journal is never gone on with for others.
	PointID  string
	TargetID string
	// Journal is the path of the journal's file. Not used by a plan.
	Journal string
	// WrapJournal lets a test put failures into the journal's file; default nil.
	WrapJournal func(journal.File) journal.File
	// Planned hears the lines of a plan, in the order in which they would be done; default nobody.
	Planned func(Planned)
	// PlannedFolder hears what would become of each folder that was chosen from, after all lines; default nobody.
	PlannedFolder func(PlannedFolder)
	// Observer hears what happens; default nobody.
	Observer Observer
	// Parallel is how many messages are created at once; default 4, which is what Microsoft allows (contract 10.1).
	Parallel int
}

// Runner is one recovery.
type Runner struct {
	o     Options
	notes notes
	done  progress

	atlas   *atlas
	journal *journal.Journal
	slots   chan struct{}
	stop    <-chan struct{}
	// planned is what a plan would do with folders.
	planned   []*PlannedFolder
	plannedOf map[mail.FolderID]*PlannedFolder
	flying    sync.WaitGroup

	mu       sync.Mutex // guards what follows, and past.own
	past     *past
	report   Report
	fatal    error
	failing  failing
	panicked string // a panic while writing, with its stack
}

type progress struct {
	folders, foldersTotal, messages, messagesTotal, written, attachments, bytes atomic.Int64
}

// New returns a recovery that has not begun.
func New(o Options) *Runner {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	return &Runner{o: o, past: newPast(), slots: make(chan struct{}, o.Parallel), plannedOf: map[mail.FolderID]*PlannedFolder{}}
}

type nobody struct{}

func (nobody) Phase(string)   {}
func (nobody) Lose(mail.Loss) {}

// Progress tells how far the recovery is.
func (r *Runner) Progress() Progress {
	d := &r.done
	return Progress{
		FoldersDone: d.folders.Load(), FoldersTotal: d.foldersTotal.Load(),
		MessagesDone: d.messages.Load(), MessagesTotal: d.messagesTotal.Load(), MessagesWritten: d.written.Load(),
		Attachments: d.attachments.Load(), Bytes: d.bytes.Load(),
	}
}

// Run plans or does the recovery and returns what was or would be done, also beside an error. When stop is closed it ends
// after the messages in flight, as Canceled. A message that cannot be brought back is a loss and never an error; errors
// concern the recovery as a whole.
func (r *Runner) Run(ctx context.Context, stop <-chan struct{}) (Report, error) {
	r.stop = stop
	err := r.run(ctx)
	r.flying.Wait()
	if r.journal != nil {
		if closeErr := r.journal.Close(); err == nil {
			err = closeErr
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panicked != "" {
		panic(r.panicked)
	}
	r.report.Notes = r.notes.list()
	return r.report, err
}

// caught is deferred where messages are written. Run panics in its stead, where the caller can turn it into a failure of
// this recovery; here it would end the process and everybody's tasks with it.
func (r *Runner) caught() {
	p := recover()
	if p == nil {
		return
	}
	stack := fmt.Sprintf("%v\n%s", p, debug.Stack())
	r.setFatal(fault.New(fault.Unknown, "internal error while writing a message"))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panicked == "" {
		r.panicked = stack
	}
}

func (r *Runner) run(ctx context.Context) error {
	r.o.Observer.Phase("reading folders")
	kept, err := r.o.Point.Folders(ctx)
	if err != nil {
		return err
	}
	sources, err := choose(kept, r.o.Request.Selection)
	if err != nil {
		return err
	}
	there, err := r.o.Target.Folders(ctx)
	if err != nil {
		return err
	}
	if !r.o.Request.PlanOnly {
		if err := r.resume(ctx, there); err != nil { // before places are chosen: what an earlier attempt made is no obstacle
			return err
		}
	}
	r.atlas = newAtlas(there, kept, r.o.Request.Into, &r.notes)
	r.atlas.own, r.atlas.day = r.past.made, r.o.Request.Day
	places := r.assign(sources)
	for _, p := range places {
		if err := r.place(ctx, p); err != nil {
			return err
		}
		r.done.folders.Add(int64(len(p.sources)))
	}
	r.flying.Wait()
	r.tellFolders()
	return r.fatalError()
}

// assign finds the place of each source and returns the places in the order of the tree.
func (r *Runner) assign(sources []source) []*place {
	var places []*place
	for _, s := range sources {
		if s.root && r.o.Request.IfFolder == FolderRename {
			r.atlas.apart[s.folder.ID] = true
		}
	}
	for _, s := range sources {
		p := r.atlas.find(s.folder)
		r.planFolder(s, p)
		if len(p.sources) == 0 {
			places = append(places, p)
		}
		p.sources = append(p.sources, s)
		r.done.messagesTotal.Add(s.count())
	}
	r.done.foldersTotal.Store(int64(len(sources)))
	return places
}

// resume opens the journal and settles what an earlier attempt left open; there are the target's folders.
func (r *Runner) resume(ctx context.Context, there []mail.Folder) error {
	hash := requestHash(r.o.Request, r.o.PointID, r.o.TargetID)
	var err error
	if r.journal, err = journal.Open(r.o.Journal, hash, r.past.replay, r.o.WrapJournal); err != nil {
		return err
	}
	if err := r.settleFolders(there); err != nil {
		return err
	}
	r.report.FoldersCreated = int64(len(r.past.made))
	if len(r.past.open)+len(r.past.replaced) == 0 {
		return nil
	}
	r.o.Observer.Phase("settling what was interrupted")
	for id, intent := range r.past.open {
		if err := r.settle(ctx, id, intent); err != nil {
			return err
		}
	}
	for id, intent := range r.past.replaced {
		if err := r.o.Target.Remove(ctx, mail.FolderID(intent.Folder), mail.MessageID(intent.Old)); err != nil {
			return err
		}
		if err := r.journal.Append(journal.Entry{Kind: journal.KindRemoved, ID: string(id)}); err != nil {
			return err
		}
	}
	clear(r.past.replaced)
	return r.journal.Sync()
}

// settle finds out what became of a creation that was announced and not recorded.
func (r *Runner) settle(ctx context.Context, id ID, intent journal.Entry) error {
	folder := mail.FolderID(intent.Folder)
	found, err := r.o.Target.Find(ctx, Item{Folder: folder, ID: id})
	switch {
	case errors.Is(err, fault.NotFound):
	case err != nil:
		return err
	case found.Whole:
		delete(r.past.open, id)
		r.past.finished(key(*intent.Source), intent, string(found.ID))
		return r.journal.Append(journal.Entry{Kind: journal.KindDone, ID: string(id), New: string(found.ID), Change: found.ChangeKey})
	default:
		if err := r.o.Target.Discard(ctx, folder, found.ID); err != nil {
			return err
		}
	}
	delete(r.past.open, id)
	r.past.voids[key(*intent.Source)]++
	return r.journal.Append(journal.Entry{Kind: journal.KindVoid, ID: string(id)})
}

func (r *Runner) fatalError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fatal
}

func (r *Runner) setFatal(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal == nil {
		r.fatal = err
	}
}

// halted returns why no further message may be begun.
func (r *Runner) halted(ctx context.Context) error {
	if err := r.fatalError(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Canceled, "stopped: %w", err)
	}
	select {
	case <-r.stop:
		return fault.New(fault.Canceled, "stopped after the current message")
	default:
		return nil
	}
}
