package store

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// FuzzRecords feeds arbitrary bytes to every decoder of a record: an error or a record, never a panic, and a record that
// was read can be written and read again.
func FuzzRecords(f *testing.F) {
	s, err := newSealer(make([]byte, KeySize))
	if err != nil {
		f.Fatal(err)
	}
	account, err := encodeAccount(s, &record.Account{ID: "a", Credential: record.Credential{Secret: "s"}})
	if err != nil {
		f.Fatal(err)
	}
	seed, err := proto.Marshal(account)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	task, err := proto.Marshal(encodeTask(&record.Task{ID: "r-1", VerifyReport: &record.VerifyReport{Damage: []string{"x"}}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(task)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, s, data, &statev1.Account{}, decodeAccount, encodeAccount)
		again(t, s, data, &statev1.Repository{}, decodeRepository, encodeRepository)
		again(t, s, data, &statev1.Identity{}, decodeIdentity, encodeIdentity)
		again(t, s, data, &statev1.Mailbox{}, plainly(decodeMailbox), plain(encodeMailbox))
		again(t, s, data, &statev1.Transporter{}, plainly(decodeTransporter), plain(encodeTransporter))
		again(t, s, data, &statev1.Job{}, decodeJob, encodeJob)
		again(t, s, data, &statev1.Run{}, plainly(decodeRun), plain(encodeRun))
		again(t, s, data, &statev1.Task{}, plainly(decodeTask), plain(encodeTask))
		again(t, s, data, &statev1.Losses{}, plainly(decodeLosses), plain(encodeLosses))
		again(t, s, data, &statev1.Recovery{}, plainly(decodeRecovery), plain(encodeRecovery))
		again(t, s, data, &statev1.NotificationSettings{}, decodeNotifications, encodeNotifications)
		again(t, s, data, &statev1.Delivery{}, plainly(decodeDelivery), plain(encodeDelivery))
		again(t, s, data, &statev1.RunScripts{}, decodeRunScripts, encodeRunScripts)
		again(t, s, data, &statev1.User{}, plainly(decodeUser), plain(encodeUser))
		again(t, s, data, &statev1.Token{}, plainly(decodeToken), plain(encodeToken))
		again(t, s, data, &statev1.RepositoryPlan{}, plainly(decodeRepositoryPlan), plain(encodeRepositoryPlan))
		again(t, s, data, &statev1.SelfBackup{}, decodeSelfBackup, encodeSelfBackup)
		again(t, s, data, &statev1.AuditEntry{}, plainly(decodeAudit), plain(encodeAudit))
		again(t, s, data, &statev1.History{}, plainly(decodeHistory), plain(encodeHistory))
	})
}

func again[P proto.Message, R any](t *testing.T, s *sealer, data []byte, p P, decode func(*sealer, P) (R, error), encode func(*sealer, *R) (P, error)) {
	t.Helper()
	if proto.Unmarshal(data, p) != nil {
		return
	}
	r, err := decode(s, p)
	if err != nil {
		return
	}
	out, err := encode(s, &r)
	if err != nil {
		t.Fatalf("%T that was read cannot be written: %v", p, err)
	}
	bytesOut, err := proto.Marshal(out)
	if err != nil {
		t.Fatalf("%T that was read cannot be written: %v", p, err)
	}
	back := p.ProtoReflect().New().Interface().(P)
	if err := proto.Unmarshal(bytesOut, back); err != nil {
		t.Fatal(err)
	}
	if _, err := decode(s, back); err != nil {
		t.Fatalf("%T that was written cannot be read: %v", p, err)
	}
}

func FuzzSealed(f *testing.F) {
	s, err := newSealer(make([]byte, KeySize))
	if err != nil {
		f.Fatal(err)
	}
	// Fuzzing runs in several processes, which must agree on the seed: the nonce is fixed.
	head := append([]byte{sealVersion}, make([]byte, s.aead.NonceSize())...)
	good := s.aead.Seal(head, head[1:], []byte("secret"), []byte("accounts/a"))
	f.Add(good)
	f.Add(good[:5])
	f.Fuzz(func(t *testing.T, data []byte) {
		if plain, err := s.open(data, "accounts/a"); err == nil && !bytes.Equal(data, good) {
			t.Fatalf("forged bytes open as %q", plain)
		}
	})
}

func FuzzKeyFile(f *testing.F) {
	f.Add(FormatKey(make([]byte, KeySize)))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParseKey(text)
		if err != nil {
			return
		}
		if back, err := ParseKey(FormatKey(key)); err != nil || !bytes.Equal(back, key) {
			t.Fatal("a key that was read does not survive being written")
		}
	})
}
