// Package site runs a whole installation as real processes on this machine: the simulated tenant, a Director, and
// Transporters, driven by the operator CLI. The demo and the end-to-end tests share it. It ends only processes that it
// started.
package site

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"holdfast/test/graphsim"
)

// Options of a site. All fields but Hosts are required.
type Options struct {
	Bin string // folder of the built programs
	Dir string // folder of all data; made if missing
	// Addresses of the tenant: Graph and identity, uploads, control.
	Tenant, Uploads, TenantControl string
	Director                       string
	// Transporters' control addresses; transfers use the same host.
	Transporters []string
	// DirectorArgs are added to those of the Director.
	DirectorArgs []string
	// TransferFirst and TransferLast bound the transfer ports; zero takes the product's.
	TransferFirst, TransferLast int
}

// Site is a running installation.
type Site struct {
	Options
	Tenant       *Process
	Director     *Process
	Transporters []*Process
	Control      *graphsim.Control
	Secret       string // client secret of the application in the tenant
	home         string // folder of the CLI's own configuration
}

// Names of the application in the tenant.
const (
	TenantID = graphsim.DefaultTenant
	ClientID = graphsim.DefaultApp
)

// New lays a site out; nothing runs yet.
func New(o Options) (*Site, error) {
	var err error
	for _, dir := range []*string{&o.Bin, &o.Dir} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return nil, err
		}
	}
	s := &Site{Options: o, home: filepath.Join(o.Dir, "home")}
	for _, dir := range []string{"log", "home", "tenant"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, dir), 0o700); err != nil {
			return nil, err
		}
	}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	s.Secret = hex.EncodeToString(secret)
	s.Control = &graphsim.Control{URL: "http://" + o.TenantControl}
	logs := filepath.Join(o.Dir, "log")
	s.Tenant = &Process{
		Name: "tenant", path: filepath.Join(o.Bin, "graphsim"), log: logFile(logs, "tenant"),
		args: []string{
			"--listen", o.Tenant, "--upload-listen", o.Uploads, "--control-listen", o.TenantControl,
			"--state", filepath.Join(o.Dir, "tenant"), "--ca-file", s.CAFile(),
			"--tenant", TenantID, "--app", ClientID + ":" + s.Secret, "--names", hostOf(o.Tenant) + "," + hostOf(o.Uploads),
		},
		ready: func(ctx context.Context) error { _, err := s.Control.Health(ctx); return err },
	}
	s.Director = &Process{
		Name: "Director", path: filepath.Join(o.Bin, "holdfast-director"), log: logFile(logs, "director"),
		args:  append([]string{"run", "--data-dir", s.DirectorData(), "--address", o.Director}, o.DirectorArgs...),
		ready: answers("https://" + o.Director + "/readyz"),
	}
	for i, address := range o.Transporters {
		data := s.TransporterData(i)
		p := &Process{
			Name: fmt.Sprintf("Transporter %d", i+1), path: filepath.Join(o.Bin, "holdfast-transporter"),
			log:   logFile(logs, fmt.Sprintf("transporter%d", i+1)),
			args:  []string{"run", "--data-dir", data, "--control-address", address},
			ready: listens(address),
		}
		if o.TransferFirst != 0 {
			p.args = append(p.args, "--transfer-port-first", fmt.Sprint(o.TransferFirst), "--transfer-port-last", fmt.Sprint(o.TransferLast))
		}
		s.Transporters = append(s.Transporters, p)
	}
	return s, nil
}

// CAFile is where the tenant writes its authority's certificate.
func (s *Site) CAFile() string { return filepath.Join(s.Dir, "tenant-ca.pem") }

// DirectorData is the Director's data folder.
func (s *Site) DirectorData() string { return filepath.Join(s.Dir, "director") }

// TransporterData is the data folder of the Transporter with that index.
func (s *Site) TransporterData(i int) string {
	return filepath.Join(s.Dir, fmt.Sprintf("transporter%d", i+1))
}

