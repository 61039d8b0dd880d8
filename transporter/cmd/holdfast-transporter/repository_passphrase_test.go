package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

func TestThePassphraseOfARepositoryIsChangedOffline(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "vault"), filepath.Join(dir, "vault.key")
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	old, wrong, empty := file("old", "open sesame\n"), file("wrong", "open barley\n"), file("empty", "\n")
	r, err := repository.Create(t.Context(), repository.Options{Path: path, Name: "Vault", Secret: repository.Secret{Passphrase: "open sesame"}})
	if err != nil {
		t.Fatal(err)
	}
	change := func(args ...string) (string, error) {
		return run(t.Context(), append([]string{"repository", "passphrase", path}, args...)...)
	}
	if _, err := change("--passphrase-file", old, "--new-key-file", key); !errors.Is(err, fault.Conflict) {
		t.Errorf("while it is in use: %v, want Conflict", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want error
		says string
	}{
		{[]string{"--passphrase-file", wrong, "--new-key-file", key}, fault.Unauthorized, "the passphrase is wrong"},
		{[]string{"--passphrase-file", old, "--new-passphrase-file", empty}, fault.Invalid, "no terminal"},
		{[]string{"--new-key-file", key}, fault.Invalid, "--passphrase-file"},
		{[]string{"--key-file", filepath.Join(dir, "lost"), "--new-key-file", key}, fault.Unauthorized, "opens with a passphrase"},
	} {
		if _, err := change(c.args...); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
	for _, args := range [][]string{{"--new-passphrase-file", old, "--new-key-file", key}, {"--passphrase-file", "-", "--new-passphrase-file", "-"}} {
		if _, err := change(args...); !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v is no error of usage", args, err)
		}
	}
	out, err := change("--passphrase-file", old, "--new-key-file", key)
	if err != nil || !strings.Contains(out, "opens with key file "+key+" from now on") {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := run(t.Context(), "repository", "info", path, "--passphrase-file", old); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("the old passphrase: %v", err)
	}
	if out, err := run(t.Context(), "repository", "info", path, "--key-file", key); err != nil || !strings.Contains(out, "Vault") {
		t.Errorf("the new key file: %v %s", err, out)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), "repository", "info", path, "--key-file", key); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "bring it back") {
		t.Errorf("the lost key file: %v", err)
	}
}
