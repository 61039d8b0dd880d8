//go:build !linux

package main

import (
	"math"
	"os"
)

func free(dir string) (int64, error) { return math.MaxInt64, os.MkdirAll(dir, 0o755) }

func processor() string { return "unknown processor" }

func load() string { return "unknown" }
