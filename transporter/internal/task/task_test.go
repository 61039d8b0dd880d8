package task_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/task"
)

// job is work that a test leads by the hand.
type job func(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error)

func (j job) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
	return j(ctx, stop, r)
}

// until runs until end is closed or it is stopped.
func until(end <-chan struct{}) job {
	return func(ctx context.Context, stop <-chan struct{}, _ *task.Reporter) (task.Outcome, error) {
		select {
		case <-end:
			return task.Outcome{}, nil
		case <-stop:
			return task.Outcome{}, fault.New(fault.Canceled, "stopped")
		case <-ctx.Done():
			return task.Outcome{}, ctx.Err()
		}
	}
}

func spec(id string, attempt int, w task.Work) task.Spec {
	return task.Spec{ID: task.ID(id), Attempt: attempt, Kind: "test", Exclusive: id, Work: w}
}

func start(t *testing.T, b *task.Board, s task.Spec) task.State {
	t.Helper()
	state, err := b.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func statusOf(t *testing.T, b *task.Board, id string) task.Status {
	t.Helper()
	s, err := b.Get(task.ID(id))
	if err != nil {
		t.Fatal(err)
	}
	return s.Status
}

// bubble runs a test with a board in time that is not real.
func bubble(t *testing.T, o task.Options, f func(t *testing.T, b *task.Board)) {
	synctest.Test(t, func(t *testing.T) {
		b := task.New(o)
		defer b.Drain(0)
		f(t, b)
	})
}

func TestStartingAgainReturnsTheTaskAsItIs(t *testing.T) {
	bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
		runs := 0
		end := make(chan struct{})
		work := func(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
			runs++
			return until(end)(ctx, stop, r)
		}
		start(t, b, spec("a", 1, job(work)))
		synctest.Wait()
		for _, attempt := range []int{1, 2} { // it runs: not even a higher attempt starts it
			if s := start(t, b, spec("a", attempt, job(work))); s.Status != task.Running || s.Attempt != 1 {
				t.Errorf("attempt %d: got %v, attempt %d", attempt, s.Status, s.Attempt)
			}
		}
		close(end)
		synctest.Wait()
		if s := start(t, b, spec("a", 1, job(work))); s.Status != task.Succeeded {
			t.Errorf("an ended task with the same attempt: %v", s.Status)
		}
		start(t, b, spec("a", 2, job(work)))
		synctest.Wait()
		if runs != 2 || statusOf(t, b, "a") != task.Succeeded {
			t.Errorf("ran %d times, %v, want twice", runs, statusOf(t, b, "a"))
		}
	})
}

func TestNoMoreThanTheLimitRun(t *testing.T) {
	bubble(t, task.Options{Max: 2}, func(t *testing.T, b *task.Board) {
		ends := []chan struct{}{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		for i, end := range ends {
			start(t, b, spec(fmt.Sprint(i), 1, until(end)))
		}
		synctest.Wait()
		if running, limit := b.Counts(); running != 2 || limit != 2 || statusOf(t, b, "2") != task.Queued {
			t.Errorf("%d of %d run, the third is %v", running, limit, statusOf(t, b, "2"))
		}
		close(ends[1])
		synctest.Wait()
		if statusOf(t, b, "2") != task.Running {
			t.Errorf("after one ended the third is %v", statusOf(t, b, "2"))
		}
	})
}

func TestUrgentTasksGoFirstAndLightOnesAtOnce(t *testing.T) {
	bubble(t, task.Options{Max: 1}, func(t *testing.T, b *task.Board) {
		ends := map[string]chan struct{}{}
		add := func(id string, urgent, light bool) {
			ends[id] = make(chan struct{})
			s := spec(id, 1, until(ends[id]))
			s.Urgent, s.Light = urgent, light
			start(t, b, s)
		}
		add("running", false, false)
		add("waiting", false, false)
		add("urgent", true, false)
		add("light", true, true)
		synctest.Wait()
		if statusOf(t, b, "light") != task.Running || statusOf(t, b, "urgent") != task.Queued {
			t.Errorf("light is %v, urgent %v", statusOf(t, b, "light"), statusOf(t, b, "urgent"))
		}
		if running, _ := b.Counts(); running != 1 {
			t.Errorf("%d count as running, want 1", running)
		}
		close(ends["running"])
		synctest.Wait()
		if statusOf(t, b, "urgent") != task.Running || statusOf(t, b, "waiting") != task.Queued {
			t.Errorf("urgent is %v, waiting %v", statusOf(t, b, "urgent"), statusOf(t, b, "waiting"))
		}
	})
}

func TestOneTaskAtATimeOnAMailbox(t *testing.T) {
	bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
		end := make(chan struct{})
		first, second, other := spec("1", 1, until(end)), spec("2", 1, until(end)), spec("3", 1, until(end))
		first.Exclusive, second.Exclusive = "mailbox m", "mailbox m"
		for _, s := range []task.Spec{first, second, other} {
			start(t, b, s)
		}
		synctest.Wait()
		got := []task.Status{statusOf(t, b, "1"), statusOf(t, b, "2"), statusOf(t, b, "3")}
		if diff := cmp.Diff([]task.Status{task.Running, task.Queued, task.Running}, got); diff != "" {
			t.Error(diff)
		}
		if s, _ := b.Get("2"); s.Waiting == "" {
			t.Error("it does not say why it waits")
		}
		close(end)
		synctest.Wait()
		if statusOf(t, b, "2") != task.Succeeded {
			t.Errorf("the second is %v", statusOf(t, b, "2"))
		}
	})
}

