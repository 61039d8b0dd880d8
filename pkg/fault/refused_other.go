//go:build !windows

package fault

import (
	"errors"
	"syscall"
)

// Refused reports whether a connection failed because nothing listens where it was to go.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
