package repository

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// cacheSize bounds the bytes of pages and nodes that are kept for the next reader.
const cacheSize = 24 << 20

// treeStore keeps pages and nodes in tree packs, and the last used in memory. It implements tree.Store.
type treeStore struct {
	blobs *blob.Store

	mu    sync.Mutex
	byKey map[record.Hash]*list.Element
	order *list.List // of cached, most recent first
	size  int
}

type cached struct {
	hash record.Hash
	data []byte
}

func newTreeStore(blobs *blob.Store) *treeStore {
	return &treeStore{blobs: blobs, byKey: map[record.Hash]*list.Element{}, order: list.New()}
}

// Load implements tree.Store.
func (t *treeStore) Load(hash record.Hash) ([]byte, error) {
	t.mu.Lock()
	if el, ok := t.byKey[hash]; ok {
		t.order.MoveToFront(el)
		t.mu.Unlock()
		return el.Value.(*cached).data, nil
	}
	t.mu.Unlock()
	data, err := t.blobs.Get(hash, nil)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.byKey[hash]; ok || cap(data) > cacheSize/8 {
		return data, nil
	}
	t.byKey[hash] = t.order.PushFront(&cached{hash, data})
	t.size += cap(data)
	for t.size > cacheSize {
		el := t.order.Back()
		old := t.order.Remove(el).(*cached)
		delete(t.byKey, old.hash)
		t.size -= cap(old.data)
	}
	return data, nil
}

// forget empties the memory, so that what is on disk counts.
func (t *treeStore) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.byKey)
	t.order.Init()
	t.size = 0
}

// Save implements tree.Store.
func (t *treeStore) Save(typ pack.Type, hash record.Hash, data []byte) error {
	_, err := t.blobs.Put(pack.Trees, typ, hash, data)
	return err
}

// A list is cut into parts of this many bytes, and is never longer than the limit.
const (
	listPart  = 1 << 20
	listLimit = 512 << 20
)

// saveList keeps bytes of any length. None give nil.
func (t *treeStore) saveList(data []byte) (*pb.List, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if len(data) > listLimit {
		return nil, fault.New(fault.Invalid, "a list of %d bytes is too long for a recovery point", len(data))
	}
	l := &pb.List{Size: int64(len(data))}
	for len(data) > 0 {
		n := min(listPart, len(data))
		sum := sha256.Sum256(data[:n])
		if err := t.Save(pack.List, sum, data[:n]); err != nil {
			return nil, err
		}
		l.Parts = append(l.Parts, sum[:])
		data = data[n:]
	}
	return l, nil
}

func (t *treeStore) saveMessage(m proto.Message) (*pb.List, error) {
	data, err := message.Marshal(m)
	if err != nil {
		return nil, fault.New(fault.Invalid, "a recovery point cannot be stored: %w", err)
	}
	return t.saveList(data)
}
