// Package pace tells how fast work goes and how long it will take: pure calculations over what tasks report and what
// earlier runs took. Where nothing is known it says so; it never guesses below zero. It knows no run and keeps no clock.
package pace

import (
	"math"
	"time"
)

// Window is over how long a speed is measured: long enough for a page of mail with its attachments to pass, short enough
// for a wait to show.
const Window = 45 * time.Second

// least is from when on a speed is told.
const least = 3 * time.Second

// step is the least time between two samples that are kept.
const step = time.Second

// Rate is a speed, in units a second.
type Rate struct{ Messages, Bytes float64 }

// Meter measures the speed of something that counts up. The zero value is ready. It holds at most Window/step+2 samples.
type Meter struct{ samples []sample }

type sample struct {
	at              time.Time
	messages, bytes int64
}

// Add takes in how far it has come. Counts that go back, as where something begins anew, and clocks that do, begin the
// measurement anew.
func (m *Meter) Add(now time.Time, messages, bytes int64) {
	s := sample{now, messages, bytes}
	n := len(m.samples)
	if n > 0 {
		if last := m.samples[n-1]; messages < last.messages || bytes < last.bytes || now.Before(last.at) {
			m.samples, n = m.samples[:0], 0
		}
	}
	if n > 1 && now.Sub(m.samples[n-2].at) < step {
		m.samples[n-1] = s
		return
	}
	m.samples = append(m.samples, s)
	m.trim(now)
}

// trim drops all that lies behind the window but the last: there the window begins.
func (m *Meter) trim(now time.Time) {
	n := 0
	for n+1 < len(m.samples) && now.Sub(m.samples[n+1].at) >= Window {
		n++
	}
	m.samples = append(m.samples[:0], m.samples[n:]...)
}

// Rate returns the speed up to now; false until there is something to say. It falls to zero when nothing comes any more.
func (m *Meter) Rate(now time.Time) (Rate, bool) {
	if len(m.samples) == 0 {
		return Rate{}, false
	}
	m.trim(now)
	from, to := m.samples[0], m.samples[len(m.samples)-1]
	took := now.Sub(from.at)
	if took < least {
		return Rate{}, false
	}
	return Rate{float64(to.messages-from.messages) / took.Seconds(), float64(to.bytes-from.bytes) / took.Seconds()}, true
}

// Task is what is known of a task that is being worked on.
type Task struct {
	// Done of Total messages; Total is 0 while it is not known.
	Done, Total int64
	// Rate in messages a second; 0 while it is not known.
	Rate float64
	// Worked is how long it was worked on, Usual how long it usually takes; 0 while that is not known.
	Worked, Usual time.Duration
}

// Left returns how much longer a task will take; false when that is not known. Up to its usual time the earlier runs count
// the less the longer it has worked; then only what it does itself does.
func Left(t Task) (time.Duration, bool) {
	todo := t.Total - t.Done
	byRate, rated := time.Duration(0), t.Total > 0 && todo > 0 && t.Rate > 0
	if rated {
		byRate = seconds(float64(todo) / t.Rate)
	}
	if t.Usual <= 0 || t.Worked >= t.Usual {
		return byRate, rated
	}
	byPast := t.Usual - t.Worked
	if !rated {
		return byPast, true
	}
	share := float64(t.Worked) / float64(t.Usual)
	return seconds((1-share)*byPast.Seconds() + share*byRate.Seconds()), true
}

// longest is the longest time that is told; more is told as this much.
const longest = 10 * 365 * 24 * time.Hour

// seconds never overflows and is never negative.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) || s <= 0 {
		return 0
	}
	if s >= longest.Seconds() {
		return longest
	}
	return time.Duration(s * float64(time.Second))
}

// Run is what is known of the tasks of a run that have not ended.
type Run struct {
	// Slots is how many tasks are worked on at once.
	Slots int
	// Flying are how much longer the tasks in hand will take, those that are known; Unknown counts the others.
	Flying  []time.Duration
	Unknown int
	// Pending is how long the tasks whose turn has not come will take together, those that are known, and Longest the
	// longest of them; PendingUnknown counts the others.
	Pending        time.Duration
	Longest        time.Duration
	PendingUnknown int
	// Mean is how long a task of which nothing was known took in this run; 0 while none has ended.
	Mean time.Duration
	// Wait is how long until the last task that waits for its next try may begin it.
	Wait time.Duration
}

// Left returns how much longer a run will take; false when that is not known. Tasks of which nothing is known are taken to
// be like those of this run that have ended. The tasks are spread evenly over the slots, and no run is shorter than its
// longest task.
func (r Run) Left() (time.Duration, bool) {
	if r.Slots <= 0 || r.Unknown+r.PendingUnknown > 0 && r.Mean <= 0 {
		return 0, false
	}
	sum, bound := r.Pending.Seconds(), max(r.Longest, r.Wait)
	for _, left := range r.Flying {
		sum += max(0, left).Seconds()
		bound = max(bound, left)
	}
	sum += float64(r.PendingUnknown) * r.Mean.Seconds()
	sum += float64(r.Unknown) * r.Mean.Seconds() / 2 // in hand already: on average half done
	if r.PendingUnknown > 0 {
		bound = max(bound, r.Mean)
	}
	return max(seconds(sum/float64(r.Slots)), bound), true
}

// calm is how long an end that is told takes to follow the one that is calculated.
const calm = 20 * time.Second

// Smoother turns times that are calculated again and again into one that may be shown: it goes down with the clock, and
// follows what is calculated slowly. The zero value is ready.
type Smoother struct {
	known   bool
	at, end time.Time
}

// Next returns what to show of left, calculated at now; false when it is not known.
func (s *Smoother) Next(now time.Time, left time.Duration, known bool) (time.Duration, bool) {
	if !known {
		s.known = false
		return 0, false
	}
	end := now.Add(max(0, left))
	passed := now.Sub(s.at)
	switch {
	case !s.known || passed < 0:
		s.known, s.end = true, end
	default:
		weight := 1 - math.Exp(-passed.Seconds()/calm.Seconds())
		s.end = s.end.Add(time.Duration(weight * float64(end.Sub(s.end))))
	}
	s.at = now
	return max(0, s.end.Sub(now)), true
}
