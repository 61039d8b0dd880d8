package pace_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"holdfast/director/internal/pace"
)

func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("HOLDFAST_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTheSpeedIsThatOfTheLastMoments(t *testing.T) {
	var m pace.Meter
	if _, ok := m.Rate(begin); ok {
		t.Error("a speed was told of nothing")
	}
	m.Add(begin, 0, 0)
	if _, ok := m.Rate(begin.Add(time.Second)); ok {
		t.Error("a speed was told after a second")
	}
	now := begin
	for range 600 { // ten messages a second for ten minutes, four looks a second
		for range 4 {
			now = now.Add(250 * time.Millisecond)
			m.Add(now, int64(now.Sub(begin)/(100*time.Millisecond)), 1000*int64(now.Sub(begin)/time.Second))
		}
	}
	if r, ok := m.Rate(now); !ok || r.Messages < 9.9 || r.Messages > 10.1 || r.Bytes < 990 || r.Bytes > 1010 {
		t.Errorf("got %v, %v, want 10 messages and 1,000 bytes a second", r, ok)
	}
	if r, _ := m.Rate(now.Add(pace.Window / 2)); r.Messages < 4 || r.Messages > 7 {
		t.Errorf("half a window into a wait: got %v, want about half", r.Messages)
	}
	if r, ok := m.Rate(now.Add(2 * pace.Window)); !ok || r.Messages != 0 {
		t.Errorf("after a long wait: got %v, %v, want 0", r.Messages, ok)
	}
	m.Add(now.Add(time.Hour), 5, 5)
	if _, ok := m.Rate(now.Add(time.Hour + time.Second)); ok {
		t.Error("a count that went back did not begin the measurement anew")
	}
	m.Add(begin, 7, 7) // the clock was set back
	if _, ok := m.Rate(begin.Add(time.Second)); ok {
		t.Error("a clock that was set back did not begin the measurement anew")
	}
}

func TestTheSpeedIsNeverNegativeWhateverComes(t *testing.T) {
	random := seeded(t)
	var m pace.Meter
	now := begin
	for range 20_000 {
		now = now.Add(time.Duration(random.Int64N(int64(5*time.Second))) - time.Second)
		m.Add(now, random.Int64N(1000), random.Int64N(1000))
		if r, ok := m.Rate(now.Add(time.Duration(random.Int64N(int64(2 * time.Minute))))); ok && (r.Messages < 0 || r.Bytes < 0) {
			t.Fatalf("got %v", r)
		}
	}
}

func TestTheTimeThatATaskTakes(t *testing.T) {
	for name, tc := range map[string]struct {
		task pace.Task
		want time.Duration
		ok   bool
	}{
		"nothing is known":                         {pace.Task{Total: 1000}, 0, false},
		"not even how much there is":               {pace.Task{Done: 10, Rate: 5}, 0, false},
		"it stands":                                {pace.Task{Done: 10, Total: 1000, Worked: time.Minute}, 0, false},
		"it runs":                                  {pace.Task{Done: 100, Total: 1000, Rate: 10}, 90 * time.Second, true},
		"it usually takes so long":                 {pace.Task{Usual: time.Minute, Worked: 20 * time.Second}, 40 * time.Second, true},
		"earlier runs and this one":                {pace.Task{Done: 100, Total: 1000, Rate: 10, Usual: 100 * time.Second, Worked: 50 * time.Second}, 70 * time.Second, true},
		"longer than usual, and it runs":           {pace.Task{Done: 100, Total: 1000, Rate: 10, Usual: time.Minute, Worked: time.Hour}, 90 * time.Second, true},
		"longer than usual, and it stands":         {pace.Task{Done: 100, Total: 1000, Usual: time.Minute, Worked: time.Hour}, 0, false},
		"all is read":                              {pace.Task{Done: 1000, Total: 1000, Rate: 10}, 0, false},
		"more was read than there was said to be":  {pace.Task{Done: 1500, Total: 1000, Rate: 10}, 0, false},
		"slower than anybody wants to wait for it": {pace.Task{Done: 1, Total: 1 << 60, Rate: 1e-9}, 10 * 365 * 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := pace.Left(tc.task); got != tc.want || ok != tc.ok {
				t.Errorf("got %v, %v, want %v, %v", got, ok, tc.want, tc.ok)
			}
		})
	}
}

