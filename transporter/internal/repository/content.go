package repository

import (
	"context"
	"errors"
	"io"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
)

// Content returns a reader of content. Every piece is checked before its bytes are given out, and the next one is read
// meanwhile; so at most two pieces are in memory. A missing or damaged piece is Corrupt. Close must be called; it waits for
// what is being read.
func (r *Repository) Content(ctx context.Context, c record.Content) io.ReadCloser {
	return &contentReader{r: r, ctx: ctx, rest: c.Pieces, failed: func(err error) error { return err }}
}

type contentReader struct {
	r *Repository
	// failed says what an error of a piece means.
	failed func(error) error
	ctx    context.Context // of the whole reading, as io.Reader has none
	rest   []record.Piece
	ahead  chan piece // the next piece, being read
	data   []byte
	err    error
}

type piece struct {
	data []byte
	err  error
}

// Read implements io.Reader.
func (c *contentReader) Read(b []byte) (int, error) {
	for len(c.data) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		if c.err = c.advance(); c.err != nil {
			return 0, c.err
		}
	}
	n := copy(b, c.data)
	c.data = c.data[n:]
	return n, nil
}

// WriteTo implements io.WriterTo.
func (c *contentReader) WriteTo(w io.Writer) (int64, error) {
	var sum int64
	for {
		if len(c.data) > 0 {
			n, err := w.Write(c.data)
			sum += int64(n)
			c.data = c.data[n:]
			if err != nil {
				return sum, err
			}
		}
		if c.err == nil {
			c.err = c.advance()
		}
		if errors.Is(c.err, io.EOF) {
			return sum, nil
		}
		if c.err != nil {
			return sum, c.err
		}
	}
}

func (c *contentReader) advance() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	var got piece
	switch {
	case c.ahead != nil:
		got = <-c.ahead
		c.ahead = nil
	case len(c.rest) == 0:
		return io.EOF
	default:
		got = c.r.piece(c.rest[0])
		c.rest = c.rest[1:]
	}
	if got.err != nil {
		return c.failed(got.err)
	}
	c.data = got.data
	if len(c.rest) > 0 {
		next := c.rest[0]
		c.rest = c.rest[1:]
		ahead := make(chan piece, 1)
		c.ahead = ahead
		go func() { ahead <- c.r.piece(next) }() // Close or the next advance waits for it
	}
	return nil
}

func (r *Repository) piece(p record.Piece) piece {
	data, err := r.blobs.Get(p.Hash, nil)
	if err == nil && int64(len(data)) != p.Size {
		err = fault.New(fault.Corrupt, "piece %s is %d bytes long, not %d as its record says", p.Hash, len(data), p.Size)
	}
	return piece{data, err}
}

// Close implements io.Closer.
func (c *contentReader) Close() error {
	if c.ahead != nil {
		<-c.ahead
		c.ahead = nil
	}
	c.rest, c.data = nil, nil
	c.err = fault.New(fault.Invalid, "the reader is closed")
	return nil
}
