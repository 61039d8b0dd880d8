package index

import (
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/pack"
)

func FuzzDecodePack(f *testing.F) {
	f.Add(encodePack(pack.Name{1}, pack.Trees, 4711, made(rand.New(rand.NewPCG(1, 1)), 3)))
	f.Fuzz(func(t *testing.T, v []byte) {
		if len(v) > 4 { // or nothing but the sum would ever be tried
			binary.LittleEndian.PutUint32(v[len(v)-4:], pack.Sum(v[:len(v)-4]))
		}
		p, raw, err := decodePack([]byte{0, 0, 0, 1}, v)
		if err == nil && (p.Number != 1 || len(raw) != p.Blobs*pack.EntrySize || len(raw) > len(v)) {
			t.Errorf("%+v with %d bytes of entries", p, len(raw))
		}
	})
}

func FuzzDecodePointKey(f *testing.F) {
	f.Add(pointKey(Backup{1}, time.Unix(5, 6), Point{2}))
	f.Fuzz(func(t *testing.T, k []byte) {
		if r, ok := decodePointKey(k); ok && string(pointKey(r.Backup, r.Sealed, r.Point)) != string(k) {
			t.Error("decoded, yet not as encoded")
		}
	})
}

func TestAnIndexOfALaterVersionIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.bolt")
	x := open(t, path, true)
	err := x.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMeta).Put(keyFormat, binary.LittleEndian.AppendUint32(nil, format+1))
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Drop()
	_, err = Open(path, false, Options{Repository: repositoryID})
	if fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "upgrade") || !strings.Contains(err.Error(), "remove the file") {
		t.Error(err)
	}
}
