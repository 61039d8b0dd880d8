package governor

import (
	"context"
	"time"

	"holdfast/pkg/fault"
)

// grace is how long a wait may go on after a stop was asked for: what is let go within it is best brought to its end.
const grace = 2 * time.Second

type stopKey struct{}

// WithStop returns a context with which waits end soon after stop is closed, as Canceled, though the context goes on: Microsoft
// may ask for a pause of many minutes, and whoever stops something is not to wait for that. Requests in flight are not touched.
// A nil stop takes that away again.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// wait waits until something comes of ready. It hears ctx, and its stop.
func wait[T any](ctx context.Context, ready <-chan T) error {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	var late <-chan time.Time
	for {
		select {
		case <-ready:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			stop = nil
			t := time.NewTimer(grace)
			defer t.Stop()
			late = t.C
		case <-late:
			return fault.New(fault.Canceled, "stopped")
		}
	}
}
