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
	s, err := New(t.TempDir(), func() string { return "tr1" }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{ID: "r1", Path: filepath.Join(t.TempDir(), "vault")}
	opening, broken := make(chan struct{}), fault.New(fault.Unavailable, "the disk is away")
	begun, ended := make(chan struct{}), make(chan error)
	go func() {
		_, err := s.open(t.Context(), r, func() (*repository.Repository, error) {
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
