package tenant

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
)

// Ids look like Exchange's: URL-safe base64 with "-", "_" and a closing "=", opaque, case-sensitive; immutable ids are
// shorter than regular ones (contract 0.3, 4.10). They hold the mailbox and the number, so nothing is kept to resolve them.
// The number's low six bits fill one character, so that some ids of a mailbox differ in case alone (contract 14.13).

// Kind of an id.
type Kind byte

// The kinds of id.
const (
	KindFolder Kind = iota + 1
	KindMessage
	KindImmutable
	KindAttachment // of a message under its regular id
	KindImmutableAttachment
	KindEntry          // a MAPI entry id
	KindImmutableEntry // an immutable one
)

var idPrefix = map[Kind]string{
	KindFolder:              "\x00\x03\x24\x01",
	KindMessage:             "\x00\x03\x24\x00",
	KindImmutable:           "\x00\x09\x00\x2e",
	KindAttachment:          "\x00\x03\x24\x07",
	KindImmutableAttachment: "\x00\x09\x00\x2f",
	KindEntry:               "\x00\x00\x00\x00",
	KindImmutableEntry:      "\x00\x00\x00\x01",
}

// Lengths are 2 mod 3, so that an id ends in one "=".
var idLength = map[Kind]int{
	KindFolder: 89, KindMessage: 113, KindImmutable: 53, KindAttachment: 122, KindImmutableAttachment: 62,
	KindEntry: 71, KindImmutableEntry: 47,
}

// Ref is what an id means. Num is a folder's or a message's number.
type Ref struct {
	Kind       Kind
	Mailbox    string
	Num        uint64
	Moves      uint32
	Attachment uint32
}

// ErrMalformedID is an id that was never handed out by any mailbox.
var ErrMalformedID = errors.New("malformed id")

func encodeID(p []byte) string { return base64.URLEncoding.EncodeToString(p) }

// String is the id.
func (r Ref) String() string {
	n := idLength[r.Kind]
	guid, err := hex.DecodeString(strings.ReplaceAll(r.Mailbox, "-", ""))
	if err != nil || len(guid) != 16 {
		guid = make([]byte, 16)
	}
	p := make([]byte, 0, n)
	p = append(p, idPrefix[r.Kind]...)
	p = append(p, guid...)
	p = binary.BigEndian.AppendUint32(p, r.Moves)
	fill := sha256.Sum256(guid)
	tail := 9
	if r.Attachment != 0 {
		tail = 18
	}
	for len(p) < n-tail {
		p = append(p, fill[len(p)%len(fill)])
	}
	p = append(binary.BigEndian.AppendUint64(p, r.Num<<2), 0x46)
	if r.Attachment != 0 {
		p = append(binary.BigEndian.AppendUint64(p, uint64(r.Attachment)<<2), 0x10)
	}
	return encodeID(p)
}

// ParseID reads an id.
func ParseID(s string) (Ref, error) {
	p, err := base64.URLEncoding.DecodeString(s)
	if err != nil || len(p) < 24 {
		return Ref{}, ErrMalformedID
	}
	for kind, n := range idLength {
		if len(p) != n || !bytes.HasPrefix(p, []byte(idPrefix[kind])) {
			continue
		}
		r := Ref{Kind: kind, Mailbox: formatGUID(p[4:20]), Moves: binary.BigEndian.Uint32(p[20:])}
		if kind == KindAttachment || kind == KindImmutableAttachment {
			r.Attachment = uint32(binary.BigEndian.Uint64(p[n-9:]) >> 2)
			p = p[:n-9]
		}
		r.Num = binary.BigEndian.Uint64(p[len(p)-9:]) >> 2
		if r.String() != s {
			break
		}
		return r, nil
	}
	return Ref{}, ErrMalformedID
}

func formatGUID(p []byte) string {
	h := hex.EncodeToString(p)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MessageID of a message, immutable or regular.
func (mb *Mailbox) MessageID(m *Message, immutable bool) string {
	return MessageID(mb.ID, m.UID, m.Moves, immutable)
}

// MessageID of a message by its numbers.
func MessageID(mailbox string, uid uint64, moves uint32, immutable bool) string {
	if immutable {
		return Ref{Kind: KindImmutable, Mailbox: mailbox, Num: uid}.String()
	}
	return Ref{Kind: KindMessage, Mailbox: mailbox, Num: uid, Moves: moves}.String()
}

// AttachmentID of an attachment of a message.
func AttachmentID(mailbox string, m *Message, num uint32, immutable bool) string {
	if immutable {
		return Ref{Kind: KindImmutableAttachment, Mailbox: mailbox, Num: m.UID, Attachment: num}.String()
	}
	return Ref{Kind: KindAttachment, Mailbox: mailbox, Num: m.UID, Moves: m.Moves, Attachment: num}.String()
}

// FolderID of a folder.
func FolderID(mailbox string, num uint32) string {
	return Ref{Kind: KindFolder, Mailbox: mailbox, Num: uint64(num)}.String()
}
