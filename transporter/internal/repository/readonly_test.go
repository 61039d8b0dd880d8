package repository

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/disk/disktest"
)

// prints returns of everything in a folder its kind, rights, length, time of change and hash.
func prints(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		all[name] = fmt.Sprint(info.Mode(), " ", info.ModTime().UnixNano())
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		all[name] += fmt.Sprint(" ", len(data), " ", hex.EncodeToString(sum[:]))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// states are the ways in which a repository may be found.
func readOnlyStates(s *specimen) map[string]func(t *testing.T) *specimen {
	with := func(change func(files map[string][]byte)) func(t *testing.T) *specimen {
		return func(*testing.T) *specimen {
			c := *s
			c.files = map[string][]byte{}
			for name, b := range s.files {
				c.files[name] = append([]byte(nil), b...)
			}
			change(c.files)
			return &c
		}
	}
	each := func(files map[string][]byte, ending string, do func(name string)) {
		for name := range files {
			if strings.HasSuffix(name, ending) {
				do(name)
			}
		}
	}
	return map[string]func(t *testing.T) *specimen{
		"as it was left": with(func(map[string][]byte) {}),
		"no index": with(func(files map[string][]byte) {
			delete(files, indexFile)
			delete(files, indexSum)
		}),
		"no descriptor but the copy": with(func(files map[string][]byte) { delete(files, descriptorFile) }),
		"no lock":                    with(func(files map[string][]byte) { delete(files, lockFile) }),
		"open packs torn": with(func(files map[string][]byte) {
			each(files, ".open", func(name string) { files[name] = append(files[name], "half a frame"...) })
		}),
		"leftovers": with(func(files map[string][]byte) {
			files["packs/00112233445566778899aabbccddeeff.tmp"] = []byte("x")
			files[descriptorFile+".tmp"] = []byte("x")
		}),
	}
}

// TestLookingChangesNothing reads all that is in a repository, in many states, and compares every file before and after.
func TestLookingChangesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for name, s := range variants(t) {
		for state, make := range readOnlyStates(s) {
			t.Run(name+" "+state, func(t *testing.T) {
				s := make(t)
				s.opts.ReadOnly = true
				dir := filepath.Join(disktest.Dir(t), "repo")
				if err := s.lay(dir); err != nil {
					t.Fatal(err)
				}
				past := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				for _, path := range []string{dir, filepath.Join(dir, packsFolder)} {
					if err := os.Chtimes(path, past, past); err != nil {
						t.Fatal(err)
					}
				}
				before := prints(t, dir)
				o := s.opts
				o.Path = dir
				r, err := Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				v := &view{}
				for _, b := range s.backups {
					for i := range b.w.points {
						b.point(t.Context(), v, r, &b.w.points[i])
					}
				}
				report, err := r.Verify(t.Context(), VerifyFull, nil)
				if err != nil || len(v.missing) > 0 || len(v.wrong) > 0 || len(report.Damage) > 0 {
					t.Errorf("%v, %v, %v, %+v", err, v.missing, v.wrong, report)
				}
				if _, err := r.Repair(t.Context(), RepairOptions{DryRun: true}, nil); err != nil {
					t.Error(err)
				}
				if _, err := r.Statistics(t.Context()); err != nil {
					t.Error(err)
				}
				refusals(t, r, s)
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, prints(t, dir)); diff != "" {
					t.Error("looking changed the folder:", diff)
				}
			})
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

// refusals makes sure that what would change the repository is refused in a sentence.
func refusals(t *testing.T, r *Repository, s *specimen) {
	t.Helper()
	key, point := s.backups[0].key, s.backups[0].w.points[0].id
	for what, do := range map[string]func() error{
		"session":       func() error { _, err := r.Begin(t.Context(), key, "run"); return err },
		"copy":          func() error { _, err := r.BeginCopy(); return err },
		"delete":        func() error { return r.DeletePoint(t.Context(), point) },
		"delete points": func() error { _, err := r.DeletePoints(t.Context(), []record.PointID{point}); return err },
		"delete backup": func() error { return r.DeleteBackup(t.Context(), key) },
		"reclaim":       func() error { _, err := r.Reclaim(t.Context(), ReclaimOptions{}, nil); return err },
		"repair":        func() error { _, err := r.Repair(t.Context(), RepairOptions{}, nil); return err },
		"level":         func() error { return r.SetLevel(t.Context(), Best) },
		"secret":        func() error { return r.ChangeSecret(t.Context(), s.opts.Secret, Secret{Passphrase: "another one"}) },
	} {
		if err := do(); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "open for reading only") || !strings.Contains(err.Error(), r.Path()) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAFolderThatCannotBeWrittenCanBeLookedAt takes the rights to write away, as a disk that is mounted read-only does.
func TestAFolderThatCannotBeWrittenCanBeLookedAt(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("the superuser may write everywhere: TestLookingChangesNothing has to do")
	}
	s := makeSpecimen(t, true, false)
	dir := filepath.Join(disktest.Dir(t), "repo")
	if err := s.lay(dir); err != nil {
		t.Fatal(err)
	}
	mode := func(folders, files os.FileMode) {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				return os.Chmod(path, folders)
			}
			return errors.Join(err, os.Chmod(path, files))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mode(0o500, 0o400)
	defer mode(0o700, 0o600)
	o := s.opts
	o.Path, o.ReadOnly = dir, true
	r := mustOpen(t, o)
	if list, err := r.Backups(t.Context()); err != nil || len(list) != len(s.backups) {
		t.Errorf("%d backups, %v", len(list), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhoLooksRespectsWhoHasTheRepository(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	look := o
	look.ReadOnly = true
	for _, still := range []bool{false, true} {
		look.Still = still
		if _, err := Open(t.Context(), look); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), `"t1"`) {
			t.Errorf("while it is attached, still=%v: %v", still, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	look.Still = false
	one := mustOpen(t, look)
	two := mustOpen(t, look) // several may look
	if _, err := Open(t.Context(), o); fault.KindOf(err) != fault.Conflict {
		t.Error("it is attached while somebody looks:", err)
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil {
		t.Fatal(err)
	}
	// One that another machine has not given back.
	lock, err := disk.Acquire(filepath.Join(o.Path, lockFile), disk.Owner{Transporter: "far", Host: "elsewhere", PID: 7})
	if err != nil {
		t.Fatal(err)
	}
	lock.Drop()
	if _, err := Open(t.Context(), look); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), `"far"`) {
		t.Error("in use elsewhere:", err)
	}
	look.Still = true
	r = mustOpen(t, look)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), o); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), `"far"`) {
		t.Error("looking took the lock:", err)
	}
}
