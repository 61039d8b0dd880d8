// Program browser is the site behind the browser tests: a Director, Transporters and the simulated tenant as real
// processes. It prints one line of JSON that says where everything is, and stops it all when its input ends.
//
// With --prepared the site is one that has been lived in: an account, Transporters, repositories, jobs, and recovery points
// before and after a change of the mail. Without, nothing has been set up, as after an installation.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/test/site"
)

func main() {
	o := options{}
	flag.StringVar(&o.bin, "bin", "build/bin", "folder of the programs")
	flag.BoolVar(&o.prepared, "prepared", false, "set up and backed up already")
	flag.IntVar(&o.mailboxes, "mailboxes", 6, "mailboxes with mail")
	flag.IntVar(&o.messages, "messages", 40, "messages in each, about")
	flag.IntVar(&o.empty, "empty", 2, "mailboxes without mail")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

type options struct {
	bin                        string
	prepared                   bool
	mailboxes, messages, empty int
}

// place is what the tests are told about the site.
type place struct {
	Director string   `json:"director"`
	Password string   `json:"password"` // one-time
	Tenant   tenant   `json:"tenant"`
	Data     string   `json:"data"`
	Pairing  []remote `json:"pairing"`
	// Processes are the pids of the Director and the Transporters.
	Processes map[string]int `json:"processes"`
}

type tenant struct {
	ID       string `json:"id"`
	ClientID string `json:"clientId"`
	Secret   string `json:"secret"`
	Root     string `json:"root"`
	CAFile   string `json:"caFile"`
	Control  string `json:"control"`
}

// remote is a Transporter and the code that pairs it; without a code it is paired.
type remote struct {
	Address string `json:"address"`
	Code    string `json:"code"`
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "holdfast-browser-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := lay(o, dir)
	if err != nil {
		return err
	}
	defer func() {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "browser: stop:", err)
		}
	}()
	if err := start(ctx, s, o); err != nil {
		for _, p := range s.Processes() {
			fmt.Fprintf(os.Stderr, "── %s\n%s\n", p.Name, p.Tail())
		}
		return err
	}
	where, err := describe(s, o)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(where); err != nil {
		return err
	}
	return obey(ctx, s)
}

