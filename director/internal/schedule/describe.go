package schedule

import (
	"fmt"
	"strings"
	"time"
)

// String returns the time as people write it: "22:05".
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// ParseClock reads "22:05".
func ParseClock(s string) (Clock, bool) {
	t, err := time.Parse("15:04", s)
	return Clock(t.Hour()*60 + t.Minute()), err == nil
}

// String returns the date as ISO 8601 has it, empty for none.
func (d Day) String() string {
	if d == (Day{}) {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// ParseDay reads what String writes.
func ParseDay(s string) (Day, bool) {
	if s == "" {
		return Day{}, true
	}
	t, err := time.Parse(time.DateOnly, s)
	return dayOf(t), err == nil && dayOf(t).exists()
}

// String returns the days in words: "every day", "Monday to Friday", "Monday, Thursday".
func (d Days) String() string {
	switch d & EveryDay {
	case EveryDay:
		return "every day"
	case Of(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday):
		return "Monday to Friday"
	}
	var names []string
	for i := range 7 {
		if w := time.Weekday((i + 1) % 7); d.Has(w) { // the week begins on Monday
			names = append(names, w.String())
		}
	}
	return strings.Join(names, ", ")
}

// String describes the schedule in one line: "every day at 22:00 until 06:00 (Europe/Berlin)".
func (s *Schedule) String() string {
	var b strings.Builder
	switch s.Kind {
	case Periodic:
		fmt.Fprintf(&b, "%s, every %s from %s", s.Days, span(s.Every), s.Start)
		if s.End != nil {
			fmt.Fprintf(&b, " to %s", *s.End)
		}
	case Monthly:
		fmt.Fprintf(&b, "%s at %s", s.monthly(), s.Start)
	default:
		fmt.Fprintf(&b, "%s at %s", s.Days, s.Start)
	}
	if s.Kind != Periodic && s.End != nil {
		fmt.Fprintf(&b, " until %s", *s.End)
		if *s.End <= s.Start {
			b.WriteString(" on the next day")
		}
	}
	fmt.Fprintf(&b, " (%s)", s.Zone)
	if s.From != (Day{}) {
		fmt.Fprintf(&b, ", not before %s", s.From)
	}
	return b.String()
}

func (s *Schedule) monthly() string {
	of := "every month"
	if s.Month != 0 {
		of = "every " + s.Month.String()
	}
	ordinals := map[int]string{1: "first", 2: "second", 3: "third", 4: "fourth", Last: "last"}
	switch {
	case s.Ordinal != 0:
		return fmt.Sprintf("the %s %s of %s", ordinals[s.Ordinal], s.Weekday, of)
	case s.Day == Last:
		return "the last day of " + of
	case s.Day > 28:
		return fmt.Sprintf("day %d of %s (or its last day)", s.Day, of)
	}
	return fmt.Sprintf("day %d of %s", s.Day, of)
}

// span writes minutes and hours as people say them.
func span(d time.Duration) string {
	switch {
	case d == time.Hour:
		return "hour"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d == time.Minute:
		return "minute"
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}
