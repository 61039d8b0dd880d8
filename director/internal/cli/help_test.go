package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func everyCommand(root *cobra.Command, do func(*cobra.Command)) {
	do(root)
	for _, c := range root.Commands() {
		everyCommand(c, do)
	}
}

func TestHelpOfEveryCommand(t *testing.T) {
	s := newShell(t)
	everyCommand(newRoot(&app{Options: Options{}.withDefaults()}), func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		args := append([]string{"help"}, path...)
		if c.Name() == "help" {
			return
		}
		r := s.run(args...)
		if r.code != 0 || r.errors != "" {
			t.Errorf("%v: got exit %d and %q on standard error", args, r.code, r.errors)
		}
		for _, line := range strings.Split(r.out, "\n") {
			if prose, _, _ := strings.Cut(r.out, "Flags:"); cellWidth(line) > 82 && strings.Contains(prose, line) && !strings.HasPrefix(line, "  holdfast") {
				t.Errorf("%v: a line of %d columns: %q", args, cellWidth(line), line)
			}
		}
		compareGolden(t, "help/"+strings.Join(append([]string{"holdfast"}, path...), "-"), r.out)
	})
}

// Examples are promises: each of them must work as it stands.
func TestEveryExampleWorks(t *testing.T) {
	everyCommand(newRoot(&app{Options: Options{}.withDefaults()}), func(c *cobra.Command) {
		if c.HasSubCommands() && c.HasParent() || c.Name() == "help" || c.Name() == "exit-codes" || c.Name() == "environment" {
			return
		}
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", " "), "\n") {
			t.Run(strings.TrimSpace(line), func(t *testing.T) { runExample(t, line) })
		}
	})
}

func runExample(t *testing.T, line string) {
	s := newShell(t)
	t.Chdir(s.dir)
	for name, text := range map[string]string{
		"secret.txt": "s3cret\n", "passphrase.txt": "correct horse\n", "code.txt": "HF-code\n", "holdfast.yaml": "version: 1\n",
		"director-ca.pem": readFile(t, s.env["HOLDFAST_CA"]),
	} {
		s.write(name, text)
	}
	line = line[strings.Index(line, "holdfast "):]
	args := words(line)[1:]
	for i, w := range args {
		switch w {
		case "backup.example.com":
			args[i] = s.d.server.URL
		case "<":
			s.stdin = newPassword + "\n"
			args = args[:i]
		case ">":
			args = args[:i]
		}
		if i >= len(args)-1 {
			break
		}
	}
	if args[0] == "completion" {
		args = []string{"completion", strings.TrimRight(args[1], ")")}
	}
	if args[0] == "login" && s.stdin == "" {
		delete(s.env, "HOLDFAST_CA")
		s.term = &person{answers: []string{"y", "admin", newPassword}}
	}
	r := s.run(args...)
	// Some of the stories that the fake tells end with losses or find a Transporter down.
	if r.code != exitOK && r.code != exitIncomplete {
		t.Errorf("%s\ngot exit %d: %s", line, r.code, r.errors)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// words splits a line as a shell does, as far as examples need.
func words(line string) []string {
	var out []string
	var b strings.Builder
	quoted, some := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, some = !quoted, true
		case r == ' ' && !quoted:
			if some || b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
			some = false
		default:
			b.WriteRune(r)
		}
	}
	return append(out, b.String())
}
