package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// showLine returns what shows a line of progress on a terminal, written anew twice a second at most, and what removes it.
// Elsewhere nothing is shown, and line is not called.
func showLine(out *os.File) (show func(line func() string), end func()) {
	if !term.IsTerminal(int(out.Fd())) {
		return func(func() string) {}, func() {}
	}
	shown := time.Now().Add(-showEvery)
	return func(line func() string) {
		if now := time.Now(); now.Sub(shown) >= showEvery {
			shown = now
			fmt.Fprintf(out, "\r\x1b[K%s", line())
		}
	}, func() { fmt.Fprint(out, "\r\x1b[K") }
}