// Processes returns all programs, the tenant first.
func (s *Site) Processes() []*Process {
	return append([]*Process{s.Tenant, s.Director}, s.Transporters...)
}

// Stop stops every program that runs, in the reverse order of their start.
func (s *Site) Stop() error {
	var all []error
	list := s.Processes()
	for i := len(list) - 1; i >= 0; i-- {
		all = append(all, list[i].Stop())
	}
	return errors.Join(all...)
}

// Command returns the CLI with the arguments, set up to talk to the site's Director, with its own empty configuration.
func (s *Site) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.Bin, "holdfast"), args...)
	cmd.Env = append(os.Environ(),
		"HOME="+s.home, "XDG_CONFIG_HOME="+s.home,
		"HOLDFAST_DIRECTOR=https://"+s.Options.Director,
		"HOLDFAST_TOKEN_FILE="+filepath.Join(s.DirectorData(), "cli-token"),
		"HOLDFAST_CA="+filepath.Join(s.DirectorData(), "tls.crt"),
	)
	return cmd
}

// CLIError is a command that ended with another code than zero.
type CLIError struct {
	Args   []string
	Code   int
	Stderr string
}

// Error returns the command and what it said.
func (e *CLIError) Error() string {
	return fmt.Sprintf("holdfast %s: exit %d: %s", strings.Join(e.Args, " "), e.Code, strings.TrimSpace(e.Stderr))
}

// CLI runs a command with -o json and reads its answer, one message of the Director's API, into v (which may be nil). Stdin
// may be nil.
func (s *Site) CLI(ctx context.Context, v proto.Message, stdin io.Reader, args ...string) error {
	cmd := s.Command(ctx, append(args, "-o", "json")...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &complaint
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return &CLIError{Args: args, Code: exit.ExitCode(), Stderr: complaint.String()}
		}
		return err
	}
	if v == nil {
		return nil
	}
	if err := protojson.Unmarshal(out.Bytes(), v); err != nil {
		return fmt.Errorf("holdfast %s answered no JSON: %w: %.200s", strings.Join(args, " "), err, out.Bytes())
	}
	return nil
}

// answers returns a check that the address answers 200 over HTTPS; whose certificate it is does not matter to readiness.
func answers(url string) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // readiness only: nothing is sent or believed
		DisableKeepAlives: true,
	}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, resp.Status)
		}
		return nil
	}
}

// listens returns a check that something accepts connections at the address.
func listens(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// hostOf returns the host of an address; the address where it has no port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// Host returns one of three loopback addresses, by n of 0 to 2, that only sites of this process listen on. No connection
// leaves from them either (the system takes 127.0.0.1 for that), so that ports found free there stay free.
func Host(n int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64*(1+n)+pid>>16&63, pid>>8&255, pid&255)
}

// FreePorts returns n different addresses on host whose ports nothing listens on now. What one call returned, another may
// return again while nothing listens there: ask once for all that a host needs.
func FreePorts(host string, n int) ([]string, error) {
	var found []string
	for range n {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, err
		}
		defer l.Close()
		found = append(found, l.Addr().String())
	}
	return found, nil
}

// PeakMemory returns the greatest resident size the process had, in bytes (Linux).
func (p *Process) PeakMemory() (int64, error) { return p.memory("VmHWM:") }

// Memory returns the resident size of the process now, in bytes (Linux).
func (p *Process) Memory() (int64, error) { return p.memory("VmRSS:") }

func (p *Process) memory(field string) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			var kb int64
			if _, err := fmt.Sscanf(strings.TrimSpace(rest), "%d kB", &kb); err != nil {
				return 0, err
			}
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("%s: no %s in its status", p.Name, field)
}

// WaitFor polls a condition until it holds or ctx ends.
func WaitFor(ctx context.Context, what string, holds func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := holds()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
