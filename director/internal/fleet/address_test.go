package fleet_test

import (
	"net"
	"testing"

	"holdfast/director/internal/fleet"
	"holdfast/pkg/fault"
)

func TestAddressGetsTheUsualPort(t *testing.T) {
	for in, want := range map[string]string{
		"backup1": "backup1:9446", "backup1:1234": "backup1:1234", "192.0.2.1": "192.0.2.1:9446", "[2001:db8::1]": "[2001:db8::1]:9446",
		"[2001:db8::1]:99": "[2001:db8::1]:99", "2001:db8::1": "[2001:db8::1]:9446",
	} {
		if got, err := fleet.WithPort(in); err != nil || got != want {
			t.Errorf("%s: got %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", ":", ":9446", "http://x", "a b", "host:0", "host:99999", "user@host"} {
		if got, err := fleet.WithPort(in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("host:9446")
	f.Add("[::1]:1")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := fleet.WithPort(in)
		if err != nil {
			return
		}
		if host, port, err := net.SplitHostPort(got); err != nil || host == "" || port == "" {
			t.Fatalf("%q became %q: %v", in, got, err)
		}
		if again, err := fleet.WithPort(got); err != nil || again != got {
			t.Fatalf("%q becomes %q and then %q: %v", in, got, again, err)
		}
	})
}
