// Package backup reads one mailbox and puts what it finds into a vault. It owns the decisions: what is new, what is read
// again, what may be taken over from the last record, what is lost, when a checkpoint is due. It knows neither HTTP nor
// how a vault stores (interfaces Source and Vault), keeps nothing of its own and does not log.
//
// Invariants:
//
//   - A cursor is committed together with everything that its page brought, or after it. What could not be read goes into
//     the same checkpoint as a loss, so that a cursor hides nothing, whenever the process dies.
//   - Additions come before removals: a message that a folder reports gone stays until every folder was read, and is
//     deleted only when Microsoft says that it is nowhere in the mailbox.
//   - A message that fails costs itself and never the mailbox. Whether it is the message or the connection is found out by
//     asking where the message is: when that fails too, the run ends and is started again by the dispatcher.
//   - What is held in memory at once is a few pages without attachments, two batches of pieces, and one buffer for each
//     stream, whatever the size of messages.
//
// The path of a message: folder.go reads pages, page.go sorts out what a page means, message.go makes a record, reuse.go
// says when attachments need not be read again, sender.go moves pieces, order.go keeps late news before early news, loss.go keeps the ledger of losses, removal.go
// decides about what is gone.
package backup

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/content"
	"holdfast/transporter/internal/record"
)

// MaxLosses is how many losses a Result lists; the rest are counted.
const MaxLosses = 1000

// Options of a backup.
type Options struct {
	Run    record.RunID
	Origin record.Origin
	// EvidenceCopy keeps the MIME of every message that is read, not only where nothing else will do.
	EvidenceCopy bool
	// Stop, when closed, ends the run after the messages that are being read; what was done is committed. May be nil.
	Stop <-chan struct{}
	// Parallel is how many folders, and how many messages, are read at the same time; default 4, Microsoft's limit of
	// requests in flight for one mailbox.
	Parallel int
	// CommitBytes is after how many bytes read a checkpoint is made within a page; default 64 MiB.
	CommitBytes int64
	// Now is the clock; default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.CommitBytes <= 0 {
		o.CommitBytes = 64 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Result is what a backup made. Beside an error it says what was done so far.
type Result struct {
	Point record.Point
	// Losses are the first MaxLosses things that are not in the point; LossesMore counts the others.
	Losses     []mail.Loss
	LossesMore int64
	Progress   Snapshot
}

// Run backs the mailbox up and seals a recovery point. It leaves closing the vault to its caller. Progress may be nil.
//
// It returns fault.Canceled when it was stopped, and the source's or vault's fault when going on made no sense; then
// everything up to the last checkpoint is kept and the next Run continues there. A lost message is no error.
func Run(ctx context.Context, src Source, v Vault, o Options, p *Progress) (Result, error) {
	if p == nil {
		p = new(Progress)
	}
	o = o.withDefaults()
	p.attach(src)
	guarded := &guardedVault{vault: v}
	e := &engine{
		src: src, vault: guarded, opts: o, progress: p, cutter: new(content.Cutter),
		send: newSender(guarded, p), ledger: newLedger(), began: o.Now(),
		requests: make(chan struct{}, o.Parallel), pages: make(chan struct{}, o.Parallel),
	}
	point, err := e.run(ctx)
	e.cutter.Done()
	losses := e.ledger.all()
	result := Result{Point: point, Losses: losses, Progress: p.Snapshot()}
	if len(losses) > MaxLosses {
		result.Losses, result.LossesMore = losses[:MaxLosses], int64(len(losses)-MaxLosses)
	}
	return result, plain(err)
}

// engine is one Run.
type engine struct {
	src      Source
	vault    *guardedVault
	opts     Options
	progress *Progress
	cutter   *content.Cutter
	send     *sender
	ledger   *ledger
	tree     tree
	// elsewhere are messages that a folder reported gone which were last seen in another.
	elsewhere elsewhere
	began     time.Time
	order     order
	commits   sync.Mutex
	requests  chan struct{} // messages being read from the source
	pages     chan struct{} // pages in memory or on their way
}

func (e *engine) run(ctx context.Context) (record.Point, error) {
	state := e.vault.vault.State()
	e.progress.phase(PhaseListing)
	if err := e.list(ctx); err != nil {
		return record.Point{}, err
	}
	if err := e.retry(ctx, lostMessages(state.Losses)); err != nil {
		return record.Point{}, err
	}
	if err := e.folders(ctx, state); err != nil {
		return record.Point{}, err
	}
	if err := e.retry(ctx, e.ledger.passing()); err != nil {
		return record.Point{}, err
	}
	if err := e.removals(ctx); err != nil {
		return record.Point{}, err
	}
	if e.tree.stale() {
		if err := e.list(ctx); err != nil {
			return record.Point{}, err
		}
	}
	held, err := e.count(ctx)
	if err != nil {
		return record.Point{}, err
	}
	e.progress.phase(PhaseSealing)
	return e.vault.seal(ctx, Summary{
		Run: e.opts.Run, Origin: e.opts.Origin, Time: e.began, Folders: e.tree.folders(), Losses: e.ledger.all(), Ledger: held,
	})
}

// list reads the folder tree, for the first time or again.
func (e *engine) list(ctx context.Context) error {
	if e.stopping() {
		return errStopped()
	}
	folders, err := e.src.Folders(ctx)
	if err != nil {
		return wrap(err, "list the folders")
	}
	e.tree.set(folders)
	e.progress.folders(folders)
	return nil
}

func (e *engine) stopping() bool {
	select {
	case <-e.opts.Stop: // a nil channel is never ready
		return true
	default:
		return false
	}
}

// acquire takes a place in the channel, or hears ctx.
func acquire(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func release(places chan struct{}) { <-places }

func errStopped() error { return fault.New(fault.Canceled, "stopped; what was read so far is kept") }

func isStopped(err error) bool {
	return errors.Is(err, fault.Canceled) || errors.Is(err, context.Canceled)
}
