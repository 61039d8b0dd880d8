package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// resident returns how much memory this process has now, in bytes, and peak how much it has had at its greatest.
func resident() int64 { return status("VmRSS:") }

func peak() int64 { return status("VmHWM:") }

// available returns how much memory programs may still take without others being put out of it, in bytes.
func available() int64 { return read("/proc/meminfo", "MemAvailable:") }

func status(name string) int64 { return read("/proc/self/status", name) }

// read reads a size out of what the kernel says; 0 when it does not say.
func read(path, name string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
