package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
)

// A run ends at the moment that its schedule named when it began, whatever the clock does until then.
func TestARunEndsAtItsEndTimeThoughTheClockIsSet(t *testing.T) {
	type look struct {
		clock   string // UTC
		stopped bool
		note    string
	}
	const zurich = "Europe/Zurich"
	for name, tc := range map[string]struct {
		zone       string
		start, end schedule.Clock // hours
		looks      []look
	}{
		"a day forward, over the end": {"UTC", 22, 6, []look{
			{"2026-03-01 22:00", false, "begins"}, {"2026-03-02 23:00", true, "a day later all at once"},
		}},
		"a day forward and back again": {"UTC", 22, 6, []look{
			{"2026-03-01 22:00", false, "begins"}, {"2026-03-02 22:00", true, "a day later"}, {"2026-03-01 22:01", true, "back: it stays stopped"},
		}},
		"an hour back": {"UTC", 22, 6, []look{
			{"2026-03-01 22:00", false, "begins"},
			{"2026-03-02 05:59", false, "a minute before"},
			{"2026-03-02 04:59", false, "an hour back"},
			{"2026-03-02 05:59", false, "a minute before for the second time"},
			{"2026-03-02 06:00", true, "the end"},
		}},
		"an hour back before the start": {"UTC", 22, 6, []look{
			{"2026-03-01 22:00", false, "begins"}, {"2026-03-01 21:00", false, "before its own start"}, {"2026-03-02 06:00", true, "the end"},
		}},
		// On 29 March 2026 at 02:00 it becomes 03:00: from 22:00 until 06:00 are seven hours.
		"summer time begins": {zurich, 22, 6, []look{
			{"2026-03-28 21:00", false, "22:00 in winter"}, {"2026-03-29 03:59", false, "05:59 in summer"}, {"2026-03-29 04:00", true, "06:00 in summer"},
		}},
		// On 25 October 2026 at 03:00 it becomes 02:00: from 22:00 until 06:00 are nine hours.
		"summer time ends": {zurich, 22, 6, []look{
			{"2026-10-24 20:00", false, "22:00 in summer"},
			{"2026-10-25 04:00", false, "05:00 in winter"},
			{"2026-10-25 04:59", false, "05:59"},
			{"2026-10-25 05:00", true, "06:00 in winter"},
		}},
	} {
		for _, restarts := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t)
				begin, err := time.Parse("2006-01-02 15:04", tc.looks[0].clock)
				if err != nil {
					t.Fatal(err)
				}
				o.now = begin.Add(-time.Hour)
				end := tc.end * 60
				s := daily(int(tc.start), &end)
				s.Zone = tc.zone
				o.put(job("a", s))
				o.step()
				for _, l := range tc.looks {
					if restarts {
						o.restart()
					}
					next := o.at(l.clock)
					if len(o.started) != 1 {
						t.Fatalf("at %s, %s: %d runs began", l.clock, l.note, len(o.started))
					}
					if got := len(o.stopped) == 1; got != l.stopped {
						t.Fatalf("at %s, %s: stopped %d times, want it to be %v", l.clock, l.note, len(o.stopped), l.stopped)
					}
					if stop := o.started[0].StopAt; !l.stopped && l.clock != tc.looks[0].clock && next.After(stop) {
						t.Errorf("at %s, %s: the next look is at %s, after its end at %s", l.clock, l.note, next, stop)
					}
				}
				if strings.Contains(name, "back again") {
					o.end("a", record.RunStopped)
					o.at("2026-03-01 22:02")
					if len(o.stopped) != 1 {
						t.Errorf("stopped %d times", len(o.stopped))
					}
				}
			})
		}
	}
}
