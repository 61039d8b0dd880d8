package corpus

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestWritingFollowsFieldsThatWereChanged(t *testing.T) {
	m, err := ParseEML([]byte("Received: by x; Mon, 3 Feb 2020 10:00:05 +0100\nX-Kept: as  it was\nX-Priority: 1\nFrom: A <a@x>\n"+
		"To: old@x\nTo: older@x\nSubject: before\nDate: Mon, 3 Feb 2020 10:00:00 +0100\nMessage-ID: <1@x>\n\nbody"), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.Subject, m.To, m.Importance, m.Categories = "äfter", []Address{{"New, One", "new@x"}}, "low", []string{"a, b", "c"}
	m.Draft, m.ReceiptWanted, m.Cc = true, true, []Address{{"", "c@x"}}
	m.Body, m.BodyHTML = "<p>from\r\n.\r\nhere</p>", true
	got := writeAndParse(t, m)
	checkHeaders := got.Headers
	got.Headers, m.Headers = nil, nil
	if diff := diffMail(m, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if get(checkHeaders, "X-Kept") != "as  it was" || hasHeader(checkHeaders, "X-Priority") || checkHeaders[0].Name != "Received" {
		t.Errorf("headers %v", checkHeaders)
	}
}

func TestWrittenMailIsCanonical(t *testing.T) {
	c := generate(t, seed, Options{Mailboxes: 6, Messages: 300})
	for _, m := range c.Mail() {
		var b bytes.Buffer
		if err := WriteEML(&b, m); err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b.Bytes()) {
			if bytes.HasSuffix(line, []byte("\n")) && !bytes.HasSuffix(line, []byte("\r\n")) || len(line) > 1000 {
				t.Fatalf("seed %d: %s has a line of %d bytes: %.80q", seed, m.MessageID, len(line), line)
			}
		}
	}
}

func TestWritingReportsTheWritersError(t *testing.T) {
	m := Message{Subject: "s", Body: strings.Repeat("x\r\n", 100_000)}
	if err := WriteEML(brokenPipe{}, m); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error %v, want the writer's", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, iotest.ErrTimeout }
