package scheduler_test

import (
	"testing"
	"time"
)

// The model of the year knows time as minutes since dawn, some days before the year begins.
var dawn = time.Date(2025, 12, 22, 0, 0, 0, 0, time.UTC)

// yearMinutes is how many minutes the model looks at: the year with some days on both sides.
const yearMinutes = 385 * 24 * 60

func instant(minute int) time.Time { return dawn.Add(time.Duration(minute) * time.Minute) }

// wall is what the clock of a zone shows, found out by looking at it every minute.
type wall struct {
	zone *time.Location
	// first is the first minute in which the clock shows a time or a later one; times are minutes since dawn's date began.
	first []int
}

// watch looks at the clock of a zone for a year.
func watch(t *testing.T, zone string) *wall {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	w := &wall{zone: z}
	for m := range yearMinutes {
		for shown := w.shows(m); len(w.first) <= shown; {
			w.first = append(w.first, m)
		}
	}
	return w
}

func (w *wall) shows(minute int) int {
	local := instant(minute).In(w.zone)
	y, mo, d := local.Date()
	days := int(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC).Sub(dawn) / (24 * time.Hour))
	return days*1440 + local.Hour()*60 + local.Minute()
}

// when returns the minute in which a clock time of a date comes: counted from dawn's date, it may be on a later one. False
// behind the model's last minute.
func (w *wall) when(date, clock int) (int, bool) {
	if at := date*1440 + clock; at >= 0 && at < len(w.first) {
		return w.first[at], true
	}
	return 0, false
}

// moment is a start by the clock; stop is 0 for none.
type moment struct{ start, stop int }

// moments lists the starts that a wish by the clock has in the year, by looking at every date.
func (w *wall) moments(s *wish) []moment {
	var all []moment
	for date := range yearMinutes / 1440 {
		if !s.on(dawn.AddDate(0, 0, date)) {
			continue
		}
		start, ok := w.when(date, s.start)
		if !ok {
			break
		}
		m := moment{start: start}
		over, _ := w.when(date+1, 0)
		if s.end >= 0 {
			length := s.end - s.start
			if length <= 0 {
				length += 1440
			}
			if over, ok = w.when(date, s.start+length); !ok {
				break
			}
			if m.stop = over; over <= start {
				m.stop = start + length // the clock jumped over all of it
			}
		}
		all = append(all, m)
		for at := start + s.every; s.every > 0 && at < over; at += s.every {
			all = append(all, moment{at, m.stop})
		}
	}
	return all
}

// on reports whether a wish by the clock has starts on a date.
func (s *wish) on(date time.Time) bool {
	day, tomorrow := date.Day(), date.AddDate(0, 0, 1)
	last := tomorrow.Day() == 1
	switch {
	case date.Format(time.DateOnly) < s.from:
		return false
	case s.month == 0 && s.monthly == 0:
		return s.days[date.Weekday()]
	case s.month > 0 && int(date.Month()) != s.month:
		return false
	case s.monthly == ordinally && s.nth == 5: // the last
		return date.Weekday() == s.weekday && date.AddDate(0, 0, 7).Month() != date.Month()
	case s.monthly == ordinally:
		n := 0
		for d := date; d.Month() == date.Month(); d = d.AddDate(0, 0, -7) {
			n++
		}
		return date.Weekday() == s.weekday && n == s.nth
	case s.nth == 32:
		return last
	}
	return day == s.nth || last && day < s.nth
}
