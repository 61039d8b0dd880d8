package key

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
)

func TestRewrappingKeepsTheDataKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	secrets := []Secret{{Passphrase: "p"}, {KeyFile: file}, {Passphrase: "q"}}
	ring, e := create(t, secrets[0])
	for i, next := range secrets[1:] {
		before := proto.CloneOf(e)
		changed, err := Rewrap(e, secrets[i], next, cheap, id)
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(e, before) || len(changed.GetSlots()) != 1 || bytes.Equal(changed.GetSlots()[0].GetWrapped(), e.GetSlots()[0].GetWrapped()) {
			t.Error("the old slots were changed, or the new ones are not new")
		}
		if _, err := Unlock(changed, secrets[i], id); fault.KindOf(err) != fault.Unauthorized {
			t.Error("the old secret still opens:", err)
		}
		again, err := Unlock(changed, next, id)
		if err != nil || again.ID([32]byte{1}) != ring.ID([32]byte{1}) {
			t.Error("another data key:", err)
		}
		e = changed
	}
}

func TestEverySlotOpensAlone(t *testing.T) {
	_, a := create(t, Secret{Passphrase: "p"})
	more, err := Rewrap(a, Secret{Passphrase: "p"}, Secret{Passphrase: "q"}, cheap, id)
	if err != nil {
		t.Fatal(err)
	}
	both := &pb.Encryption{Slots: append(more.GetSlots(), a.GetSlots()...)}
	for _, p := range []string{"p", "q"} {
		if _, err := Unlock(both, Secret{Passphrase: p}, id); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	changed, err := Rewrap(both, Secret{Passphrase: "p"}, Secret{Passphrase: "r"}, cheap, id)
	if err != nil {
		t.Fatal(err)
	}
	for p, opens := range map[string]bool{"p": false, "q": true, "r": true} {
		if _, err := Unlock(changed, Secret{Passphrase: p}, id); (err == nil) != opens {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestCostsAndSlotsHaveLimits(t *testing.T) {
	for _, c := range []Cost{{Time: 65}, {MemoryKiB: 1<<20 + 1}, {Time: 9, MemoryKiB: 1 << 20}} {
		if _, _, err := Create(Secret{Passphrase: "p"}, c, id); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
	_, e := create(t, Secret{Passphrase: "p"})
	for name, change := range map[string]func(s *pb.KeySlot){
		"no salt": func(s *pb.KeySlot) { s.Argon2Id.Salt = nil }, "long salt": func(s *pb.KeySlot) { s.Argon2Id.Salt = make([]byte, 65) },
		"no passes": func(s *pb.KeySlot) { s.Argon2Id.Time = 0 }, "no threads": func(s *pb.KeySlot) { s.Argon2Id.Threads = 0 },
		"many threads": func(s *pb.KeySlot) { s.Argon2Id.Threads = 256 }, "much memory": func(s *pb.KeySlot) { s.Argon2Id.MemoryKib = 2 << 20 },
		"long work": func(s *pb.KeySlot) { s.Argon2Id.MemoryKib, s.Argon2Id.Time = 1<<20, 9 }, "nonce": func(s *pb.KeySlot) { s.Nonce = s.GetNonce()[1:] },
		"wrapped": func(s *pb.KeySlot) { s.Wrapped = s.GetWrapped()[1:] }, "no argon2id": func(s *pb.KeySlot) { s.Argon2Id = nil },
	} {
		bad := proto.CloneOf(e)
		change(bad.GetSlots()[0])
		if _, err := Unlock(bad, Secret{Passphrase: "p"}, id); fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "copy of the repository") {
			t.Errorf("%s: %v", name, err)
		}
	}
	later := proto.CloneOf(e)
	later.GetSlots()[0].Kind = 3
	if _, err := Unlock(later, Secret{Passphrase: "p"}, id); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "upgrade") {
		t.Error(err)
	}
}

func FuzzUnlock(f *testing.F) {
	_, e := create(f, Secret{Passphrase: "p"})
	b, err := proto.Marshal(e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var e pb.Encryption
		if proto.Unmarshal(b, &e) != nil {
			return
		}
		for _, s := range e.GetSlots() {
			if a := s.GetArgon2Id(); uint64(a.GetTime())*uint64(a.GetMemoryKib()) > 1<<12 || a.GetTime() > 4 {
				return // within the limits, yet too slow to try many
			}
		}
		if _, err := Unlock(&e, Secret{Passphrase: "p"}, id); err != nil && fault.KindOf(err) == fault.Unknown {
			t.Error(err)
		}
	})
}
