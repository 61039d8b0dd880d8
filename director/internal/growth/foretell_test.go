package growth_test

import (
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/growth"
	"holdfast/director/internal/record"
)

const gigabyte = 1 << 30

// measured returns a sample of each of so many days up to now, of a disk of 1000 GB.
func measured(days int, at func(day int) (stored, free int64)) []record.SpaceSample {
	var list []record.SpaceSample
	for day := range days {
		stored, free := at(day)
		list = append(list, record.SpaceSample{
			At: noon.AddDate(0, 0, day-days+1), StoredBytes: stored * gigabyte, FreeBytes: free * gigabyte, TotalBytes: 1000 * gigabyte,
		})
	}
	return list
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestWhenADiskIsFullIsForetold(t *testing.T) {
	steady := func(day int) (int64, int64) { return 100 + 2*int64(day), 900 - 2*int64(day) }
	larger := measured(30, steady)
	for i := range larger[:27] {
		larger[i].TotalBytes = 500 * gigabyte
	}
	old := measured(30, steady)
	for i := range old {
		old[i].At = old[i].At.AddDate(0, 0, -90)
	}
	unknown := measured(30, steady)
	for i := range unknown {
		unknown[i].TotalBytes = 0
	}
	for name, c := range map[string]struct {
		samples []record.SpaceSample
		perDay  float64 // in GB; -1: not known, -2: whatever it is
		full    int     // in days from now; 0: never
		says    string
	}{
		"grows by 2 GB a day":  {measured(30, steady), 2, 421, "full in about 421 days"},
		"reclaimed in between": {measured(30, func(d int) (int64, int64) { s, f := steady(d); back := int64(d / 20 * 30); return s - back, f + back }), 2, 436, "full in about 436 days"},
		"others fill the disk": {measured(30, func(d int) (int64, int64) { return 100, 300 - 10*int64(d) }), 0, 1, "full in about a day"},
		"all but full":         {measured(30, func(d int) (int64, int64) { return 100, 293 - 10*int64(d) }), 0, 0, "full within a day"},
		"stays":                {measured(30, func(int) (int64, int64) { return 100, 900 }), 0, 0, "does not get fuller"},
		"up and down":          {measured(30, func(d int) (int64, int64) { return 100 + int64(d*7919%31), 900 - int64(d*7919%31) }), -1, 0, "up and down"},
		"a little at a time":   {measured(60, func(d int) (int64, int64) { return 100 + int64(d/20), 900 - int64(d/20) }), -2, 0, "not full within the next five years"},
		"four days":            {measured(4, steady), -1, 0, "Too little is known"},
		"six days":             {measured(6, steady), -1, 0, "Too little is known"},
		"a new disk":           {larger, 2, 0, "changed lately"},
		"of last winter":       {old, -1, 0, "no measures of the last 60 days"},
		"no size of the disk":  {unknown, 2, 0, "not known"},
		"none":                 {nil, -1, 0, "no measures"},
	} {
		got := growth.Foretell(c.samples, noon)
		if !strings.Contains(got.Text, c.says) {
			t.Errorf("%s: it says %q, not %q", name, got.Text, c.says)
		}
		if c.perDay > -2 && got.Known != (c.perDay >= 0) || c.perDay >= 0 && got.Known && got.PerDay != c.perDay*gigabyte {
			t.Errorf("%s: %.2f GB a day (known: %v), want %.2f", name, got.PerDay/gigabyte, got.Known, c.perDay)
		}
		days := 0
		if !got.Full.IsZero() {
			days = int(got.Full.Sub(noon).Hours() / 24)
		}
		if days != c.full {
			t.Errorf("%s: full in %d days, want %d", name, days, c.full)
		}
	}
}
