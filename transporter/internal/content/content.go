// Package content cuts bytes into the pieces that are stored and deduplicated. How a stream is cut depends on its bytes
// alone, so the same content has the same pieces in every mailbox, by whatever way and in whatever portions it was read:
//
//   - Nothing has no pieces.
//   - Up to Whole bytes are one piece: mail is mostly that, and the same attachment comes back whole.
//   - More is cut where the content itself says so (FastCDC, pieces of 256 KiB to 4 MiB, 1 MiB on average), so that a
//     change in a large file costs about one piece.
//
// These numbers, and the cutting function of the library with its version ("fastcdc-v1.0.0"), must not change: nothing
// would break, but everything large would be stored anew. TestCutsStayWhereTheyWere guards them.
package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	chunkers "github.com/PlakarKorp/go-cdc-chunkers"
	_ "github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc" // registers the algorithm

	"holdfast/transporter/internal/record"
)

// Whole is the greatest content, in bytes, that is kept as one piece.
const Whole = 1 << 20

const (
	algorithm = "fastcdc-v1.0.0"
	minPiece  = 256 << 10
	avgPiece  = 1 << 20
	maxEmpty  = 100 // reads in a row without bytes or error
)

// Cutter cuts streams. It keeps the buffers of streams that ended, so that many streams need few. Its methods may be
// called by many goroutines. The zero value is ready. Done gives the buffers to Cutters that come.
type Cutter struct {
	first, small, large buffers // of most, Whole+1 and record.MaxPiece bytes
}

// buffers are those of one length that nobody uses. Unlike those of a sync.Pool they outlive collections of garbage: a
// Cutter lives for one backup, and has as many as it once needed at the same time.
type buffers struct {
	mu   sync.Mutex
	free []*[]byte
}

func (b *buffers) get(size int, spare *sync.Pool) *[]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		buf := b.free[n-1]
		b.free = b.free[:n-1]
		return buf
	}
	if buf, ok := spare.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, size)
	return &buf
}

func (b *buffers) put(buf *[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = append(b.free, buf)
}

func (b *buffers) leave(spare *sync.Pool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, buf := range b.free {
		spare.Put(buf)
	}
	b.free = nil
}

// Buffers of Cutters that are done, by their lengths, until garbage is collected: a change of a mailbox is often a message or
// two, and clearing new buffers for it took longer than reading it.
var spareFirst, spareSmall, spareLarge sync.Pool

// Done gives the buffers that are not in use away. The Cutter may still be used.
func (c *Cutter) Done() {
	c.first.leave(&spareFirst)
	c.small.leave(&spareSmall)
	c.large.leave(&spareLarge)
}

// most is longer than most bodies and attachments of mail, in bytes.
const most = 64 << 10

// Cut reads r to its end and calls emit for every piece in order. The bytes are good until emit returns. What it holds at
// once is 64 KiB, 1 MiB from the moment the stream turns out to be longer, and 5 MiB when it is larger than Whole. An error
// of r or emit ends it and is wrapped (a *ReadError where it was r's).
func (c *Cutter) Cut(r io.Reader, emit func(hash record.Hash, data []byte) error) (record.Content, error) {
	borrowed := c.first.get(most, &spareFirst)
	defer c.first.put(borrowed)
	first := *borrowed
	n, err := fill(r, first)
	switch {
	case err != nil:
		return record.Content{}, &ReadError{err}
	case n < most:
		return whole(first[:n], emit)
	}
	more := c.small.get(Whole+1, &spareSmall)
	defer c.small.put(more)
	head := *more
	copy(head, first)
	m, err := fill(r, head[n:])
	switch n += m; {
	case err != nil:
		return record.Content{}, &ReadError{err}
	case n <= Whole:
		return whole(head[:n], emit)
	}
	scan := c.large.get(record.MaxPiece, &spareLarge)
	defer c.large.put(scan)
	return cutLarge(io.MultiReader(bytes.NewReader(head), r), *scan, emit)
}

// Bytes cuts content that is in memory already, into the same pieces as Cut.
func (c *Cutter) Bytes(data []byte, emit func(hash record.Hash, data []byte) error) (record.Content, error) {
	if len(data) <= Whole {
		return whole(data, emit)
	}
	scan := c.large.get(record.MaxPiece, &spareLarge)
	defer c.large.put(scan)
	return cutLarge(bytes.NewReader(data), *scan, emit)
}

// ReadError marks an error of the stream that was to be cut.
type ReadError struct{ Err error }

// Error returns the stream's error.
func (e *ReadError) Error() string { return e.Err.Error() }

// Unwrap returns the stream's error.
func (e *ReadError) Unwrap() error { return e.Err }

// fill reads until b is full or r ends. Unlike io.ReadFull it does not take io.ErrUnexpectedEOF for an end: that is what
// a connection says that broke in the middle.
func fill(r io.Reader, b []byte) (int, error) {
	n, empty := 0, 0
	for n < len(b) {
		m, err := r.Read(b[n:])
		n += m
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		case m > 0:
			empty = 0
		default:
			if empty++; empty == maxEmpty {
				return n, io.ErrNoProgress
			}
		}
	}
	return n, nil
}

// whole emits data, at most Whole bytes, as one piece.
func whole(data []byte, emit func(record.Hash, []byte) error) (record.Content, error) {
	if len(data) == 0 {
		return record.Content{}, nil
	}
	p := record.Piece{Hash: record.Sum(data), Size: int64(len(data))}
	if err := emit(p.Hash, data); err != nil {
		return record.Content{}, err
	}
	return record.Content{Size: p.Size, Pieces: []record.Piece{p}}, nil
}

func cutLarge(r io.Reader, scan []byte, emit func(record.Hash, []byte) error) (record.Content, error) {
	options := &chunkers.ChunkerOpts{MinSize: minPiece, NormalSize: avgPiece, MaxSize: record.MaxPiece}
	c, err := chunkers.NewChunkerBuffer(algorithm, r, options, scan)
	if err != nil {
		return record.Content{}, fmt.Errorf("set up the chunker: %w", err)
	}
	var content record.Content
	for {
		data, err := c.Next()
		last := errors.Is(err, io.EOF) // said together with a last piece that is shorter than the least
		if err != nil && !last {
			return record.Content{}, &ReadError{err}
		}
		if len(data) > 0 {
			p := record.Piece{Hash: record.Sum(data), Size: int64(len(data))}
			if err := emit(p.Hash, data); err != nil {
				return record.Content{}, err
			}
			content.Size += p.Size
			content.Pieces = append(content.Pieces, p)
		}
		if last {
			return content, nil
		}
	}
}
