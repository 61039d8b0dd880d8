package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// prints returns what identifies each file of a folder: rights, time of change, and hash.
func prints(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[path] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		if !d.IsDir() {
			b, err := os.ReadFile(path)
			all[path] += fmt.Sprintf(" %x", sha256.Sum256(b))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCommandsThatLookChangeNothing(t *testing.T) {
	path := wrecked(t)
	lock := filepath.Join(path, "holdfast.lock")
	away := `{"transporter":"far","host":"elsewhere","pid":7,"since":"2026-01-02T03:04:05Z"}` + "\n"
	if err := os.WriteFile(lock, []byte(away), 0o600); err != nil { // as in a copy that was made while it was attached
		t.Fatal(err)
	}
	before := prints(t, path)
	for _, args := range [][]string{
		{"info"},
		{"points"},
		{"folders"},
		{"messages", "--folder", "Inbox"},
		{"verify", "--full"},
		{"export", "--to", filepath.Join(t.TempDir(), "out")},
		{"diff"},
		{"copy"},
	} {
		all := append([]string{"repository"}, args...)
		all = append(all, path)
		if args[0] == "copy" {
			all = append(all, filepath.Join(t.TempDir(), "copy"), "--create")
		}
		if args[0] == "diff" {
			all = append(append([]string{"repository", "diff"}, path), "latest", "latest")
		}
		if out, err := run(t.Context(), all...); err == nil || !strings.Contains(err.Error(), `"far"`) || !strings.Contains(err.Error(), "detach it there") {
			t.Errorf("%v of what is in use elsewhere: %v, %s", args, err, out)
		}
		out, err := run(t.Context(), append(all, "--is-copy")...)
		if err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("%v: %v, %s", args, err, out)
		}
		if diff := cmp.Diff(before, prints(t, path)); diff != "" {
			t.Fatalf("%v changed the folder: %s", args, diff)
		}
	}
	if out, err := run(t.Context(), "repository", "repair", "--dry-run", path); err == nil || !strings.Contains(err.Error(), `"far"`) {
		t.Errorf("repair: %v, %s", err, out)
	}
}
