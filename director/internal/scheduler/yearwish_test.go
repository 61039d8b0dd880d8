package scheduler_test

import (
	"math/rand/v2"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
)

// wish is a schedule in words of the model's own.
type wish struct {
	zone       string
	from       string // "2026-03-01"; empty for any
	start, end int    // minutes of the day; end is -1 for none
	days       [7]bool
	every      int // minutes; 0 for once a day
	monthly    int // of what follows: 0, byDay or ordinally
	month      int // 0 for every month
	nth        int // day of the month, 32 for the last; or which weekday, 5 for the last
	weekday    time.Weekday
	// After another job, in place of the clock.
	after                       *yearJob
	delay                       int // minutes
	successful, failed, stopped bool
}

const (
	byDay     = 1
	ordinally = 2
)

var yearZones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo",
	"Pacific/Chatham",
}

// stored returns the wish as the Director keeps it.
func (s *wish) stored() record.Schedule {
	r := record.Schedule{Zone: s.zone}
	r.Clock.From, _ = schedule.ParseDay(s.from)
	if s.after != nil {
		r.After = &record.AfterJob{
			Job: s.after.id, Delay: time.Duration(s.delay) * time.Minute, Successful: s.successful, Failed: s.failed, Stopped: s.stopped,
		}
		return r
	}
	c := &r.Clock
	c.Kind, c.Start = schedule.Weekly, schedule.Clock(s.start)
	if s.end >= 0 {
		end := schedule.Clock(s.end)
		c.End = &end
	}
	if s.every > 0 {
		c.Kind, c.Every = schedule.Periodic, time.Duration(s.every)*time.Minute
	}
	if s.monthly == 0 {
		for d, on := range s.days {
			if on {
				c.Days |= schedule.Of(time.Weekday(d))
			}
		}
		return r
	}
	c.Kind, c.Month = schedule.Monthly, time.Month(s.month)
	switch {
	case s.monthly == byDay && s.nth == 32:
		c.Day = schedule.Last
	case s.monthly == byDay:
		c.Day = s.nth
	case s.nth == 5:
		c.Ordinal, c.Weekday = schedule.Last, s.weekday
	default:
		c.Ordinal, c.Weekday = s.nth, s.weekday
	}
	return r
}

// clockTime returns a time of day: on the hour in the evening or at night mostly, at any minute now and then, and often where
// clocks jump. What starts often is mostly on the hour: the test takes as long as there are minutes to look at.
func clockTime(rng *rand.Rand, often bool) int {
	dice := rng.IntN(10)
	if often {
		dice = rng.IntN(40)
	}
	switch dice {
	case 0:
		return rng.IntN(1440)
	case 1, 2:
		return 15 * rng.IntN(16)
	}
	return (18*60 + 60*rng.IntN(12)) % 1440
}

// wishByClock returns a schedule of a class: once a day, some days a week, monthly, periodic.
func wishByClock(rng *rand.Rand, class int) wish {
	s := wish{zone: yearZones[rng.IntN(len(yearZones))], start: clockTime(rng, class == classDaily || class == classPeriodic), end: -1}
	if rng.IntN(3) == 0 {
		quarters := []int{8, 60}[rng.IntN(2)] // half of the ends come while most runs are going on
		s.end = (s.start + 15*(1+rng.IntN(quarters))) % 1440
	}
	if rng.IntN(10) == 0 {
		s.from = time.Date(2026, 1, 1+rng.IntN(200), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	switch class {
	case classDaily:
		s.days = [7]bool{true, true, true, true, true, true, true}
	case classMonthly:
		if s.monthly, s.nth = byDay, 1+rng.IntN(32); rng.IntN(2) == 0 {
			s.monthly, s.nth, s.weekday = ordinally, 1+rng.IntN(5), time.Weekday(rng.IntN(7))
		}
		if rng.IntN(4) == 0 {
			s.month = 1 + rng.IntN(12)
		}
	case classPeriodic:
		s.every = 60 * (1 + rng.IntN(8))
		s.days[rng.IntN(7)], s.days[rng.IntN(7)] = true, true
	default:
		s.days[rng.IntN(7)] = true
	}
	return s
}

// wishAfter returns a schedule after a job.
func wishAfter(rng *rand.Rand, after *yearJob) wish {
	s := wish{after: after, delay: []int{0, 0, 5, 60, 90, 1440}[rng.IntN(6)]}
	for !s.successful && !s.failed && !s.stopped {
		s.successful, s.failed, s.stopped = rng.IntN(4) > 0, rng.IntN(3) == 0, rng.IntN(3) == 0
	}
	if rng.IntN(6) == 0 {
		s.zone = yearZones[rng.IntN(len(yearZones))]
		s.from = time.Date(2026, 1, 1+rng.IntN(200), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	return s
}
