package schedule_test

import (
	"archive/zip"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"holdfast/director/internal/schedule"
	"holdfast/pkg/fault"
)

var (
	seed = flag.Uint64("seed", 0, "seed of the random schedules; 0 takes another each time")
	each = flag.Int("each", 1, "schedules that are tried in each zone")
)

// zones returns every zone that Go ships.
func zones(t *testing.T) []*time.Location {
	t.Helper()
	r, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip")) //nolint:staticcheck // the tests run where they are built
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []*time.Location
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		zone, err := time.LoadLocation(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, zone)
	}
	return all
}

// oracle tells by looking at one minute after another whether a schedule starts then: the other way round from the package,
// from instants to what the clock shows.
type oracle struct {
	s       schedule.Schedule
	windows []window
}

type window struct{ start, over time.Time }

// starts lists the starts in a stretch of time, which should begin some days before what is of interest.
func (o *oracle) starts(from, to time.Time) []time.Time {
	var all []time.Time
	shown := map[string]bool{} // clock times that were shown, by date and time
	var last time.Time
	for t := from.Truncate(time.Minute); t.Before(to); t = t.Add(time.Minute) {
		local := t.In(o.s.Zone)
		if local.Second() != 0 {
			t = t.Add(time.Duration(60-local.Second()) * time.Second)
			local = t.In(o.s.Zone)
		}
		// The clock shows this minute, and whatever it jumped over to get here.
		for _, m := range minutesUpTo(last, local) {
			key := m.Format("2006-01-02 15:04")
			if shown[key] {
				continue
			}
			shown[key] = true
			if m.Hour()*60+m.Minute() == int(o.s.Start) && o.date(m) {
				if o.s.Kind == schedule.Periodic {
					o.windows = append(o.windows, window{start: t})
				} else {
					all = append(all, t)
				}
			}
			for i := range o.windows {
				if w := &o.windows[i]; w.over.IsZero() && o.ends(m) && (t.After(w.start) || m.Hour()*60+m.Minute() != int(o.s.Start)) {
					w.over = t
				}
			}
		}
		last = local
	}
	for _, w := range o.windows {
		over := w.over
		if over.IsZero() {
			over = to
		}
		all = append(all, w.start)
		for at := w.start.Add(o.s.Every); at.Before(over) && at.Before(to); at = at.Add(o.s.Every) {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// minutesUpTo returns what the clock shows at a minute, as wall time in UTC, after what it jumped over since the last.
func minutesUpTo(last, local time.Time) []time.Time {
	wall := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
	}
	now := wall(local)
	if last.IsZero() {
		return []time.Time{now}
	}
	var all []time.Time
	for m := wall(last).Add(time.Minute); m.Before(now); m = m.Add(time.Minute) {
		all = append(all, m)
	}
	return append(all, now)
}

// ends reports whether a window that is open is over at this clock time.
func (o *oracle) ends(m time.Time) bool {
	at := m.Hour()*60 + m.Minute()
	if o.s.End == nil {
		return at == 0
	}
	return at == int(*o.s.End)
}

// date reports whether the schedule is on that date.
func (o *oracle) date(m time.Time) bool {
	s := &o.s
	if m.Format(time.DateOnly) < s.From.String() {
		return false
	}
	if s.Kind != schedule.Monthly {
		return s.Days.Has(m.Weekday())
	}
	if s.Month != 0 && m.Month() != s.Month {
		return false
	}
	lastDay := m.AddDate(0, 0, 1).Day() == 1
	switch {
	case s.Ordinal == schedule.Last:
		return m.Weekday() == s.Weekday && m.AddDate(0, 0, 7).Month() != m.Month()
	case s.Ordinal > 0:
		n := 0
		for d := m; d.Month() == m.Month(); d = d.AddDate(0, 0, -7) {
			n++
		}
		return m.Weekday() == s.Weekday && n == s.Ordinal
	case s.Day == schedule.Last:
		return lastDay
	}
	return m.Day() == s.Day || lastDay && m.Day() < s.Day
}

func random(rng *rand.Rand, zone *time.Location, near time.Time) schedule.Schedule {
	s := schedule.Schedule{Kind: schedule.Kind(1 + rng.IntN(3)), Zone: zone, Start: schedule.Clock(rng.IntN(1440))}
	if rng.IntN(2) == 0 { // where clocks are changed
		s.Start = schedule.Clock(rng.IntN(5 * 60))
	}
	if rng.IntN(2) == 0 {
		end := schedule.Clock(rng.IntN(1440))
		s.End = &end
	}
	if rng.IntN(4) == 0 {
		y, m, d := near.AddDate(0, 0, rng.IntN(7)-3).Date()
		s.From = schedule.Day{Year: y, Month: m, Day: d}
	}
	s.Days = schedule.Days(1 + rng.IntN(127))
	s.Every = time.Duration(1+rng.IntN(400)) * time.Minute
	if s.Kind == schedule.Monthly {
		if rng.IntN(3) == 0 {
			s.Month = near.Month()
		}
		if rng.IntN(2) == 0 {
			s.Ordinal, s.Weekday = []int{1, 2, 3, 4, schedule.Last}[rng.IntN(5)], time.Weekday(rng.IntN(7))
		} else {
			s.Day = []int{1 + rng.IntN(31), near.Day(), schedule.Last}[rng.IntN(3)]
		}
	}
	return s
}

// TestStartsAreThoseOfAClockWatcher compares the starts around every change of every zone's clock since 1970, and at random
// times, with what somebody sees who watches the clock minute by minute.
func TestStartsAreThoseOfAClockWatcher(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", first)
	rng := rand.New(rand.NewPCG(first, 0))
	const day = 24 * time.Hour
	checked := 0
	for _, zone := range zones(t) {
		var changes []time.Time
		for at := time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC).In(zone); at.Year() < 2040; {
			_, end := at.ZoneBounds()
			if end.IsZero() {
				break
			}
			changes = append(changes, end)
			at = end
		}
		changes = append(changes, time.Date(1971+rng.IntN(60), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 0, 0, 0, 0, time.UTC))
		for range *each {
			at := changes[rng.IntN(len(changes))]
			s := random(rng, zone, at)
			if err := s.Validate(); err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
			o := oracle{s: s}
			begin, end := at.Add(-2*day), at.Add(3*day)
			want := slices.DeleteFunc(o.starts(begin.Add(-3*day), end.Add(2*day)), func(u time.Time) bool { return !u.After(begin) || u.After(end) })
			var got []time.Time
			for u, ok := s.Next(begin); ok && !u.Start.After(end); u, ok = s.Next(u.Start) {
				got = append(got, u.Start)
			}
			if !slices.EqualFunc(want, got, time.Time.Equal) {
				t.Fatalf("%s around %s (seed %d):\ngot  %v\nwant %v", &s, at.In(zone), first, got, want)
			}
			checked += len(got)
			last, ok := s.Latest(begin, end)
			if ok != (len(want) > 0) || ok && !last.Start.Equal(want[len(want)-1]) {
				t.Fatalf("%s around %s (seed %d): latest %v, want the last of %v", &s, at.In(zone), first, last.Start, want)
			}
		}
	}
	if checked < 1000 {
		t.Errorf("only %d starts were compared", checked)
	}
}

func clock(h, m int) *schedule.Clock { c := schedule.Clock(h*60 + m); return &c }

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestStartsAndStopsWhereTheClockIsChanged(t *testing.T) {
	berlin := load(t, "Europe/Berlin")
	for _, tc := range []struct {
		name  string
		s     schedule.Schedule
		after string
		want  []string // start/stop
	}{
		{
			"a start that does not exist",
			schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: *clock(2, 30)},
			"2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00/", "2026-03-30T02:30:00+02:00/"},
		},
		{
			"a start that exists twice",
			schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: *clock(2, 30)},
			"2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00/", "2026-10-26T02:30:00+01:00/"},
		},
		{
			"a window that does not exist",
			schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: *clock(2, 15), End: clock(2, 45)},
			"2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00/2026-03-29T03:30:00+02:00", "2026-03-30T02:15:00+02:00/2026-03-30T02:45:00+02:00"},
		},
		{
			"every hour in the long night",
			schedule.Schedule{Kind: schedule.Periodic, Days: schedule.Of(time.Sunday), Start: *clock(1, 0), End: clock(4, 0), Every: time.Hour},
			"2026-10-24T12:00:00+02:00",
			[]string{
				"2026-10-25T01:00:00+02:00/2026-10-25T04:00:00+01:00", "2026-10-25T02:00:00+02:00/2026-10-25T04:00:00+01:00",
				"2026-10-25T02:00:00+01:00/2026-10-25T04:00:00+01:00", "2026-10-25T03:00:00+01:00/2026-10-25T04:00:00+01:00",
				"2026-11-01T01:00:00+01:00/2026-11-01T04:00:00+01:00",
			},
		},
		{
			"a window over midnight",
			schedule.Schedule{Kind: schedule.Weekly, Days: schedule.Of(time.Friday), Start: *clock(22, 0), End: clock(6, 0)},
			"2026-11-22T12:00:00+01:00",
			[]string{"2026-11-27T22:00:00+01:00/2026-11-28T06:00:00+01:00"},
		},
		{
			"the 31st of every month",
			schedule.Schedule{Kind: schedule.Monthly, Day: 31, Start: *clock(1, 0)},
			"2027-01-15T12:00:00+01:00",
			[]string{"2027-01-31T01:00:00+01:00/", "2027-02-28T01:00:00+01:00/", "2027-03-31T01:00:00+02:00/"},
		},
		{
			"the last Sunday of March",
			schedule.Schedule{Kind: schedule.Monthly, Month: time.March, Ordinal: schedule.Last, Weekday: time.Sunday, Start: *clock(2, 0)},
			"2026-04-01T00:00:00+02:00",
			[]string{"2027-03-28T03:00:00+02:00/", "2028-03-26T03:00:00+02:00/"},
		},
		{
			"the 29th of February",
			schedule.Schedule{Kind: schedule.Monthly, Month: time.February, Day: 29, Start: 0},
			"2026-03-01T00:00:00+01:00",
			[]string{"2027-02-28T00:00:00+01:00/", "2028-02-29T00:00:00+01:00/"},
		},
		{
			"not before a date",
			schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: *clock(9, 0), From: schedule.Day{Year: 2031, Month: 5, Day: 2}},
			"2026-03-01T00:00:00+01:00",
			[]string{"2031-05-02T09:00:00+02:00/"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.s.Zone = berlin
			if err := tc.s.Validate(); err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tc.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range tc.want {
				o, ok := tc.s.Next(at)
				if !ok {
					break
				}
				stop := ""
				if !o.Stop.IsZero() {
					stop = o.Stop.Format(time.RFC3339)
				}
				got = append(got, o.Start.Format(time.RFC3339)+"/"+stop)
				at = o.Start
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s:\ngot  %v\nwant %v", &tc.s, got, tc.want)
			}
		})
	}
}

