package disk

import "golang.org/x/sys/unix"

func (f osFile) early(off, n int64) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SyncFileRange(int(fd), off, n, unix.SYNC_FILE_RANGE_WRITE) // what it could not begin, Sync does
	})
}
