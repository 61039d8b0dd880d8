package pair

import (
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
)

// writeFile puts data under path for the owner only, whole or not at all, and makes it durable.
func writeFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		return fault.New(fault.Unavailable, "write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the error that matters is the one at hand
			err = fault.New(fault.Unavailable, "write %s: %w", path, err)
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	// The name is durable once the folder is; where a folder cannot be flushed (Windows) the rename is journalled anyway.
	if d, openErr := os.Open(dir); openErr == nil {
		_ = d.Sync()
		d.Close()
	}
	return nil
}
