package director_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/director/internal/cli"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// shell runs the operator's command line against the house, and returns its exit code and what it wrote.
func (h *house) shell(env map[string]string, args ...string) (int, string, string) {
	h.t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(h.t.Context(), cli.Options{
		Stdout: &out, Stderr: &errs, ConfigDir: h.options.DataDir, Getenv: func(name string) string { return env[name] },
	}, append(args, "--director", h.base, "--ca", filepath.Join(h.options.DataDir, "tls.crt"), "--token-file", filepath.Join(h.options.DataDir, "cli-token")))
	return code, out.String(), errs.String()
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "holdfast.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var configSecrets = map[string]string{
	"HOLDFAST_ACCOUNT_EXAMPLE_SECRET": "secret", "HOLDFAST_REPOSITORY_VAULT_PASSPHRASE": "a good passphrase",
	"HOLDFAST_JOB_DAILY_BEFORE_TOKEN": "t0ken", "HOLDFAST_MAIL_PASSWORD": "swordfish", "HOLDFAST_WEBHOOK_CHAT_SECRET": "a secret that signs well enough",
	"HOLDFAST_WEBHOOK_CHAT_X_KEY": "a key", "HOLDFAST_DIRECTOR_PASSPHRASE": "another good passphrase",
}

func (h *house) tenant() {
	h.world.Tenant("tenant", "secret",
		&transporterv1.Mailbox{Id: "m1", Name: "Ada", Address: "ada@example.com", Kind: transporterv1.MailboxKind_MAILBOX_KIND_USER},
		&transporterv1.Mailbox{Id: "m2", Name: "Bo", Address: "bo@example.com", Kind: transporterv1.MailboxKind_MAILBOX_KIND_SHARED},
	)
}

// configured is a file with something of everything, as an export writes it.
func configured(t *testing.T, transporter *directorv1.Transporter, backups string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("ADDRESS", transporter.GetAddress(), "BACKUPS", backups).Replace(string(text))
}

func (h *house) export() string {
	h.t.Helper()
	code, out, errs := h.shell(nil, "config", "export")
	if code != 0 {
		h.t.Fatalf("export: exit %d: %s", code, errs)
	}
	for name, secret := range configSecrets {
		if len(secret) > 6 && strings.Contains(out, secret) {
			h.t.Errorf("the export has the secret of %s", name)
		}
	}
	return out
}

