package shelf_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
)

func open(t *testing.T, dir string) *shelf.Shelf {
	t.Helper()
	s, err := shelf.New(dir, func() string { return "tr1" }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func create(t *testing.T, s *shelf.Shelf, id, path string) {
	t.Helper()
	if _, err := s.Create(t.Context(), shelf.Request{ID: id, Path: path}, "Name", repository.Fast); err != nil {
		t.Fatal(err)
	}
}

func TestARepositoryInUseIsNotTakenAway(t *testing.T) {
	s := open(t, t.TempDir())
	create(t, s, "r1", filepath.Join(t.TempDir(), "vault"))
	_, done, err := s.Use("r1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := s.Detach(ctx, "r1"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want Conflict", err)
	}
	_, other, err := s.Use("r1") // it stays attached
	if err != nil {
		t.Fatal(err)
	}
	other()
	detached := make(chan error)
	go func() { detached <- s.Detach(t.Context(), "r1") }()
	done()
	done() // twice is once
	if err := <-detached; err != nil {
		t.Error(err)
	}
	if _, _, err := s.Use("r1"); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestAnIDStandsForOneRepositoryAcrossRestarts(t *testing.T) {
	dir, first, second := t.TempDir(), filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	s := open(t, dir)
	create(t, s, "r1", first)
	create(t, s, "r2", second)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if _, err := s.Attach(t.Context(), shelf.Request{ID: "r1", Path: second}); !errors.Is(err, fault.Conflict) {
		t.Errorf("another repository under the id: %v, want Conflict", err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{ID: "r1", Path: first}); err != nil {
		t.Error(err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{ID: "r1", Path: second}); !errors.Is(err, fault.Conflict) {
		t.Errorf("attached elsewhere: %v, want Conflict", err)
	}
	id, err := s.Attach(t.Context(), shelf.Request{Path: second})
	if err != nil || id == "" {
		t.Fatalf("whatever lies there: %q, %v", id, err)
	}
	if again, err := s.Attach(t.Context(), shelf.Request{Path: second}); err != nil || again != id {
		t.Errorf("again: %q, %v, want %q", again, err, id)
	}
}

func TestCallersAtTheSameTimeShareOneOpening(t *testing.T) {
	s := open(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "vault")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Create(t.Context(), shelf.Request{ID: "r1", Path: path}, "Name", repository.Fast); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.Attached(); len(got) != 1 {
		t.Errorf("attached: %v", got)
	}
}

func TestDeletingTakesOnlyWhatIsTheRepositorys(t *testing.T) {
	s := open(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "vault")
	create(t, s, "r1", path)
	if err := os.WriteFile(filepath.Join(path, "letter.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "r1", path); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(path)
	if err != nil || len(left) != 1 || left[0].Name() != "letter.txt" {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := s.Delete(t.Context(), "r1", path); !errors.Is(err, fault.NotFound) {
		t.Errorf("a folder without a repository: %v, want NotFound", err)
	}
	if _, err := os.Stat(filepath.Join(path, "letter.txt")); err != nil {
		t.Error(err)
	}
}
