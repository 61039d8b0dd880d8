package repository

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"holdfast/test/bench/figures"
)

// indexBlobs is how many blobs the index has that is measured, and indexLookups how many are looked for.
const (
	indexBlobs   = 10_000_000
	indexLookups = 1_000_000
	indexRounds  = 3
)

// measureIndex fills an index once and opens it several times.
func measureIndex(ctx context.Context, o *Options) ([]figures.Figure, error) {
	blobs := max(int(indexBlobs*o.Scale), 10_000)
	file := filepath.Join(o.Dir, "index.bolt")
	if err := os.RemoveAll(file); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(file) }() // what stays is overwritten by the next run
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	_, filled, err := measure(ctx, []string{o.Program, "fill", "-repository", file, "-count", strconv.Itoa(blobs)})
	if err != nil {
		return nil, err
	}
	o.say("  index: %d blobs filled in %.1f s", blobs, filled["wall_s"])
	seen := map[string][]float64{}
	for range indexRounds {
		_, looked, err := measure(ctx, []string{o.Program, "look", "-repository", file, "-count", strconv.Itoa(min(indexLookups, blobs/2))})
		if err != nil {
			return nil, err
		}
		for k, v := range looked {
			seen[k] = append(seen[k], v)
		}
		o.say("  index: opened in %.2f s", looked["open_s"])
	}
	goals := indexGoals()
	var list []figures.Figure
	for _, f := range []struct {
		name, note string
		value      float64
	}{
		{"index_inserts_per_cpu_s", fmt.Sprintf("%d blobs, %d a pack, one durable transaction each", blobs, 1600), filled["inserts_per_cpu_s"]},
		{"index_lookups_per_s", fmt.Sprintf("is it there; where it lies: %s/s", figures.Short(median(seen["found_per_s"]))), median(seen["known_per_s"])},
		{"index_bytes_per_blob", "", filled["bytes_per_blob"]},
		{"index_memory_bytes_per_blob", "", median(seen["memory_per_blob"])},
		{"index_open_s", fmt.Sprintf("%s s CPU", figures.Short(median(seen["open_cpu_s"]))), median(seen["open_s"])},
	} {
		if list, err = o.figure(list, goals, "repository."+f.name, f.value, f.note); err != nil {
			return nil, err
		}
	}
	return list, nil
}
