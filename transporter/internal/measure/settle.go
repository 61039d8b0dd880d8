package main

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// settle makes what follows cost what it costs and not what was before it: what is not on disk yet is written, as much memory
// as count says, in MB, is taken and given back (half of what is free at most), and the files of the named folders are read once. A virtual
// machine is given memory at the first touch, and that is a matter of seconds for each GB; whoever came first to free memory
// would pay that for all. It may also have lost by now what it had read of files before.
func settle(ctx context.Context, t *measured) (counts, error) {
	flushDisks()
	take := int64(t.count) << 20
	if free := available(); free > 0 { // or nobody knows
		take = min(take, free/2)
	}
	all := make([]byte, take)
	for i := 0; i < len(all); i += 4096 {
		all[i] = 1
	}
	buf := make([]byte, 1<<20)
	for _, folder := range t.folders {
		err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if err = cmp.Or(err, ctx.Err()); err != nil || e.IsDir() {
				return err
			}
			return readThrough(path, buf)
		})
		if err != nil {
			return nil, err
		}
	}
	runtime.KeepAlive(all)
	return counts{}, nil
}

func readThrough(path string, buf []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, buf)
	return err
}
