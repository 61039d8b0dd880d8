package message

import (
	"google.golang.org/protobuf/encoding/protowire"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
)

// Numbers of the fields of Message, Attachment and Content that lead to hashes.
const (
	fieldBody        = 31
	fieldMIME        = 32
	fieldAttachments = 33

	fieldContent = 10
	fieldItem    = 11

	fieldHashes = 1
)

// Pieces hands the hashes of all pieces that a stored record names to fn: those that Contents gives of the decoded one,
// without decoding the rest of it.
func Pieces(data []byte, fn func(h record.Hash)) error {
	if len(data) > MaxRecord || !messagePieces(data, fn, 0) {
		return fault.New(fault.Corrupt, "the record of a message is damaged")
	}
	return nil
}

func messagePieces(data []byte, fn func(h record.Hash), level int) bool {
	return level <= maxDepth && fields(data, func(n protowire.Number, value []byte) bool {
		switch n {
		case fieldBody, fieldMIME:
			return contentPieces(value, fn)
		case fieldAttachments:
			return fields(value, func(n protowire.Number, value []byte) bool {
				switch n {
				case fieldContent:
					return contentPieces(value, fn)
				case fieldItem:
					return messagePieces(value, fn, level+1)
				default:
					return true
				}
			})
		default:
			return true
		}
	})
}

func contentPieces(data []byte, fn func(h record.Hash)) bool {
	return fields(data, func(n protowire.Number, value []byte) bool {
		if n != fieldHashes {
			return true
		}
		if len(value)%len(record.Hash{}) != 0 {
			return false
		}
		for ; len(value) > 0; value = value[len(record.Hash{}):] {
			fn(record.Hash(value))
		}
		return true
	})
}

// fields hands the fields of a protobuf that have a length to fn, and reports whether all is as it should be.
func fields(data []byte, fn func(n protowire.Number, value []byte) bool) bool {
	for len(data) > 0 {
		number, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		data = data[n:]
		if typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, typ, data); n < 0 {
				return false
			}
			data = data[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(data)
		if n < 0 || !fn(number, value) {
			return false
		}
		data = data[n:]
	}
	return true
}
