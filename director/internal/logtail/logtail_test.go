package logtail

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTheLastWholeLinesAreKept(t *testing.T) {
	var out, all bytes.Buffer
	tail := New(&out, 100)
	for i := range 1000 {
		line := fmt.Sprintf("line %d %s\n", i, strings.Repeat("x", i%30))
		all.WriteString(line)
		if n, err := tail.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		got := string(tail.Lines())
		if len(got) > 100 || !strings.HasSuffix(all.String(), got) || !strings.HasPrefix(got, "line ") || !strings.HasSuffix(got, line) {
			t.Fatalf("after %d lines: got %q", i+1, got)
		}
		if whole := all.String(); len(whole) > 100 && len(got)+len("line 999 ")+31 < 100 {
			t.Fatalf("only %d bytes were kept", len(got))
		}
	}
	if out.String() != all.String() {
		t.Error("not everything was handed on")
	}
}

func TestALineThatIsTooLongIsNotKeptInPart(t *testing.T) {
	tail := New(&bytes.Buffer{}, 10)
	for range 3 {
		if _, err := tail.Write([]byte(strings.Repeat("long", 10) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if got := tail.Lines(); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestWhatCannotBeHandedOnIsKept(t *testing.T) {
	tail := New(broken{}, 100)
	if _, err := tail.Write([]byte("why\n")); err == nil {
		t.Error("the failure is hidden")
	}
	if got := string(tail.Lines()); got != "why\n" {
		t.Errorf("got %q", got)
	}
}
