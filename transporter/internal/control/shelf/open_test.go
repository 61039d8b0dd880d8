package shelf

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

func TestWhoWaitsForAnOpeningMayGiveUp(t *testing.T) {
	s := New(func() string { return "tr1" }, time.Now)
	const id = "0198c0de-0000-7000-8000-000000000001"
	own, err := repository.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{ID: id, Path: filepath.Join(t.TempDir(), "vault")}
	opening, broken := make(chan struct{}), fault.New(fault.Unavailable, "the disk is away")
	begun, ended := make(chan struct{}), make(chan error)
	go func() {
		_, err := s.open(t.Context(), own, r, func() (*repository.Repository, error) {
			close(begun)
			<-opening
			return nil, broken
		})
		ended <- err
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Attach(ctx, r); !errors.Is(err, fault.Timeout) {
		t.Errorf("got %v, want Timeout", err)
	}
	close(opening)
	if err := <-ended; !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
