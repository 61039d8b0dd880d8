package shelf_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
)

// A disk may be seen by two Transporters, or its repository have been moved to another one since the order was written.
func TestARepositoryThatAnotherTransporterHasOpenIsNotDeleted(t *testing.T) {
	owner, other := open(t), open(t)
	path := filepath.Join(t.TempDir(), "vault")
	create(t, owner, r1, path)
	if err := other.Delete(t.Context(), r1, path); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want Conflict", err)
	}
	for _, name := range []string{"holdfast.repo", "index.bolt", "packs", "holdfast.lock"} {
		if _, err := os.Stat(filepath.Join(path, name)); err != nil {
			t.Error(err)
		}
	}
	if err := owner.Delete(t.Context(), r1, path); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestACopyOfAnAttachedRepositoryIsRefusedAndLetGo(t *testing.T) {
	first, maker := filepath.Join(t.TempDir(), "a"), open(t)
	create(t, maker, r1, first)
	if err := maker.Detach(t.Context(), r1); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(t.TempDir(), "b")
	if err := os.CopyFS(second, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	s := open(t)
	id, err := s.Attach(t.Context(), shelf.Request{Path: first})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{Path: second}); !errors.Is(err, fault.Conflict) {
		t.Fatalf("got %v, want Conflict", err)
	}
	if err := s.Detach(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{Path: second}); err != nil {
		t.Errorf("the copy was left locked: %v", err)
	}
}

func TestOnlyTheRepositoryThatIsMeantIsDeleted(t *testing.T) {
	s := open(t)
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	create(t, s, r1, one)
	create(t, s, r2, two)
	if err := s.Detach(t.Context(), r2); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), r1, two); !errors.Is(err, fault.Conflict) {
		t.Errorf("a path where another repository lies: %v, want Conflict", err)
	}
	if !repository.Exists(two) {
		t.Error("another repository was deleted")
	}
	if err := s.Delete(t.Context(), r1, filepath.Join(t.TempDir(), "unmounted")); !errors.Is(err, fault.NotFound) {
		t.Errorf("a folder that is not there: %v, want NotFound", err)
	}
}
