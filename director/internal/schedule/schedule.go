// Package schedule tells when a job starts by the clock. Everything in it is a pure function of a schedule and a time; who
// starts runs, remembers what was started, and chains jobs to each other is package dispatch's and its neighbours' matter.
//
// Times of day are those of the schedule's zone. Where the zone's clock is changed:
//
//   - a start that does not exist, because the clock jumps over it, is at the first minute behind the jump;
//   - a start that exists twice, because the clock is set back, is at the first of the two;
//   - a window that the clock jumps over as a whole is as long behind the jump, with one start;
//   - periodic starts are counted in elapsed time from the beginning of their window, so that every hour stays every hour;
//   - a day of the month that a month does not have is its last day, so that no month goes without a backup.
package schedule

import (
	"time"

	"holdfast/pkg/fault"
)

// Kind is the kind of a schedule. Numbers are stored.
type Kind uint8

// The kinds.
const (
	// Weekly starts on days of the week: on all of them it is daily.
	Weekly Kind = 1
	// Monthly starts on a day of every month, or of one month of the year.
	Monthly Kind = 2
	// Periodic starts again and again between two times of days of the week.
	Periodic Kind = 3
)

// Bounds of a schedule.
const (
	// MinEvery and MaxEvery bound the time between periodic starts.
	MinEvery = time.Minute
	MaxEvery = 24 * time.Hour
	// Last, as Monthly's Ordinal, means the last such weekday of the month, and as Day the last day.
	Last = -1
)

// Clock is a time of day in minutes since midnight, 0 to 1439.
type Clock int

// Day is a date without zone; the zero Day is none.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// Days is a set of days of the week.
type Days uint8

// Of returns the set of the days.
func Of(days ...time.Weekday) Days {
	var d Days
	for _, w := range days {
		d |= 1 << w
	}
	return d
}

// EveryDay is all seven.
const EveryDay Days = 1<<7 - 1

// Has reports whether the day is in the set.
func (d Days) Has(w time.Weekday) bool { return d&(1<<w) != 0 }

// Schedule says when runs start, and until when they may go on.
type Schedule struct {
	Kind Kind
	// Zone in which everything is meant. Required.
	Zone *time.Location
	// From is the first date on which a run may start; zero for any.
	From Day
	// Start of the run, or of the window in which it starts periodically.
	Start Clock
	// End is when a run is stopped, or the window is over; on the next day when it is not after Start. Nil: never, or at
	// midnight.
	End *Clock
	// Days of Weekly and Periodic.
	Days Days
	// Every is the time between periodic starts.
	Every time.Duration
	// Of Monthly: Month is 0 for every month. Either Day (1 to 31, or Last), or Ordinal (1 to 4, or Last) and Weekday.
	Month   time.Month
	Day     int
	Ordinal int
	Weekday time.Weekday
}

// Occurrence is one start.
type Occurrence struct {
	Start time.Time
	// Stop is when the run must end; zero for never.
	Stop time.Time
}

// Validate reports what is wrong with the schedule, as an Invalid fault with the field.
func (s *Schedule) Validate() error {
	switch {
	case s.Zone == nil:
		return fault.InvalidField("zone", "the schedule needs a time zone")
	case s.Start < 0 || s.Start > 1439:
		return fault.InvalidField("start", "the start must be a time of day")
	case s.End != nil && (*s.End < 0 || *s.End > 1439):
		return fault.InvalidField("end", "the end must be a time of day")
	case s.From != Day{} && !s.From.exists():
		return fault.InvalidField("from", "the schedule begins on a date that does not exist")
	}
	switch s.Kind {
	case Weekly, Periodic:
		if s.Days&EveryDay == 0 || s.Days > EveryDay {
			return fault.InvalidField("days", "choose at least one day of the week")
		}
		if s.Kind == Periodic && (s.Every < MinEvery || s.Every > MaxEvery || s.Every%time.Minute != 0) {
			return fault.InvalidField("every", "periodic starts are 1 minute to 24 hours apart, in whole minutes")
		}
		return nil
	case Monthly:
		return s.validateMonthly()
	}
	return fault.InvalidField("kind", "a schedule is weekly, monthly or periodic")
}

