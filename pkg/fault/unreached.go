package fault

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// Unreached says in words for people why a connection failed ("the connection was refused: …"), without the address. Where it
// does not know the reason, it is the innermost error's own text.
func Unreached(err error) string {
	var dns *net.DNSError
	var slow net.Error
	var proxy *net.OpError
	switch {
	case errors.As(err, &proxy) && proxy.Op == "proxyconnect":
		return "its proxy, which the environment names: " + Unreached(proxy.Err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return unknownName
	case Refused(err):
		return connectionRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return noRoute
	case errors.As(err, &slow) && slow.Timeout():
		return noAnswer
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

const (
	unknownName       = "no machine of that name is known (DNS)"
	connectionRefused = "the connection was refused: nothing listens there, or a firewall does not let it through"
	noAnswer          = "it does not answer"
	noRoute           = "no way leads to it in the network"
)

// UnreachedText is Unreached for an error of which only the text is left, as gRPC leaves it. What it knows of keeps its address;
// every other text stays as it is.
func UnreachedText(text string) string {
	_, after, ok := strings.Cut(text, "dial tcp")
	if !ok {
		return text
	}
	address, why, _ := strings.Cut(strings.TrimPrefix(strings.TrimLeft(after, ": "), "lookup "), ": ")
	address, _, _ = strings.Cut(address, " on ") // the name server
	for _, known := range []struct{ part, words string }{
		{"connection refused", connectionRefused},
		{"actively refused", connectionRefused},
		{"no such host", unknownName},
		{"no route to host", noRoute},
		{"network is unreachable", noRoute},
		{"i/o timeout", noAnswer},
	} {
		if strings.Contains(why, known.part) {
			return address + ": " + known.words
		}
	}
	return text
}
