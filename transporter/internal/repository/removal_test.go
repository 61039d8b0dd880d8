package repository

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

func closed(t *testing.T, r *Repository) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDeleteTakesARepositoryWithoutItsSecretAndItsFolder(t *testing.T) {
	o := testOptions(t, true)
	o.Path = filepath.Join(o.Path, "vault")
	r := mustCreate(t, o)
	backUp(t, r, "one", 3)
	without := o
	without.Secret = Secret{}
	if err := Delete(t.Context(), without); fault.KindOf(err) != fault.Conflict {
		t.Errorf("while it is open: %v, want Conflict", err)
	}
	closed(t, r)
	if err := Delete(t.Context(), without); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(o.Path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder is still there:", err)
	}
	if err := Delete(t.Context(), without); fault.KindOf(err) != fault.NotFound {
		t.Errorf("twice: %v, want NotFound", err)
	}
}

func TestDeleteRefusesWhatIsNotOurs(t *testing.T) {
	for _, name := range []string{"letter.txt", "packs/notes.md", "staging/sub/x", "photos/1.jpg", "packs/00000000000000000000000000000000"} {
		o := testOptions(t, false)
		r := mustCreate(t, o)
		p := backUp(t, r, "one", 3)
		closed(t, r)
		foreign := filepath.Join(o.Path, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(foreign), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(foreign, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"delete": Delete(t.Context(), o), "recreate": fails(Recreate(t.Context(), o))} {
			if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "nothing was deleted") {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		r = mustOpen(t, o)
		if _, err := r.Point(t.Context(), p.ID); err != nil {
			t.Error(name, err)
		}
		closed(t, r)
	}
}

func fails(r *Repository, err error) error {
	if err == nil {
		err = r.Close()
	}
	return err
}

func TestRecreateEmptiesUnderTheSameIDAndKey(t *testing.T) {
	o := testOptions(t, true)
	o.ID, o.Level = [16]byte{7}, Fast
	r := mustCreate(t, o)
	id := r.ID()
	backUp(t, r, "one", 3)
	closed(t, r)
	wrong := o
	wrong.Secret.Passphrase = "wrong"
	if _, err := Recreate(t.Context(), wrong); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("with a wrong secret: %v", err)
	}
	bare := Options{Path: o.Path, Secret: o.Secret, PackSize: o.PackSize} // as one attaches
	r, err := Recreate(t.Context(), bare)
	if err != nil {
		t.Fatal(err)
	}
	if points, err := r.Points(t.Context(), testKey); err != nil || len(points) != 0 {
		t.Errorf("%v, %v", points, err)
	}
	if r.ID() != id || id[:4] != "0700" || r.Name() != "test" || r.Level() != Fast || !r.Encrypted() || len(r.Problems()) > 0 {
		t.Errorf("id %s (was %s), name %q, level %v, %v", r.ID(), id, r.Name(), r.Level(), r.Problems())
	}
	backUp(t, r, "two", 2)
	closed(t, r)
	r = mustOpen(t, o)
	if points, err := r.Points(t.Context(), testKey); err != nil || len(points) != 1 {
		t.Errorf("%v, %v", points, err)
	}
	closed(t, r)
}

// stoppingFS fails everything that changes files from the nth such call on, as if the process had been killed there.
type stoppingFS struct {
	disk.OS
	left int
}

var errStopped = errors.New("stopped")

func (f *stoppingFS) step() error {
	if f.left--; f.left < 0 {
		return errStopped
	}
	return nil
}

func (f *stoppingFS) Create(name string) (disk.File, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	return f.OS.Create(name)
}

func (f *stoppingFS) Rename(from, to string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.OS.Rename(from, to)
}

func (f *stoppingFS) Remove(name string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.OS.Remove(name)
}

// stops calls fn on a new repository with a point, stopped at each of its steps in turn, and hands what is left to look.
func stops(t *testing.T, fn func(o Options) error, look func(t *testing.T, o Options, stopped bool)) {
	t.Helper()
	for n := 0; ; n++ {
		o := testOptions(t, true)
		r := mustCreate(t, o)
		backUp(t, r, "one", 3)
		closed(t, r)
		broken := o
		broken.FS = &stoppingFS{left: n}
		err := fn(broken)
		if err != nil && !errors.Is(err, errStopped) {
			t.Fatalf("stopped at step %d: %v", n, err)
		}
		look(t, o, err != nil)
		if err == nil {
			if n < 5 {
				t.Errorf("there were only %d steps", n)
			}
			return
		}
		if t.Failed() {
			t.Fatalf("stopped at step %d", n)
		}
	}
}

func TestARecreationThatIsKilledIsUndoneOrGoneOnWith(t *testing.T) {
	old, empty := 0, 0
	stops(t, func(o Options) error { return fails(Recreate(context.Background(), o)) }, func(t *testing.T, o Options, stopped bool) {
		r := mustOpen(t, o)
		points, err := r.Points(t.Context(), testKey)
		if err != nil || len(r.Problems()) > 0 {
			t.Error(err, r.Problems())
		}
		switch {
		case len(points) == 1 && stopped:
			old++
			if report, err := r.Verify(t.Context(), VerifyFull, nil); err != nil || !report.Sound() {
				t.Errorf("%+v, %v", report, err)
			}
		case len(points) == 0:
			empty++
		default:
			t.Errorf("%d points", len(points))
		}
		backUp(t, r, "two", 2)
		closed(t, r)
		closed(t, mustOpen(t, o))
	})
	if old == 0 || empty == 0 {
		t.Errorf("%d times as it was, %d times empty", old, empty)
	}
}

func TestADeletionThatIsKilledIsRepeated(t *testing.T) {
	half := 0
	stops(t, func(o Options) error { return Delete(context.Background(), o) }, func(t *testing.T, o Options, stopped bool) {
		if !stopped {
			return
		}
		r, err := Open(t.Context(), o)
		switch {
		case err == nil:
			if points, err := r.Points(t.Context(), testKey); err != nil || len(points) != 1 {
				t.Errorf("%v, %v", points, err)
			}
			closed(t, r)
		case fault.KindOf(err) == fault.Conflict && strings.Contains(err.Error(), "delete it again"):
			half++
			if _, err := Recreate(t.Context(), o); fault.KindOf(err) != fault.Conflict {
				t.Errorf("recreated: %v", err)
			}
		default:
			t.Error(err)
		}
		if err := Delete(t.Context(), o); err != nil {
			t.Error(err)
		}
	})
	if half == 0 {
		t.Error("it was never half deleted")
	}
}
