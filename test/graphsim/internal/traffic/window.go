package traffic

import "time"

// windowParts is into how many parts a window is divided: what leaves it leaves a part at a time.
const windowParts = 600

// window counts what happened in the last while, in memory that does not grow with the count.
type window struct {
	parts []part // oldest first
	sum   int64
}

type part struct {
	at time.Time // of the first in it
	n  int64
}

// add counts n at a time.
func (w *window) add(now time.Time, length time.Duration, n int64) {
	w.forget(now, length)
	w.sum += n
	if last := len(w.parts) - 1; last >= 0 && now.Sub(w.parts[last].at) < length/windowParts {
		w.parts[last].n += n
		return
	}
	w.parts = append(w.parts, part{now, n})
}

// forget drops what is older than the window, and what is to come because the clock was turned back.
func (w *window) forget(now time.Time, length time.Duration) {
	for len(w.parts) > 0 && now.Sub(w.parts[0].at) >= length {
		w.sum -= w.parts[0].n
		w.parts = w.parts[1:]
	}
	for last := len(w.parts) - 1; last >= 0 && w.parts[last].at.After(now); last-- {
		w.sum -= w.parts[last].n
		w.parts = w.parts[:last]
	}
}

// until is how long it takes for the sum to fall to at most n.
func (w *window) until(now time.Time, length time.Duration, n int64) time.Duration {
	sum := w.sum
	for _, p := range w.parts {
		if sum <= n {
			break
		}
		sum -= p.n
		if sum <= n {
			return max(length-now.Sub(p.at), 0)
		}
	}
	return 0
}
