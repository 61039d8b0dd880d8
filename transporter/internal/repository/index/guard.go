package index

import (
	"runtime"
	"runtime/debug"
	"strings"

	"go.etcd.io/bbolt"

	"holdfast/pkg/fault"
)

// view runs a transaction that reads.
func (x *Index) view(fn func(tx *bbolt.Tx) error) (err error) {
	defer x.guard(&err)()
	return x.db.View(fn)
}

// write runs a transaction that writes. One that meets damage is rolled back.
func (x *Index) write(fn func(tx *bbolt.Tx) error) (err error) {
	defer x.guard(&err)()
	return x.db.Update(fn)
}

// guard is deferred, called, around everything that reads pages: bbolt panics on some that are damaged, and what they point to
// may lie outside of the file in memory, where reading faults at an address. Either becomes a Corrupt error in place of the end of the process.
func (x *Index) guard(err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			if _, away := p.(interface{ Addr() uintptr }); !away && !fromBolt() {
				panic(p) // a fault of our own, which must not pass for damage
			}
			*err = fault.New(fault.Corrupt, "the index %s is damaged: %v; repair the repository, which makes the index anew from the packs", x.path, p)
		}
	}
}

// fromBolt reports whether the panic that is being recovered began in bbolt, or in the runtime on its behalf.
func fromBolt() bool {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicking := false
	for {
		f, more := frames.Next()
		switch {
		case !panicking:
			panicking = f.Function == "runtime.gopanic"
		case !strings.HasPrefix(f.Function, "runtime."):
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}
