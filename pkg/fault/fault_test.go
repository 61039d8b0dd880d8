package fault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

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

// What Microsoft or a file system says may be of any length and in any encoding; the kind must arrive all the same.
func TestAnySentenceSurvivesGRPC(t *testing.T) {
	for name, text := range map[string]string{
		"not UTF-8":                 "open /backup/\xff\xfe: input/output error",
		"long":                      strings.Repeat("x", 1<<20),
		"cut inside of a character": strings.Repeat("é", 1<<12) + "é",
	} {
		t.Run(name, func(t *testing.T) {
			sent := fault.New(fault.Throttled, "%s", text)
			sent.RetryAfter, sent.Field, sent.RequestID = 3*time.Second, "path\xff", "req\xff"
			st, _ := status.FromError(fault.ToStatus(sent))
			wire, err := proto.Marshal(st.Proto())
			if err != nil {
				t.Fatalf("the status cannot be sent: %v", err)
			}
			if len(wire) > 16<<10 {
				t.Errorf("the status has %d bytes, too many for a header", len(wire))
			}
			got := fault.FromStatus(st.Err())
			if !errors.Is(got, fault.Throttled) || fault.RetryAfter(got) != 3*time.Second {
				t.Errorf("got kind %v and wait %v", fault.KindOf(got), fault.RetryAfter(got))
			}
			if !utf8.ValidString(got.Error()) {
				t.Error("the sentence that arrived is not UTF-8")
			}
		})
	}
}