func TestStopping(t *testing.T) {
	hard := func(ctx context.Context, _ <-chan struct{}, _ *task.Reporter) (task.Outcome, error) {
		<-ctx.Done() // deaf to a gentle stop
		return task.Outcome{}, fmt.Errorf("reading: %w", ctx.Err())
	}
	broken := func(_ context.Context, stop <-chan struct{}, _ *task.Reporter) (task.Outcome, error) {
		<-stop
		return task.Outcome{}, fault.New(fault.Exhausted, "disk full")
	}
	done := func(_ context.Context, stop <-chan struct{}, _ *task.Reporter) (task.Outcome, error) {
		<-stop
		return task.Outcome{}, nil
	}
	for _, tc := range []struct {
		name string
		work task.Work
		now  bool
		want task.Status
	}{
		{"after the current message", until(nil), false, task.Stopped},
		{"now", job(hard), true, task.Stopped},
		{"but it fails for a reason of its own", job(broken), false, task.Failed},
		{"but it was done", job(done), false, task.Succeeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
				start(t, b, spec("a", 1, tc.work))
				if err := b.Stop("a", tc.now); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if got := statusOf(t, b, "a"); got != tc.want {
					t.Errorf("got %v, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestAQueuedTaskThatIsStoppedNeverRuns(t *testing.T) {
	bubble(t, task.Options{Max: 1}, func(t *testing.T, b *task.Board) {
		end := make(chan struct{})
		start(t, b, spec("a", 1, until(end)))
		start(t, b, spec("b", 1, job(func(context.Context, <-chan struct{}, *task.Reporter) (task.Outcome, error) {
			t.Error("it ran")
			return task.Outcome{}, nil
		})))
		if err := b.Stop("b", false); err != nil {
			t.Fatal(err)
		}
		close(end)
		synctest.Wait()
		if got := statusOf(t, b, "b"); got != task.Stopped {
			t.Errorf("got %v", got)
		}
	})
}

func TestAPanicEndsOneTaskOnly(t *testing.T) {
	bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
		start(t, b, spec("a", 1, job(func(context.Context, <-chan struct{}, *task.Reporter) (task.Outcome, error) { panic("boo") })))
		synctest.Wait()
		if got := statusOf(t, b, "a"); got != task.Failed {
			t.Errorf("got %v", got)
		}
	})
}

func TestLossesMakeATaskIncompleteAndAreBounded(t *testing.T) {
	bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
		start(t, b, spec("a", 1, job(func(_ context.Context, _ <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
			for i := range task.MaxLosses + 5 {
				r.Lose(mail.Loss{Message: mail.MessageID(fmt.Sprint(i))})
			}
			return task.Outcome{}, nil
		})))
		synctest.Wait()
		s, err := b.Get("a")
		if err != nil || s.Status != task.Incomplete || len(s.Losses) != task.MaxLosses || s.LossesMore != 5 {
			t.Errorf("got %v with %d losses and %d more, %v", s.Status, len(s.Losses), s.LossesMore, err)
		}
	})
}

