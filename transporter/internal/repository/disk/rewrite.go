package disk

// Rewrite writes the bytes of a file from one offset up to another once more, so that the next Sync vouches for them. A sync
// that failed may have left them readable in memory and marked as written, without their being on the disk; another process,
// or the next session, cannot tell.
func Rewrite(f File, from, to int64) error {
	const chunk = 1 << 20
	buf := make([]byte, min(chunk, max(0, to-from)))
	for from < to {
		b := buf[:min(chunk, to-from)]
		if _, err := f.ReadAt(b, from); err != nil {
			return err
		}
		if _, err := f.WriteAt(b, from); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}
