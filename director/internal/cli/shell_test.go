package cli

import (
	"bytes"
	"context"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shell runs command lines as a person would, against one Director.
type shell struct {
	t     *testing.T
	d     *director
	env   map[string]string
	stdin string
	dir   string
	term  *person
	live  bool
	width int
	now   time.Time
	// naps counts the waits between attempts; onNap is called in each.
	naps  int
	onNap func()
}

// person answers questions in order and remembers what was asked.
type person struct {
	answers []string
	asked   []string
}

func (p *person) ReadLine(_ context.Context, prompt string) (string, error) {
	p.asked = append(p.asked, prompt)
	if len(p.answers) == 0 {
		return "", fmt.Errorf("nobody answers %q", prompt)
	}
	text := p.answers[0]
	p.answers = p.answers[1:]
	return text, nil
}

func (p *person) ReadSecret(ctx context.Context, prompt string) (string, error) {
	return p.ReadLine(ctx, "(hidden) "+prompt)
}

func newShell(t *testing.T) *shell {
	t.Helper()
	d := newDirector(t)
	s := &shell{t: t, d: d, dir: t.TempDir(), now: at("2026-03-01 12:00:00").AsTime()}
	ca := filepath.Join(s.dir, "ca.pem")
	s.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.server.Certificate().Raw})))
	s.env = map[string]string{"HOLDFAST_DIRECTOR": d.server.URL, "HOLDFAST_TOKEN": goodToken, "HOLDFAST_CA": ca}
	return s
}

func (s *shell) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// result is what a command line left behind.
type result struct {
	code        int
	out, errors string
}

func (s *shell) run(args ...string) result { return s.runContext(s.t.Context(), args...) }

func (s *shell) runContext(ctx context.Context, args ...string) result {
	s.t.Helper()
	var out, errs syncBuffer
	o := Options{
		Stdin: strings.NewReader(s.stdin), Stdout: &out, Stderr: &errs, ConfigDir: filepath.Join(s.dir, "config"), Version: "1.2.3",
		Getenv: func(k string) string { return s.env[k] }, Now: s.tick, Zone: time.UTC, Live: s.live, Width: func() int { return s.width },
		Wait: func(ctx context.Context, _ time.Duration) error {
			s.naps++
			if s.onNap != nil {
				s.onNap()
			}
			return ctx.Err()
		},
	}
	if s.term != nil {
		o.Terminal = s.term
	}
	code := Run(ctx, o, args)
	return result{code, s.tidy(out.String()), s.tidy(errs.String())}
}

// tick is a clock on which every look takes a second.
func (s *shell) tick() time.Time {
	s.now = s.now.Add(time.Second)
	return s.now
}

// tidy takes out what differs from run to run.
func (s *shell) tidy(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, s.d.server.URL, "https://director.test:4443"), s.dir, "DIR")
}

// syncBuffer may be written while it is read.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// golden is the whole of a result as one text.
func (r result) golden() string {
	text := r.out
	if r.errors != "" {
		text += "--- standard error\n" + r.errors
	}
	if r.code != 0 {
		text += fmt.Sprintf("--- exit %d\n", r.code)
	}
	return text
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got), see -update:\n%s", path, diff)
	}
}
