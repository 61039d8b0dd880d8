// Package tenant measures how the product works with Microsoft Graph, against the simulated tenant: requests, speed under
// Microsoft's limits, memory.
package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"holdfast/test/bench/figures"
	"holdfast/test/bench/process"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// Options of a run.
type Options struct {
	Dir       string // for repositories, emptied afterwards
	Program   string // the measuring program
	Simulator string // the tenant's program
	Scale     float64
	// Wanted says which figures are asked for.
	Wanted func(figure string) bool
	Out    io.Writer // hears how far it is
}

func (o *Options) say(format string, args ...any) { fmt.Fprintf(o.Out, format+"\n", args...) }

// many scales a number of messages; a few hundred are the least that say anything.
func (o *Options) many(n int) int { return max(int(float64(n)*o.Scale), min(n, 300)) }

// figure is one to come, with what makes it.
type figure struct {
	name, unit, goal string
}

// What Microsoft allows one app in one mailbox (contract 10.1), and how far away it is.
const (
	inFlight = 4
	latency  = 80 * time.Millisecond
)

// scenario is one mailbox that is worked on, and the figures that come of it.
type scenario struct {
	figures []figure
	run     func(context.Context, *Options, *tenant) (map[string]float64, string, error)
	// times is how often it is played, in a tenant of its own each time; the time in the middle by its first figure counts. 0 is once.
	times int
}

func scenarios() []scenario {
	return []scenario{
		{figures: []figure{
			{"graph.requests_per_1000_plain", "requests", "<= 15"},
			{"graph.messages_per_s", "1/s", ""},
			{"graph.peak_memory_mb", "MB", ""},
		}, run: plainMail},
		{figures: []figure{{"graph.requests_per_1000_mixed", "requests", "<= 330"}}, run: mixedMail},
		{figures: []figure{{"graph.limit_share", "ratio", ">= 0.9"}}, run: farAway},
		{figures: []figure{{"graph.attachments_memory_mb", "MB", "<= 120"}}, run: largeFiles},
		{figures: []figure{
			{"recovery.limit_share", "ratio", ">= 0.9"},
			{"recovery.requests_per_message", "requests", "<= 1.1"},
		}, run: bringBack},
		{figures: []figure{{indexCPU, "ratio", "<= 0.25"}}, run: indexing(indexCPU, 0.3), times: indexings},
		{figures: []figure{{indexCPUPlain, "ratio", ""}}, run: indexing(indexCPUPlain, 0), times: indexings},
	}
}

// Names lists the figures that Run can measure.
func Names() []string {
	var list []string
	for _, s := range scenarios() {
		for _, f := range s.figures {
			list = append(list, f.name)
		}
	}
	return list
}

// Run measures what is wanted.
func Run(ctx context.Context, o Options) ([]figures.Figure, error) {
	var list []figures.Figure
	for _, s := range scenarios() {
		wanted := slices.DeleteFunc(slices.Clone(s.figures), func(f figure) bool { return !o.Wanted(f.name) })
		if len(wanted) == 0 {
			continue
		}
		var played [][]figures.Figure
		for range max(1, s.times) {
			found, err := o.play(ctx, s, wanted)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", wanted[0].name, err)
			}
			played = append(played, found)
		}
		slices.SortFunc(played, func(a, b []figures.Figure) int { return cmp.Compare(a[0].Value, b[0].Value) })
		median := played[len(played)/2]
		if n := len(played); n > 1 {
			median[0].Note += fmt.Sprintf("; of %d times the median, %.3g to %.3g", n, played[0][0].Value, played[n-1][0].Value)
		}
		list = append(list, median...)
	}
	return list, nil
}

// play runs one scenario in a tenant of its own.
func (o *Options) play(ctx context.Context, s scenario, wanted []figure) ([]figures.Figure, error) {
	if err := os.RemoveAll(o.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	t, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	values, note, err := s.run(ctx, o, t)
	if err != nil {
		return nil, err
	}
	var list []figures.Figure
	for _, w := range wanted {
		f, err := figures.New(w.name, values[w.name], w.unit, w.goal, o.Scale < 1)
		if err != nil {
			return nil, err
		}
		f.Note = note
		list = append(list, f)
	}
	return list, nil
}

// fill makes a mailbox of so many generated messages, of which a share has attachments of some kind, pictures in the text
// included.
func (t *tenant) fill(ctx context.Context, messages int, share float64) (string, error) {
	made, err := t.control.AddUsers(ctx, graphsim.User{DisplayName: "Full", Mailbox: true})
	if err != nil {
		return "", err
	}
	const seed, chunk = 7, 250
	company, err := corpus.Generate(seed, corpus.Options{
		Mailboxes: 1, PerMailbox: 3 * messages, TotalBytes: 3 * int64(messages) * 20_000, OnlyCarried: true,
	})
	if err != nil {
		return "", err
	}
	var batch []corpus.Message
	taken, attached := 0, 0
	for _, m := range company.Mail() {
		has := len(m.Attachments) > 0
		if taken == messages || has != (float64(attached) < share*float64(taken+1)) {
			continue
		}
		taken++
		if has {
			attached++
		}
		if batch = append(batch, m); len(batch) == chunk {
			if err := t.control.AddMessages(ctx, made[0].ID, batch...); err != nil {
				return "", err
			}
			batch = nil
		}
	}
	if taken < messages {
		return "", fmt.Errorf("%d of %d messages could be made", taken, messages)
	}
	return made[0].ID, t.control.AddMessages(ctx, made[0].ID, batch...)
}

// slow gives every request the latency of a tenant far away.
func (t *tenant) slow(ctx context.Context) error {
	return t.control.SetSettings(ctx, graphsim.Settings{Latency: latency})
}

// measure runs the measuring program on a mailbox.
func (t *tenant) measure(ctx context.Context, o *Options, command, mailbox string, more ...string) (map[string]float64, error) {
	r, err := process.Run(ctx, process.Command{
		Args: append([]string{
			o.Program, command, "-tenant", t.file, "-mailbox", mailbox, "-repository", filepath.Join(o.Dir, "repository"), "-level", "balanced",
		}, more...),
		Env: os.Environ(),
	})
	if err != nil {
		return nil, err
	}
	var counted map[string]float64
	if err := json.Unmarshal([]byte(r.Stdout), &counted); err != nil {
		return nil, fmt.Errorf("%s said %q: %w", command, r.Stdout, err)
	}
	return counted, nil
}

// limitShare is how much of what the limits allow was used: requests a second, of those that so many in flight could make at
// that latency.
func limitShare(counted map[string]float64) float64 {
	return counted["requests"] * latency.Seconds() / inFlight / counted["wall_s"]
}
