//go:build !linux

package control

// memory returns the machine's memory in bytes; 0 when it is not known.
func memory() int64 { return 0 }
