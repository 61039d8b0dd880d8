// Package e2e tests a whole installation as its users meet it: real processes on real ports, driven by the CLI, against the
// simulated tenant, compared with the truth.
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

var bin string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if bin, err = os.MkdirTemp("", "holdfast-e2e-"); err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(bin)
	if err := build(); err != nil {
		os.RemoveAll(bin)
		log.Fatal(err)
	}
	m.Run()
}

// build builds the programs into bin.
func build() error {
	cmd := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./director/cmd/...", "./transporter/cmd/...", "./test/graphsim/cmd/...")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// newSite returns a site with free ports and a started tenant; the rest is laid out but not started.
func newSite(t *testing.T, transporters int, tune ...func(*site.Options)) *site.Site {
	t.Helper()
	ports, err := site.FreePorts(site.Host(0), 5)
	if err != nil {
		t.Fatal(err)
	}
	control := ports[4:]
	for i := 1; i < transporters; i++ {
		p, err := site.FreePorts(site.Host(i), 1)
		if err != nil {
			t.Fatal(err)
		}
		control = append(control, p...)
	}
	o := site.Options{
		Bin: bin, Dir: t.TempDir(), Tenant: ports[0], Uploads: ports[1], TenantControl: ports[2], Director: ports[3],
		Transporters: control,
	}
	for _, fn := range tune {
		fn(&o)
	}
	s, err := site.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			for _, p := range s.Processes() {
				t.Logf("── end of the output of %s\n%s", p.Name, p.Tail())
			}
		}
	})
	if err := s.Tenant.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// cli runs a command that must succeed.
func cli(t *testing.T, s *site.Site, args ...string) {
	t.Helper()
	if err := s.CLI(t.Context(), nil, nil, args...); err != nil {
		t.Fatal(err)
	}
}

// refused runs a command that must fail with one clear sentence that holds each of the words.
func refused(t *testing.T, s *site.Site, words []string, args ...string) {
	t.Helper()
	var failed *site.CLIError
	err := s.CLI(t.Context(), nil, nil, args...)
	if !errors.As(err, &failed) {
		t.Fatalf("holdfast %s: got %v, want it to fail", strings.Join(args, " "), err)
	}
	said := strings.TrimSpace(failed.Stderr)
	for _, w := range words {
		if !strings.Contains(strings.ToLower(said), strings.ToLower(w)) {
			t.Errorf("holdfast %s: said %q, which does not name %q", strings.Join(args, " "), said, w)
		}
	}
	for _, jargon := range []string{"rpc error", "goroutine", "desc =", "panic"} {
		if strings.Contains(said, jargon) {
			t.Errorf("holdfast %s: said %q, which only a programmer understands", strings.Join(args, " "), said)
		}
	}
}

// file writes a file into the site's folder.
func file(t *testing.T, s *site.Site, name, content string) string {
	t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// accountArgs are the flags that make the CLI reach the tenant.
func accountArgs(t *testing.T, s *site.Site, secret, tenant string) []string {
	return []string{
		"account", "add", "Contoso", "--tenant-id", tenant, "--client-id", site.ClientID,
		"--secret-file", file(t, s, "secret", secret), "--cloud", "custom", "--authority", "https://" + s.Options.Tenant,
		"--graph-root", "https://" + s.Options.Tenant, "--graph-ca", s.CAFile(),
	}
}

// setUp starts everything, pairs, and makes account, repository and job. The repository lies on the last Transporter, the
// first one pulls.
func setUp(t *testing.T, s *site.Site, extra ...string) {
	t.Helper()
	if err := s.Director.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, p := range s.Transporters {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		cli(t, s, "transporter", "pair", fmt.Sprintf("t%d", i+1), s.Options.Transporters[i],
			"--code-file", filepath.Join(s.TransporterData(i), "pairing-code"))
	}
	cli(t, s, accountArgs(t, s, s.Secret, site.TenantID)...)
	cli(t, s, "repository", "create", "Vault", "--transporter", fmt.Sprintf("t%d", len(s.Transporters)),
		"--path", filepath.Join(s.Dir, "vault"), "--passphrase-file", file(t, s, "passphrase", "a long passphrase"))
	cli(t, s, append([]string{"job", "create", "Job", "--account", "Contoso", "--repository", "Vault", "--transporter", "t1"}, extra...)...)
}

// seed fills the tenant with generated mail and adds as many empty mailboxes.
func seed(t *testing.T, s *site.Site, o corpus.Options) (full, empty []graphsim.User) {
	t.Helper()
	made, err := s.Control.Seed(t.Context(), graphsim.SeedOptions{Generate: &o, Seed: 11})
	if err != nil {
		t.Fatal(err)
	}
	users, err := s.Control.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	full = users
	if len(full) != len(made.Mailboxes) {
		t.Fatalf("%d users, %d mailboxes", len(full), len(made.Mailboxes))
	}
	for i := range full {
		empty = append(empty, graphsim.User{DisplayName: fmt.Sprintf("Spare %d", i+1), Mailbox: true})
	}
	if empty, err = s.Control.AddUsers(t.Context(), empty...); err != nil {
		t.Fatal(err)
	}
	return full, empty
}

// lastRun returns the newest run.
func lastRun(ctx context.Context, s *site.Site) (*pb.Run, error) {
	var list pb.ListRunsResponse
	if err := s.CLI(ctx, &list, nil, "run", "list", "--limit", "1"); err != nil {
		return nil, err
	}
	if len(list.GetRuns()) == 0 {
		return nil, errors.New("there is no run")
	}
	return list.GetRuns()[0], nil
}

func ended(status pb.RunStatus) bool {
	switch status {
	case pb.RunStatus_RUN_STATUS_SUCCEEDED, pb.RunStatus_RUN_STATUS_INCOMPLETE, pb.RunStatus_RUN_STATUS_FAILED, pb.RunStatus_RUN_STATUS_STOPPED:
		return true
	default:
		return false
	}
}

// waitRun waits until the newest run has ended, through restarts of the Director.
func waitRun(t *testing.T, s *site.Site) *pb.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var run *pb.Run
	err := site.WaitFor(ctx, "the end of the run", func() (bool, error) {
		r, err := lastRun(ctx, s)
		if err != nil {
			return false, nil //nolint:nilerr // the Director may be on its way back
		}
		run = r
		return ended(r.GetStatus()), nil
	})
	if err != nil {
		t.Fatalf("%v; last seen: %v", err, run)
	}
	return run
}

// truth returns what a mailbox holds.
func truth(t *testing.T, s *site.Site, mailbox string) []graphsim.TruthLine {
	t.Helper()
	lines, err := s.Control.Truth(t.Context(), mailbox, graphsim.TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// equal fails the test for every difference between what a mailbox should hold and what it holds.
func equal(t *testing.T, s *site.Site, want []graphsim.TruthLine, mailbox graphsim.User) {
	t.Helper()
	differences := graphsim.Compare(want, truth(t, s, mailbox.ID), graphsim.CompareOptions{Plain: true})
	for i, d := range differences {
		if i == 10 {
			t.Errorf("… and %d more", len(differences)-i)
			break
		}
		t.Errorf("%s: %s", mailbox.DisplayName, d)
	}
}
