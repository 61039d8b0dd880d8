package repository

import "syscall"

var errFull = syscall.Errno(112) // ERROR_DISK_FULL
