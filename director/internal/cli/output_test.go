package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestOutputs(t *testing.T) {
	for _, tc := range []struct{ name, line string }{
		{"version", "version"},
		{"run-ledger", "run ledger run-2"},
		{"run-ledger-all", "run ledger run-2 --mailbox anna@contoso.com --all"},
		{"run-ledger-json", "run ledger run-2 --mailbox anna@contoso.com -o json"},
		{"token-create", "token create nightly"},
		{"account-list", "account list"},
		{"account-list-json", "account list -o json"},
		{"account-list-yaml", "account list -o yaml"},
		{"account-add", "account add New --tenant-id 6babcaad-604b-40ac-a9d7-9fd97c0b779f --client-id x --secret-stdin"},
		{"account-test", "account test Contoso"},
		{"account-update", "account update acc-1 --name Other"},
		{"account-refresh", "account refresh contoso"},
		{"account-remove", "account remove Contoso --yes"},
		{"mailbox-list", "mailbox list"},
		{"mailbox-list-account", "mailbox list --account ファブリカム"},
		{"mailbox-list-search", "mailbox list --search anna --limit 1"},
		{"mailbox-list-none", "mailbox list --search nobody"},
		{"transporter-list", "transporter list"},
		{"transporter-refresh", "transporter refresh site-a"},
		{"transporter-refresh-down", "transporter refresh site-b"},
		{"transporter-pair", "transporter pair new 192.0.2.30:9446 --code-stdin"},
		{"repository-list", "repository list"},
		{"repository-show", "repository show Vault"},
		{"repository-show-unsurveyed", "repository show Plain"},
		{"repository-show-mailboxes", "repository show Vault --mailboxes"},
		{"repository-create", "repository create New --transporter site-a --path /srv/new --passphrase-stdin"},
		{"repository-detach", "repository detach Vault"},
		{"repository-attach-recreate", "repository attach Plain --recreate --confirm-name Plain"},
		{"repository-reclaim", "repository reclaim Vault"},
		{"repository-copy", "repository copy Vault Plain"},
		{"repository-level", "repository level Vault best"},
		{"repository-passphrase", "repository passphrase Vault --passphrase-stdin"},
		{"point-delete", "point delete pt-bo pt-anna-1 --yes"},
		{"point-delete-all", "point delete --all --job Daily --yes"},
		{"point-delete-unsaid", "point delete --all --yes"},
		{"point-delete-ambiguous", "point delete pt-anna --yes"},
		{"repository-verify", "repository verify Vault"},
		{"repository-verify-json", "repository verify Vault -o json"},
		{"job-list", "job list"},
		{"job-show", "job show Daily"},
		{"job-show-json", "job show Board -o json"},
		{"job-run", "job run Daily"},
		{"job-next", "job next"},
		{"job-next-none", "job next Board"},
		{"job-estimate", "job estimate Daily"},
		{"job-estimate-none", "job estimate Board"},
		{"job-create-estimate", "job create New --account Contoso --estimate"},
		{"job-retention", "job retention Daily"},
		{"job-retention-apply", "job retention Daily --apply"},
		{"run-list", "run list"},
		{"run-show", "run show run-2"},
		{"settings-mail", "settings mail show"},
		{"settings-webhook", "settings webhook show"},
		{"report-list", "report list"},
		{"point-list", "point list"},
		{"point-list-mailbox", "point list --mailbox anna@contoso.com --limit 1"},
		{"folder-list", "folder list anna@contoso.com"},
		{"folder-list-lost", "folder list bo@contoso.com"},
		{"message-list", "message list pt-anna-1 inbox"},
		{"message-list-limit", "message list pt-anna-1 Posteingang --limit 1"},
		{"message-list-path", "message list pt-anna-1 posteingang/projects"},
		{"message-list-sorted", "message list pt-anna-1 inbox --sort subject --ascending --filter plan --only unread,flagged"},
		{"message-list-unknown-order", "message list pt-anna-1 inbox --sort colour"},
		{"message-history", "message history pt-anna-1 inbox m1"},
		{"message-history-json", "message history pt-anna-1 inbox m1 -o json"},
		{"point-diff", "point diff pt-anna-1 pt-anna-2"},
		{"point-diff-limit", "point diff pt-anna-1 pt-anna-2 --folder inbox --limit 1"},
		{"message-list-json", "message list pt-anna-1 f-sent -o json"},
		{"activity-list", "activity list"},
		{"activity-show-running", "activity show act-1"},
		{"activity-show-ended", "activity show act-2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShell(t)
			s.stdin = "HF-code\n"
			compareGolden(t, "output/"+tc.name, s.run(words(tc.line)...).golden())
		})
	}
}

func TestDocumentsAreWholeAndTheSameInBothFormats(t *testing.T) {
	s := newShell(t)
	for _, line := range []string{
		"account list", "mailbox list", "transporter list", "repository list", "repository show Vault", "job list",
		"job show Daily", "run list", "run show run-2", "point list", "folder list pt-anna-1", "message list pt-anna-1 inbox", "activity list",
		"activity show act-2", "account test Contoso", "token create x", "version", "recover pt-anna-1", "run stop run-2", "activity stop act-1",
	} {
		args := strings.Fields(line)
		j, y := s.run(append(args, "-o", "json")...), s.run(append(args, "-o", "yaml")...)
		if j.code != 0 || y.code != 0 {
			t.Errorf("%s: got exits %d and %d: %s%s", line, j.code, y.code, j.errors, y.errors)
		}
		var fromJSON, fromYAML any
		if err := json.Unmarshal([]byte(j.out), &fromJSON); err != nil {
			t.Errorf("%s -o json: %v", line, err)
		}
		if err := yaml.Unmarshal([]byte(y.out), &fromYAML); err != nil {
			t.Errorf("%s -o yaml: %v", line, err)
		}
		a, errA := json.Marshal(fromJSON)
		b, errB := json.Marshal(fromYAML)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s: JSON and YAML say different things:\n%s\n%s", line, a, b)
		}
	}
}

func TestAWrongOutputIsRefusedBeforeAnythingIsDone(t *testing.T) {
	s := newShell(t)
	r := s.run("account", "remove", "Contoso", "--yes", "-o", "xml")
	if r.code != exitUsage || len(s.d.requests) != 0 {
		t.Errorf("got exit %d after %d requests, want %d after none", r.code, len(s.d.requests), exitUsage)
	}
}
