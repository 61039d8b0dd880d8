package selfbackup

import (
	"archive/tar"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

const passphrase = "correct horse battery"

var made = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// records of the sample, so many that it has several pieces.
const records = 300

// cheap is Derive with less work, for tests that do it often.
func cheap(passphrase string) (record.BackupKey, record.BackupDerivation) {
	d := record.BackupDerivation{Salt: make([]byte, 16), Passes: 1, MemoryKiB: 8, Threads: 1}
	return derive(passphrase, d), d
}

// sample is a store with some records, its key, and a backup of it.
func sample(t testing.TB) (c content, backup []byte) {
	t.Helper()
	key := bytes.Repeat([]byte{7}, store.KeySize)
	s, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return key, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		if err := store.Repositories.Put(tx, record.Repository{ID: "r", Name: "Vault", Key: record.RepositoryKey{Passphrase: "secret"}}); err != nil {
			return err
		}
		for n := range records - 2 {
			if err := store.Mailboxes.Put(tx, record.Mailbox{Account: "a", ID: mail.MailboxID(fmt.Sprint(n)), Name: strings.Repeat("x", 1000)}); err != nil {
				return err
			}
		}
		return store.Jobs.Put(tx, record.Job{ID: "j", Name: "Nightly", Repository: "r"})
	})
	if err != nil {
		t.Fatal(err)
	}
	c = content{store: s, small: map[string][]byte{datadir.SealKey: store.FormatKey(key), datadir.Certificate: []byte("certificate")}}
	with, d := cheap(passphrase)
	var out bytes.Buffer
	if err := write(&out, Head{Made: made, Product: "test", Schema: store.Schema, Installation: "here", derivation: d}, with, c); err != nil {
		t.Fatal(err)
	}
	return c, out.Bytes()
}

func extract(t testing.TB, backup []byte, passphrase string) (string, *Head, error) {
	t.Helper()
	folder := t.TempDir()
	head, err := Extract(bytes.NewReader(backup), WithPassphrase(passphrase), folder)
	return folder, head, err
}

func TestABackupComesBackAsItWas(t *testing.T) {
	c, backup := sample(t)
	folder, head, err := extract(t, backup, passphrase)
	if err != nil || !head.Made.Equal(made) || head.Product != "test" || head.Installation != "here" {
		t.Fatal(head, err)
	}
	if n, err := CheckFolder(folder); err != nil || n != records {
		t.Errorf("%d records, %v", n, err)
	}
	text, err := os.ReadFile(filepath.Join(folder, datadir.Certificate))
	if err != nil || !bytes.Equal(text, c.small[datadir.Certificate]) {
		t.Errorf("%q, %v", text, err)
	}
	if bytes.Contains(backup, []byte("Nightly")) || bytes.Contains(backup, []byte("certificate")) {
		t.Error("what is in the backup can be read without its passphrase")
	}
}

func TestAWrongPassphraseIsTold(t *testing.T) {
	_, backup := sample(t)
	folder, _, err := extract(t, backup, "wrong horse battery")
	if fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%v was written", left)
	}
}

func TestACutBackupIsTold(t *testing.T) {
	_, backup := sample(t)
	cuts := []int{0, 5, 11, 12, 40, len(backup) - 1, len(backup) - 16}
	head := bytes.Index(backup, []byte("here"))
	for at := head; at < len(backup); at += pieceSize + 16 {
		cuts = append(cuts, at)
	}
	_, raw, err := readHead(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	for at := len(raw); at < len(backup); at += pieceSize + 16 { // between pieces
		cuts = append(cuts, at)
	}
	for _, at := range cuts {
		if _, _, err := extract(t, backup[:at], passphrase); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("cut at %d of %d: %v", at, len(backup), err)
		}
	}
	if _, _, err := extract(t, append(bytes.Clone(backup), 0), passphrase); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("with a byte more: %v", err)
	}
}

