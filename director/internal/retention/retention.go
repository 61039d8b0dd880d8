// Package retention decides which recovery points of a backup stay. It is a pure function of the points and a policy; who
// deletes is another's matter.
//
// A point stays when any rule keeps it. A rule of periods (days, weeks, months, years) keeps one point in each of the newest
// so many periods that have any: the newest complete one, or, where all of a period are incomplete, the newest. Periods
// without points do not count, so that a backup that paused loses nothing by the pause. The newest complete point always
// stays, and so does the newest of all: there the next backup goes on.
package retention

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/fault"
)

// Most bounds every number of a policy.
const Most = 10_000

// Policy says how many points stay. The zero Policy keeps everything.
type Policy struct {
	// Last is how many of the newest points stay.
	Last int
	// Daily, Weekly (ISO 8601: weeks begin on Monday), Monthly and Yearly are in how many periods one point stays.
	Daily, Weekly, Monthly, Yearly int
	// Zone in which days begin; nil is UTC.
	Zone *time.Location
}

// Everything reports whether the policy deletes nothing.
func (p Policy) Everything() bool {
	return p.Last == 0 && p.Daily == 0 && p.Weekly == 0 && p.Monthly == 0 && p.Yearly == 0
}

// Validate reports what is wrong with the policy, as an Invalid fault with the field.
func (p Policy) Validate() error {
	for _, n := range []struct {
		field string
		value int
	}{{"last", p.Last}, {"daily", p.Daily}, {"weekly", p.Weekly}, {"monthly", p.Monthly}, {"yearly", p.Yearly}} {
		if n.value < 0 || n.value > Most {
			return fault.InvalidField(n.field, "a number of points to keep is 0 to %d", Most)
		}
	}
	return nil
}

// String describes the policy in one line.
func (p Policy) String() string {
	if p.Everything() {
		return "keep everything"
	}
	var parts []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, one)
		case n > 1:
			parts = append(parts, fmt.Sprintf(many, n))
		}
	}
	add(p.Last, "the last point", "the last %d points")
	add(p.Daily, "one for 1 day", "one a day for %d days")
	add(p.Weekly, "one for 1 week", "one a week for %d weeks")
	add(p.Monthly, "one for 1 month", "one a month for %d months")
	add(p.Yearly, "one for 1 year", "one a year for %d years")
	return "keep " + strings.Join(parts, ", ")
}

// Point is a recovery point of one backup.
type Point struct {
	ID       string
	Time     time.Time
	Complete bool
}

// Rule is why a point stays.
type Rule uint8

// The rules, in the order in which reasons are listed.
const (
	RuleEverything Rule = iota + 1 // the policy keeps everything
	RuleNewest                     // it is the newest, or the newest complete one
	RuleLast
	RuleDaily
	RuleWeekly
	RuleMonthly
	RuleYearly
)

// String returns the rule as people read it.
func (r Rule) String() string {
	return [...]string{"", "everything is kept", "newest", "last", "daily", "weekly", "monthly", "yearly"}[r]
}

// Decision is what becomes of a point: it stays for the reasons given, or goes when there are none.
type Decision struct {
	Point
	Reasons []Rule
}

// Keep reports whether the point stays.
func (d *Decision) Keep() bool { return len(d.Reasons) > 0 }

// Decide decides about the points of one backup, in whatever order they come. The decisions are newest first; points of the
// same time are ordered by id.
func Decide(points []Point, p Policy) []Decision {
	out := make([]Decision, len(points))
	for i, pt := range points {
		out[i].Point = pt
	}
	slices.SortFunc(out, func(a, b Decision) int { return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.ID, a.ID)) })
	if p.Everything() {
		for i := range out {
			out[i].Reasons = []Rule{RuleEverything}
		}
		return out
	}
	if len(out) > 0 {
		out[0].Reasons = append(out[0].Reasons, RuleNewest)
	}
	if i := slices.IndexFunc(out, func(d Decision) bool { return d.Complete }); i > 0 {
		out[i].Reasons = append(out[i].Reasons, RuleNewest)
	}
	for i := range min(p.Last, len(out)) {
		out[i].Reasons = append(out[i].Reasons, RuleLast)
	}
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	for _, rule := range []struct {
		rule    Rule
		periods int
		of      func(time.Time) [2]int
	}{
		{RuleDaily, p.Daily, func(t time.Time) [2]int { return [2]int{t.Year(), t.YearDay()} }},
		{RuleWeekly, p.Weekly, func(t time.Time) [2]int { y, w := t.ISOWeek(); return [2]int{y, w} }},
		{RuleMonthly, p.Monthly, func(t time.Time) [2]int { return [2]int{t.Year(), int(t.Month())} }},
		{RuleYearly, p.Yearly, func(t time.Time) [2]int { return [2]int{t.Year(), 0} }},
	} {
		keepPeriods(out, rule.rule, rule.periods, func(t time.Time) [2]int { return rule.of(t.In(zone)) })
	}
	return out
}

// keepPeriods keeps one point in each of the newest periods.
func keepPeriods(list []Decision, rule Rule, periods int, of func(time.Time) [2]int) {
	for begin := 0; begin < len(list) && periods > 0; periods-- {
		period := of(list[begin].Time)
		end := begin
		for end < len(list) && of(list[end].Time) == period {
			end++
		}
		best := begin
		if i := slices.IndexFunc(list[begin:end], func(d Decision) bool { return d.Complete }); i > 0 {
			best = begin + i
		}
		list[best].Reasons = append(list[best].Reasons, rule)
		begin = end
	}
}
