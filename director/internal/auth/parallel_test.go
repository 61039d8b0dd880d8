package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/director/internal/auth"
	"holdfast/pkg/fault"
)

// Many guesses at once are throttled like one after another.
func TestGuessesAtOnceAreThrottled(t *testing.T) {
	d := newDoor(t)
	var checked, throttled atomic.Int32
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			switch _, err := d.SignIn(t.Context(), auth.Visitor{Remote: "host"}, "admin", "a wrong password"); fault.KindOf(err) {
			case fault.Unauthorized:
				checked.Add(1)
			case fault.Throttled:
				throttled.Add(1)
			default:
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if checked.Load() != 5 || throttled.Load() != 25 {
		t.Errorf("%d guesses were checked and %d throttled, want 5 and 25", checked.Load(), throttled.Load())
	}
}
