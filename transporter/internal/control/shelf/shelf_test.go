package shelf_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
)

// Ids as the Director makes them.
const (
	r1 = "0198c0de-0000-7000-8000-000000000001"
	r2 = "0198c0de-0000-7000-8000-000000000002"
)

func open(t *testing.T) *shelf.Shelf {
	t.Helper()
	s := shelf.New(func() string { return "tr1" }, time.Now)
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
	s := open(t)
	create(t, s, r1, filepath.Join(t.TempDir(), "vault"))
	_, done, err := s.Use(r1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := s.Detach(ctx, r1); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want Conflict", err)
	}
	_, other, err := s.Use(r1) // it stays attached
	if err != nil {
		t.Fatal(err)
	}
	other()
	detached := make(chan error)
	go func() { detached <- s.Detach(t.Context(), r1) }()
	done()
	done() // twice is once
	if err := <-detached; err != nil {
		t.Error(err)
	}
	if _, _, err := s.Use(r1); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestAnIDStandsForOneRepositoryAcrossRestarts(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	s := open(t)
	create(t, s, r1, first)
	create(t, s, r2, second)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t)
	if _, err := s.Attach(t.Context(), shelf.Request{ID: r1, Path: second}); !errors.Is(err, fault.Conflict) {
		t.Errorf("another repository under the id: %v, want Conflict", err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{ID: r1, Path: first}); err != nil {
		t.Error(err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{ID: r1, Path: second}); !errors.Is(err, fault.Conflict) {
		t.Errorf("attached elsewhere: %v, want Conflict", err)
	}
	id, err := s.Attach(t.Context(), shelf.Request{Path: second})
	if err != nil || id != r2 {
		t.Fatalf("whatever lies there: %q, %v", id, err)
	}
	if again, err := s.Attach(t.Context(), shelf.Request{Path: second}); err != nil || again != id {
		t.Errorf("again: %q, %v, want %q", again, err, id)
	}
}

func TestCallersAtTheSameTimeShareOneOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault") // before the shelf, which is closed before the folder is removed
	s := open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Create(t.Context(), shelf.Request{ID: r1, Path: path}, "Name", repository.Fast); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.Attached(); len(got) != 1 {
		t.Errorf("attached: %v", got)
	}
}

func TestAFolderWithForeignFilesIsNotDeleted(t *testing.T) {
	s := open(t)
	path := filepath.Join(t.TempDir(), "vault")
	create(t, s, r1, path)
	letter := filepath.Join(path, "letter.txt")
	if err := os.WriteFile(letter, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), r1, path); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), letter) {
		t.Errorf("got %v, want Conflict that names the letter", err)
	}
	if _, err := s.Attach(t.Context(), shelf.Request{ID: r1, Path: path}); err != nil {
		t.Error("the repository suffered:", err)
	}
	if err := os.Remove(letter); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the answer to the first may have been lost
		if err := s.Delete(t.Context(), r1, path); err != nil {
			t.Error(err)
		}
	}
	if err := open(t).Delete(t.Context(), r1, path); !errors.Is(err, fault.NotFound) {
		t.Errorf("a folder without a repository: %v, want NotFound", err)
	}
}
