package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast/test/graphsim"
)

// protect fills a mailbox and backs it up.
func (t *tenant) protect(ctx context.Context, o *Options, messages int, share float64) (map[string]float64, error) {
	box, err := t.fill(ctx, o.many(messages), share)
	if err != nil {
		return nil, err
	}
	got, err := t.measure(ctx, o, "protect", box)
	if err == nil {
		o.say("  %.0f messages in %.0f folders: %.0f requests (%s) in %.1f s, %.1f s CPU, %.0f MB at the most", got["messages"], got["folders"],
			got["requests"], kinds(got), got["wall_s"], got["cpu_s"], got["peak_bytes"]/(1<<20))
	}
	return got, err
}

// kinds says what requests were for.
func kinds(counted map[string]float64) string {
	var list []string
	for name, n := range counted {
		if kind, ok := strings.CutPrefix(name, "requests_"); ok {
			list = append(list, fmt.Sprintf("%s %.0f", kind, n))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func plainMail(ctx context.Context, o *Options, t *tenant) (map[string]float64, string, error) {
	got, err := t.protect(ctx, o, 20_000, 0)
	if err != nil {
		return nil, "", err
	}
	return map[string]float64{
		"graph.requests_per_1000_plain": 1000 * got["requests"] / got["messages"],
		"graph.messages_per_s":          got["messages"] / got["wall_s"],
		"graph.peak_memory_mb":          got["peak_bytes"] / (1 << 20),
	}, fmt.Sprintf("%.0f messages without attachments in %.0f folders, no latency; fetched singly they cost more than 1,000 per 1,000", got["messages"], got["folders"]), nil
}

func mixedMail(ctx context.Context, o *Options, t *tenant) (map[string]float64, string, error) {
	got, err := t.protect(ctx, o, 20_000, 0.3)
	if err != nil {
		return nil, "", err
	}
	return map[string]float64{"graph.requests_per_1000_mixed": 1000 * got["requests"] / got["messages"]},
		fmt.Sprintf("%.0f messages; fetched singly they cost more than 1,300 per 1,000", got["messages"]), nil
}

func farAway(ctx context.Context, o *Options, t *tenant) (map[string]float64, string, error) {
	if err := t.slow(ctx); err != nil {
		return nil, "", err
	}
	got, err := t.protect(ctx, o, 6000, 0.3)
	if err != nil {
		return nil, "", err
	}
	return map[string]float64{"graph.limit_share": limitShare(got)},
		fmt.Sprintf("%.0f requests in %.1f s, %.0f messages a second; %d in flight, %s each", got["requests"], got["wall_s"], got["messages"]/got["wall_s"], inFlight, latency), nil
}

func largeFiles(ctx context.Context, o *Options, t *tenant) (map[string]float64, string, error) {
	box, err := t.fill(ctx, 200, 0.3)
	if err != nil {
		return nil, "", err
	}
	const files, size = 4, 20 << 20
	for i := range files {
		large := graphsim.Large{Subject: fmt.Sprint("Large ", i), Size: size, Seed: uint64(i) + 1}
		if err := t.control.AddLarge(ctx, box, large); err != nil {
			return nil, "", err
		}
	}
	got, err := t.measure(ctx, o, "protect", box)
	if err != nil {
		return nil, "", err
	}
	return map[string]float64{"graph.attachments_memory_mb": (got["peak_bytes"] - got["idle_bytes"]) / (1 << 20)},
		fmt.Sprintf("%d files of %d MB; over the %.0f MB of a Transporter at rest", files, size>>20, got["idle_bytes"]/(1<<20)), nil
}

func bringBack(ctx context.Context, o *Options, t *tenant) (map[string]float64, string, error) {
	if _, err := t.protect(ctx, o, 2000, 0); err != nil {
		return nil, "", err
	}
	empty, err := t.control.AddUsers(ctx, graphsim.User{DisplayName: "Empty", Mailbox: true})
	if err != nil {
		return nil, "", err
	}
	if err := t.slow(ctx); err != nil {
		return nil, "", err
	}
	got, err := t.measure(ctx, o, "bring-back", empty[0].ID)
	if err != nil {
		return nil, "", err
	}
	return map[string]float64{
		"recovery.limit_share":          limitShare(got),
		"recovery.requests_per_message": got["requests"] / got["messages"],
	}, fmt.Sprintf("%.0f small messages, %.0f requests in %.1f s; %d in flight, %s each", got["messages"], got["requests"], got["wall_s"], inFlight, latency), nil
}

// What indexing costs beside the whole backup: of mail as it is, and of mail without any attachments.
const (
	indexCPU      = "search.index_cpu_vs_backup"
	indexCPUPlain = "search.index_cpu_vs_backup_plain"
)

// indexings is how often that is measured: first touches of memory in a virtual machine, and the moments in which garbage is
// collected, make one differ from the next by a quarter.
const indexings = 3

// indexing backs a mailbox up and has it indexed for search, in one process.
func indexing(name string, share float64) func(context.Context, *Options, *tenant) (map[string]float64, string, error) {
	return func(ctx context.Context, o *Options, t *tenant) (map[string]float64, string, error) {
		box, err := t.fill(ctx, o.many(20_000), share)
		if err != nil {
			return nil, "", err
		}
		got, err := t.measure(ctx, o, "protect", box, "-index")
		if err != nil {
			return nil, "", err
		}
		return map[string]float64{name: got["index_cpu_s"] / got["cpu_s"]},
			fmt.Sprintf("%.0f messages of %.0f kB each, attachments in %.0f%%: %.1f s CPU until backed up, %.1f s more until indexed",
				got["documents"], got["bytes"]/got["messages"]/1000, 100*share, got["cpu_s"], got["index_cpu_s"]), nil
	}
}