func TestTheTimeThatARunTakes(t *testing.T) {
	minute := time.Minute
	for name, tc := range map[string]struct {
		run  pace.Run
		want time.Duration
		ok   bool
	}{
		"no slot":                     {pace.Run{Pending: minute}, 0, false},
		"one unknown":                 {pace.Run{Slots: 3, Flying: []time.Duration{minute}, PendingUnknown: 1}, 0, false},
		"like those that have ended":  {pace.Run{Slots: 2, PendingUnknown: 10, Mean: minute}, 5 * minute, true},
		"evenly over the slots":       {pace.Run{Slots: 3, Flying: []time.Duration{minute, 2 * minute, 3 * minute}, Pending: 12 * minute, Longest: minute}, 6 * minute, true},
		"no shorter than the longest": {pace.Run{Slots: 3, Flying: []time.Duration{minute, 20 * minute}, Pending: minute}, 20 * minute, true},
		"also of those that wait":     {pace.Run{Slots: 8, Pending: 40 * minute, Longest: 30 * minute}, 30 * minute, true},
		"a try that is far off":       {pace.Run{Slots: 3, Wait: 50 * minute, Pending: minute}, 50 * minute, true},
		"nothing is left":             {pace.Run{Slots: 3}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := tc.run.Left(); got != tc.want || ok != tc.ok {
				t.Errorf("got %v, %v, want %v, %v", got, ok, tc.want, tc.ok)
			}
		})
	}
}

// A run of random tasks is played to its end; what is told on the way must be honest.
func TestWhatIsToldOfARandomRunIsHonest(t *testing.T) {
	random := seeded(t)
	for range 200 {
		slots := 1 + random.IntN(5)
		var tasks []time.Duration
		for range 1 + random.IntN(60) {
			tasks = append(tasks, time.Duration(1+random.Int64N(int64(10*time.Minute))))
		}
		flying := map[int]time.Duration{} // how much is left
		next, now := 0, begin
		var smooth pace.Smoother
		var told []time.Duration
		for {
			for len(flying) < slots && next < len(tasks) {
				flying[next] = tasks[next]
				next++
			}
			if len(flying) == 0 {
				break
			}
			r := pace.Run{Slots: slots}
			for _, left := range flying {
				r.Flying = append(r.Flying, left)
			}
			for _, d := range tasks[next:] {
				r.Pending += d
				r.Longest = max(r.Longest, d)
			}
			raw, ok := r.Left()
			left, ok2 := smooth.Next(now, raw, ok)
			if !ok || !ok2 || left < 0 {
				t.Fatalf("told %v, %v, %v of a run of which all is known", left, ok, ok2)
			}
			told = append(told, left)
			for i := range flying {
				if flying[i] -= time.Second; flying[i] <= 0 {
					delete(flying, i)
				}
			}
			now = now.Add(time.Second)
		}
		took := now.Sub(begin)
		for i, left := range told {
			// Greedy lists end within twice the bound that is told; what is told lags behind by the smoothing alone.
			really := took - time.Duration(i)*time.Second
			if left > really+time.Minute || left < really/2-time.Minute {
				t.Fatalf("%v were told %v before the end, of %v in %d slots", left, really, took, slots)
			}
			if i > 0 && left-told[i-1] > 30*time.Second {
				t.Fatalf("what is told leaps from %v to %v within a second", told[i-1], left)
			}
		}
	}
}

func TestWhatIsShownFollowsSlowlyAndGoesDownWithTheClock(t *testing.T) {
	var s pace.Smoother
	show := func(at int, left time.Duration, known bool) time.Duration {
		got, ok := s.Next(begin.Add(time.Duration(at)*time.Second), left, known)
		if ok != known {
			t.Errorf("at %d s: known is %v", at, ok)
		}
		return got
	}
	if got := show(0, 100*time.Second, true); got != 100*time.Second {
		t.Errorf("at first: got %v", got)
	}
	for i := 1; i < 50; i++ {
		if got, want := show(i, time.Duration(100-i)*time.Second, true), time.Duration(100-i)*time.Second; got != want {
			t.Fatalf("after %d s: got %v, want %v", i, got, want)
		}
	}
	if got := show(51, 1000*time.Second, true); got < 50*time.Second || got > 200*time.Second {
		t.Errorf("a leap is followed at once: %v", got)
	}
	if got := show(300, 1000*time.Second, true); got < 990*time.Second {
		t.Errorf("a leap is never followed: %v", got)
	}
	show(301, 0, false)
	if got := show(302, 10*time.Second, true); got != 10*time.Second {
		t.Errorf("after nothing was known: got %v, want what is known now", got)
	}
	if got := show(-3600, 20*time.Second, true); got != 20*time.Second {
		t.Errorf("after the clock was set back: got %v", got)
	}
}
