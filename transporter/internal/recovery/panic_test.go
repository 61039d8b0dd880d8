package recovery_test

import (
	"path/filepath"
	"strings"
	"testing"

	"holdfast/transporter/internal/recovery"
)

// The task board turns a panic of a task into its failure. It can do so only for the goroutine that it called.
func TestAPanicWhileWritingEndsTheRecoveryAndNotTheProcess(t *testing.T) {
	box := german()
	box.fault = func(recovery.Item) (error, error) { panic("broken message") }
	defer func() {
		r, _ := recover().(string)
		if !strings.Contains(r, "broken message") || !strings.Contains(r, "panic_test.go") {
			t.Errorf("got %q, want the panic with its stack", r)
		}
	}()
	_, _ = recovery.New(recovery.Options{
		Point: english(), Target: box, Journal: filepath.Join(t.TempDir(), "t.journal"),
		Request: recovery.Request{Task: "t"},
	}).Run(t.Context(), nil)
	t.Error("the recovery ended as if nothing had been")
}
