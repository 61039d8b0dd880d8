package repository

import (
	"os"
	"path/filepath"
	"testing"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// TestADeletedPointDoesNotComeBackFromAFileThatWasSetAside deletes a point and frees its space while a repair has left a file with its root.
func TestADeletedPointDoesNotComeBackFromAFileThatWasSetAside(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	p := sealOne(t, r, 1)
	if err := r.blobs.SealOpen(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*.pack"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := r.Repair(t.Context(), RepairOptions{}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := r.DeletePoints(t.Context(), []record.PointID{p.ID}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r = reopen(t, r, o)
			if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Repair(t.Context(), RepairOptions{}, nil); err != nil {
			t.Fatal(err)
		}
		if list, err := r.Points(t.Context(), testKey); err != nil || len(list) > 0 {
			t.Fatalf("%d points are back, %v", len(list), err)
		}
	}
}

// TestADeletedPointDoesNotComeBackFromAPackThatIsLeftAlone does the same with a pack that cannot be opened as one, until a repair
// looks through it.
func TestADeletedPointDoesNotComeBackFromAPackThatIsLeftAlone(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	p := sealOne(t, r, 1)
	if err := r.blobs.SealOpen(); err != nil {
		t.Fatal(err)
	}
	path := packOfKind(t, r, pack.Trees)
	closed(t, r)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 1
	if err := os.WriteFile(path, data[:len(data)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	r = mustOpen(t, o)
	if n, err := r.DeletePoints(t.Context(), []record.PointID{p.ID}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	for range 3 {
		r = reopen(t, r, o)
		if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Repair(t.Context(), RepairOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Points(t.Context(), testKey); err != nil || len(list) > 0 {
		t.Fatalf("%d points are back, %v", len(list), err)
	}
	closed(t, r)
}
