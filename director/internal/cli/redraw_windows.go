package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableRedraw asks the console to understand escape sequences; old ones do not.
func enableRedraw(f *os.File) bool {
	h := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
