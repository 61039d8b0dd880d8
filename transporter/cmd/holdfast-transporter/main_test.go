package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/pairing"
	"holdfast/transporter/internal/repository"
)

// run runs the command line and returns what it printed.
func run(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

func TestTheProgramServesUntilItIsStopped(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	root := newRoot()
	root.SetArgs([]string{"--data-dir", dir, "--control-address", "127.0.0.1:0", "--log-level", "error"})
	shown, out := io.Pipe()
	root.SetOut(out)
	root.SetErr(out)
	done := make(chan error, 1)
	go func() {
		err := root.ExecuteContext(ctx)
		out.CloseWithError(err)
		done <- err
	}()
	var printed string
	lines := bufio.NewScanner(shown)
	for !strings.Contains(printed, "HF1-") && lines.Scan() {
		printed += lines.Text() + "\n"
	}
	code, err := run(t.Context(), "pairing-code", "--data-dir", dir)
	if err != nil || !strings.Contains(printed, strings.TrimSpace(code)) {
		t.Errorf("it printed %q, and its code is %q: %v", printed, code, err)
	}
	cancel()
	for lines.Scan() { // what it still has to say
	}
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := pairing.Parse(code); err != nil {
		t.Error(err)
	}
	if _, err := run(t.Context(), "pairing-code", "--data-dir", dir); !errors.Is(err, fault.NotFound) {
		t.Errorf("after it ended the code is %v, want NotFound", err)
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, args := range [][]string{{"--no-such-flag"}, {"run", "--max-tasks", "x"}, {"run", "--control-address", "x"}} {
		_, err := run(t.Context(), args...)
		if !errors.Is(err, fault.Invalid) && !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v is no error of usage", args, err)
		}
	}
}

func TestARepositoryIsLookedIntoOffline(t *testing.T) {
	dir := t.TempDir()
	path, pass := filepath.Join(dir, "vault"), filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte("open sesame\nnot this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := repository.Create(t.Context(), repository.Options{Path: path, Name: "Vault", Secret: repository.Secret{Passphrase: "open sesame"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), "repository", "info", path, "--passphrase-file", pass); !errors.Is(err, fault.Conflict) {
		t.Errorf("a repository that is in use: %v, want Conflict", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), "repository", "info", path); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("without the passphrase: %v, want Unauthorized", err)
	}
	out, err := run(t.Context(), "repository", "info", path, "--passphrase-file", pass)
	if err != nil || !strings.Contains(out, "Vault") {
		t.Errorf("info: %v %s", err, out)
	}
	out, err = run(t.Context(), "repository", "verify", path, "--full", "--passphrase-file", pass)
	if err != nil || !strings.Contains(out, "0 damaged") {
		t.Errorf("verify: %v %s", err, out)
	}
}

func TestARepositoryAnswersInJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault")
	r, err := repository.Create(t.Context(), repository.Options{Path: path, Name: "Vault"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for command, member := range map[string]string{"info": "backups", "points": "points", "verify": "damage"} {
		out, err := run(t.Context(), "repository", command, path, "-o", "json")
		var answer map[string]any
		if err != nil || json.Unmarshal([]byte(out), &answer) != nil {
			t.Errorf("%s: %v, %s", command, err, out)
		}
		if list, ok := answer[member].([]any); !ok || len(list) != 0 {
			t.Errorf("%s: %q is %v, not an empty list", command, member, answer[member])
		}
	}
	for _, args := range [][]string{{"info"}, {"info", path, "-o", "xml"}, {"points", path, "more"}} {
		if _, err := run(t.Context(), append([]string{"repository"}, args...)...); !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v is no error of usage", args, err)
		}
	}
	if _, err := run(t.Context(), "repository", "points", path, "--mailbox", "nobody"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a mailbox that is not there: %v, want NotFound", err)
	}
}
