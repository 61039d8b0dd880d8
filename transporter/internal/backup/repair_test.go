package backup_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// TestAfterDamageAndRepairTheNextRunEndsInTheTruth plays a history into a repository, damages its packs, repairs it, and
// compares the point of one quiet run with the mailbox.
func TestAfterDamageAndRepairTheNextRunEndsInTheTruth(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(max(1, *rounds/6)) {
		s := first + i
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, s)
			h.b.silent = false // a message that is back unreported is found in one run only if that is not killed, see play
			o := repository.Options{Path: t.TempDir(), Name: "vault", PackSize: 64 << 10, Level: repository.Level(h.rng.IntN(4))}
			real, err := repository.Create(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { real.Close() }()
			runs := 0
			h.begin = func() (backup.Vault, error) {
				runs++
				v, err := real.Begin(t.Context(), record.BackupKey{Account: "a", Mailbox: "m", Job: "j"}, record.RunID(fmt.Sprint("run", runs)))
				if err != nil {
					return nil, err
				}
				return hookedVault{v, h.r}, nil
			}
			h.read = func(p record.Point) *memPoint { return readBack(t, h.r, real, p) }
			h.damaged = func() {
				if err := real.Close(); err != nil {
					t.Fatal(err)
				}
				for range 1 + h.rng.IntN(4) {
					h.trace("%s", wreck(t, h.rng, filepath.Join(o.Path, "packs")))
				}
				if h.chance(4) {
					h.trace("the index is lost")
					if err := os.Remove(filepath.Join(o.Path, "index.bolt")); err != nil {
						t.Fatal(err)
					}
				}
				if real, err = repository.Open(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				done, err := real.Repair(t.Context(), repository.RepairOptions{RemoveDamaged: h.chance(2)}, nil)
				if err != nil {
					t.Fatal(err)
				}
				h.trace("repaired: %+v", *done)
			}
			h.play()
			report, err := real.Verify(t.Context(), repository.VerifyFull, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range report.Affected {
				if a.Newest {
					t.Errorf("the newest point is not whole: %+v", a)
				}
			}
			if t.Failed() {
				t.Logf("again with -run %s -args -rounds 1 -seed %d", "TestAfterDamageAndRepairTheNextRunEndsInTheTruth", s)
			}
		})
	}
}

// wreck damages a file of a folder, and says how.
func wreck(t *testing.T, rng *rand.Rand, dir string) string {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		return "nothing to damage"
	}
	path := files[rng.IntN(len(files))]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := rng.IntN(max(1, len(b)))
	how := "delete"
	switch rng.IntN(4) {
	case 0:
		err = os.Remove(path)
	case 1:
		how = fmt.Sprintf("cut at %d of", at)
		err = os.WriteFile(path, b[:at], 0o600)
	case 2:
		how = fmt.Sprintf("zeros from %d of", at)
		clear(b[at:min(len(b), at+rng.IntN(3000))])
		err = os.WriteFile(path, b, 0o600)
	default:
		how = fmt.Sprintf("flip at %d of", at)
		b[min(at, len(b)-1)] ^= 1 << rng.IntN(8)
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return how + " " + filepath.Base(path)
}
