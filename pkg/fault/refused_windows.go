package fault

import (
	"errors"

	"golang.org/x/sys/windows"
)

// Refused reports whether a connection failed because nothing listens where it was to go.
func Refused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
