package governor_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

var key = governor.Key{App: "app", Mailbox: "m1"}

func acquire(t *testing.T, r *governor.Registry, c governor.Cost) func() {
	t.Helper()
	release, err := r.Acquire(t.Context(), key, c)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// pass lets the bubble's time go on.
func pass(d time.Duration) { <-time.After(d) }

func TestNoMoreRequestsInFlightThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{})
		var mu sync.Mutex
		now, most, done := 0, 0, 0
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				release := acquire(t, r, governor.Cost{})
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				pass(time.Second)
				mu.Lock()
				now--
				done++
				mu.Unlock()
				release()
				release() // a second call does nothing
			})
		}
		start := time.Now()
		wg.Wait()
		if most != 4 || done != 40 || time.Since(start) != 10*time.Second {
			t.Fatalf("got %d in flight at most, %d done in %v; want 4, 40 in 10s", most, done, time.Since(start))
		}
	})
}

func TestTheWindowHoldsRequestsBackUntilOldOnesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{Requests: 100, RequestWindow: 10 * time.Minute})
		start := time.Now()
		var sent []time.Time
		for range 250 {
			acquire(t, r, governor.Cost{})()
			sent = append(sent, time.Now())
		}
		for i := 100; i < len(sent); i++ {
			if d := sent[i].Sub(sent[i-100]); d < 10*time.Minute {
				t.Fatalf("requests %d and %d are %v apart", i-100, i, d)
			}
		}
		if got := time.Since(start); got > 20*time.Minute+5*time.Second {
			t.Fatalf("took %v, want about 20 minutes", got)
		}
	})
}

func TestUploadsOutOfBytesLetReadsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{Upload: 1000, UploadWindow: time.Minute})
		acquire(t, r, governor.Cost{Upload: 900})()
		start := time.Now()
		var uploaded time.Duration
		var wg sync.WaitGroup
		wg.Go(func() {
			acquire(t, r, governor.Cost{Upload: 500})()
			uploaded = time.Since(start)
		})
		synctest.Wait()
		w, ok := r.WaitingFor(key)
		if !ok || w.Reason != governor.ReasonUpload || w.Count != 1 || w.Until.Sub(start) < time.Minute {
			t.Fatalf("got %+v, want an upload waiting a minute", w)
		}
		acquire(t, r, governor.Cost{})()
		if got := time.Since(start); got != 0 {
			t.Fatalf("a read waited %v behind an upload", got)
		}
		wg.Wait()
		if uploaded < time.Minute || uploaded > time.Minute+time.Second {
			t.Fatalf("the upload waited %v, want a minute", uploaded)
		}
	})
}

func TestAnUploadLargerThanTheWindowStillGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{Upload: 1000})
		acquire(t, r, governor.Cost{Upload: 1 << 40})()
	})
}

func TestAPauseHoldsTheWholeMailboxAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{})
		r.Pause(key, 40*time.Second)
		r.Pause(key, time.Second) // shorter: changes nothing
		start := time.Now()
		other, err := r.Acquire(t.Context(), governor.Key{App: "app", Mailbox: "m2"}, governor.Cost{})
		if err != nil || time.Since(start) != 0 {
			t.Fatalf("another mailbox waited %v: %v", time.Since(start), err)
		}
		other()
		go func() { acquire(t, r, governor.Cost{})() }()
		synctest.Wait()
		all := r.Waiting()
		if len(all) != 1 || all[0].Reason != governor.ReasonPaused || all[0].Until.Sub(start) != 40*time.Second {
			t.Fatalf("got %+v, want one wait of 40s", all)
		}
		acquire(t, r, governor.Cost{})()
		if got := time.Since(start); got != 40*time.Second {
			t.Fatalf("waited %v, want 40s", got)
		}
	})
}

func TestRequestsGoInTheOrderTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{InFlight: 1})
		hold := acquire(t, r, governor.Cost{})
		var order []int
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				release := acquire(t, r, governor.Cost{Slots: 1 + i%2*3})
				order = append(order, i)
				release()
			})
			synctest.Wait()
		}
		hold()
		wg.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("went in order %v", order)
			}
		}
	})
}

func TestABatchTakesAllItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{Requests: 30, RequestWindow: time.Minute})
		start := time.Now()
		release := acquire(t, r, governor.Cost{Requests: 20, Slots: 20})
		time.AfterFunc(time.Second, release)
		acquire(t, r, governor.Cost{})()
		if got := time.Since(start); got != time.Second {
			t.Fatalf("a request went %v after a batch, want 1s", got)
		}
		acquire(t, r, governor.Cost{Requests: 20, Slots: 20})()
		if got := time.Since(start); got < time.Minute {
			t.Fatalf("41 requests went within %v", got)
		}
	})
}

func TestWaitingHearsTheContextAndLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{})
		r.Pause(key, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Acquire(ctx, key, governor.Cost{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the context's error", err)
		}
		ctx2, cancel2 := context.WithTimeout(t.Context(), time.Second)
		defer cancel2()
		if err := r.Sleep(ctx2, key, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the context's error", err)
		}
		if got := r.Waiting(); len(got) != 0 {
			t.Fatalf("still waiting: %+v", got)
		}
	})
}

func TestACanceledHeadOfTheQueueFreesThoseBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{})
		hold := acquire(t, r, governor.Cost{})
		defer hold()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = r.Acquire(ctx, key, governor.Cost{Slots: 4}) }()
		synctest.Wait()
		var wg sync.WaitGroup
		wg.Go(func() { acquire(t, r, governor.Cost{})() })
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestBackoffIsVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{})
		start := time.Now()
		go func() { _ = r.Sleep(t.Context(), key, 7*time.Second) }()
		synctest.Wait()
		w, ok := r.WaitingFor(key)
		if !ok || w.Reason != governor.ReasonBackoff || w.Until.Sub(start) != 7*time.Second {
			t.Fatalf("got %+v %v", w, ok)
		}
	})
}

func TestIdleLanesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := governor.New(governor.Limits{})
		for i := range 1000 {
			release, err := r.Acquire(t.Context(), governor.Key{App: "app", Mailbox: mail.MailboxID(strconv.Itoa(i))}, governor.Cost{})
			if err != nil {
				t.Fatal(err)
			}
			release()
		}
		pass(20 * time.Minute)
		acquire(t, r, governor.Cost{})()
		if got := r.Lanes(); got != 1 {
			t.Fatalf("remembers %d lanes, want 1", got)
		}
	})
}

// Who is stopped does not sit a long pause out; what comes within moments is brought to its end.
func TestAStopEndsLongWaits(t *testing.T) {
	for _, c := range []struct {
		pause time.Duration
		took  time.Duration
		ended bool
	}{{time.Second, time.Second, false}, {4 * time.Second, 4 * time.Second, false}, {10 * time.Minute, 5 * time.Second, true}} {
		synctest.Test(t, func(t *testing.T) {
			r := governor.New(governor.Limits{})
			stop := make(chan struct{})
			ctx := governor.WithStop(t.Context(), stop)
			r.Pause(key, c.pause)
			waits := []func() error{
				func() error {
					release, err := r.Acquire(ctx, key, governor.Cost{})
					if err == nil {
						release()
					}
					return err
				},
				func() error { return r.Sleep(ctx, key, c.pause) },
			}
			start := time.Now()
			var wg sync.WaitGroup
			for _, wait := range waits {
				wg.Go(func() {
					err := wait()
					if ended := fault.KindOf(err) == fault.Canceled; ended != c.ended || !ended && err != nil {
						t.Errorf("a pause of %v ended with %v", c.pause, err)
					}
					if took := time.Since(start); took != c.took {
						t.Errorf("a pause of %v took %v, want %v", c.pause, took, c.took)
					}
				})
			}
			pass(3 * time.Second)
			close(stop)
			wg.Wait()
			if _, waiting := r.WaitingFor(key); waiting {
				t.Error("somebody is still waiting")
			}
			pass(10 * time.Minute)
			acquire(t, r, governor.Cost{})() // no place was lost
		})
	}
}
