package space_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"holdfast/pkg/space"
)

func TestThereIsRoomOnADisk(t *testing.T) {
	total, free, err := space.Of(t.TempDir())
	if err != nil || total <= 0 || free < 0 || free > total {
		t.Errorf("%d of %d bytes are free, %v", free, total, err)
	}
	if _, _, err := space.Of(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of what is not there: %v", err)
	}
}
