package traffic

import (
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"time"
)

// Fault is a rule: what goes wrong, for which requests, how often. The zero value of a condition matches everything.
type Fault struct {
	ID      int    `json:"id"`
	Kind    string `json:"kind"`    // pattern of request kinds: "messages.delta", "attachments.*"
	Method  string `json:"method"`  // "GET"
	Mailbox string `json:"mailbox"` // mailbox id
	Item    string `json:"item"`    // message or attachment id, or the message's internet message id

	App         string  `json:"app"`         // application id
	MinPage     int     `json:"minPage"`     // only pages asked to be at least this large (contract 4.2: large pages time out)
	After       int     `json:"after"`       // let this many through first
	Count       int     `json:"count"`       // then fire this many times; 0 is for ever
	Probability float64 `json:"probability"` // 0 is always
	// For is how long after the first one it goes on firing: a storm. Zero: no end.
	For time.Duration `json:"for"`

	// What happens: one of Status, Reset, LoseReply, TruncateAt, Delay (which may go with the others).
	Status     int           `json:"status"`
	Code       string        `json:"code"`       // default: the usual one for the status
	Message    string        `json:"message"`    // default: the usual one
	RetryAfter string        `json:"retryAfter"` // header, none when empty; "date:5" is the date in five seconds
	Body       string        `json:"body"`       // "" JSON error, "html", "empty"
	Reset      bool          `json:"reset"`      // the connection breaks before anything is done
	LoseReply  bool          `json:"loseReply"`  // everything is done, then the connection breaks (contract 6.10)
	TruncateAt int64         `json:"truncateAt"` // the connection breaks after this many bytes of the body
	MinSize    int64         `json:"minSize"`    // only answers with contents of at least this size (attachments, MIME)
	Delay      time.Duration `json:"delay"`
	SlowBody   time.Duration `json:"slowBody"` // pause before each 16 KB of the body
	Hold       bool          `json:"hold"`     // the request waits until the rule is removed

	Seen  int `json:"seen"`  // requests that matched
	Fired int `json:"fired"` // times that it went wrong

	began   time.Time // of the storm
	removed chan struct{}
}

// Removed is closed when the rule is removed.
func (r *Fault) Removed() <-chan struct{} { return r.removed }

// Faults decides, from a seed, which requests go wrong.
type Faults struct {
	mu    sync.Mutex
	rules []*Fault
	rand  *rand.Rand
	next  int
}

// NewFaults has no rules.
func NewFaults(seed uint64) *Faults { return &Faults{rand: rand.New(rand.NewPCG(seed, 0xfa)), next: 1} }

// Add adds a rule and returns its id.
func (f *Faults) Add(r Fault) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.ID, r.Seen, r.Fired, r.removed = f.next, 0, 0, make(chan struct{})
	f.next++
	f.rules = append(f.rules, &r)
	return r.ID
}

// List shows the rules with what they did.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, 0, len(f.rules))
	for _, r := range f.rules {
		out = append(out, *r)
	}
	return out
}

// Remove removes a rule; false when there is none of this id.
func (f *Faults) Remove(id int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.rules)
	f.drop(func(r *Fault) bool { return r.ID == id })
	return len(f.rules) < n
}

// Clear removes all rules.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(func(*Fault) bool { return true })
}

func (f *Faults) drop(which func(*Fault) bool) {
	f.rules = slices.DeleteFunc(f.rules, func(r *Fault) bool {
		if !which(r) {
			return false
		}
		close(r.removed)
		return true
	})
}

// Request is what rules match.
type Request struct {
	Kind, Method, Mailbox, App string

	Now   time.Time
	Page  int      // size of the page asked for; 0 for none
	Items []string // ids that name the item, as it may be called
	Size  int64    // of the contents asked for, when known
}

// Hit is the first rule that fires for a request, or nil.
func (f *Faults) Hit(q Request) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rules {
		if !r.matches(q) {
			continue
		}
		r.Seen++
		if r.Seen <= r.After || (r.Count > 0 && r.Fired >= r.Count) {
			continue
		}
		if r.Probability > 0 && f.rand.Float64() >= r.Probability {
			continue
		}
		if r.over(q.Now) {
			continue
		}
		r.Fired++
		hit := *r
		return &hit
	}
	return nil
}

// over tells whether the storm has passed.
func (r *Fault) over(now time.Time) bool {
	if r.For == 0 {
		return false
	}
	if r.began.IsZero() {
		r.began = now
	}
	return now.Sub(r.began) >= r.For
}

func (r *Fault) matches(q Request) bool {
	if r.Kind != "" {
		if ok, err := path.Match(r.Kind, q.Kind); err != nil || !ok {
			return false
		}
	}
	if (r.Method != "" && r.Method != q.Method) || (r.Mailbox != "" && r.Mailbox != q.Mailbox) || (r.App != "" && r.App != q.App) ||
		q.Size < r.MinSize || q.Page < r.MinPage {
		return false
	}
	if r.Item == "" {
		return true
	}
	for _, id := range q.Items {
		if id == r.Item {
			return true
		}
	}
	return false
}
