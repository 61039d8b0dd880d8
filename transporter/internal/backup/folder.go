package backup

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// maxRestarts is how often the enumeration of one folder is begun anew in a run.
const maxRestarts = 3

// longRound is the number of pages from which on a full enumeration is followed by a look at what changed meanwhile.
const longRound = 8

// stream is the change stream of one folder, and how far it was read.
type stream struct {
	folder      mail.Folder
	cursor      mail.Cursor
	enumerating bool
	restarts    int
	// catchUp is set when the stream is to be asked for changes once more at the end of its round: what a round does not
	// bring because it began long ago comes in the next (contract 4.5).
	catchUp bool
	// enumerated is set when the folder was, or may have been, read in full in this session.
	enumerated bool
	// resumed is set while the round is an enumeration that began in an earlier session.
	resumed bool
	pages   int
	err     error // why it could not be read to its end
	verdict verdict
}

// folders reads all folders, several at a time, and those once more that failed for a reason that may pass.
func (e *engine) folders(ctx context.Context, state State) error {
	e.progress.phase(PhaseReading)
	known := make(map[mail.FolderID]FolderState, len(state.Folders))
	for _, s := range state.Folders {
		known[s.Folder] = s
	}
	var streams []*stream
	for _, f := range e.tree.folders() {
		s := known[f.ID]
		if s.Cursor == "" || s.Enumerating {
			e.elsewhere.doubt(f.ID)
		}
		streams = append(streams, &stream{
			folder: f, cursor: s.Cursor, enumerating: s.Enumerating && s.Cursor != "", catchUp: state.Resumed, enumerated: state.Resumed,
			resumed: s.Enumerating && s.Cursor != "",
		})
	}
	again, failed, err := e.round(ctx, streams)
	if err != nil {
		return err
	}
	if len(again) > 0 {
		still, more, err := e.round(ctx, again)
		if err != nil {
			return err
		}
		failed = append(append(failed, more...), still...)
	}
	if len(failed) > 0 && len(failed) == len(streams) {
		return wrap(failed[0].err, "read any folder")
	}
	for _, s := range failed {
		l := loss(&mail.Message{Folder: s.folder.ID}, "folder", fmt.Errorf("the folder could not be read: %w", s.err))
		e.ledger.enterFolder(l)
	}
	return nil
}

// round reads the streams to their ends. It returns those that may be read later and those that cannot; folders that
// vanished are in neither. Its error ends the run.
func (e *engine) round(ctx context.Context, streams []*stream) (again, failed []*stream, err error) {
	readers, inner := errgroup.WithContext(ctx)
	readers.SetLimit(e.opts.Parallel)
	var probing sync.Mutex
	for _, s := range streams {
		readers.Go(func() error {
			if e.stopping() {
				return errStopped()
			}
			err := shielded(func() error { return e.read(inner, s) })
			s.err, s.verdict = err, lost
			if err == nil {
				e.progress.finished(s.folder.ID)
				return nil
			}
			s.verdict = judge(inner, err)
			switch s.verdict {
			case end:
				return err
			case gone, passing: // is it this folder, or everything?
				probing.Lock()
				defer probing.Unlock()
				if probeErr := e.list(inner); isStopped(probeErr) {
					return probeErr
				} else if probeErr != nil {
					return endError{wrap(err, "read a folder")}
				}
			case lost:
			}
			return nil
		})
	}
	if err := readers.Wait(); err != nil {
		return nil, nil, err
	}
	for _, s := range streams {
		switch {
		case s.err == nil, !e.tree.has(s.folder.ID):
		case s.verdict == passing:
			again = append(again, s)
		default:
			failed = append(failed, s)
		}
	}
	return again, failed, nil
}

// read reads one stream to its end, from the beginning again when Microsoft has forgotten the cursor.
func (e *engine) read(ctx context.Context, s *stream) error {
	for {
		err := e.follow(ctx, s)
		if err == nil || fault.KindOf(err) != fault.Conflict || judge(ctx, err) == end {
			return err
		}
		if s.restarts++; s.restarts > maxRestarts {
			return fault.New(fault.Unavailable, "Microsoft forgot the cursor %d times: %w", s.restarts, err)
		}
		s.cursor, s.enumerating, s.resumed, s.pages = "", false, false, 0
		e.progress.restarted(s.folder.ID)
	}
}

// fetched is a page on its way. Unless it has an error it holds a place in engine.pages.
type fetched struct {
	page Page
	read int64 // its number in engine.order
	err  error
}

// follow reads pages from the stream's cursor on. While one is worked on, the next is fetched, and no more than that:
// Microsoft may refuse a link that is older than the last one used (contract 4.5), and after a crash the link before the
// last is where the run goes on.
func (e *engine) follow(ctx context.Context, s *stream) error {
	ctx, cancel := context.WithCancel(ctx)
	var ahead chan fetched
	defer func() {
		cancel()
		if ahead != nil {
			if f := <-ahead; f.err == nil {
				e.give(f)
			}
		}
	}()
	ahead = e.fetch(ctx, s.folder.ID, s.cursor)
	optional := false // what comes is a look at what changed since
	for {
		got := <-ahead
		ahead = nil
		if got.err != nil {
			return got.err
		}
		if optional && (got.page.Full || got.page.Restart) {
			e.give(got) // there is no stream of changes, and to list the folder again is for the next run
			return nil
		}
		if !got.page.Done && !e.stopping() {
			ahead = e.fetch(ctx, s.folder.ID, got.page.Next)
		}
		err := e.take(ctx, s, got)
		e.give(got)
		switch {
		case err != nil:
			return endError{err}
		case got.page.Done && !s.catchUp && !s.resumed:
			return nil
		case got.page.Done:
			optional = !s.resumed
			s.catchUp, s.resumed = false, false
			ahead = e.fetch(ctx, s.folder.ID, got.page.Next)
		case ahead == nil:
			return errStopped()
		}
	}
}

func (e *engine) fetch(ctx context.Context, folder mail.FolderID, cursor mail.Cursor) chan fetched {
	c := make(chan fetched, 1)
	go func() {
		if err := acquire(ctx, e.pages); err != nil {
			c <- fetched{err: err}
			return
		}
		n := e.order.begin()
		page, err := e.src.Changes(ctx, folder, cursor)
		if err == nil && (page.Next == "" || page.Next == cursor && !page.Done) {
			err = fault.New(fault.Unknown, "a page of changes leads nowhere")
		}
		got := fetched{page, n, err}
		if err != nil {
			e.give(got)
		}
		c <- got
	}()
	return c
}

// give gives back what a fetched page holds.
func (e *engine) give(f fetched) {
	e.order.end(f.read)
	release(e.pages)
}

// take keeps one page and moves the stream on.
func (e *engine) take(ctx context.Context, s *stream, got fetched) error {
	page := got.page
	at := place{folder: s.folder.ID, full: page.Full || s.enumerating || s.cursor == "", read: got.read}
	at.restart = at.full && (page.Restart || !s.enumerating)
	s.enumerated = s.enumerated || at.full
	at.restage = s.enumerated
	if at.full {
		e.elsewhere.doubt(s.folder.ID)
	}
	if err := e.page(ctx, at, page); err != nil {
		return err
	}
	s.cursor, s.enumerating = page.Next, at.full && !page.Done
	e.progress.read(s.folder.ID, len(page.Changes))
	s.pages++
	if at.full && page.Done && s.pages >= longRound {
		s.catchUp, s.pages = true, 0
	}
	return nil
}
