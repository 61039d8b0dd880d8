package fault_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"holdfast/pkg/fault"
)

func TestWhyAConnectionFailedIsSaidPlainly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, refused := net.Dial("tcp", address)
	at := func(inner error) error {
		return fmt.Errorf("send: %w", &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 25}, Err: inner})
	}
	for name, c := range map[string]struct {
		err  error
		want string
		text string // what UnreachedText says of the same; empty: nothing else than was there
	}{
		"refused":  {refused, "the connection was refused", address + ": the connection was refused"},
		"no name":  {at(&net.DNSError{Err: "no such host", Name: "mail.example", Server: "10.0.0.2:53", IsNotFound: true}), "no machine of that name", "10.0.0.1:25: no machine of that name"},
		"no route": {at(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "no way leads to it", "10.0.0.1:25: no way leads to it"},
		"timeout":  {at(os.ErrDeadlineExceeded), "does not answer", "10.0.0.1:25: it does not answer"},
		"reset":    {at(syscall.ECONNRESET), "closed the connection", ""},
		"proxy":    {fmt.Errorf("get: %w", &net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}), "its proxy, which the environment names: the connection was refused", address + ": the connection was refused"},
		"other":    {at(errors.New("the wire is cut")), "the wire is cut", ""},
		"tls":      {fmt.Errorf("hello: %w", tls.AlertError(40)), "tls: handshake failure", ""},
	} {
		if got := fault.Unreached(c.err); !strings.HasPrefix(got, c.want) && got != "it "+c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		text := c.err.Error()
		got := fault.UnreachedText(text)
		if c.text == "" && got != text || !strings.HasPrefix(got, c.text) {
			t.Errorf("%s: of %q it says %q, want %q", name, text, got, c.text)
		}
	}
	if got := fault.UnreachedText("dial tcp: lookup mail.example on 10.0.0.2:53: no such host"); got != "mail.example: no machine of that name is known (DNS)" {
		t.Errorf("got %q", got)
	}
}
