package search

import (
	"bytes"
	"testing"
)

func FuzzDecodeList(f *testing.F) {
	l := listing{next: 7, names: []string{newName(), newName()}}
	f.Add(l.encode())
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := decodeList(data)
		if err != nil {
			return
		}
		again, err := decodeList(l.encode())
		if err != nil || again.next != l.next || len(again.names) != len(l.names) || !bytes.Equal(again.epoch[:], l.epoch[:]) {
			t.Fatalf("%+v becomes %+v, %v", l, again, err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	x := New(nil, Options{})
	f.Add(x.cursor(position{1_700_000_000, 5}))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := x.positionOf(cursor)
		if err != nil {
			return
		}
		if again, err := x.positionOf(x.cursor(*p)); err != nil || *again != *p {
			t.Fatalf("%+v becomes %+v, %v", p, again, err)
		}
	})
}
