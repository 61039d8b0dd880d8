package graph

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a Retry-After may say; more is taken for nonsense and cut.
const maxRetryAfter = 24 * time.Hour

// parseRetryAfter reads a Retry-After value: seconds, whole or fractional (Graph sends both, contract 9.3), or a date,
// which counts from the answer's own Date where there is one, because clocks differ. False when there is nothing usable.
func parseRetryAfter(value, date string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds >= 0) { // also refuses NaN
			return 0, false
		}
		if seconds >= maxRetryAfter.Seconds() {
			return maxRetryAfter, true
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if sent, err := http.ParseTime(date); err == nil {
		now = sent
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}
