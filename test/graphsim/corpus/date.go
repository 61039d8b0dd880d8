package corpus

import (
	"strconv"
	"strings"
	"time"
)

// parseDate reads the dates that mail carries, in any order of their parts. It gives UTC seconds, and false for what is no
// date or none between 1970 and 2100.
func parseDate(s string) (time.Time, bool) {
	var d dateParts
	s = strings.Map(func(r rune) rune {
		if r == ',' || isControl(r) {
			return ' '
		}
		return r
	}, dropComments(s))
	for _, word := range strings.Fields(s) {
		d.take(word)
	}
	if d.year < 1970 || d.year > 2099 || d.month == 0 || d.day < 1 || d.day > 31 {
		return time.Time{}, false
	}
	if d.pm && d.hour < 12 {
		d.hour += 12
	}
	t := time.Date(d.year, d.month, d.day, d.hour, d.minute, d.second, 0, time.UTC).Add(-d.offset)
	return t, t.Year() >= 1970 && t.Year() < 2100
}

type dateParts struct {
	year, day            int
	month                time.Month
	hour, minute, second int
	clock, pm            bool
	offset               time.Duration
}

func (d *dateParts) take(word string) {
	lower := strings.ToLower(word)
	switch {
	case d.clock && (word[0] == '+' || word[0] == '-'):
		d.takeOffset(word)
	case strings.Contains(word, ":"):
		if date, clock, ok := strings.Cut(word, "T"); ok && strings.Count(date, "-") == 2 {
			d.take(date)
			word = strings.TrimSuffix(clock, "Z")
		}
		d.takeClock(word)
	case strings.HasPrefix(lower, "gmt+") || strings.HasPrefix(lower, "gmt-"):
		d.takeOffset(word[3:])
	case strings.ContainsAny(word[1:], "-/."):
		d.takeDashed(word)
	case lower == "pm":
		d.pm = true
	case lower == "am":
		if d.hour == 12 {
			d.hour = 0
		}
	default:
		if n, err := strconv.Atoi(word); err == nil {
			d.takeNumber(n, len(word))
		} else if m := monthNamed(lower); m != 0 && d.month == 0 {
			d.month = m
		} else if d.clock {
			d.offset += zoneNamed(lower)
		}
	}
}

func (d *dateParts) takeNumber(n, digits int) {
	switch {
	case n < 0:
	case digits == 4 && d.year == 0:
		d.year = n
	case digits <= 2 && d.day == 0:
		d.day = n
	case digits <= 3 && d.year == 0:
		d.year = 1900 + n // 102 was 2002 to those who counted from 1900
		if n < 70 {
			d.year = 2000 + n
		}
	}
}

// takeDashed reads 22-Aug-02, 2002-08-22 and 2002/08/22; 22.08.2002 and, of two orders, the one of the most countries.
func (d *dateParts) takeDashed(word string) {
	parts := strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) != 3 {
		return
	}
	if len(parts[0]) == 4 {
		parts[0], parts[2] = parts[2], parts[0]
	}
	day, err := strconv.Atoi(parts[0])
	month := monthNamed(strings.ToLower(parts[1]))
	if n, err := strconv.Atoi(parts[1]); err == nil && n >= 1 && n <= 12 {
		month = time.Month(n)
	}
	year, err2 := strconv.Atoi(parts[2])
	if err != nil || err2 != nil || month == 0 || d.day != 0 {
		return
	}
	d.day, d.month = day, month
	d.takeNumber(year, max(len(parts[2]), 2))
}

func (d *dateParts) takeClock(word string) {
	lower := strings.ToLower(word)
	if i := strings.IndexAny(lower, "+-"); i > 0 {
		defer d.takeOffset(lower[i:])
		lower = lower[:i]
	}
	if s, ok := strings.CutSuffix(lower, "pm"); ok {
		lower, d.pm = s, true
	}
	lower = strings.TrimSuffix(lower, "am")
	parts := strings.Split(lower, ":")
	for i, limit := range []int{23, 59, 60} {
		if i >= len(parts) || i == 0 && d.clock {
			break
		}
		whole, _, _ := strings.Cut(parts[i], ".")
		n, err := strconv.Atoi(whole)
		if err != nil || n < 0 || n > limit {
			break
		}
		*[]*int{&d.hour, &d.minute, &d.second}[i] = n
	}
	d.clock = true
}

func (d *dateParts) takeOffset(word string) {
	digits := strings.ReplaceAll(word[1:], ":", "")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || len(digits) > 4 {
		return
	}
	if len(digits) <= 2 {
		n *= 100
	}
	if n/100 > 14 {
		return
	}
	d.offset = time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if word[0] == '-' {
		d.offset = -d.offset
	}
}

func monthNamed(lower string) time.Month {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(lower) < 3 {
		return 0
	}
	if i := strings.Index(months, lower[:3]); i >= 0 && i%3 == 0 {
		return time.Month(i/3 + 1)
	}
	return 0
}

// zoneNamed knows the names of RFC 5322 and those of its neighbours that real mail has.
func zoneNamed(lower string) time.Duration {
	switch lower {
	case "edt":
		return -4 * time.Hour
	case "est", "cdt":
		return -5 * time.Hour
	case "cst", "mdt":
		return -6 * time.Hour
	case "mst", "pdt":
		return -7 * time.Hour
	case "pst":
		return -8 * time.Hour
	case "bst", "cet", "met":
		return time.Hour
	case "cest", "mest", "eet":
		return 2 * time.Hour
	case "jst":
		return 9 * time.Hour
	}
	return 0
}

// dropComments removes the parentheses of RFC 5322 and what is in them.
func dropComments(s string) string {
	if strings.IndexByte(s, '(') < 0 {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch {
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth = max(depth-1, 0)
		case depth == 0:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
