//go:build !linux

package main

// What is not measured on this system is 0.
func resident() int64 { return 0 }

func peak() int64 { return 0 }

func available() int64 { return 0 }
