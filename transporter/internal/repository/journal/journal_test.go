package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/repository/tree"
)

var (
	repositoryID = [16]byte{1}
	sessionID    = [16]byte{2}
)

func rings(t testing.TB) map[string]*key.Ring {
	t.Helper()
	sealed, _, err := key.Create(key.Secret{Passphrase: "x"}, key.Cost{Time: 1, MemoryKiB: 64, Threads: 1}, repositoryID[:])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*key.Ring{"plain": {}, "encrypted": sealed}
}

// write makes a journal of n checkpoints with two records each, and returns its path.
func write(t testing.TB, ring *key.Ring, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(disk.OS{}, path, ring, repositoryID, sessionID, &pb.JournalHead{Base: []byte("base")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		c := &pb.Checkpoint{Folder: "inbox", Cursor: fmt.Sprint("c", i)}
		var records []byte
		for k := range 2 {
			e := tree.Entry{Key: tree.KeyOf("id", time.Unix(int64(i), 0)), ID: "id", Record: []byte(fmt.Sprint("record ", i, k))}
			before := len(records)
			records = j.Seal(records, &e)
			c.Messages = append(c.Messages, &pb.StagedMessage{Length: uint32(len(records) - before)})
		}
		if _, err := j.Append(c, records); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// replay opens a journal and returns how many checkpoints it has, having read their records.
func replay(path string, ring *key.Ring) (int, error) {
	type place struct {
		off    int64
		length uint32
		want   string
	}
	n := 0
	var places []place
	j, head, err := Open(disk.OS{}, path, ring, repositoryID, func(c *pb.Checkpoint, off int64) error {
		for k, m := range c.GetMessages() {
			places = append(places, place{off, m.GetLength(), fmt.Sprint("record ", n, k)})
			off += int64(m.GetLength())
		}
		n++
		return nil
	})
	if err != nil {
		return 0, err
	}
	defer j.Close()
	if string(head.GetBase()) != "base" || j.Session() != sessionID {
		return 0, fmt.Errorf("the head is %v", head)
	}
	for _, p := range places {
		e, err := j.Record(p.off, p.length)
		if err != nil {
			return 0, err
		}
		if string(e.Record) != p.want {
			return 0, fmt.Errorf("got %q, want %q", e.Record, p.want)
		}
	}
	return n, nil
}

func TestCheckpointsComeBack(t *testing.T) {
	for name, ring := range rings(t) {
		if n, err := replay(write(t, ring, 5), ring); n != 5 || err != nil {
			t.Errorf("%s: %d checkpoints, %v", name, n, err)
		}
	}
}

func TestATornEndIsCutOff(t *testing.T) {
	ring := rings(t)["encrypted"]
	path := write(t, ring, 3)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for cut := headerSize; cut <= len(whole); cut += 7 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := replay(path, ring)
		if fault.KindOf(err) == fault.Corrupt && n == 0 && last == 0 {
			continue // not even the head
		}
		if err != nil || n < last || n > 3 {
			t.Fatalf("cut at %d: %d checkpoints, %v", cut, n, err)
		}
		last = n
		if again, err := replay(path, ring); err != nil || again != n {
			t.Fatalf("opened again: %d, %v", again, err)
		}
	}
}

// TestDamageInTheMiddleIsToldFromATornEnd flips and cuts everywhere.
func TestDamageInTheMiddleIsToldFromATornEnd(t *testing.T) {
	for name, ring := range rings(t) {
		t.Run(name, func(t *testing.T) {
			sound, err := os.ReadFile(write(t, ring, 4))
			if err != nil {
				t.Fatal(err)
			}
			var frames []int // where they begin; the first is the head
			for i := headerSize; i+frameSize <= len(sound); i++ {
				if isFrame(sound[i : i+frameSize]) {
					frames = append(frames, i)
				}
			}
			if len(frames) != 5 {
				t.Fatalf("%d frames", len(frames))
			}
			open := func(b []byte) (checkpoints int, damaged bool) {
				path := filepath.Join(t.TempDir(), "x.journal")
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				j, _, err := Open(disk.OS{}, path, ring, repositoryID, func(*pb.Checkpoint, int64) error { checkpoints++; return nil })
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
				return checkpoints, j.Damaged()
			}
			for at := frames[1]; at < len(sound); at++ {
				in := 0 // the frame that at is in
				for in+1 < len(frames) && frames[in+1] <= at {
					in++
				}
				b := bytes.Clone(sound)
				b[at] ^= 1 << (at % 8)
				if n, damaged := open(b); n != in-1 || damaged != (in < 4) {
					t.Errorf("flip at %d in frame %d: %d checkpoints, damaged %v", at, in, n, damaged)
				}
				if n, damaged := open(sound[:at]); n != in-1 || damaged {
					t.Errorf("cut at %d in frame %d: %d checkpoints, damaged %v", at, in, n, damaged)
				}
			}
		})
	}
}

func TestAnotherKeyOrRepositoryIsCorrupt(t *testing.T) {
	r := rings(t)
	path := write(t, r["plain"], 1)
	if _, err := replay(path, r["encrypted"]); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
	if _, _, err := Open(disk.OS{}, path, r["plain"], [16]byte{9}, nil); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	ring := &key.Ring{}
	b, err := os.ReadFile(write(f, ring, 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	files, err := filepath.Glob("../testdata/golden/1/none/vault/staging/*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		if b, err = os.ReadFile(path); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		id := repositoryID
		if len(b) >= headerSize { // whose journal it is does not matter
			id = [16]byte(b[16:])
		}
		j, _, err := Open(fakeFS{data: b}, "fuzz", ring, id, func(c *pb.Checkpoint, _ int64) error {
			_ = proto.Size(c)
			return nil
		})
		if err == nil {
			_, _ = j.Record(0, 100)
			_ = j.Close()
		}
	})
}

func FuzzRecord(f *testing.F) {
	ring := &key.Ring{}
	j := &Journal{ring: ring}
	e := tree.Entry{ID: "id", Record: []byte("record")}
	f.Add(j.Seal(nil, &e))
	f.Fuzz(func(t *testing.T, b []byte) {
		j := &Journal{ring: ring, f: fake{bytes.NewReader(b)}}
		_, _ = j.Record(0, uint32(len(b)))
	})
}

// fake is a file in memory.
type fake struct{ *bytes.Reader }

func (fake) WriteAt([]byte, int64) (int, error) { return 0, os.ErrInvalid }
func (fake) Close() error                       { return nil }
func (fake) Truncate(int64) error               { return nil }
func (fake) Sync() error                        { return nil }
func (f fake) Size() (int64, error)             { return f.Reader.Size(), nil }

// fakeFS has one file, in memory: a fuzz target must not wait for a disk.
type fakeFS struct {
	disk.OS
	data []byte
}

func (f fakeFS) Edit(string) (disk.File, error) { return fake{bytes.NewReader(f.data)}, nil }