func TestAConfigurationIsAppliedChangedAndTakenToAnotherDirector(t *testing.T) {
	h := newHouse(t)
	h.tenant()
	_, transporter := h.pair("keep")
	backups := t.TempDir()
	text := configured(t, transporter, backups)
	file := write(t, text)

	if code, out, errs := h.shell(nil, "config", "plan", file); code != 6 || !strings.Contains(out, `create job "Weekly"`) {
		t.Fatalf("plan on an empty Director: exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := h.shell(nil, "config", "apply", file, "--yes"); code != 2 || !strings.Contains(errs, "HOLDFAST_") {
		t.Errorf("apply without secrets: exit %d: %s", code, errs)
	}
	if code, out, _ := h.shell(nil, "account", "list", "-o", "json"); code != 0 || strings.Contains(out, "Example") {
		t.Errorf("something was done without the secrets: exit %d: %s", code, out)
	}
	if code, _, errs := h.shell(configSecrets, "config", "apply", file); code != 2 || !strings.Contains(errs, "--yes") {
		t.Errorf("apply without confirmation: exit %d: %s", code, errs)
	}
	if code, out, errs := h.shell(configSecrets, "config", "apply", file, "--yes"); code != 0 {
		t.Fatalf("apply: exit %d: %s%s", code, out, errs)
	}
	if got := h.export(); got != text {
		t.Fatalf("the export is not the file:\n%s", got)
	}
	nothing := func(what string, args ...string) {
		t.Helper()
		if code, out, errs := h.shell(nil, args...); code != 0 || !strings.Contains(out, "Nothing to do") {
			t.Fatalf("%s: exit %d: %s%s", what, code, out, errs)
		}
	}
	nothing("the second plan", "config", "plan", file, "--prune")
	nothing("the second apply", "config", "apply", file, "--yes", "--prune")

	changed := strings.NewReplacer("max_tasks: 2", "max_tasks: 5", "days: 90", "days: 91", "codec: best", "codec: fast",
		"    source:\n      - account: Example\n        mailbox: ada@example.com\n", "    source:\n", "messages: 50", "messages: 20").Replace(text)
	file = write(t, changed)
	want := `change repository "Vault"
    codec: best → fast
change job "Weekly"
    source[1].account: Example → (none)
    source[1].mailbox: ada@example.com → (none)
    options.max_tasks: 2 → 5
change drill "Monthly proof"
    messages: 50 → 20
change history
    days: 90 → 91
`
	want = strings.Replace(want, "    source[1].account: Example → (none)\n    source[1].mailbox: ada@example.com → (none)\n    options.max_tasks: 2 → 5\n",
		"    source[1].mailbox: ada@example.com → bo@example.com\n    options.max_tasks: 2 → 5\n    source[2].account: Example → (none)\n    source[2].mailbox: bo@example.com → (none)\n", 1)
	if code, out, errs := h.shell(nil, "config", "plan", file); code != 6 || out != want {
		t.Fatalf("plan of changes: exit %d: %s%s", code, out, errs)
	}
	if code, out, errs := h.shell(nil, "config", "apply", file, "--yes"); code != 0 {
		t.Fatalf("apply of changes: exit %d: %s%s", code, out, errs)
	}
	if got := h.export(); got != changed {
		t.Fatalf("the export is not the changed file:\n%s", got)
	}

	other := newHouse(t)
	other.tenant()
	_, second := other.pair("keep")
	moved := strings.Replace(h.export(), transporter.GetAddress(), second.GetAddress(), 1)
	if code, out, errs := other.shell(configSecrets, "config", "apply", write(t, moved), "--yes"); code != 0 {
		t.Fatalf("apply on another Director: exit %d: %s%s", code, out, errs)
	}
	if got := other.export(); got != moved {
		t.Fatalf("the export of the other is not the file:\n%s", got)
	}
}

func TestPruneTakesAwayWhatTheFileDoesNotNameAndNoBackups(t *testing.T) {
	h := newHouse(t)
	_, transporter := h.pair("keep")
	a, vault := h.account(), h.repository(transporter)
	j := h.job(a, vault)
	h.runs(j)
	if code, out, errs := h.shell(nil, "config", "plan", write(t, "version: 1\naccounts: []\n"), "--prune"); code != 2 || !strings.Contains(errs, j.GetName()) {
		t.Errorf("pruning an account that a job uses: exit %d: %s%s", code, out, errs)
	}
	empty := write(t, "version: 1\ntransporters: []\naccounts: []\nrepositories: []\njobs: []\ndrills: []\n")
	if code, out, errs := h.shell(nil, "config", "plan", empty); code != 0 {
		t.Errorf("without --prune: exit %d: %s%s", code, out, errs)
	}
	if code, out, errs := h.shell(nil, "config", "apply", empty, "--prune", "--yes"); code != 0 {
		t.Fatalf("apply --prune: exit %d: %s%s", code, out, errs)
	}
	again := write(t, "version: 1\nrepositories:\n  - name: Vault\n    transporter: keep\n    path: /backup/vault\n    encrypted: true\n    passphrase: {env: PASS}\n")
	if code, out, errs := h.shell(map[string]string{"PASS": "passphrase"}, "config", "apply", again, "--attach", "--yes"); code != 0 {
		t.Fatalf("apply --attach: exit %d: %s%s", code, out, errs)
	}
	list, err := h.repositories.ListRepositories(t.Context(), &directorv1.ListRepositoriesRequest{})
	if err != nil || len(list.GetRepositories()) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	if got := h.in(list.GetRepositories()[0]); !strings.Contains(got, "m1") {
		t.Errorf("the points are gone: %q", got)
	}
}
