package export_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/export"
)

// muttConfig makes mutt pipe every message of the folder, decoded, into a file of its own, and end.
const muttConfig = `set pipe_decode=yes pipe_split=yes pipe_sep="" wait_key=no charset=utf-8 quit=yes move=no mark_old=no sort=mailbox-order
set reflow_text=no folder=%s
unignore *
push "T~A\n;|sh %s\nx"
`

// mutt opens a mailbox and returns what it shows of each message, by message id.
func mutt(t *testing.T, box string) map[string]string {
	t.Helper()
	program, err := exec.LookPath("mutt")
	if err != nil {
		t.Skip("mutt is not on this machine")
	}
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("mutt wants a terminal, and there is no script(1) to give it one")
	}
	home := t.TempDir()
	shown := filepath.Join(home, "shown")
	if err := os.Mkdir(shown, 0o700); err != nil {
		t.Fatal(err)
	}
	config, keep := filepath.Join(home, "muttrc"), filepath.Join(home, "keep.sh")
	for name, text := range map[string]string{
		config: fmt.Sprintf(muttConfig, home, keep), keep: fmt.Sprintf("cat > \"$(mktemp '%s/m.XXXXXX')\"\n", shown),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	typing, hold, err := os.Pipe() // a terminal at which nobody types
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	defer typing.Close()
	cmd := exec.CommandContext(t.Context(), script, "-qec", fmt.Sprintf("%s -n -F '%s' -R -f '%s'", program, config, box), "/dev/null")
	cmd.Env = append(os.Environ(), "HOME="+home, "TERM=vt100", "LC_ALL=C.UTF-8")
	cmd.Stdin = typing
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mutt: %v\n%q", err, out)
	}
	files, err := os.ReadDir(shown)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(shown, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if id, ok := strings.CutPrefix(line, "Message-ID: "); ok {
				all[strings.TrimSpace(id)] = string(data)
				break
			}
		}
	}
	return all
}

// turning takes out the characters that turn the direction of what follows: mutt leaves them out of the headers it shows.
var turning = strings.NewReplacer("\u200e", "", "\u200f", "", "\u202a", "", "\u202b", "", "\u202c", "", "\u202d", "", "\u202e", "",
	"\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "", "\ufeff", "", "\u00ad", "")

// quoted is the mark by which mboxrd keeps a line from beginning a message. Mutt shows the mark, unless the line's encoding hid it
// and none was needed; taking it off again is tested with Python's reader.
var quoted = regexp.MustCompile(`(?m)^>+From `)

// plain is a text as both sides of the comparison have it.
func plain(text string) string {
	return squeeze(turning.Replace(quoted.ReplaceAllString(text, "From ")))
}

func TestMuttShowsWhatWasKept(t *testing.T) {
	s := newShelf(t)
	c, err := corpus.Generate(seedOf(t), corpus.Options{Mailboxes: 1, PerMailbox: 60})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Mail() {
		m.Folder = []string{"inbox"}
		s.add(m)
	}
	s.seal()
	for _, format := range []export.Format{export.Mbox, export.Maildir} {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := export.ToFolder(t.Context(), dir, s.options(format)); err != nil {
			t.Fatal(err)
		}
		box := dir
		if format == export.Mbox {
			box = filepath.Join(dir, "inbox.mbox")
		}
		got := mutt(t, box)
		if len(got) != len(s.kept) {
			t.Errorf("%s: mutt shows %d messages, want %d", format, len(got), len(s.kept))
		}
		for _, m := range s.truth {
			shown := plain(got[m.MessageID])
			for _, text := range []string{m.Subject, strings.ReplaceAll(m.From.Address, `"`, ""), m.Body} {
				if !strings.Contains(shown, plain(text)) {
					t.Errorf("%s: mutt does not show %q of %s:\n%.3000s", format, text, m.MessageID, got[m.MessageID])
					break
				}
			}
		}
	}
}
