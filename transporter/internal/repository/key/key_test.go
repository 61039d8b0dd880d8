package key

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
)

var (
	cheap = Cost{Time: 1, MemoryKiB: 64, Threads: 1}
	id    = bytes.Repeat([]byte{7}, 16)
)

func create(t testing.TB, s Secret) (*Ring, *pb.Encryption) {
	t.Helper()
	r, e, err := Create(s, cheap, id)
	if err != nil {
		t.Fatal(err)
	}
	return r, e
}

func TestTheRightSecretOpens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	for _, s := range []Secret{{}, {Passphrase: "p"}, {KeyFile: file}} {
		a, e := create(t, s)
		b, err := Unlock(e, s, id)
		if err != nil {
			t.Fatal(err)
		}
		if a.Encrypted() == s.None() || a.ID([32]byte{1}) != b.ID([32]byte{1}) || (a.ID([32]byte{1}) == [32]byte{1}) != s.None() {
			t.Errorf("%+v: ids differ", s)
		}
		box := a.Box(nil, "use", []byte("data"))
		if got, err := b.Unbox("use", box); err != nil || string(got) != "data" {
			t.Errorf("%+v: %q, %v", s, got, err)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

func TestAWrongOrMissingSecretIsToldApart(t *testing.T) {
	dir := t.TempDir()
	file, other, junk := filepath.Join(dir, "key"), filepath.Join(dir, "other"), filepath.Join(dir, "junk")
	_, byPass := create(t, Secret{Passphrase: "p"})
	_, byFile := create(t, Secret{KeyFile: file})
	create(t, Secret{KeyFile: other})
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		e    *pb.Encryption
		s    Secret
		kind fault.Kind
	}{
		"wrong passphrase":        {byPass, Secret{Passphrase: "q"}, fault.Unauthorized},
		"none":                    {byPass, Secret{}, fault.Unauthorized},
		"key file for passphrase": {byPass, Secret{KeyFile: file}, fault.Unauthorized},
		"passphrase for key file": {byFile, Secret{Passphrase: "p"}, fault.Unauthorized},
		"other key file":          {byFile, Secret{KeyFile: other}, fault.Unauthorized},
		"no key file at all":      {byFile, Secret{KeyFile: junk}, fault.Unauthorized},
		"lost key file":           {byFile, Secret{KeyFile: filepath.Join(dir, "lost")}, fault.NotFound},
		"secret where none is":    {nil, Secret{Passphrase: "p"}, fault.Invalid},
		"huge cost":               {&pb.Encryption{Slots: []*pb.KeySlot{{Kind: 1, Argon2Id: &pb.Argon2Id{Salt: make([]byte, 16), Time: 1, MemoryKib: 1 << 31, Threads: 1}}}}, Secret{Passphrase: "p"}, fault.Corrupt},
		"no slots":                {&pb.Encryption{}, Secret{Passphrase: "p"}, fault.Corrupt},
	} {
		if _, err := Unlock(c.e, c.s, id); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v (%v), want %v", name, err, fault.KindOf(err), c.kind)
		}
	}
	if _, err := Unlock(byPass, Secret{Passphrase: "p"}, make([]byte, 16)); fault.KindOf(err) != fault.Unauthorized {
		t.Error("the descriptor of another repository:", err)
	}
}

func TestEveryFlippedBitOfABoxIsNoticed(t *testing.T) {
	for _, s := range []Secret{{}, {Passphrase: "p"}} {
		r, _ := create(t, s)
		box := r.Box(nil, "use", []byte("some data"))
		for i := range box {
			for bit := range 8 {
				b := bytes.Clone(box)
				b[i] ^= 1 << bit
				if _, err := r.Unbox("use", b); fault.KindOf(err) != fault.Corrupt {
					t.Fatalf("byte %d bit %d: %v", i, bit, err)
				}
			}
			if _, err := r.Unbox("use", box[:i]); fault.KindOf(err) != fault.Corrupt {
				t.Fatalf("cut at %d: %v", i, err)
			}
		}
		if _, err := r.Unbox("other", box); fault.KindOf(err) != fault.Corrupt {
			t.Error("opened under another use")
		}
	}
}

func TestABlobIsSealedWhereItLiesOrElsewhere(t *testing.T) {
	r, _ := create(t, Secret{Passphrase: "p"})
	room := append(make([]byte, 0, 100), "front data"...)
	for name, data := range map[string][]byte{"right behind": room[6:], "elsewhere": []byte("data")} {
		var n [NonceSize]byte
		out := r.SealBlob(room[:6], &n, data, []byte("header"))
		if string(out[:6]) != "front " || len(out) != 10+Overhead || &out[0] != &room[0] {
			t.Fatalf("%s: %q", name, out)
		}
		if got, err := r.OpenBlob(nil, &n, out[6:], []byte("header")); err != nil || string(got) != "data" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		copy(room[6:], "data")
	}
}

func TestABoxOpensInPlace(t *testing.T) {
	for _, s := range []Secret{{}, {Passphrase: "p"}} {
		r, _ := create(t, s)
		box := r.Box(nil, "use", []byte("some data"))
		for i := range box { // damage and cuts are met before a box is overwritten by what is whole
			if _, err := r.UnboxInPlace("use", bytes.Clone(box[:i])); fault.KindOf(err) != fault.Corrupt {
				t.Fatalf("cut at %d: %v", i, err)
			}
		}
		if got, err := r.UnboxInPlace("use", box); err != nil || string(got) != "some data" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestNoncesDiffer(t *testing.T) {
	r, _ := create(t, Secret{Passphrase: "p"})
	seen := map[[NonceSize]byte]bool{}
	for range 1000 {
		var n [NonceSize]byte
		out := r.SealBlob(nil, &n, make([]byte, 10), []byte("header"))
		if seen[n] {
			t.Fatal("a nonce twice")
		}
		seen[n] = true
		if _, err := r.OpenBlob(nil, &n, out, []byte("other")); fault.KindOf(err) != fault.Corrupt {
			t.Fatal("opened under another header")
		}
	}
}

func FuzzUnbox(f *testing.F) {
	plain := &Ring{}
	sealed, _ := create(f, Secret{Passphrase: "p"})
	f.Add(plain.Box(nil, "use", []byte("x")))
	f.Add(sealed.Box(nil, "use", []byte("x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = plain.Unbox("use", b)
		_, _ = sealed.Unbox("use", b)
	})
}
