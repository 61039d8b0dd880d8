package selfbackup

import (
	"bufio"
	"bytes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// Head is what anybody can read of a backup.
type Head struct {
	Made         time.Time
	Product      string
	Schema       int
	Installation string
	derivation   record.BackupDerivation
	sealedKey    []byte
}

// formatHead returns magic, length and header.
func formatHead(h *Head) ([]byte, error) {
	body, err := (proto.MarshalOptions{Deterministic: true}).Marshal(&statev1.BackupHeader{
		Version: version, Made: timestamppb.New(h.Made), Product: h.Product, Schema: uint32(h.Schema), Installation: h.Installation,
		Derivation: store.EncodeDerivation(&h.derivation), SealedKey: h.sealedKey,
	})
	if err != nil || len(body) > maxHeader {
		return nil, fault.New(fault.Invalid, "the head of a backup of %d bytes: %w", len(body), err)
	}
	return append(binary.BigEndian.AppendUint32([]byte(magic), uint32(len(body))), body...), nil
}

// readHead reads what formatHead made, and returns its bytes too. Corrupt when it is none, Unsupported when it is of a newer
// version.
func readHead(r io.Reader) (*Head, []byte, error) {
	raw := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, raw); err != nil || string(raw[:len(magic)]) != magic {
		return nil, nil, fault.New(fault.Corrupt, "the file is not a backup of a Director")
	}
	n := binary.BigEndian.Uint32(raw[len(magic):])
	if n > maxHeader {
		return nil, nil, fault.New(fault.Corrupt, "the head of the backup is damaged: it cannot have %d bytes", n)
	}
	raw = append(raw, make([]byte, n)...)
	if _, err := io.ReadFull(r, raw[len(raw)-int(n):]); err != nil {
		return nil, nil, fault.New(fault.Corrupt, "the backup is cut off in its head")
	}
	var p statev1.BackupHeader
	if err := proto.Unmarshal(raw[len(raw)-int(n):], &p); err != nil {
		return nil, nil, fault.New(fault.Corrupt, "the head of the backup is damaged: %w", err)
	}
	if p.GetVersion() != version {
		return nil, nil, fault.New(fault.Unsupported, "the backup has version %d, this Director knows %d; it was made by Director %s", p.GetVersion(), version, p.GetProduct())
	}
	d, err := store.DecodeDerivation(p.GetDerivation())
	if err != nil {
		return nil, nil, err
	}
	return &Head{
		Made: p.GetMade().AsTime(), Product: p.GetProduct(), Schema: int(p.GetSchema()), Installation: p.GetInstallation(), derivation: d,
		sealedKey: p.GetSealedKey(),
	}, raw, nil
}

// pieces numbers and binds the pieces of one file.
type pieces struct {
	aead cipher.AEAD
	bind []byte
	n    uint64
}

func newPieces(key, head []byte) (*pieces, error) {
	aead, err := newAEAD(key)
	bind := sha256.Sum256(head)
	return &pieces{aead: aead, bind: bind[:]}, err
}

func (p *pieces) nonce(last bool) []byte {
	nonce := make([]byte, 3, 12)
	nonce = append(binary.BigEndian.AppendUint64(nonce, p.n), 0)
	if last {
		nonce[11] = 1
	}
	p.n++
	return nonce
}

// pieceWriter seals what is written to it. Close writes the last piece; without it the file is one that is cut off.
type pieceWriter struct {
	*pieces
	w   io.Writer
	buf bytes.Buffer
}

func (w *pieceWriter) Write(b []byte) (int, error) {
	w.buf.Write(b)
	for w.buf.Len() > pieceSize { // one that may be the last stays
		if _, err := w.w.Write(w.aead.Seal(nil, w.nonce(false), w.buf.Next(pieceSize), w.bind)); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func (w *pieceWriter) Close() error {
	_, err := w.w.Write(w.aead.Seal(nil, w.nonce(true), w.buf.Bytes(), w.bind))
	return err
}

// pieceReader opens pieces. It returns io.EOF only behind the last piece, and Corrupt for anything that was not written so.
type pieceReader struct {
	*pieces
	r    *bufio.Reader
	rest []byte
	done bool
}

func (r *pieceReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.done {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *pieceReader) next() error {
	sealed := make([]byte, pieceSize+r.aead.Overhead())
	n, err := io.ReadFull(r.r, sealed)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Denied, "read the backup: %w", err)
	}
	_, more := r.r.Peek(1)
	r.done = more != nil
	number := r.n
	if r.rest, err = r.aead.Open(sealed[:0], r.nonce(r.done), sealed[:n], r.bind); err != nil {
		return fault.New(fault.Corrupt, "the backup is damaged or cut off, at piece %d", number)
	}
	return nil
}
