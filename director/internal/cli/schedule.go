package cli

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// scheduleHelp tells how a schedule is written on the command line.
const scheduleHelp = `A schedule is written as one of
  daily 22:00                       every day at 22:00
  daily 22:00-06:00                 … a run that goes on is stopped at 06:00
  mon,wed 21:00  ·  mon-fri 21:00   on days of the week
  every 15m 08:00-18:00 mon-fri     again and again; also "every 2h"
  monthly 1 03:00  ·  monthly last 03:00  ·  monthly first sun 03:00
  yearly mar 31 03:00  ·  yearly mar last sun 03:00
  after Daily  ·  after Daily +10m on failed,stopped
Times are those of --zone. Several --schedule make several schedules; they replace
those that the job had, and --schedule "" takes all away.`

// errSchedule says what is wrong with a schedule.
func errSchedule(text, why string) error {
	return usagef("the schedule %q cannot be read: %s\n\n%s", text, why, scheduleHelp)
}

// schedules reads schedules as people write them.
func (c *api) schedules(ctx context.Context, texts []string, zone, from string) ([]*pb.Schedule, error) {
	var list []*pb.Schedule
	for _, text := range texts {
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if words[0] == "after" {
			s, err := c.afterJob(ctx, text, words[1:])
			if err != nil {
				return nil, err
			}
			list = append(list, s)
			continue
		}
		s, why := readSchedule(words)
		if why != "" {
			return nil, errSchedule(text, why)
		}
		s.Zone, s.From = zone, from
		list = append(list, s)
	}
	return list, nil
}

// readSchedule reads one by the clock; why is what is wrong with it.
func readSchedule(words []string) (s *pb.Schedule, why string) {
	switch first := strings.ToLower(words[0]); first {
	case "every":
		return readPeriodic(words[1:])
	case "monthly":
		return readMonthly(0, words[1:])
	case "yearly":
		if len(words) < 2 {
			return nil, "name the month, like: yearly mar 31 03:00"
		}
		month := numberOf(words[1], func(m int) string { return time.Month(m).String() }, 1, 12)
		if month < 0 {
			return nil, "there is no month " + words[1]
		}
		return readMonthly(int32(month), words[2:])
	default:
		days, ok := readDays(first)
		if !ok || len(words) != 2 {
			return nil, "say when, like: daily 22:00"
		}
		start, end := readTimes(words[1])
		return &pb.Schedule{When: &pb.Schedule_Weekly{Weekly: &pb.Weekly{Days: days, Start: start, End: end}}}, ""
	}
}

func readPeriodic(words []string) (*pb.Schedule, string) {
	p := &pb.Periodic{Start: "00:00"}
	if len(words) == 0 {
		return nil, "say how often, like: every 15m"
	}
	every, err := time.ParseDuration(words[0])
	if err != nil || every%time.Minute != 0 {
		return nil, "how often is a number of minutes or hours, like 15m or 2h, not " + words[0]
	}
	p.EveryMinutes = int32(every / time.Minute)
	p.Days, _ = readDays("daily")
	for _, w := range words[1:] {
		if days, ok := readDays(strings.ToLower(w)); ok {
			p.Days = days
		} else if strings.Contains(w, ":") {
			p.Start, p.End = readTimes(w)
		} else {
			return nil, w + " is neither days nor times"
		}
	}
	return &pb.Schedule{When: &pb.Schedule_Periodic{Periodic: p}}, ""
}

