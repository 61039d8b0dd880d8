package message

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Marshal returns the bytes of a stored record, the same for the same record.
func Marshal(m proto.Message) ([]byte, error) { return MarshalAppend(nil, m) }

// MarshalAppend appends what Marshal returns to dst. Text that is no UTF-8, which a protobuf cannot hold, is mended in m:
// one odd byte in a subject must not keep a message out of the backup.
func MarshalAppend(dst []byte, m proto.Message) ([]byte, error) {
	options := proto.MarshalOptions{Deterministic: true}
	out, err := options.MarshalAppend(dst, m)
	if err == nil {
		return out, nil
	}
	mend(m.ProtoReflect())
	return options.MarshalAppend(dst, m)
}

// mend replaces what is no UTF-8 in all text of a message by U+FFFD.
func mend(m protoreflect.Message) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap(): // stored records have none
		case fd.IsList():
			list := v.List()
			for i := range list.Len() {
				if fd.Kind() == protoreflect.MessageKind {
					mend(list.Get(i).Message())
				} else if s, changed := mended(fd, list.Get(i)); changed {
					list.Set(i, s)
				}
			}
		case fd.Kind() == protoreflect.MessageKind:
			mend(v.Message())
		default:
			if s, changed := mended(fd, v); changed {
				m.Set(fd, s)
			}
		}
		return true
	})
}

func mended(fd protoreflect.FieldDescriptor, v protoreflect.Value) (protoreflect.Value, bool) {
	if fd.Kind() != protoreflect.StringKind || utf8.ValidString(v.String()) {
		return v, false
	}
	return protoreflect.ValueOfString(strings.ToValidUTF8(v.String(), "\uFFFD")), true
}
