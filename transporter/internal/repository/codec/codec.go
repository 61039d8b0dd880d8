// Package codec compresses blobs: as one snappy block in its raw form (level fast) or one zstd frame (balanced, best), which
// small pieces of content may need a dictionary for (Dictionary). It alone knows snappy and zstd. How a blob was compressed is written beside it, so a
// repository's level may change at any time, and blobs of different levels live together.
package codec

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"holdfast/pkg/fault"
)

// Level is how hard a repository tries. Numbers are stored.
type Level uint8

// The levels.
const (
	None     Level = 0
	Fast     Level = 1 // snappy
	Balanced Level = 2 // zstd, its fastest; snappy for trees, which are soon read again and small beside content
	Best     Level = 3 // zstd, about its level 7
)

// String returns the level's name.
func (l Level) String() string {
	switch l {
	case None:
		return "none"
	case Fast:
		return "fast"
	case Balanced:
		return "balanced"
	case Best:
		return "best"
	default:
		return "unknown"
	}
}

// Kind is how one blob is compressed. Numbers are stored.
type Kind uint8

// The kinds.
const (
	Raw    Kind = 0
	Snappy Kind = 1 // one snappy block
	Zstd   Kind = 2 // one zstd frame
)

const (
	probeFrom = 64 << 10 // longer blobs are probed first
	probeSize = 8 << 10  // at the beginning, in the middle, at the end
)

// keep reports whether compressing n bytes to m is worth the decompression: at least 3% saved.
func keep(m, n int) bool { return m < n-n/32 }

// Coder compresses and decompresses. It may be used by several goroutines.
type Coder struct {
	opts     Options
	encoders atomic.Pointer[encoders]
	decoders atomic.Pointer[map[Dictionary]*zstd.Decoder]
	trainer  trainer
	learning sync.Mutex

	mu sync.Mutex // held while encoders or decoders are replaced
}

// encoders are how new blobs are compressed.
type encoders struct {
	level Level
	plain *zstd.Encoder
	// small, if not nil, compresses small blobs with the newest dictionary.
	small   *zstd.Encoder
	dict    Dictionary
	content []byte // of dict
	made    int    // dictionaries there are
}

// Options of a coder.
type Options struct {
	Level Level
	// Limit is the length of the longest blob that is decompressed, in bytes.
	Limit int
	// Keep is given dictionaries that the coder makes of what it compresses. It returns when one is durable; only then it is
	// used. Its error means that it is not used. Default: none are made.
	Keep func(d Dictionary, content []byte) error
	// LearnAfter is how many bytes of small blobs are looked at before the first dictionary is made. Default: 4 MiB.
	LearnAfter int64
}

// New returns a coder.
func New(o Options) (*Coder, error) {
	if o.LearnAfter == 0 {
		o.LearnAfter = firstAfter
	}
	c := &Coder{opts: o}
	c.trainer.init(o.Keep != nil)
	plain, err := c.decoder()
	if err != nil {
		return nil, err
	}
	c.decoders.Store(&map[Dictionary]*zstd.Decoder{0: plain})
	return c, c.SetLevel(o.Level)
}

// SetLevel changes how new blobs are compressed.
func (c *Coder) SetLevel(level Level) error {
	if level > Best {
		return fault.New(fault.Unsupported, "this version does not know compression level %d", level)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := encoders{}
	if now := c.encoders.Load(); now != nil {
		next = *now
	}
	next.level = level
	return c.prepare(&next)
}

// prepare makes encoders and takes them in use. The caller holds mu.
func (c *Coder) prepare(e *encoders) error {
	var err error
	if e.plain, err = encoder(e.level); err == nil && e.made > 0 {
		e.small, err = encoder(e.level, zstd.WithEncoderDict(e.content))
	}
	if err != nil {
		return err
	}
	c.encoders.Store(e) // the old ones go when nobody uses them any more; they hold nothing but memory
	return nil
}

// encoder returns an encoder. Blobs have checksums of their own; a window of 1 MiB keeps it small (a few MiB).
func encoder(level Level, more ...zstd.EOption) (*zstd.Encoder, error) {
	speed := zstd.SpeedFastest
	if level == Best {
		speed = zstd.SpeedBetterCompression
	}
	enc, err := zstd.NewWriter(nil, append(more, zstd.WithEncoderLevel(speed), zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20),
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true))...)
	if err != nil {
		return nil, fault.New(fault.Unknown, "prepare zstd: %w", err)
	}
	return enc, nil
}

func (c *Coder) decoder(more ...zstd.DOption) (*zstd.Decoder, error) {
	dec, err := zstd.NewReader(nil, append(more, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(c.opts.Limit)),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true))...)
	if err != nil {
		return nil, fault.New(fault.Unknown, "prepare zstd: %w", err)
	}
	return dec, nil
}

// Close frees what the coder holds.
func (c *Coder) Close() {
	for _, d := range *c.decoders.Load() {
		d.Close()
	}
}

// MaxCompressed returns the most bytes that Compress needs behind dst for n.
func MaxCompressed(n int) int { return n + n/6 + 64 }

