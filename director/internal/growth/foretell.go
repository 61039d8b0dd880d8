package growth

import (
	"fmt"
	"slices"
	"time"

	"holdfast/director/internal/record"
)

// What a forecast needs.
const (
	// leastSamples and leastSpan: fewer say more of yesterday than of tomorrow.
	leastSamples = 5
	leastSpan    = 7 * 24 * time.Hour
	// lookBack is how old samples may be: what was a year ago says little of how fast it grows now.
	lookBack = 60 * 24 * time.Hour
	// farOff is from when on "when" is not told any more.
	farOff = 5 * 365 * 24 * time.Hour
)

// Forecast is what samples say of the time to come.
type Forecast struct {
	// PerDay is how many bytes the repository grows a day; meaningless unless Known.
	PerDay float64
	Known  bool
	// Full is when the disk is full; zero when that cannot be said, or is far off.
	Full time.Time
	// Text says it in a sentence.
	Text string
}

// Foretell tells how a repository grows, and when its disk is full. The trend is the median of the slopes between all pairs of
// samples (Theil and Sen), which a single leap, as of a reclaim, does not move; where the middle half of those slopes has no
// common direction, nothing is said.
func Foretell(samples []record.SpaceSample, now time.Time) Forecast {
	from := slices.IndexFunc(samples, func(x record.SpaceSample) bool { return now.Sub(x.At) <= lookBack })
	if from < 0 {
		return Forecast{Text: "There are no measures of the last 60 days."}
	}
	samples = samples[from:]
	first, last := samples[0], samples[len(samples)-1]
	if len(samples) < leastSamples || last.At.Sub(first.At) < leastSpan {
		return Forecast{Text: fmt.Sprintf("Too little is known yet: it takes %d measures over %d days at least.", leastSamples, int(leastSpan.Hours()/24))}
	}
	f := Forecast{}
	f.PerDay, f.Known = trend(samples, func(x *record.SpaceSample) int64 { return x.StoredBytes })
	if last.TotalBytes <= 0 {
		f.Text = "The size of its disk is not known."
		return f
	}
	// The disk may be larger since, and others may fill it too: what counts is how what is free goes down.
	same := samples[:0:0]
	for _, x := range samples {
		if x.TotalBytes == last.TotalBytes {
			same = append(same, x)
		}
	}
	if len(same) < leastSamples || last.At.Sub(same[0].At) < leastSpan {
		f.Text = "The size of its disk changed lately: it is too early to say when it is full."
		return f
	}
	less, sure := trend(same, func(x *record.SpaceSample) int64 { return -x.FreeBytes })
	switch {
	case !sure:
		f.Text = "What is free on its disk goes up and down too much to say when it is full."
	case less <= 0:
		f.Text = "Its disk does not get fuller."
	default:
		left := float64(last.FreeBytes) / less
		if left > farOff.Hours()/24 {
			f.Text = "Its disk is not full within the next five years."
			break
		}
		f.Full = last.At.Add(time.Duration(left * 24 * float64(time.Hour)))
		f.Text = fmt.Sprintf("Its disk is full %s if it goes on like this.", within(f.Full.Sub(now)))
	}
	return f
}

func within(d time.Duration) string {
	switch days := int(d.Hours() / 24); {
	case days < 1:
		return "within a day"
	case days == 1:
		return "in about a day"
	default:
		return fmt.Sprintf("in about %d days", days)
	}
}

// trend returns the slope of a value per day, and whether it can be relied on.
func trend(samples []record.SpaceSample, value func(*record.SpaceSample) int64) (perDay float64, sure bool) {
	var slopes []float64
	for i := range samples {
		for j := i + 1; j < len(samples); j++ {
			if days := samples[j].At.Sub(samples[i].At).Hours() / 24; days > 0 {
				slopes = append(slopes, float64(value(&samples[j])-value(&samples[i]))/days)
			}
		}
	}
	if len(slopes) == 0 {
		return 0, false
	}
	slices.Sort(slopes)
	low, middle, high := slopes[len(slopes)/4], slopes[len(slopes)/2], slopes[len(slopes)*3/4]
	return middle, low >= 0 || high <= 0
}