// obey does what the tests ask for, a word a line, until the input ends: "director down", "director up", "change" (of mail).
func obey(ctx context.Context, s *site.Site) error {
	ended := make(chan error, 1)
	go func() {
		in := json.NewDecoder(os.Stdin)
		for {
			var word string
			if err := in.Decode(&word); err != nil {
				if err == io.EOF {
					err = nil
				}
				ended <- err
				return
			}
			answer := "done"
			if err := do(ctx, s, word); err != nil {
				answer = err.Error()
			}
			_ = json.NewEncoder(os.Stdout).Encode(answer)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

func do(ctx context.Context, s *site.Site, word string) error {
	switch word {
	case "director down":
		return s.Director.Kill()
	case "director up":
		return s.Director.Start(ctx)
	case "change":
		return change(ctx, s)
	default:
		return fmt.Errorf("%q is nothing that a site can be asked", word)
	}
}

// lay chooses the addresses.
func lay(o options, dir string) (*site.Site, error) {
	ports, err := site.FreePorts(site.Host(0), 5)
	if err != nil {
		return nil, err
	}
	other, err := site.FreePorts(site.Host(1), 1)
	if err != nil {
		return nil, err
	}
	return site.New(site.Options{
		Bin: o.bin, Dir: dir, Tenant: ports[0], Uploads: ports[1], TenantControl: ports[2], Director: ports[3],
		Transporters: []string{ports[4], other[0]},
	})
}

func start(ctx context.Context, s *site.Site, o options) error {
	for _, p := range s.Processes() {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	if _, err := s.Control.Seed(ctx, graphsim.SeedOptions{
		Generate: &corpus.Options{Mailboxes: o.mailboxes, PerMailbox: o.messages}, Seed: 7,
	}); err != nil {
		return err
	}
	var empty []graphsim.User
	for i := range o.empty {
		empty = append(empty, graphsim.User{DisplayName: fmt.Sprintf("Spare %d", i+1), Mailbox: true})
	}
	if _, err := s.Control.AddUsers(ctx, empty...); err != nil {
		return err
	}
	if o.prepared {
		return prepare(ctx, s)
	}
	return nil
}

// prepare sets everything up and backs it up twice, with a change between.
func prepare(ctx context.Context, s *site.Site) error {
	secret, phrase := filepath.Join(s.Dir, "secret"), filepath.Join(s.Dir, "passphrase")
	if err := os.WriteFile(secret, []byte(s.Secret), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(phrase, []byte("a long passphrase"), 0o600); err != nil {
		return err
	}
	steps := [][]string{
		{"transporter", "pair", "Office", s.Options.Transporters[0], "--code-file", filepath.Join(s.TransporterData(0), "pairing-code")},
		{"transporter", "pair", "Vault room", s.Options.Transporters[1], "--code-file", filepath.Join(s.TransporterData(1), "pairing-code")},
		{
			"account", "add", "Contoso", "--tenant-id", site.TenantID, "--client-id", site.ClientID, "--secret-file", secret,
			"--cloud", "custom", "--authority", "https://" + s.Options.Tenant, "--graph-root", "https://" + s.Options.Tenant, "--graph-ca", s.CAFile(),
		},
		{"repository", "create", "Main vault", "--transporter", "Vault room", "--path", filepath.Join(s.Dir, "vault"), "--passphrase-file", phrase},
		{"repository", "create", "Second vault", "--transporter", "Office", "--path", filepath.Join(s.Dir, "second")},
		{"job", "create", "All mail", "--account", "Contoso", "--repository", "Main vault", "--transporter", "Office"},
		{"job", "run", "All mail", "--watch"},
	}
	for _, args := range steps {
		if err := s.CLI(ctx, nil, nil, args...); err != nil {
			return err
		}
	}
	if err := change(ctx, s); err != nil {
		return err
	}
	return s.CLI(ctx, nil, nil, "job", "run", "All mail", "--watch")
}

var changes = []graphsim.Change{
	{Do: "permanent", Random: 2, Seed: 1},
	{Do: "move", Random: 2, Seed: 2, To: []string{"archive"}},
	{Do: "edit", Random: 1, Seed: 3, Text: "Edited since"},
	{Do: "toggle", Random: 3, Seed: 4},
	{Do: "categorize", Random: 2, Seed: 5, Text: "Project"},
}

// change makes the mail of every mailbox another: deleted, moved, edited, read, filed under a category.
func change(ctx context.Context, s *site.Site) error {
	users, err := s.Control.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if !u.Mailbox || strings.HasPrefix(u.DisplayName, "Spare") {
			continue
		}
		for _, c := range changes {
			if _, err := s.Control.Change(ctx, u.ID, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func describe(s *site.Site, o options) (place, error) {
	at := place{
		Director: "https://" + s.Options.Director, Data: s.Dir,
		Tenant: tenant{
			ID: site.TenantID, ClientID: site.ClientID, Secret: s.Secret, Root: "https://" + s.Options.Tenant, CAFile: s.CAFile(),
			Control: "http://" + s.Options.TenantControl,
		},
		Processes: map[string]int{},
	}
	password, err := os.ReadFile(filepath.Join(s.DirectorData(), "first-password"))
	if err != nil {
		return at, err
	}
	at.Password = strings.TrimSpace(string(password))
	for i, address := range s.Options.Transporters {
		r := remote{Address: address}
		if !o.prepared {
			code, err := os.ReadFile(filepath.Join(s.TransporterData(i), "pairing-code"))
			if err != nil {
				return at, err
			}
			r.Code = strings.TrimSpace(string(code))
		}
		at.Pairing = append(at.Pairing, r)
	}
	for _, p := range s.Processes() {
		at.Processes[p.Name] = p.PID()
	}
	return at, nil
}
