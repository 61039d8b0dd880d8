package message

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
)

// Pieces hands the hashes of all pieces that a stored record names to fn: at least those that Contents gives of the decoded
// one, without decoding the rest of it. A record of a later version is Unsupported: it may name pieces in other ways.
func Pieces(data []byte, fn func(h record.Hash)) error {
	if len(data) > MaxRecord {
		return fault.New(fault.Corrupt, "the record of a message is damaged")
	}
	if err := understood(data, 0); err != nil {
		return err
	}
	if !messagePieces(data, fn, 0) {
		return fault.New(fault.Corrupt, "the record of a message is damaged")
	}
	return nil
}

// understood reports whether a record and those within it are of this version, and have no more elements than records have.
func understood(data []byte, level int) error {
	var err error
	count := 0
	ok := level <= maxDepth && walk(data, func(n protowire.Number, value []byte, number uint64) bool {
		count++
		switch {
		case n == fieldNeeds && number != 0:
			err = Understood("a message record", uint32(min(number, math.MaxUint32)))
		case n == fieldAttachments:
			fields(value, func(n protowire.Number, value []byte) bool {
				if n == fieldItem {
					err = understood(value, level+1)
				}
				return err == nil
			})
		}
		return err == nil && count <= maxElements
	})
	if err == nil && !ok {
		err = fault.New(fault.Corrupt, "the record of a message is damaged")
	}
	return err
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
		for ; len(value) >= len(record.Hash{}); value = value[len(record.Hash{}):] {
			fn(record.Hash(value))
		}
		return true
	})
}

// fields hands the fields of a protobuf that have a length to fn, and reports whether all is as it should be.
func fields(data []byte, fn func(n protowire.Number, value []byte) bool) bool {
	return walk(data, func(n protowire.Number, value []byte, _ uint64) bool { return value == nil || fn(n, value) })
}

// walk hands the fields of a protobuf to fn, the value of each or its number, and reports whether all is as it should be.
func walk(data []byte, fn func(n protowire.Number, value []byte, number uint64) bool) bool {
	for len(data) > 0 {
		field, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		data = data[n:]
		var value []byte
		var number uint64
		switch typ {
		case protowire.BytesType:
			if value, n = protowire.ConsumeBytes(data); value == nil {
				value = []byte{}
			}
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(data)
		default:
			n = protowire.ConsumeFieldValue(field, typ, data)
		}
		if n < 0 || !fn(field, value, number) {
			return false
		}
		data = data[n:]
	}
	return true
}
