package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast/pkg/fault"
)

func TestEveryKindSurvivesGRPC(t *testing.T) {
	for k := fault.Unknown; k <= fault.Unsupported; k++ {
		sent := fault.New(k, "sentence of %v", k)
		sent.Field, sent.RetryAfter, sent.RequestID = "job.name", 3*time.Second, "req-1"
		got := fault.FromStatus(fault.ToStatus(fmt.Errorf("start task t1: %w", sent)))
		if !errors.Is(got, k) {
			t.Errorf("kind %v: got %v after the wire", k, fault.KindOf(got))
		}
		var f *fault.Fault
		if !errors.As(got, &f) || f.Field != "job.name" || f.RetryAfter != 3*time.Second || f.RequestID != "req-1" {
			t.Errorf("kind %v: lost its details: %+v", k, f)
		}
		if want := fmt.Sprintf("start task t1: sentence of %v", k); got.Error() != want {
			t.Errorf("kind %v: got %q, want %q", k, got, want)
		}
	}
}

func TestForeignErrorsGetAKind(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"a context that ended", context.Canceled, fault.Canceled},
		{"a deadline", context.DeadlineExceeded, fault.Timeout},
		{"a foreign status", fault.FromStatus(status.Error(codes.Unavailable, "x")), fault.Unavailable},
		{"anything else", errors.New("x"), fault.Unknown},
		{"a wrapped kind", fmt.Errorf("x: %w", fault.Corrupt), fault.Corrupt},
	} {
		if got := fault.KindOf(tc.err); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestNewKeepsItsCause(t *testing.T) {
	cause := errors.New("disk on fire")
	err := fault.New(fault.Unavailable, "read pack p1: %w", cause)
	if !errors.Is(err, cause) || !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want both its cause and its kind", err)
	}
}

func TestHostileStatusIsBounded(t *testing.T) {
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = 'a'
	}
	if got := fault.FromStatus(status.Error(codes.Internal, string(long))); len(got.Error()) > 5000 {
		t.Fatalf("kept %d bytes of a hostile message", len(got.Error()))
	}
}
