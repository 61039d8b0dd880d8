//go:build !windows

package journal

import (
	"os"

	"holdfast/pkg/fault"
)

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fault.New(fault.Unavailable, "open the folder of recovery journals: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fault.New(fault.Exhausted, "flush the folder of recovery journals: %w", err)
	}
	return nil
}