func TestWrongSchedulesNameTheField(t *testing.T) {
	good := func() schedule.Schedule {
		return schedule.Schedule{Kind: schedule.Weekly, Zone: time.UTC, Days: schedule.EveryDay}
	}
	for field, spoil := range map[string]func(*schedule.Schedule){
		"zone":    func(s *schedule.Schedule) { s.Zone = nil },
		"kind":    func(s *schedule.Schedule) { s.Kind = 9 },
		"start":   func(s *schedule.Schedule) { s.Start = 1440 },
		"end":     func(s *schedule.Schedule) { s.End = clock(24, 0) },
		"from":    func(s *schedule.Schedule) { s.From = schedule.Day{Year: 2026, Month: 2, Day: 30} },
		"days":    func(s *schedule.Schedule) { s.Days = 0 },
		"every":   func(s *schedule.Schedule) { s.Kind, s.Every = schedule.Periodic, time.Second },
		"month":   func(s *schedule.Schedule) { s.Kind, s.Day, s.Month = schedule.Monthly, 1, 13 },
		"day":     func(s *schedule.Schedule) { s.Kind = schedule.Monthly },
		"ordinal": func(s *schedule.Schedule) { s.Kind, s.Ordinal = schedule.Monthly, 5 },
		"weekday": func(s *schedule.Schedule) { s.Kind, s.Ordinal, s.Weekday = schedule.Monthly, 1, 7 },
	} {
		s := good()
		spoil(&s)
		var f *fault.Fault
		if err := s.Validate(); !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	s := good()
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestSchedulesAreToldInWords(t *testing.T) {
	utc := time.UTC
	for want, s := range map[string]schedule.Schedule{
		"every day at 22:00 until 06:00 on the next day (UTC)": {Kind: schedule.Weekly, Zone: utc, Days: schedule.EveryDay, Start: *clock(22, 0), End: clock(6, 0)},
		"Monday to Friday, every 15 minutes from 08:00 to 18:00 (UTC)": {
			Kind: schedule.Periodic, Zone: utc, Days: schedule.Of(1, 2, 3, 4, 5), Start: *clock(8, 0), End: clock(18, 0), Every: 15 * time.Minute,
		},
		"the last Sunday of every March at 02:00 (UTC)": {Kind: schedule.Monthly, Zone: utc, Month: 3, Ordinal: schedule.Last, Weekday: 0, Start: *clock(2, 0)},
		"day 31 of every month (or its last day) at 00:00 (UTC), not before 2026-12-01": {
			Kind: schedule.Monthly, Zone: utc, Day: 31, From: schedule.Day{Year: 2026, Month: 12, Day: 1},
		},
		"Monday, Sunday at 00:05 (UTC)": {Kind: schedule.Weekly, Zone: utc, Days: schedule.Of(0, 1), Start: 5},
	} {
		if got := s.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if c, ok := schedule.ParseClock("07:05"); !ok || c != *clock(7, 5) || fmt.Sprint(c) != "07:05" {
		t.Error("a time of day does not come back")
	}
	if d, ok := schedule.ParseDay("2026-02-28"); !ok || d.String() != "2026-02-28" {
		t.Error("a date does not come back")
	}
	if _, ok := schedule.ParseDay("2026-02-30"); ok {
		t.Error("a date that does not exist is taken")
	}
}
