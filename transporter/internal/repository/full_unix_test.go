//go:build unix

package repository

import "syscall"

var errFull = syscall.ENOSPC
