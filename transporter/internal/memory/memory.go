// Package memory says how the Transporter's programs use memory.
package memory

import (
	"os"
	"runtime/debug"
)

// percent is how much garbage there may be for what is in use. Most of that are buffers that are used again and again, so
// collecting twice as often as usual costs next to nothing: measured over a first backup of 60,000 messages, the greatest
// resident set was 180 MB instead of 260, with no difference in processor time that could be told from noise.
const percent = 50

// Frugal makes this process collect garbage earlier, unless GOGC says otherwise.
func Frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
