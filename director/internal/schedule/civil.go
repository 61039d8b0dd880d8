package schedule

import (
	"cmp"
	"time"
)

func dayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day{y, m, d}
}

// utc returns the date's midnight as if its zone were UTC: arithmetic on dates is done there.
func (d Day) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

func (d Day) plus(days int) Day { return dayOf(d.utc().AddDate(0, 0, days)) }

func (d Day) weekday() time.Weekday { return d.utc().Weekday() }

func (d Day) before(e Day) bool {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day)) < 0
}

func (d Day) exists() bool { return dayOf(d.utc()) == d && d.Year >= 1970 && d.Year <= 9999 }

func (d Day) monthLength() int { return time.Date(d.Year, d.Month+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// at returns the instant at which the clock of a zone shows a time of the date: the first of two, and where it is jumped over
// the first whole minute behind the jump.
func (d Day) at(c Clock, zone *time.Location) time.Time {
	shown := d.utc().Add(time.Duration(c) * time.Minute) // what the clock shall show
	// No zone is more than 26 hours from UTC, and no jump goes further than a day.
	const margin = 50 * time.Hour
	at := shown.Add(-margin).In(zone)
	for {
		_, offset := at.Zone()
		begin, end := at.ZoneBounds()
		t := shown.Add(-time.Duration(offset) * time.Second)
		if !begin.IsZero() && t.Before(begin) { // the clock has jumped over it
			return roundUp(begin, offset).In(zone)
		}
		if end.IsZero() || t.Before(end) {
			return t.In(zone)
		}
		at = end
	}
}

// roundUp returns the next whole minute of a clock that is so many seconds ahead of UTC.
func roundUp(t time.Time, offset int) time.Time {
	over := (t.Unix() + int64(offset)) % 60
	if over == 0 {
		return t
	}
	return t.Add(time.Duration(60-over) * time.Second)
}
