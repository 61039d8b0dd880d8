package governor

import "time"

// grains is into how many steps a window is cut: precision against memory. What was spent is forgotten up to one step
// late, never early.
const grains = 600

// window is a sliding sum over the last width of time.
type window struct {
	width time.Duration
	limit int64
	spent []grain // oldest first
	total int64
}

type grain struct {
	start time.Time
	n     int64
}

func (w *window) step() time.Duration { return max(w.width/grains, time.Millisecond) }

// end is when a grain's spending no longer counts.
func (w *window) end(g grain) time.Time { return g.start.Add(w.step() + w.width) }

func (w *window) add(now time.Time, n int64) {
	if n <= 0 {
		return
	}
	w.sum(now)
	w.total += n
	if last := len(w.spent) - 1; last >= 0 && now.Sub(w.spent[last].start) < w.step() {
		w.spent[last].n += n
		return
	}
	w.spent = append(w.spent, grain{now, n})
}

// sum forgets what is over and returns what is left.
func (w *window) sum(now time.Time) int64 {
	over := 0
	for over < len(w.spent) && !w.end(w.spent[over]).After(now) {
		w.total -= w.spent[over].n
		over++
	}
	if over == len(w.spent) {
		w.spent = nil
	} else {
		w.spent = w.spent[over:]
	}
	return w.total
}

// freeAt returns when n more fit under the limit: now, or a later time.
func (w *window) freeAt(now time.Time, n int64) time.Time {
	if n <= 0 {
		return now
	}
	left := w.sum(now)
	for _, g := range w.spent {
		if left+n <= w.limit {
			return now
		}
		left -= g.n
		if left+n <= w.limit {
			return w.end(g)
		}
	}
	return now
}
