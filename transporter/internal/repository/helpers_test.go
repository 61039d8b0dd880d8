package repository

import (
	"os"
	"path/filepath"
	"testing"
)

func loseIndex(t *testing.T, o Options) {
	t.Helper()
	if err := os.Remove(filepath.Join(o.Path, indexFile)); err != nil {
		t.Fatal(err)
	}
}
