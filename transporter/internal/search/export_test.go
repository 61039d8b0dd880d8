package search

import (
	"context"
	"runtime"
)

// AwaitWanted returns when somebody waits for points.
func (x *Index) AwaitWanted(ctx context.Context) {
	for ctx.Err() == nil {
		x.mu.RLock()
		n := len(x.wanted)
		x.mu.RUnlock()
		if n > 0 {
			return
		}
		runtime.Gosched()
	}
}
