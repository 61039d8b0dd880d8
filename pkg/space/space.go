// Package space asks how much room there is on disks.
package space

// Of returns the size in bytes of the disk that path is on, and what of it this process may still write: quotas, and what is
// reserved for root, are not in it. Its errors are those of package os.
func Of(path string) (total, free int64, err error) { return of(path) }
