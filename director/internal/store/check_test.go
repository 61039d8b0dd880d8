package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

func TestEveryBucketIsChecked(t *testing.T) {
	var names []string
	for _, table := range tables {
		names = append(names, table.bucket())
	}
	for _, set := range sets {
		names = append(names, set.name)
	}
	slices.Sort(names)
	all := slices.Clone(buckets)
	slices.Sort(all)
	if !slices.Equal(names, all) {
		t.Errorf("checked are %q, there are %q", names, all)
	}
}

func TestCheckFindsARecordThatCannotBeRead(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "director.db"), make([]byte, KeySize)
	s, err := Open(path, func(bool) ([]byte, error) { return key, nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path, key); fault.KindOf(err) != fault.Conflict || fault.KindOf(Idle(path)) != fault.Conflict {
		t.Errorf("under a Director: %v", err)
	}
	put := func(fn func(tx *Tx) error) {
		t.Helper()
		if err := s.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	put(func(tx *Tx) error {
		return Repositories.Put(tx, record.Repository{ID: "r", Key: record.RepositoryKey{Passphrase: "x"}})
	})
	reopen := func() {
		t.Helper()
		if s, err = Open(path, func(bool) ([]byte, error) { return key, nil }); err != nil {
			t.Fatal(err)
		}
	}
	check := func(key []byte) (int, error) {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		defer reopen()
		return Check(path, key)
	}
	if n, err := check(key); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	other := slices.Clone(key)
	other[0] = 1
	if _, err := check(other); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("with another key: %v", err)
	}
	put(func(tx *Tx) error { return tx.put("jobs", "j", []byte("0123456789 no record")) })
	if _, err := check(key); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("with a record that cannot be read: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Idle(path); err != nil {
		t.Error(err)
	}
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path, key); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("cut off: %v", err)
	}
	if _, err := Check(path+"x", key); fault.KindOf(err) != fault.NotFound {
		t.Errorf("not there: %v", err)
	}
}
