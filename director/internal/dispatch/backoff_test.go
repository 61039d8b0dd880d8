package dispatch

import (
	"testing"
	"time"
)

func TestRetriesTakeAboutTenMinutes(t *testing.T) {
	o := Options{}
	o.defaults()
	d := &Dispatcher{Options: o}
	var least, most time.Duration
	for n := int32(1); n < int32(o.RetryLimit); n++ {
		low, high := time.Hour, time.Duration(0)
		for range 200 {
			wait := d.backoff(n)
			low, high = min(low, wait), max(high, wait)
		}
		if high > o.RetryMax || high > o.RetryBase<<(n-1) || low < min(o.RetryMax, o.RetryBase<<(n-1))/2 {
			t.Errorf("wait %d is between %v and %v", n, low, high)
		}
		least, most = least+low, most+high
	}
	if least < 4*time.Minute || most > 12*time.Minute {
		t.Errorf("all waits together take %v to %v", least, most)
	}
	if d.backoff(1000) > o.RetryMax {
		t.Error("the wait has no bound")
	}
}
