package export

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNamesAreSafeOnWindowsAndLinux(t *testing.T) {
	for text, want := range map[string]string{
		"": "_", "  ": "_", "Plan": "Plan", "a/b\\c:d*e?f\"g<h>i|j": "a_b_c_d_e_f_g_h_i_j", "CON": "CON_", "con.txt": "con_.txt", "COM1": "COM_1",
		"lpt².x": "lpt_².x", "console": "console", "dot.": "dot", "...": "_", ".hidden": "_hidden", "-rf": "_rf", "tab\tand\x00nul": "tab_and_nul",
		"left\u202eright": "left_right", "名前 (変更)": "名前 (変更)", "bad\xff": "bad_", "a\u00a0b": "a b", "COM10": "COM10",
	} {
		if got := safeName(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	long := safeName(strings.Repeat("👩‍👩‍👧‍👦", 100))
	if units(long) > 60 || len(long) > maxNameBytes || !utf8.ValidString(long) {
		t.Errorf("%q has %d units and %d bytes", long, units(long), len(long))
	}
}

func TestFoldersStayApart(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	parts := []string{"a", "A", "a:", "a?", "b.eml", "b.mbox", "CON", "con", strings.Repeat("x", 80), strings.Repeat("y", 80), "İ", "i", "ß", "SS"}
	var tr tree
	seen := map[string]string{}
	for i := range 3000 {
		var path []string
		for range 1 + rnd.IntN(6) {
			path = append(path, parts[rnd.IntN(len(parts))])
		}
		where := tr.place(path, string(rune('a'+i%26))+time.Duration(i).String())
		if old, in := seen[fold(where)]; in {
			t.Fatalf("%q and %q are both in %q", path, old, where)
		}
		seen[fold(where)] = strings.Join(path, "/")
		if units(where) > maxFolderPath+80 {
			t.Fatalf("%q is too long", where)
		}
	}
}

func TestMessagesOfOneSecondStayApart(t *testing.T) {
	var s sequence
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	for _, want := range []string{"2026-01-02 150405 Plan", "2026-01-02 150405 plan (2)", "2026-01-02 150405 PLAN (3)"} {
		if got := s.name(at, want[18:22]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := s.name(at.Add(time.Second), "Plan"); got != "2026-01-02 150406 Plan" {
		t.Error(got)
	}
	if got := s.name(time.Time{}, " "); got != "no date (no subject)" {
		t.Error(got)
	}
}

func TestModifiedUTF7(t *testing.T) {
	for text, want := range map[string]string{
		"Plan": "Plan", "R&D": "R&-D", "Entwürfe": "Entw&APw-rfe", "日本": "&ZeVnLA-", "v1.2": "v1&AC4-2", "a/b": "a&AC8-b", "📁": "&2D3cwQ-", "": "_", "..": "&AC4ALg-", " a ": "&ACA-a&ACA-",
	} {
		if got := utf7(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// quoteWhole does with a whole message in memory what mboxWriter does with a stream.
func quoteWhole(message string) string {
	message = strings.ReplaceAll(message, "\r\n", "\n")
	head, body, hasBody := strings.Cut(message, "\n\n")
	if strings.HasPrefix(message, "\n") {
		head, body, hasBody = "", message[1:], true
	}
	var out strings.Builder
	drop := false
	if head != "" {
		for line := range strings.SplitSeq(strings.TrimSuffix(head, "\n"), "\n") {
			if line == "" || line[0] != ' ' && line[0] != '\t' {
				name, _, _ := strings.Cut(strings.ToLower(line), ":")
				drop = strings.Contains(line, ":") && strings.Contains("status x-status content-length x-mozilla-status x-mozilla-status2 x-imap x-imapbase", name) &&
					strings.Contains(" status x-status content-length x-mozilla-status x-mozilla-status2 x-imap x-imapbase ", " "+name+" ")
			}
			if drop {
				continue
			}
			if strings.HasPrefix(line, "From ") {
				line = ">" + line
			}
			out.WriteString(line + "\n")
		}
	}
	out.WriteString("\n")
	if !hasBody {
		return out.String() + "\n"
	}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
			line = ">" + line
		}
		out.WriteString(line)
	}
	if body != "" && !strings.HasSuffix(body, "\n") {
		out.WriteString("\n")
	}
	return out.String() + "\n"
}

func FuzzMboxWriter(f *testing.F) {
	for _, s := range []string{
		"A: b\r\nStatus: x\r\n folded\r\nC: d\r\n\r\nFrom a\r\n>>From b\r\n>x\r\nF", "", "\n", "Content-Length: 1\n\n>", "From x\n\nFrom ", "a\rb\r\r\n\r\n>>>>From", "A: b",
	} {
		f.Add(s, uint8(1))
	}
	f.Fuzz(func(t *testing.T, message string, step uint8) {
		var out strings.Builder
		w := &mboxWriter{w: &out, head: true}
		for rest := message; rest != ""; {
			n := min(len(rest), int(step)+1)
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), quoteWhole(message); got != want {
			t.Fatalf("%q became %q, want %q", message, got, want)
		}
	})
}

func TestNoNameLeadsOutOfAnExport(t *testing.T) {
	z := newArchive(io.Discard)
	d := &folderPlace{work: t.TempDir(), dirs: map[string]bool{}}
	for _, name := range []string{"../x", "a/../../x", "/x", "..", "a//b"} {
		for _, p := range []place{z, d} {
			if err := p.mkdir(name); err == nil {
				t.Errorf("%T makes the folder %q", p, name)
			}
			if _, err := p.create(name, time.Time{}); err == nil {
				t.Errorf("%T makes the file %q", p, name)
			}
		}
	}
}
