package control

import (
	"bufio"

	"google.golang.org/grpc"
)

// sender sends what is written to it as the answers of a stream, each with a part of at most contentPart bytes. What the
// first answer holds besides was given at the start.
type sender[T any] struct {
	*bufio.Writer
	parts *parts[T]
}

type parts[T any] struct {
	stream grpc.ServerStreamingServer[T]
	// next is the answer that the next part goes into; put puts it there.
	next *T
	put  func(*T, []byte)
}

func newSender[T any](stream grpc.ServerStreamingServer[T], first *T, put func(*T, []byte)) *sender[T] {
	p := &parts[T]{stream, first, put}
	return &sender[T]{bufio.NewWriterSize(p, contentPart), p}
}

// Write implements io.Writer.
func (p *parts[T]) Write(data []byte) (int, error) {
	sent := 0
	for len(data) > 0 {
		n := min(len(data), contentPart)
		p.put(p.next, data[:n])
		if err := p.stream.Send(p.next); err != nil {
			return sent, err
		}
		p.next = new(T)
		data, sent = data[n:], sent+n
	}
	return sent, nil
}

// end sends what is left, and one answer more, which fill fills.
func (s *sender[T]) end(fill func(*T)) error {
	if err := s.Flush(); err != nil {
		return err
	}
	fill(s.parts.next)
	return s.parts.stream.Send(s.parts.next)
}
