package repository_test

import (
	"context"
	"testing"

	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/backup/vaulttest"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/repository/key"
)

func TestPlainRepositoryIsAVault(t *testing.T) {
	runVault(t, repository.Options{Level: repository.Fast})
}

func TestEncryptedRepositoryIsAVault(t *testing.T) {
	runVault(t, repository.Options{
		Level: repository.Balanced, Secret: repository.Secret{Passphrase: "correct horse"}, Cost: key.Cost{Time: 1, MemoryKiB: 64, Threads: 1},
	})
}

func runVault(t *testing.T, o repository.Options) {
	vaulttest.Run(t, func(t *testing.T) *vaulttest.Store {
		o := o
		o.Path, o.Name, o.PackSize = t.TempDir(), "vault", 64<<10
		r, err := repository.Create(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			for _, p := range r.Problems() {
				t.Errorf("problem: %s: %s", p.Path, p.Reason)
			}
			report, err := r.Verify(context.Background(), repository.VerifyFull, nil)
			if err != nil || !report.Sound() {
				t.Errorf("verify: %+v, %v", report, err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		return &vaulttest.Store{
			Begin: func(ctx context.Context, k record.BackupKey, run record.RunID) (backup.Vault, error) {
				return r.Begin(ctx, k, run)
			},
			Read: func(ctx context.Context, id record.PointID) (*vaulttest.Contents, error) {
				return vaulttest.Read(ctx, r, id)
			},
			Crash: func() {
				repository.Crash(r)
				if r, err = repository.Open(context.Background(), o); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
