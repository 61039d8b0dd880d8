package cli

import (
	"strings"
	"testing"
	"time"
)

func TestColumnsLineUp(t *testing.T) {
	tb := newTable("NAME", "N").numbers(1).shorten(0)
	for _, name := range []string{"plain", "陳大文", "ﾊﾝｶｸ", "Ａｌｌ", "e\u0301te\u0301", "👩\u200d💻 dev", "русский", "tab\tnew\nline", "\x1b[31mred\u202e"} {
		tb.row(name, "7")
	}
	var b strings.Builder
	if err := tb.write(&b, 0); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for _, l := range lines {
		if cellWidth(l) != cellWidth(lines[0]) {
			t.Errorf("%q is %d columns wide, the head %d", l, cellWidth(l), cellWidth(lines[0]))
		}
		if strings.ContainsAny(l, "\x1b\t\u202e") {
			t.Errorf("%q can steer a terminal", l)
		}
	}
}

func TestANarrowTerminalShortensOneColumn(t *testing.T) {
	tb := newTable("SUBJECT", "ID").shorten(0)
	tb.row("会議のお知らせ会議のお知らせ会議のお知らせ", "m1")
	var b strings.Builder
	if err := tb.write(&b, 20); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		if cellWidth(l) > 20 {
			t.Errorf("%q is %d columns wide", l, cellWidth(l))
		}
	}
	if !strings.Contains(b.String(), "…") || !strings.Contains(b.String(), "m1") {
		t.Errorf("got %q", b.String())
	}
}

func TestNumbersAsPeopleReadThem(t *testing.T) {
	for got, want := range map[string]string{
		count(0): "0", count(999): "999", count(1000): "1,000", count(-1234567): "-1,234,567",
		size(999): "999 B", size(1000): "1.00 kB", size(12_345_678): "12.3 MB", size(999_999): "1.00 MB", size(1 << 62): "4.61 EB",
		duration(850 * time.Millisecond): "850 ms", duration(4200 * time.Millisecond): "4.2 s", duration(185 * time.Second): "3 min 5 s",
		duration(2 * time.Hour): "2 h", duration(74 * time.Hour): "3 d 2 h",
		roughly(61*time.Minute + 3*time.Second): "1 h", roughly(93 * time.Second): "1 min 35 s",
		counted(1, "mailbox"): "1 mailbox", counted(2, "mailbox"): "2 mailboxes", counted(2, "message"): "2 messages",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
