//go:build !windows

package cli

import "os"

// enableRedraw reports whether the terminal understands escape sequences: outside Windows they all do.
func enableRedraw(*os.File) bool { return true }
