package configfile

import (
	"slices"
	"strings"
	"time"

	"holdfast/director/internal/schedule"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// Schedule is exactly one of its first four, the zone of the first three, and the first day.
type Schedule struct {
	Weekly   *Weekly   `yaml:"weekly,omitempty"`
	Monthly  *Monthly  `yaml:"monthly,omitempty"`
	Periodic *Periodic `yaml:"periodic,omitempty"`
	After    *After    `yaml:"after,omitempty"`
	// Zone is an IANA name.
	Zone string `yaml:"zone,omitempty"`
	From string `yaml:"from,omitempty"`
}

// Weekly starts on days of the week; without days on all of them.
type Weekly struct {
	Days  []string `yaml:"days,omitempty,flow"`
	Start string   `yaml:"start"`
	End   string   `yaml:"end,omitempty"`
}

// Monthly starts on a day of the month, or on a weekday with an ordinal; month 0 is every one.
type Monthly struct {
	Month   int32  `yaml:"month,omitempty"`
	Day     int32  `yaml:"day,omitempty"`
	Ordinal int32  `yaml:"ordinal,omitempty"`
	Weekday string `yaml:"weekday,omitempty"`
	Start   string `yaml:"start"`
	End     string `yaml:"end,omitempty"`
}

// Periodic starts again and again.
type Periodic struct {
	Days         []string `yaml:"days,omitempty,flow"`
	Start        string   `yaml:"start"`
	End          string   `yaml:"end,omitempty"`
	EveryMinutes int32    `yaml:"every_minutes"`
}

// After starts when another job ends; without ends when it was successful.
type After struct {
	Job          string   `yaml:"job"`
	DelayMinutes int32    `yaml:"delay_minutes,omitempty"`
	Ends         []string `yaml:"ends,omitempty,flow"`
}

var (
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	ends     = []string{"successful", "failed", "stopped"}
)

func checkSchedules(field string, list []Schedule) error {
	for i := range list {
		if err := list[i].check(); err != nil {
			return invalid("%s, number %d: %w", field, i+1, err)
		}
	}
	return nil
}

func (s *Schedule) check() error {
	n := 0
	for _, there := range []bool{s.Weekly != nil, s.Monthly != nil, s.Periodic != nil, s.After != nil} {
		if there {
			n++
		}
	}
	switch {
	case n != 1:
		return invalid("give one of weekly, monthly, periodic and after")
	case s.After != nil:
		return among("ends", ends, s.After.Ends)
	case s.Weekly != nil:
		return among("days", weekdays, s.Weekly.Days)
	case s.Periodic != nil:
		return among("days", weekdays, s.Periodic.Days)
	case (s.Monthly.Ordinal != 0) != (s.Monthly.Weekday != ""):
		return invalid("ordinal and weekday go together")
	case s.Monthly.Weekday != "":
		return among("weekday", weekdays, []string{s.Monthly.Weekday})
	}
	return nil
}

func among(field string, words, given []string) error {
	for _, w := range given {
		if !slices.Contains(words, w) {
			return invalid("%s: %q is none of %s", field, w, strings.Join(words, ", "))
		}
	}
	return nil
}

// normal writes what means the same in the same way.
func (s Schedule) normal(n *names) Schedule {
	if s.Weekly != nil {
		w := *s.Weekly
		w.Days, w.Start, w.End = sorted(weekdays, w.Days, 7), clock(w.Start), clock(w.End)
		s.Weekly = &w
	}
	if s.Periodic != nil {
		p := *s.Periodic
		p.Days, p.Start, p.End = sorted(weekdays, p.Days, 7), clock(p.Start), clock(p.End)
		s.Periodic = &p
	}
	if s.Monthly != nil {
		m := *s.Monthly
		m.Start, m.End = clock(m.Start), clock(m.End)
		s.Monthly = &m
	}
	if s.After != nil {
		a := *s.After
		a.Job, a.Ends = n.jobs.canonical(a.Job), sorted(ends, a.Ends, 0)
		if slices.Equal(a.Ends, ends[:1]) {
			a.Ends = nil
		}
		s.After, s.Zone = &a, ""
	}
	return s
}

func normalSchedules(list []Schedule, n *names) []Schedule {
	var out []Schedule
	for _, s := range list {
		out = append(out, s.normal(n))
	}
	return out
}

func clock(s string) string {
	if c, ok := schedule.ParseClock(s); ok {
		return c.String()
	}
	return s
}

// sorted returns the words in their order, each once; none for all of them, when all are so many.
func sorted(words, given []string, all int) []string {
	var out []string
	for _, w := range words {
		if slices.Contains(given, w) {
			out = append(out, w)
		}
	}
	if len(out) == all {
		return nil
	}
	return out
}

func exportSchedules(list []*pb.Schedule, n *names) []Schedule {
	var out []Schedule
	for _, p := range list {
		s := Schedule{Zone: p.GetZone(), From: p.GetFrom()}
		switch w := p.GetWhen().(type) {
		case *pb.Schedule_Weekly:
			s.Weekly = &Weekly{Days: dayWords(w.Weekly.GetDays()), Start: w.Weekly.GetStart(), End: w.Weekly.GetEnd()}
		case *pb.Schedule_Periodic:
			s.Periodic = &Periodic{
				Days: dayWords(w.Periodic.GetDays()), Start: w.Periodic.GetStart(), End: w.Periodic.GetEnd(),
				EveryMinutes: w.Periodic.GetEveryMinutes(),
			}
		case *pb.Schedule_Monthly:
			m := w.Monthly
			s.Monthly = &Monthly{Month: m.GetMonth(), Day: m.GetDay(), Ordinal: m.GetOrdinal(), Start: m.GetStart(), End: m.GetEnd()}
			if m.GetOrdinal() != 0 {
				s.Monthly.Weekday = dayWords([]int32{m.GetWeekday()})[0]
			}
		case *pb.Schedule_AfterJob:
			a := w.AfterJob
			s.After = &After{Job: n.jobs.name(a.GetJobId()), DelayMinutes: a.GetDelayMinutes()}
			for i, on := range []bool{a.GetSuccessful(), a.GetFailed(), a.GetStopped()} {
				if on {
					s.After.Ends = append(s.After.Ends, ends[i])
				}
			}
		}
		out = append(out, s.normal(n))
	}
	return out
}

func dayWords(days []int32) []string {
	var out []string
	for _, d := range days {
		out = append(out, strings.ToLower(time.Weekday(d).String()[:3]))
	}
	return out
}

func dayNumbers(words []string) []int32 {
	if len(words) == 0 {
		words = weekdays
	}
	var out []int32
	for _, w := range words {
		out = append(out, int32(slices.Index(weekdays, w)))
	}
	return out
}

// scheduleMessages is schedules for the API. A job that is followed must be there.
func scheduleMessages(list []Schedule, n *names) ([]*pb.Schedule, error) {
	var out []*pb.Schedule
	for _, s := range list {
		p := &pb.Schedule{Zone: s.Zone, From: s.From}
		switch {
		case s.Weekly != nil:
			p.When = &pb.Schedule_Weekly{Weekly: &pb.Weekly{Days: dayNumbers(s.Weekly.Days), Start: s.Weekly.Start, End: s.Weekly.End}}
		case s.Periodic != nil:
			p.When = &pb.Schedule_Periodic{Periodic: &pb.Periodic{
				Days: dayNumbers(s.Periodic.Days), Start: s.Periodic.Start, End: s.Periodic.End, EveryMinutes: s.Periodic.EveryMinutes,
			}}
		case s.Monthly != nil:
			m := &pb.Monthly{Month: s.Monthly.Month, Day: s.Monthly.Day, Ordinal: s.Monthly.Ordinal, Start: s.Monthly.Start, End: s.Monthly.End}
			if s.Monthly.Weekday != "" {
				m.Weekday = dayNumbers([]string{s.Monthly.Weekday})[0]
			}
			p.When = &pb.Schedule_Monthly{Monthly: m}
		case s.After != nil:
			id, err := n.jobs.id(s.After.Job)
			if err != nil {
				return nil, err
			}
			on := func(w string) bool { return slices.Contains(s.After.Ends, w) }
			p.When = &pb.Schedule_AfterJob{AfterJob: &pb.AfterJob{
				JobId: id, DelayMinutes: s.After.DelayMinutes, Successful: on("successful") || len(s.After.Ends) == 0,
				Failed: on("failed"), Stopped: on("stopped"),
			}}
		}
		out = append(out, p)
	}
	return out, nil
}
