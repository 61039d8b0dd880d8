package disk

// Early asks the system to begin writing bytes of a file to the disk that were written a moment ago, so that a Sync has less to
// wait for. It promises nothing, and where it cannot be asked for, nothing happens.
func Early(f File, off, n int64) {
	if e, ok := f.(interface{ early(off, n int64) }); ok {
		e.early(off, n)
	}
}