func TestAFlippedBitIsTold(t *testing.T) {
	_, backup := sample(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	_, raw, err := readHead(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	positions := []int{}
	for at := range raw { // all of the head, some of the rest
		positions = append(positions, at)
	}
	for range 200 {
		positions = append(positions, len(raw)+random.IntN(len(backup)-len(raw)))
	}
	for _, at := range positions {
		bad := bytes.Clone(backup)
		bad[at] ^= 1 << random.IntN(8)
		_, _, err := extract(t, bad, passphrase)
		switch fault.KindOf(err) {
		case fault.Corrupt, fault.Unauthorized, fault.Unsupported:
		default:
			t.Errorf("a bit at %d: %v", at, err)
		}
	}
}

func TestPiecesCannotBeExchanged(t *testing.T) {
	_, backup := sample(t)
	_, raw, err := readHead(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	const sealed = pieceSize + 16
	if len(backup) < len(raw)+2*sealed {
		t.Fatalf("the sample has %d bytes, too few for two pieces", len(backup))
	}
	bad := bytes.Clone(backup)
	first, second := bad[len(raw):len(raw)+sealed], bad[len(raw)+sealed:len(raw)+2*sealed]
	other := bytes.Clone(first)
	copy(first, second)
	copy(second, other)
	if _, _, err := extract(t, bad, passphrase); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheNewestOfOneInstallationStay(t *testing.T) {
	folder := t.TempDir()
	with, d := cheap(passphrase)
	c, _ := sample(t)
	put := func(name, installation string, at time.Time) {
		t.Helper()
		path, err := writePartial(folder, Head{Made: at, Product: "test", Schema: store.Schema, Installation: installation, derivation: d}, with, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 {
		at := made.AddDate(0, 0, n)
		put(fileName(at), "here", at)
	}
	other := made.AddDate(-1, 0, 0)
	put(fileName(other), "elsewhere", other)
	odd := prefix + "20200101T000000.000Z" + extension
	if err := os.WriteFile(filepath.Join(folder, odd), []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := prune(folder, "here", 2); err != nil {
		t.Fatal(err)
	}
	list, err := Files(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	want := []string{fileName(made.AddDate(0, 0, 4)), fileName(made.AddDate(0, 0, 3)), fileName(other), odd}
	if strings.Join(names, " ") != strings.Join(want, " ") || list[3].Error == "" {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	_, backup := sample(t)
	with, _ := cheap(passphrase)
	path := filepath.Join(t.TempDir(), "b")
	unlock := func(*Head) ([]byte, error) { return with, nil }
	inside := t.TempDir()
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := verify(path, unlock, inside); err != nil || n != records {
		t.Errorf("%d, %v", n, err)
	}
	if err := os.WriteFile(path, backup[:len(backup)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(path, unlock, inside); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(inside); len(left) > 0 {
		t.Errorf("%v is left in the data folder", left)
	}
}

// FuzzBackup feeds arbitrary bytes to the reader: nothing but the backup itself is taken for one, and nothing is written
// but what belongs there.
func FuzzBackup(f *testing.F) {
	_, backup := sample(f)
	f.Add(backup[:200])
	f.Add(backup[:12])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := t.TempDir()
		with, _ := cheap(passphrase)
		_, err := Extract(bytes.NewReader(data), func(*Head) ([]byte, error) { return with, nil }, folder)
		if err == nil {
			t.Fatal("arbitrary bytes were taken for a backup")
		}
	})
}

// FuzzTar feeds arbitrary bytes to what reads the tar within a backup.
func FuzzTar(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 1024))
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = readTar(tar.NewReader(bytes.NewReader(data)), &Head{Schema: store.Schema}, folder)
		entries, err := os.ReadDir(filepath.Dir(folder))
		if err != nil || len(entries) != 1 {
			t.Fatalf("something was written outside: %v, %v", entries, err)
		}
	})
}