func (s *Schedule) validateMonthly() error {
	switch {
	case s.Month < 0 || s.Month > 12:
		return fault.InvalidField("month", "a month is 1 to 12, or 0 for every month")
	case s.Ordinal == 0 && s.Day != Last && (s.Day < 1 || s.Day > 31):
		return fault.InvalidField("day", "a day of the month is 1 to 31, or the last")
	case s.Ordinal != 0 && s.Day != 0:
		return fault.InvalidField("day", "choose a day of the month or a weekday of it, not both")
	case s.Ordinal != Last && (s.Ordinal < 0 || s.Ordinal > 4):
		return fault.InvalidField("ordinal", "a weekday of the month is the first to fourth, or the last")
	case s.Weekday < 0 || s.Weekday > 6:
		return fault.InvalidField("weekday", "there is no such day of the week")
	}
	return nil
}

// horizon is how far ahead a start is looked for: past the longest time between two 29ths of February, though those of other
// years are the 28th.
const horizon = 9 * 366

// Next returns the first start after the time; false when there is none within nine years. The schedule must be valid.
func (s *Schedule) Next(after time.Time) (Occurrence, bool) {
	// A start may be at the end of a jump of a day, and a window reach into the next day.
	day := dayOf(after.In(s.Zone)).plus(-3)
	if day.before(s.From) {
		day = s.From
	}
	for range horizon {
		if s.on(day) {
			if o, ok := s.first(day, after); ok {
				return o, true
			}
		}
		day = day.plus(1)
	}
	return Occurrence{}, false
}

// Latest returns the last start after the one time and not after the other, at most nine years back: the one to make up for
// when starts were missed. The schedule must be valid.
func (s *Schedule) Latest(after, until time.Time) (Occurrence, bool) {
	day := dayOf(until.In(s.Zone)).plus(1)
	first := dayOf(after.In(s.Zone)).plus(-3)
	if first.before(s.From) {
		first = s.From
	}
	for range horizon {
		if day.before(first) {
			break
		}
		on := s.on(day)
		today := day
		day = day.plus(-1)
		if !on {
			continue
		}
		var last Occurrence
		found := false
		s.each(today, func(o Occurrence) bool {
			if o.Start.After(until) {
				return false
			}
			if o.Start.After(after) {
				last, found = o, true
			}
			return true
		})
		if found {
			return last, true
		}
	}
	return Occurrence{}, false
}

// first returns the first start of a date that is after the time.
func (s *Schedule) first(day Day, after time.Time) (out Occurrence, ok bool) {
	s.each(day, func(o Occurrence) bool {
		if o.Start.After(after) {
			out, ok = o, true
		}
		return !ok
	})
	return out, ok
}

// each calls fn for the starts that belong to a date, in order, until it returns false.
func (s *Schedule) each(day Day, fn func(Occurrence) bool) {
	o := Occurrence{Start: day.at(s.Start, s.Zone)}
	end := day
	switch {
	case s.End != nil && *s.End > s.Start:
		o.Stop = day.at(*s.End, s.Zone)
	case s.End != nil:
		end = day.plus(1)
		o.Stop = end.at(*s.End, s.Zone)
	}
	over := o.Stop
	if s.End != nil && !o.Stop.After(o.Start) { // a jump has swallowed the window
		length := *s.End - s.Start
		if length <= 0 {
			length += 24 * 60
		}
		o.Stop = o.Start.Add(time.Duration(length) * time.Minute)
	}
	if s.Kind != Periodic {
		fn(o)
		return
	}
	if s.End == nil {
		over = day.plus(1).at(0, s.Zone)
	}
	for first := o.Start; ; o.Start = o.Start.Add(s.Every) {
		// The window's own start counts even where a jump has swallowed the window.
		if !o.Start.Before(over) && !o.Start.Equal(first) || !fn(o) {
			return
		}
	}
}

// on reports whether the schedule starts runs on a date.
func (s *Schedule) on(d Day) bool {
	if d.before(s.From) {
		return false
	}
	if s.Kind != Monthly {
		return s.Days.Has(d.weekday())
	}
	if s.Month != 0 && d.Month != s.Month {
		return false
	}
	length := d.monthLength()
	switch {
	case s.Ordinal == Last:
		return d.weekday() == s.Weekday && d.Day+7 > length
	case s.Ordinal != 0:
		return d.weekday() == s.Weekday && (d.Day-1)/7+1 == s.Ordinal
	case s.Day == Last:
		return d.Day == length
	}
	return d.Day == min(s.Day, length)
}
