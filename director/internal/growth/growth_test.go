package growth_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/growth"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// shelf is a depot with one repository, which tells when it is asked.
type shelf struct{ asked chan record.RepositoryID }

func (s shelf) List() ([]record.Repository, error) {
	return []record.Repository{{ID: "re-1", Name: "Vault", Transporter: "tr-1", Attached: true}}, nil
}

func (s shelf) Inspect(ctx context.Context, id record.RepositoryID) (record.Repository, error) {
	select {
	case s.asked <- id:
	case <-ctx.Done():
	}
	return record.Repository{ID: id, Name: "Vault", Transporter: "tr-1", Attached: true}, nil
}

func (s shelf) SearchIndex(context.Context, record.RepositoryID) (*transporterv1.SearchIndex, error) {
	return &transporterv1.SearchIndex{}, nil
}

func TestRepositoriesAreMeasuredSoonAfterARun(t *testing.T) {
	st, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, 32), nil })
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d := shelf{asked: make(chan record.RepositoryID)}
	s := growth.New(growth.Options{
		Store: st, Depot: d, Reachable: func(record.TransporterID) bool { return true }, Now: time.Now, Logger: hclog.NewNullLogger(),
		Every: time.Hour,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	// Runs end until it has noticed one; by the clock its first round is a minute away.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ctx.Err() == nil; i++ {
			r := record.Run{ID: record.RunID(fmt.Sprintf("ru-%d", i)), Status: record.RunSucceeded, Started: time.Now(), Ended: time.Now()}
			if err := st.Update(ctx, func(tx *store.Tx) error { return store.Runs.Put(tx, r) }); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}()
	select {
	case got := <-d.asked:
		if got != "re-1" {
			t.Errorf("asked about %q", got)
		}
	case <-time.After(45 * time.Second):
		t.Error("not measured before the clock had it so")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-ended
}
