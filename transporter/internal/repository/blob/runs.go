package blob

import (
	"context"

	"golang.org/x/sync/errgroup"

	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/repository/pack"
)

// What is read at once: frames that lie no further apart than gap, up to span bytes.
const (
	readGap  = 128 << 10
	readSpan = 4 << 20
)

// runReader reads frames of a pack and checks them, one stretch ahead of who uses them. It keeps two buffers of readSpan
// bytes, or of the longest frame.
type runReader struct {
	ring    *key.Ring
	bufs    [2][]byte
	scratch []byte
}

// stretch is what was read at once.
type stretch struct {
	entries []pack.Entry
	bad     []error // for each entry why its frame is not whole
	start   int64   // in the pack
	data    []byte
	buf     int // which of the buffers it is in
}

// frame returns the frame of an entry.
func (s *stretch) frame(i int) []byte {
	e := &s.entries[i]
	return s.data[int64(e.Offset)-s.start : e.End()-s.start]
}

// each hands the frames of entries, which are in the order of the file, to use, stretch by stretch; what is handed over is
// good until use returns. The error of use ends it and is returned.
func (r *runReader) each(ctx context.Context, f disk.File, entries []pack.Entry, use func(*stretch) error) error {
	g, ctx := errgroup.WithContext(ctx)
	read := make(chan *stretch)
	free := make(chan int, len(r.bufs))
	for i := range r.bufs {
		free <- i
	}
	g.Go(func() error {
		defer close(read)
		for len(entries) > 0 {
			select {
			case buf := <-free:
				n := together(entries)
				run := r.read(f, entries[:n], buf)
				entries = entries[n:]
				select {
				case read <- run:
				case <-ctx.Done():
					return ctx.Err()
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		for run := range read {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := use(run); err != nil {
				return err
			}
			free <- run.buf
		}
		return nil
	})
	return g.Wait()
}

// together returns how many entries are read at once.
func together(entries []pack.Entry) int {
	n, start, end := 1, int64(entries[0].Offset), entries[0].End()
	for n < len(entries) && int64(entries[n].Offset)-end <= readGap && entries[n].End()-start <= readSpan {
		end = entries[n].End()
		n++
	}
	return n
}

// read reads and checks one stretch.
func (r *runReader) read(f disk.File, entries []pack.Entry, buf int) *stretch {
	s := &stretch{entries: entries, bad: make([]error, len(entries)), start: int64(entries[0].Offset), buf: buf}
	size := entries[len(entries)-1].End() - s.start
	if int64(cap(r.bufs[buf])) < size {
		r.bufs[buf] = make([]byte, max(size, readSpan))
	}
	s.data = r.bufs[buf][:size]
	// What a stretch that cannot be read as a whole has of it is found frame by frame.
	if _, err := f.ReadAt(s.data, s.start); err != nil {
		clear(s.data)
		for i := range entries {
			_, _ = f.ReadAt(s.frame(i), int64(entries[i].Offset))
		}
	}
	for i := range entries {
		s.bad[i] = r.sound(&entries[i], s.frame(i))
	}
	return s
}

// sound checks a frame: its checksums, and in an encrypted repository the seal of its encryption.
func (r *runReader) sound(e *pack.Entry, frame []byte) error {
	f, err := pack.CheckFrame(e, frame)
	if err != nil {
		return err
	}
	stored := frame[pack.FrameSize:]
	if cap(r.scratch) < len(stored) {
		r.scratch = make([]byte, 0, max(len(stored), 1<<20))
	}
	if r.ring.Encrypted() {
		var header [48]byte
		_, err = r.ring.OpenBlob(r.scratch, &f.Nonce, stored, f.Sealing(&header))
	}
	return err
}
