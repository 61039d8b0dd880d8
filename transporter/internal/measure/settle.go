package main

import "context"

// settle makes what follows cost what it costs and not what was before it: what is not on disk yet is written, and as much
// memory as count says, in MB, is taken and given back. A virtual machine is given memory at the first touch, and that is a
// matter of seconds for each GB; whoever came first to free memory would pay that for all.
func settle(_ context.Context, t *measured) (counts, error) {
	flushDisks()
	all := make([]byte, t.count<<20)
	for i := 0; i < len(all); i += 4096 {
		all[i] = 1
	}
	return counts{"bytes": float64(len(all))}, nil
}
