package graphsim

import (
	"math"
	"math/rand/v2"
	"path"
	"sync"
	"time"
)

// LatencyRule is the latency of some requests.
type LatencyRule struct {
	// Kind is a pattern of request kinds, Mailbox a mailbox id; empty matches all.
	Kind    string `json:"kind,omitempty"`
	Mailbox string `json:"mailbox,omitempty"`
	// Latency is the median, P99 what one request of a hundred exceeds. Without P99, every request takes the median.
	Latency time.Duration `json:"latency"`
	P99     time.Duration `json:"p99,omitempty"`
}

// dice are the random choices of the tenant: how long requests take, and in which order batches answer. Their seed is
// Options.Seed.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func newDice(seed uint64) *dice { return &dice{rand: rand.New(rand.NewPCG(seed, 0x1a7))} }

// shuffle n things.
func (d *dice) shuffle(n int, swap func(i, k int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rand.Shuffle(n, swap)
}

// ninetyNine is how many standard deviations the 99th percentile of a normal distribution is above the median.
const ninetyNine = 2.3263

// maxLatency bounds the draws of the long tail, in multiples of the 99th percentile.
const maxLatency = 10

// latency of a request: log-normal, as answers of services are, by the first rule that matches, or else the settings.
func (d *dice) latency(set *Settings, kind, mailbox string) time.Duration {
	rule := LatencyRule{Latency: set.Latency, P99: set.LatencyP99}
	for _, r := range set.LatencyRules {
		if ok, err := path.Match(r.Kind, kind); (r.Kind == "" || ok && err == nil) && (r.Mailbox == "" || r.Mailbox == mailbox) {
			rule = r
			break
		}
	}
	if rule.P99 <= rule.Latency || rule.Latency <= 0 {
		return rule.Latency
	}
	d.mu.Lock()
	n := d.rand.NormFloat64()
	d.mu.Unlock()
	sigma := math.Log(rule.P99.Seconds()/rule.Latency.Seconds()) / ninetyNine
	return min(time.Duration(float64(rule.Latency)*math.Exp(sigma*n)), maxLatency*rule.P99)
}
