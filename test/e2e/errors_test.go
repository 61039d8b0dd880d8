package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

// What goes wrong when a site is set up is said in one clear sentence, and leaves nothing half-made.
func TestSetUpErrorsAreClear(t *testing.T) {
	s := newSite(t, 1)
	seed(t, s, corpus.Options{Mailboxes: 2, PerMailbox: 3})
	if err := s.Director.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	nobody, err := site.FreePorts(site.Host(0), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Transporters[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile(filepath.Join(s.TransporterData(0), "pairing-code"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(code))
	good := file(t, s, "good-code", text)
	address := s.Options.Transporters[0]

	t.Run("unreachable Transporter", func(t *testing.T) {
		refused(t, s, []string{nobody[0]}, "transporter", "pair", "t1", nobody[0], "--code-file", good)
	})
	t.Run("pairing code with a typing error", func(t *testing.T) {
		last := "0"
		if strings.HasSuffix(text, "0") {
			last = "1"
		}
		wrong := file(t, s, "mistyped", text[:len(text)-1]+last)
		refused(t, s, []string{"pairing code"}, "transporter", "pair", "t1", address, "--code-file", wrong)
	})
	t.Run("pairing code of another Transporter", func(t *testing.T) {
		refused(t, s, []string{"pairing code"}, "transporter", "pair", "t1", address, "--code-file", file(t, s, "other", otherCode(t)))
	})
	var transporters pb.ListTransportersResponse
	if err := s.CLI(t.Context(), &transporters, nil, "transporter", "list"); err != nil {
		t.Fatal(err)
	}
	if len(transporters.GetTransporters()) != 0 {
		t.Fatalf("a failed pairing left %v", transporters.GetTransporters())
	}
	cli(t, s, "transporter", "pair", "t1", address, "--code-file", good)

	t.Run("wrong secret", func(t *testing.T) {
		refused(t, s, []string{"secret", "AADSTS7000215"}, accountArgs(t, s, "not-the-secret", site.TenantID)...)
	})
	t.Run("unknown tenant", func(t *testing.T) {
		refused(t, s, []string{"tenant", "AADSTS90002"}, accountArgs(t, s, s.Secret, "00000000-0000-4000-8000-000000000000")...)
	})
	var accounts pb.ListAccountsResponse
	if err := s.CLI(t.Context(), &accounts, nil, "account", "list"); err != nil {
		t.Fatal(err)
	}
	if len(accounts.GetAccounts()) != 0 {
		t.Fatalf("a refused account was stored: %v", accounts.GetAccounts())
	}

	t.Run("unwritable folder", func(t *testing.T) {
		// Root may write anywhere but below a file and into /proc.
		below := filepath.Join(file(t, s, "a-file", "x"), "repository")
		refused(t, s, []string{below}, "repository", "create", "Vault", "--transporter", "t1", "--path", below)
		refused(t, s, []string{"/proc/repository"}, "repository", "create", "Vault", "--transporter", "t1", "--path", "/proc/repository")
	})
	var repositories pb.ListRepositoriesResponse
	if err := s.CLI(t.Context(), &repositories, nil, "repository", "list"); err != nil {
		t.Fatal(err)
	}
	if len(repositories.GetRepositories()) != 0 {
		t.Fatalf("a refused repository was stored: %v", repositories.GetRepositories())
	}

	t.Run("port in use", func(t *testing.T) {
		for name, args := range map[string][]string{
			"holdfast-director":    {"run", "--data-dir", filepath.Join(s.Dir, "d2"), "--address", s.Options.Director},
			"holdfast-transporter": {"run", "--data-dir", filepath.Join(s.Dir, "t2"), "--control-address", address},
		} {
			out, err := exec.CommandContext(t.Context(), filepath.Join(bin, name), args...).CombinedOutput()
			if err == nil {
				t.Errorf("%s started on a port in use", name)
			}
			if said := string(out); !strings.Contains(said, "in use") || strings.Contains(said, "goroutine") {
				t.Errorf("%s said %q", name, said)
			}
		}
	})
	t.Run("second instance on the same data", func(t *testing.T) {
		free, err := site.FreePorts(site.Host(0), 1)
		if err != nil {
			t.Fatal(err)
		}
		for name, args := range map[string][]string{
			"holdfast-director":    {"run", "--data-dir", s.DirectorData(), "--address", free[0]},
			"holdfast-transporter": {"run", "--data-dir", s.TransporterData(0), "--control-address", free[0]},
		} {
			out, err := exec.CommandContext(t.Context(), filepath.Join(bin, name), args...).CombinedOutput()
			if err == nil || strings.Contains(string(out), "goroutine") {
				t.Errorf("%s: %v, %q", name, err, out)
			}
		}
	})
}

// otherCode is a well-formed code of a Transporter that is not there.
func otherCode(t *testing.T) string {
	t.Helper()
	c, err := newCode()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