// readMonthly reads "1 03:00", "last 03:00", "first sun 03:00-05:00".
func readMonthly(month int32, words []string) (*pb.Schedule, string) {
	m := &pb.Monthly{Month: month}
	ordinals := map[string]int32{"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
	switch {
	case len(words) == 2 && words[0] == "last":
		m.Day = -1
	case len(words) == 2:
		day, err := strconv.ParseInt(words[0], 10, 32)
		if err != nil {
			return nil, "the day is a number, \"last\", or like \"first sun\", not " + words[0]
		}
		m.Day = int32(day)
	case len(words) == 3:
		weekday := numberOf(words[1], func(d int) string { return time.Weekday(d).String() }, 0, 6)
		m.Ordinal = ordinals[strings.ToLower(words[0])]
		if m.Ordinal == 0 || weekday < 0 {
			return nil, "a weekday is written like: first sun, last fri"
		}
		m.Weekday = int32(weekday)
	default:
		return nil, "say the day and the time, like: 1 03:00"
	}
	m.Start, m.End = readTimes(words[len(words)-1])
	return &pb.Schedule{When: &pb.Schedule_Monthly{Monthly: m}}, ""
}

// readTimes splits "22:00-06:00"; whether the times are any is the Director's to say.
func readTimes(s string) (start, end string) {
	start, end, _ = strings.Cut(s, "-")
	return start, end
}

// readDays reads "daily", "mon,wed", "mon-fri".
func readDays(s string) ([]int32, bool) {
	if s == "daily" {
		return []int32{0, 1, 2, 3, 4, 5, 6}, true
	}
	var days []int32
	for _, part := range strings.Split(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		name := func(d int) string { return time.Weekday(d).String() }
		a := numberOf(from, name, 0, 6)
		b := a
		if isRange {
			b = numberOf(to, name, 0, 6)
		}
		if a < 0 || b < 0 {
			return nil, false
		}
		for d := a; ; d = (d + 1) % 7 {
			days = append(days, int32(d))
			if d == b {
				break
			}
		}
	}
	return days, true
}

// numberOf returns the number whose name begins with s, of at least three letters; -1 when there is none.
func numberOf(s string, name func(int) string, first, last int) int {
	s = strings.ToLower(s)
	for n := first; n <= last; n++ {
		if len(s) >= 3 && strings.HasPrefix(strings.ToLower(name(n)), s) {
			return n
		}
	}
	return -1
}

// afterJob reads `Daily +10m on failed,stopped`. A job's name may have blanks.
func (c *api) afterJob(ctx context.Context, text string, words []string) (*pb.Schedule, error) {
	a := &pb.AfterJob{Successful: true}
	if n := len(words); n >= 3 && words[n-2] == "on" {
		a.Successful = false
		for _, end := range strings.Split(words[n-1], ",") {
			switch strings.ToLower(end) {
			case "successful":
				a.Successful = true
			case "failed":
				a.Failed = true
			case "stopped":
				a.Stopped = true
			default:
				return nil, errSchedule(text, "a run ends successful, failed or stopped, not "+end)
			}
		}
		words = words[:n-2]
	}
	if n := len(words); n >= 2 && strings.HasPrefix(words[n-1], "+") {
		delay, err := time.ParseDuration(words[n-1][1:])
		if err != nil || delay%time.Minute != 0 {
			return nil, errSchedule(text, "the delay is a number of minutes or hours, like +10m, not "+words[n-1])
		}
		a.DelayMinutes = int32(delay / time.Minute)
		words = words[:n-1]
	}
	if len(words) == 0 {
		return nil, errSchedule(text, "name the job, like: after Daily")
	}
	j, err := c.job(ctx, strings.Join(words, " "))
	if err != nil {
		return nil, err
	}
	a.JobId = j.GetId()
	return &pb.Schedule{When: &pb.Schedule_AfterJob{AfterJob: a}}, nil
}

// ownZone returns the name of this machine's time zone, as far as it can be told; UTC otherwise.
func ownZone() string {
	if name := os.Getenv("TZ"); name != "" {
		if _, err := time.LoadLocation(name); err == nil {
			return name
		}
	}
	for _, link := range []string{"/etc/localtime"} {
		if to, err := os.Readlink(link); err == nil {
			if _, name, ok := strings.Cut(to, "zoneinfo/"); ok {
				return name
			}
		}
	}
	return "UTC"
}
