// Package codec compresses blobs. It alone knows snappy and zstd. How a blob was compressed is written beside it, so a
// repository's level may change at any time, and blobs of different levels live together.
package codec

import (
	"runtime"

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
	Balanced Level = 2 // zstd, its fastest
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

// Dictionary numbers a zstd dictionary of the repository; 0 is none. This version writes 0 and refuses others: the field is
// there so that a later one need not change the format.
type Dictionary uint16

const (
	probeFrom = 64 << 10 // longer blobs are probed first
	probeSize = 8 << 10  // at the beginning, in the middle, at the end
)

// keep reports whether compressing n bytes to m is worth the decompression: at least 3% saved.
func keep(m, n int) bool { return m < n-n/32 }

// Coder compresses and decompresses. It may be used by several goroutines.
type Coder struct {
	level Level
	enc   *zstd.Encoder
	dec   *zstd.Decoder
}

// New returns a coder that compresses with level and decompresses blobs of up to limit bytes.
func New(level Level, limit int) (*Coder, error) {
	if level > Best {
		return nil, fault.New(fault.Unsupported, "this version does not know compression level %d", level)
	}
	c := &Coder{level: level}
	speed := zstd.SpeedFastest
	if level == Best {
		speed = zstd.SpeedBetterCompression
	}
	var err error
	// Blobs have checksums of their own; a window of 1 MiB keeps an encoder small (a few MiB each).
	c.enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(speed), zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20),
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fault.New(fault.Unknown, "prepare zstd: %w", err)
	}
	c.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(limit)),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fault.New(fault.Unknown, "prepare zstd: %w", err)
	}
	return c, nil
}

// Close frees what the coder holds.
func (c *Coder) Close() {
	c.dec.Close()
	_ = c.enc.Close() // it writes nowhere
}

// MaxCompressed returns the most bytes that Compress may append for n.
func MaxCompressed(n int) int { return n + n/6 + 64 }

// Compress appends src to dst, compressed where that shrinks it.
func (c *Coder) Compress(dst, src []byte) ([]byte, Kind) {
	if c.level == None || len(src) < 32 || !c.promising(dst, src) {
		return append(dst, src...), Raw
	}
	kind := Zstd
	var out []byte
	if c.level == Fast {
		kind = Snappy
		out = snappyAppend(dst, src)
	} else {
		out = c.enc.EncodeAll(src, dst)
	}
	if !keep(len(out)-len(dst), len(src)) {
		return append(dst, src...), Raw
	}
	return out, kind
}

// CompressFast appends src to dst as Compress with level Fast does, whatever the level: for what is soon read and gone.
func CompressFast(dst, src []byte) []byte { return snappyAppend(dst, src) }

// DecompressFast returns what CompressFast was given, which was n bytes long.
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

// FastLen returns how long a block of CompressFast is decompressed, if that is not more than limit.
func FastLen(src []byte, limit int) (int, error) {
	n, err := s2.DecodedLen(src)
	if err != nil || n > limit {
		return 0, fault.New(fault.Corrupt, "snappy block has a length beyond its limit")
	}
	return n, nil
}

// promising probes samples of a long src. It uses the free room of dst.
func (c *Coder) promising(dst, src []byte) bool {
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
	if dict != 0 {
		return nil, fault.New(fault.Unsupported, "the blob needs dictionary %d, which this version cannot use", dict)
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
		out, err := c.dec.DecodeAll(src, dst[:0])
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