func TestAWatcherHearsAtOnceThenFourTimesASecondAndOfTheEndAtOnce(t *testing.T) {
	bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
		var n atomic.Int64
		end := make(chan struct{})
		start(t, b, spec("a", 1, job(func(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
			r.Poll(func() task.Live { return task.Live{Progress: task.Progress{MessagesDone: n.Add(1)}} })
			return until(end)(ctx, stop, r)
		})))
		synctest.Wait()
		began := time.Now()
		var at []time.Duration
		var last task.State
		watched := make(chan error)
		go func() {
			watched <- b.Watch(t.Context(), "a", func(s task.State) error {
				at, last = append(at, time.Since(began)), s
				return nil
			})
		}()
		<-time.After(1100 * time.Millisecond) // not real time: the bubble's
		close(end)
		if err := <-watched; err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond, time.Second, 1100 * time.Millisecond}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Error(diff)
		}
		if last.Status != task.Succeeded {
			t.Errorf("the last state was %v", last.Status)
		}
	})
}

func TestAWatcherOfAQuietTaskHearsNothing(t *testing.T) {
	bubble(t, task.Options{}, func(t *testing.T, b *task.Board) {
		end := make(chan struct{})
		start(t, b, spec("a", 1, until(end)))
		synctest.Wait()
		heard := 0
		watched := make(chan error)
		go func() {
			watched <- b.Watch(t.Context(), "a", func(task.State) error {
				heard++
				return nil
			})
		}()
		<-time.After(time.Hour) // not real time
		close(end)
		if err := <-watched; err != nil || heard != 2 {
			t.Errorf("heard %d times, %v, want at once and at the end", heard, err)
		}
	})
}

func TestDrainingGivesTasksTheirTimeAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := task.New(task.Options{Max: 2})
		gentle := job(func(_ context.Context, stop <-chan struct{}, _ *task.Reporter) (task.Outcome, error) {
			<-stop
			<-time.After(3 * time.Second) // it reaches its checkpoint; not real time
			return task.Outcome{}, fault.New(fault.Canceled, "stopped")
		})
		deaf := job(func(ctx context.Context, _ <-chan struct{}, _ *task.Reporter) (task.Outcome, error) {
			<-ctx.Done()
			return task.Outcome{}, ctx.Err()
		})
		start(t, b, spec("gentle", 1, gentle))
		start(t, b, spec("deaf", 1, deaf))
		start(t, b, spec("waiting", 1, gentle))
		synctest.Wait()
		watched := make(chan error, 1)
		go func() { watched <- b.Watch(t.Context(), "deaf", func(task.State) error { return nil }) }()
		synctest.Wait()
		began := time.Now()
		b.Drain(10 * time.Second)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v, want 10s", took)
		}
		if err := <-watched; !errors.Is(err, fault.Unavailable) {
			t.Errorf("the watcher heard %v, want Unavailable", err)
		}
		for _, id := range []string{"gentle", "deaf", "waiting"} {
			s, err := b.Get(task.ID(id))
			if err != nil || s.Status != task.Failed || !fault.Temporary(s.Err) {
				t.Errorf("%s: %v, %v, %v; want a temporary failure, so that it is started again", id, s.Status, s.Err, err)
			}
		}
		if _, err := b.Start(spec("new", 1, gentle)); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a new task: %v, want Unavailable", err)
		}
	})
}

func TestForgetting(t *testing.T) {
	bubble(t, task.Options{MaxKept: 1}, func(t *testing.T, b *task.Board) {
		end := make(chan struct{})
		start(t, b, spec("a", 1, until(end)))
		synctest.Wait()
		if err := b.Forget("a"); !errors.Is(err, fault.Conflict) {
			t.Errorf("a running task: %v, want Conflict", err)
		}
		if _, err := b.Start(spec("b", 1, until(end))); !errors.Is(err, fault.Exhausted) {
			t.Errorf("one too many: %v, want Exhausted", err)
		}
		close(end)
		synctest.Wait()
		for range 2 {
			if err := b.Forget("a"); err != nil {
				t.Error(err)
			}
		}
		if _, err := b.Get("a"); !errors.Is(err, fault.NotFound) || len(b.List()) > 0 {
			t.Errorf("a forgotten task: %v, %v", err, b.List())
		}
	})
}

func TestTheListIsInOrder(t *testing.T) {
	bubble(t, task.Options{Max: 1}, func(t *testing.T, b *task.Board) {
		for _, id := range []string{"z", "a", "m"} {
			start(t, b, spec(id, 1, until(nil)))
		}
		var got []task.ID
		for _, s := range b.List() {
			got = append(got, s.ID)
		}
		if want := []task.ID{"z", "a", "m"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
