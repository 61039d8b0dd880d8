package repository

import (
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/repository/pack"
)

// goldenBlobs hands the blobs of the plain, uncompressed sample to fn.
func goldenBlobs(f *testing.F, fn func(typ pack.Type, data []byte)) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(goldenDir, "1", "none", "vault", packsFolder, "*"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			f.Fatal(err)
		}
		info, err := file.Stat()
		if err != nil {
			f.Fatal(err)
		}
		_, err = pack.Scan(file, pack.HeaderSize, info.Size(), func(e pack.Entry, _ *pack.Frame, stored []byte) error {
			fn(e.Type, append([]byte(nil), stored...))
			return nil
		}, func(pack.Gap) {})
		if err != nil {
			f.Fatal(err)
		}
		if err := file.Close(); err != nil {
			f.Fatal(err)
		}
	}
}

func FuzzGoldenDescriptor(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*", "*", "vault", descriptorFile))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := decodeDescriptor(b)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Corrupt && k != fault.Unsupported {
				t.Error(err)
			}
			return
		}
		text, err := encodeDescriptor(d)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decodeDescriptor(text); err != nil || !proto.Equal(again, d) {
			t.Error("written again it is another", err)
		}
	})
}

// FuzzRoot reads a root as opening and reading do, in a repository that has no other blob.
func FuzzRoot(f *testing.F) {
	goldenBlobs(f, func(typ pack.Type, data []byte) {
		if typ == pack.Root || typ == pack.Tombstone {
			f.Add(data)
		}
	})
	r := bare(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var stone pb.Tombstone
		_ = proto.Unmarshal(b, &stone)
		var p pb.Root
		if proto.Unmarshal(b, &p) != nil {
			return
		}
		rec, err := r.pointRecord(index.Point(record.Sum(b)), &p)
		if err != nil {
			return
		}
		if _, err := r.catalogPoint(&rec); err != nil {
			t.Error("what the catalogue was given does not come back:", err)
		}
		for _, l := range []*pb.List{p.GetFolders(), p.GetLosses(), p.GetPending()} {
			if data, err := r.trees.loadList(l); err == nil && len(data) > 0 {
				t.Error("a list of blobs that are not there")
			}
		}
	})
}

// FuzzLists reads what lists hold: folder tables, losses, removals.
func FuzzLists(f *testing.F) {
	goldenBlobs(f, func(typ pack.Type, data []byte) {
		if typ == pack.List {
			f.Add(data)
		}
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, plausible := range []func([]byte) bool{nil, func(item []byte) bool { return len(item) > 0 }} {
			items, _ := cutItems(b, plausible)
			size := 0
			for _, item := range items {
				size += len(item)
			}
			if size > len(b) {
				t.Error("items longer than what they were cut of")
			}
		}
		var table pb.FolderTable
		if proto.Unmarshal(b, &table) != nil {
			return
		}
		for _, p := range table.GetFolders() {
			fo, err := fromFolder(p)
			if err == nil && fo.tree != nil && fo.counts().Messages < 1 {
				t.Error("a tree without messages")
			}
		}
	})
}

func FuzzCatalogPoint(f *testing.F) {
	r := bare(f)
	rec, err := r.pointRecord(index.Point{1}, &pb.Root{Run: "r"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rec.Box)
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := r.catalogPoint(&index.PointRecord{Point: index.Point{1}, Box: b}); err == nil && p.ID != pointID(index.Point{1}) {
			t.Error("another point")
		}
	})
}

// bare is a repository without files.
func bare(f *testing.F) *Repository {
	f.Helper()
	r := newRepository(Options{Path: "/nowhere"}, &pb.Descriptor{Id: make([]byte, 16)}, &key.Ring{})
	x, err := index.Open(filepath.Join(f.TempDir(), indexFile), true, index.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(x.Drop)
	store, _, err := blob.Open(f.Context(), blob.Options{FS: disk.OS{}, Dir: f.TempDir(), Ring: r.ring, Index: x}, nil)
	if err != nil {
		f.Fatal(err)
	}
	r.index, r.blobs = x, store
	r.trees = newTreeStore(store)
	return r
}
