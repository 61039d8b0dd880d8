package retention_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"holdfast/director/internal/retention"
	"holdfast/pkg/fault"
)

var seed = flag.Uint64("seed", 0, "seed of the random histories; 0 takes another each time")

// model decides by asking of every single point whether it stays, with its own arithmetic of periods.
func model(points []retention.Point, p retention.Policy) map[string]bool {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	newer := func(a, b retention.Point) bool {
		return a.Time.After(b.Time) || a.Time.Equal(b.Time) && a.ID > b.ID
	}
	midnight := func(t time.Time) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	monday := func(t time.Time) time.Time {
		d := midnight(t)
		for d.Weekday() != time.Monday {
			d = d.AddDate(0, 0, -1)
		}
		return d
	}
	keep := map[string]bool{}
	for _, a := range points {
		newest, newestComplete, rank := true, a.Complete, 0
		for _, b := range points {
			if newer(b, a) {
				newest = false
				rank++
				newestComplete = newestComplete && !b.Complete
			}
		}
		keep[a.ID] = newest || newestComplete || rank < p.Last
	}
	for _, rule := range []struct {
		periods int
		of      func(time.Time) string
	}{
		{p.Daily, func(t time.Time) string { return midnight(t).Format("2006-01-02") }},
		{p.Weekly, func(t time.Time) string { return monday(t).Format("2006-01-02") }},
		{p.Monthly, func(t time.Time) string { return midnight(t).Format("2006-01") }},
		{p.Yearly, func(t time.Time) string { return midnight(t).Format("2006") }},
	} {
		best := map[string]retention.Point{}
		var names []string
		for _, a := range points {
			name := rule.of(a.Time)
			b, ok := best[name]
			if !ok {
				names = append(names, name)
			}
			if !ok || a.Complete && !b.Complete || a.Complete == b.Complete && newer(a, b) {
				best[name] = a
			}
		}
		sort.Sort(sort.Reverse(sort.StringSlice(names)))
		for _, name := range names[:min(rule.periods, len(names))] {
			keep[best[name].ID] = true
		}
	}
	return keep
}

func TestDecisionsAreThoseOfTheModel(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	var zones []*time.Location
	for _, name := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	for i := range uint64(3000) {
		rng := rand.New(rand.NewPCG(first, i))
		few := func() int {
			if rng.IntN(3) == 0 {
				return rng.IntN(12)
			}
			return 0
		}
		p := retention.Policy{Last: 1 + few(), Daily: few(), Weekly: few(), Monthly: few(), Yearly: few()}
		if rng.IntN(5) > 0 {
			p.Zone = zones[rng.IntN(len(zones))]
		}
		at := time.Date(2010+rng.IntN(20), 12, 20+rng.IntN(12), rng.IntN(24), 0, 0, 0, time.UTC)
		step := []time.Duration{time.Hour, 7 * time.Hour, 26 * time.Hour, 9 * 24 * time.Hour, 70 * 24 * time.Hour}[rng.IntN(5)]
		var points []retention.Point
		for k := range rng.IntN(120) {
			points = append(points, retention.Point{ID: fmt.Sprintf("%03d", k), Time: at, Complete: rng.IntN(4) > 0})
			at = at.Add(time.Duration(rng.Int64N(int64(2 * step))))
			if rng.IntN(15) == 0 {
				at = at.Add(30 * step)
			}
		}
		rng.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
		want := model(points, p)
		got := retention.Decide(points, p)
		if len(got) != len(points) {
			t.Fatalf("%d decisions about %d points", len(got), len(points))
		}
		for _, d := range got {
			if d.Keep() != want[d.ID] {
				t.Fatalf("seed %d, history %d, %s: point %s of %s stays %v %v, want %v", first, i, p, d.ID, d.Time, d.Keep(), d.Reasons, want[d.ID])
			}
		}
		// What was decided once is decided the same way again: a policy eats no further into what it left.
		var left []retention.Point
		for _, d := range got {
			if d.Keep() {
				left = append(left, d.Point)
			}
		}
		for _, d := range retention.Decide(left, p) {
			if !d.Keep() {
				t.Fatalf("seed %d, history %d, %s: point %s goes at the second time", first, i, p, d.ID)
			}
		}
	}
}

func TestReasonsAreTold(t *testing.T) {
	at := func(day int, complete bool) retention.Point {
		return retention.Point{ID: fmt.Sprint(day), Time: time.Date(2026, 11, day, 22, 0, 0, 0, time.UTC), Complete: complete}
	}
	got := retention.Decide([]retention.Point{at(1, true), at(20, true), at(21, true), at(22, false)}, retention.Policy{Last: 1, Daily: 2, Monthly: 1})
	var lines []string
	for _, d := range got {
		lines = append(lines, fmt.Sprint(d.ID, " ", d.Reasons))
	}
	want := []string{"22 [newest last daily]", "21 [newest daily monthly]", "20 []", "1 []"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	for _, d := range retention.Decide([]retention.Point{at(1, false), at(2, false)}, retention.Policy{}) {
		if !d.Keep() {
			t.Error("the policy that keeps everything deletes")
		}
	}
	if s := (retention.Policy{Last: 3, Weekly: 4, Yearly: 1}).String(); s != "keep the last 3 points, one a week for 4 weeks, one for 1 year" {
		t.Error(s)
	}
	var f *fault.Fault
	if err := (retention.Policy{Monthly: -1}).Validate(); !errors.As(err, &f) || f.Field != "monthly" {
		t.Errorf("got %v", err)
	}
}
