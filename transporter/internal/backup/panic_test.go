package backup_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

// A message that makes the program panic costs itself: not the mailbox, and not the process with everybody's tasks.
func TestAPanicCostsItsMessageAlone(t *testing.T) {
	b := newBox(1, "A")
	for i := range 5 {
		b.add("A", mail.MessageID(fmt.Sprint("m", i)), "body", file("a", fmt.Sprint(i)))
	}
	b.bomb = "m2"
	r := newMemRepository(t)
	p, result := run(t, r, b, backup.Options{})
	if len(p.messages) != 5 || len(result.Losses) != 1 || p.point.Complete {
		t.Fatalf("got %d messages, losses %+v", len(p.messages), result.Losses)
	}
	if !strings.Contains(result.Losses[0].Reason, "internal error") {
		t.Errorf("loss %+v", result.Losses[0])
	}
	b.bomb = ""
	p, result = run(t, r, b, backup.Options{})
	if len(result.Losses) != 0 {
		t.Errorf("after the mend: %+v", result.Losses)
	}
	compare(t, r, p, b)
}
