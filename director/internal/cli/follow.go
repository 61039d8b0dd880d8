package cli

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
)

// Waits between attempts to reach a Director that went away while being watched.
const (
	firstWait = 500 * time.Millisecond
	longWait  = 10 * time.Second
)

// errCutShort is a stream that ended before what it shows did.
var errCutShort = fault.New(fault.Unavailable, "the Director ended the conversation")

// follower watches something by a stream of the Director until it ends, and survives the Director's restarts.
type follower[T any] struct {
	app  *app
	api  *api
	open func(context.Context) (*connect.ServerStreamForClient[T], error)
	// update takes an answer in, and returns true when it is the last.
	update func(*T) bool
	snap   *snapshot
	// seen is true once the Director has answered: from then on a lost connection is not given up.
	seen bool

	format string
	meter  meter
	screen screen
}

// follow returns nil at the end of what is watched, ctx's error when watching was ended, or an error of the Director.
func (f *follower[T]) follow(ctx context.Context) error {
	var err error
	if f.format, err = f.app.format(); err != nil {
		return err
	}
	f.screen = screen{w: f.app.Stderr, live: f.app.Live, width: f.app.Width}
	defer f.screen.clear()
	pause := firstWait
	for {
		answered, err := f.once(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			return nil
		case !passing(err) || !f.seen && !answered:
			return err
		}
		if answered {
			pause = firstWait
		}
		f.show("the Director does not answer; trying again until it does")
		if err := f.app.Wait(ctx, pause/2+rand.N(pause/2)); err != nil {
			return err
		}
		pause = min(2*pause, longWait)
	}
}

// passing is true for faults of the connection, which a restart of the Director brings about.
func passing(err error) bool {
	var gone *unreachable
	if errors.As(err, &gone) {
		var pin *mismatch
		return !errors.As(err, &pin)
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Throttled, fault.Canceled:
		return true
	default:
		return false
	}
}

// once reads one stream to its end. It returns nil when what is watched has ended.
func (f *follower[T]) once(ctx context.Context) (answered bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	answers, failed := make(chan *T), make(chan error, 1)
	go func() {
		defer close(answers)
		failed <- f.read(ctx, answers)
	}()
	defer func() {
		cancel()
		for range answers { // Drained, so that the reader ends before we do.
		}
	}()
	for {
		select {
		case m, ok := <-answers:
			if !ok {
				return answered, <-failed
			}
			answered, f.seen = true, true
			last := f.update(m)
			if err := f.emit(m); err != nil || last {
				return true, err
			}
			f.show("")
		case <-f.app.Ticks:
			f.show("")
		}
	}
}

func (f *follower[T]) read(ctx context.Context, to chan<- *T) error {
	stream, err := f.open(ctx)
	if err != nil {
		return f.api.settings.streamError(err)
	}
	for stream.Receive() {
		select {
		case to <- stream.Msg():
		case <-ctx.Done():
		}
	}
	err = stream.Err()
	if closeErr := stream.Close(); err == nil && closeErr != nil {
		err = closeErr
	}
	if err != nil {
		return f.api.settings.streamError(err)
	}
	return errCutShort
}

// emit writes the answer for scripts.
func (f *follower[T]) emit(m *T) error {
	if f.format == asTable {
		return nil
	}
	return f.app.printMessage(any(m).(proto.Message), f.format, true)
}

// show draws what is known. trouble stands above it; on a terminal the block stays as it was when contact was lost.
func (f *follower[T]) show(trouble string) {
	now := f.app.Now().In(f.app.Zone)
	if f.format == asTable && f.snap.title != "" {
		f.meter.add(now, f.snap.progress)
	}
	switch {
	case f.format != asTable:
		if trouble != "" {
			f.screen.line(now, trouble, trouble)
		}
	case f.screen.live && (f.snap.title != "" || trouble != ""):
		var lines []string
		if f.snap.title != "" {
			lines = f.snap.block(now, &f.meter)
		}
		if trouble != "" {
			lines = append(lines, "  ! "+trouble)
		}
		f.screen.draw(lines)
	case trouble != "":
		f.screen.line(now, trouble, trouble)
	case f.snap.title != "":
		key := f.snap.status.String() + f.snap.phase + f.snap.waiting
		f.screen.line(now, key, f.snap.line(now, &f.meter))
	}
}
