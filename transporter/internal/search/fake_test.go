package search_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search"
)

// library is mail in memory. It seals by hiding bytes, so that a test can look for them.
type library struct {
	mu       sync.Mutex
	order    []record.BackupKey
	points   map[record.BackupKey][]*point
	contents map[record.Hash][]byte
	clock    int64
	damaged  map[record.Hash]bool
	rnd      *rand.Rand
}

type point struct {
	record.Point
	lib      *library
	folders  []mail.Folder
	messages []record.Message
}

func newLibrary(rnd *rand.Rand) *library {
	return &library{points: map[record.BackupKey][]*point{}, contents: map[record.Hash][]byte{}, damaged: map[record.Hash]bool{}, rnd: rnd, clock: 1_700_000_000}
}

func mask(use string, data []byte) []byte {
	out := bytes.Clone(data)
	for i := range out {
		out[i] ^= use[i%len(use)] ^ byte(i*7+0x5a)
	}
	return out
}

func (l *library) SealDerived(use string, data []byte) []byte {
	sum := crc32.ChecksumIEEE(append([]byte(use), data...))
	return append([]byte(fmt.Sprintf("%08x", sum)), mask(use, data)...)
}

func (l *library) OpenDerived(use string, box []byte) ([]byte, error) {
	if len(box) >= 8 {
		data := mask(use, box[8:])
		if fmt.Sprintf("%08x", crc32.ChecksumIEEE(append([]byte(use), data...))) == string(box[:8]) {
			return data, nil
		}
	}
	return nil, fault.New(fault.Corrupt, "the box is damaged")
}

func (l *library) Points(context.Context) ([]record.Point, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []record.Point
	for _, k := range l.order {
		for _, p := range l.points[k] {
			list = append(list, p.Point)
		}
	}
	return list, nil
}

func (l *library) find(id record.PointID) *point {
	for _, list := range l.points {
		for _, p := range list {
			if p.ID == id {
				return p
			}
		}
	}
	return nil
}

func (l *library) Open(_ context.Context, id record.PointID) (search.Point, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.find(id); p != nil {
		return p, nil
	}
	return nil, fault.New(fault.NotFound, "there is no point %s", id)
}

func (l *library) Content(_ context.Context, c record.Content, limit int64) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []byte
	for _, p := range c.Pieces {
		if l.damaged[p.Hash] {
			return nil, fault.New(fault.Corrupt, "piece %s is damaged", p.Hash)
		}
		out = append(out, l.contents[p.Hash]...)
	}
	return out[:min(int64(len(out)), limit)], nil
}

func (l *library) put(body string) record.Content {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := record.Sum([]byte(body))
	l.contents[h] = []byte(body)
	return record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: h, Size: int64(len(body))}}}
}

// seal adds a point.
func (l *library) seal(key record.BackupKey, folders []mail.Folder, messages []record.Message) record.Point {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock += 3600
	id := sha256.Sum256([]byte(fmt.Sprint(key, l.clock)))
	p := &point{lib: l, folders: slices.Clone(folders), messages: slices.Clone(messages), Point: record.Point{
		ID: record.PointID(hex.EncodeToString(id[:])), Key: key, Time: time.Unix(l.clock-60, 0).UTC(), Sealed: time.Unix(l.clock, 0).UTC(),
	}}
	if l.points[key] == nil && !slices.Contains(l.order, key) {
		l.order = append(l.order, key)
	}
	l.points[key] = append(l.points[key], p)
	return p.Point
}

func (l *library) remove(id record.PointID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.points {
		l.points[k] = slices.DeleteFunc(l.points[k], func(p *point) bool { return p.ID == id })
	}
}

func (p *point) Info() record.Point { return p.Point }

func (p *point) Folders() []mail.Folder { return p.folders }

func (p *point) Each(_ context.Context, fn func(*record.Message) error) (int64, error) {
	for i := range p.messages {
		m := p.messages[i]
		if err := fn(&m); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (p *point) Diff(_ context.Context, newer search.Point, fn func(before, after *record.Message) error) (int64, error) {
	now := newer.(*point)
	at := map[mail.MessageID]*record.Message{}
	for i := range p.messages {
		at[p.messages[i].ID] = &p.messages[i]
	}
	for i := range now.messages {
		m := &now.messages[i]
		was := at[m.ID]
		delete(at, m.ID)
		if was != nil && reflect.DeepEqual(was, m) {
			continue
		}
		if err := fn(was, m); err != nil {
			return 0, err
		}
	}
	for _, m := range at {
		if err := fn(m, nil); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (p *point) Message(_ context.Context, m *mail.Message) (*record.Message, error) {
	for i := range p.messages {
		if got := p.messages[i]; got.ID == m.ID && got.Folder == m.Folder && got.Received.Unix() == m.Received.Unix() {
			return &got, nil
		}
	}
	return nil, fault.New(fault.NotFound, "message %s is not there", m.ID)
}
