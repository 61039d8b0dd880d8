// Package version tells which Holdfast this is.
package version

// Version is set by the linker (see Makefile); "development" in a build without it.
var Version = "development"