// Compress appends src to dst, compressed. Where that does not shrink it, the kind is Raw and nothing is appended: src is to be
// stored as it is. Content, unlike trees, may be compressed with a dictionary, and dictionaries are made of it.
func (c *Coder) Compress(dst, src []byte, content bool) ([]byte, Kind, Dictionary) {
	e := c.encoders.Load()
	if e.level == None || len(src) < 32 || !promising(dst, src) {
		return dst, Raw, 0
	}
	if e.level == Fast || e.level == Balanced && !content {
		return kept(snappyAppend(dst, src), dst, src, Snappy, 0)
	}
	if !content || len(src) > dictionaryUpTo {
		return kept(e.plain.EncodeAll(src, dst), dst, src, Zstd, 0)
	}
	out, kind, dict := small(e, dst, src)
	if kind != Raw { // what does not shrink is not text
		if sample := c.trainer.see(src, c.after(e.made)); sample != nil {
			c.learn(sample)
		}
	}
	return out, kind, dict
}

func small(e *encoders, dst, src []byte) ([]byte, Kind, Dictionary) {
	if e.small == nil {
		return kept(e.plain.EncodeAll(src, dst), dst, src, Zstd, 0)
	}
	return kept(e.small.EncodeAll(src, dst), dst, src, Zstd, e.dict)
}

// kept returns out, which is dst with src compressed behind it, or dst where that is not worth it.
func kept(out, dst, src []byte, kind Kind, dict Dictionary) ([]byte, Kind, Dictionary) {
	if keep(len(out)-len(dst), len(src)) {
		return out, kind, dict
	}
	return dst, Raw, 0
}

// CompressFast appends src to dst as Compress with level Fast does, whatever the level: for what is soon read and gone.
func CompressFast(dst, src []byte) []byte { return snappyAppend(dst, src) }

// StoreFast appends src to dst as a block that DecompressFast takes, without compressing it: for what is so soon read and gone
// that compressing it costs more than a longer file.
func StoreFast(dst, src []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(src)))
	if len(src) == 0 {
		return dst
	}
	n := uint32(len(src) - 1) // a literal: its length less one in the tag, or behind it in one to four bytes
	switch {
	case n < 60:
		dst = append(dst, byte(n)<<2)
	case n < 1<<8:
		dst = append(dst, 60<<2, byte(n))
	case n < 1<<16:
		dst = append(dst, 61<<2, byte(n), byte(n>>8))
	case n < 1<<24:
		dst = append(dst, 62<<2, byte(n), byte(n>>8), byte(n>>16))
	default:
		dst = append(dst, 63<<2, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return append(dst, src...)
}

// DecompressFast returns what CompressFast or StoreFast was given, which was n bytes long.
func DecompressFast(src []byte, n int) ([]byte, error) {
	if m, err := s2.DecodedLen(src); err != nil || m != n {
		return nil, fault.New(fault.Corrupt, "snappy block does not have the length it should")
	}
	out, err := s2.Decode(make([]byte, n), src)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "decompress: %w", err)
	}
	return out, nil
}

// FastLen returns how long a block of CompressFast is decompressed, if that is not more than limit and not more than so many
// bytes can hold: snappy's shortest element that copies 64 bytes has 3.
func FastLen(src []byte, limit int) (int, error) {
	n, err := s2.DecodedLen(src)
	if err != nil || n > limit || n > 22*len(src) {
		return 0, fault.New(fault.Corrupt, "snappy block has a length beyond its limit")
	}
	return n, nil
}

// promising probes samples of a long src. It uses the free room of dst.
func promising(dst, src []byte) bool {
	if len(src) < probeFrom {
		return true
	}
	in, out := 0, 0
	for _, at := range []int{0, (len(src) - probeSize) / 2, len(src) - probeSize} {
		in += probeSize
		out += len(snappyAppend(dst[len(dst):], src[at:at+probeSize]))
	}
	return keep(out, in)
}

// snappyAppend appends one snappy block.
func snappyAppend(dst, src []byte) []byte {
	room := s2.MaxEncodedLen(len(src))
	at := len(dst)
	if cap(dst)-at < room {
		grown := make([]byte, at, at+room)
		copy(grown, dst)
		dst = grown
	}
	block := s2.EncodeSnappy(dst[at:at+room], src)
	return dst[:at+len(block)]
}

// Decompress returns the n bytes that src was made of, in dst's memory where they fit. Raw bytes are src itself.
func (c *Coder) Decompress(dst []byte, kind Kind, dict Dictionary, src []byte, n int) ([]byte, error) {
	if dict != 0 && kind != Zstd {
		return nil, fault.New(fault.Corrupt, "the blob names dictionary %d, which its codec does not use", dict)
	}
	if kind == Raw {
		if len(src) != n {
			return nil, fault.New(fault.Corrupt, "the blob is %d bytes long, not %d", len(src), n)
		}
		return src, nil
	}
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n:n]
	switch kind {
	case Snappy:
		if m, err := s2.DecodedLen(src); err != nil || m != n {
			return nil, fault.New(fault.Corrupt, "the blob does not decompress to %d bytes", n)
		}
		out, err := s2.Decode(dst, src)
		if err != nil {
			return nil, fault.New(fault.Corrupt, "decompress: %w", err)
		}
		return out, nil
	case Zstd:
		dec := (*c.decoders.Load())[dict]
		if dec == nil {
			return nil, fault.New(fault.Corrupt, "the blob needs dictionary %d, which is lost; bring the descriptor back from a copy of the repository that has it", dict)
		}
		out, err := dec.DecodeAll(src, dst[:0])
		if err != nil {
			return nil, fault.New(fault.Corrupt, "decompress: %w", err)
		}
		if len(out) != n {
			return nil, fault.New(fault.Corrupt, "the blob does not decompress to %d bytes", n)
		}
		return out, nil
	default:
		return nil, fault.New(fault.Unsupported, "this version does not know codec %d", kind)
	}
}
