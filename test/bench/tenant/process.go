package tenant

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"holdfast/test/graphsim"
)

// tenant is a simulated tenant in a process of its own.
type tenant struct {
	control *graphsim.Control
	file    string // says where it is
	process *exec.Cmd
}

// start starts a tenant on free ports and waits until it is ready.
func start(ctx context.Context, o *Options) (*tenant, error) {
	ca := filepath.Join(o.Dir, "ca.pem")
	const free = "127.0.0.1:0"
	cmd := exec.CommandContext(ctx, o.Simulator, "-listen", free, "-upload-listen", free, "-control-listen", free, "-ca-file", ca,
		"-state", filepath.Join(o.Dir, "tenant"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &tenant{process: cmd, file: filepath.Join(o.Dir, "tenant.json")}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.stop()
		return nil, fmt.Errorf("the tenant did not start: %w", err)
	}
	if err := t.describe(line, ca); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

// describe writes down where the tenant is, for the measuring program.
func (t *tenant) describe(health []byte, ca string) error {
	var h graphsim.Health
	if err := json.Unmarshal(health, &h); err != nil {
		return fmt.Errorf("the tenant said %q: %w", health, err)
	}
	t.control = &graphsim.Control{URL: h.Control}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string]string{
		"tenant": h.Tenant, "authority": h.Authority, "graph": h.Graph, "app": graphsim.DefaultApp, "secret": graphsim.DefaultSecret, "ca": string(pem),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(t.file, data, 0o600)
}

// stop ends the tenant.
func (t *tenant) stop() {
	_ = t.process.Process.Kill()
	if err := t.process.Wait(); err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			fmt.Fprintln(os.Stderr, "bench: end the tenant:", err)
		}
	}
}
