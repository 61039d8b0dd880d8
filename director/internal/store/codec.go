package store

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// stamp returns a time as it is stored; the zero time is absent.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// texts converts between lists of string types.
func texts[To, From ~string](from []From) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, s := range from {
		to[i] = To(s)
	}
	return to
}

// sealMessage seals a message for the record at place.
func (s *sealer) sealMessage(m proto.Message, place string) ([]byte, error) {
	data, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	return s.seal(data, place)
}

func (s *sealer) openMessage(sealed []byte, place string, m proto.Message) error {
	data, err := s.open(sealed, place)
	if err != nil {
		return err
	}
	return proto.Unmarshal(data, m)
}
