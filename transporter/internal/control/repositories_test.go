package control

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/control/shelf"
)

func TestWhatWasWrongWithARepositoryIsLoggedWhenItIsAttached(t *testing.T) {
	onShelf := shelf.New(func() string { return "tr1" }, time.Now)
	defer onShelf.Close()
	const id = "0198c0de-0000-7000-8000-000000000001"
	var log bytes.Buffer
	s := New(Options{Shelf: onShelf, Logger: hclog.New(&hclog.LoggerOptions{Output: &log})})
	path := filepath.Join(t.TempDir(), "vault")
	if _, err := s.CreateRepository(t.Context(), &transporterv1.CreateRepositoryRequest{RepositoryId: id, Name: "Name", Path: path}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DetachRepository(t.Context(), &transporterv1.DetachRepositoryRequest{RepositoryId: id}); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(path, "index.bolt")
	if err := os.WriteFile(index, bytes.Repeat([]byte("damage"), 1<<14), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AttachRepository(t.Context(), &transporterv1.AttachRepositoryRequest{RepositoryId: id, Path: path}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "[WARN]") || !strings.Contains(log.String(), index) {
		t.Errorf("the log says nothing of the damaged index:\n%s", &log)
	}
}
