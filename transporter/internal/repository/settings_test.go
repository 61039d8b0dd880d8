package repository

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

// opens reports whether a closed repository opens with a secret and gives back its point.
func opens(t *testing.T, o Options, s Secret) bool {
	t.Helper()
	o.Secret = s
	r, err := Open(t.Context(), o)
	if fault.KindOf(err) == fault.Unauthorized {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, r)
	report, err := r.Verify(t.Context(), VerifyFull, nil)
	if err != nil || !report.Sound() || report.Points == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	return true
}

func TestASecretIsChangedWithoutTouchingABlob(t *testing.T) {
	file := Secret{KeyFile: filepath.Join(t.TempDir(), "key")}
	for _, open := range []bool{true, false} {
		o := testOptions(t, true)
		r := mustCreate(t, o)
		backUp(t, r, "one", 3)
		if !open {
			closed(t, r)
		}
		now := o.Secret
		for _, next := range []Secret{{Passphrase: "another"}, file, {Passphrase: "p"}} {
			change := func(old, next Secret) error {
				if open {
					return r.ChangeSecret(t.Context(), old, next)
				}
				of := o
				of.Secret = old
				return ChangeSecret(t.Context(), of, next)
			}
			if err := change(Secret{Passphrase: "wrong"}, next); fault.KindOf(err) != fault.Unauthorized {
				t.Errorf("by a wrong secret: %v", err)
			}
			if err := change(now, Secret{}); fault.KindOf(err) != fault.Invalid {
				t.Errorf("to none: %v", err)
			}
			if err := change(now, Secret{Passphrase: "a", KeyFile: "b"}); fault.KindOf(err) != fault.Invalid {
				t.Errorf("to two: %v", err)
			}
			if err := change(now, next); err != nil {
				t.Fatal(err)
			}
			if open {
				backUp(t, r, "more", 1)
				closed(t, r)
			}
			if opens(t, o, now) || !opens(t, o, next) {
				t.Errorf("open=%v: after the change of %+v to %+v the old one opens, or the new one does not", open, now, next)
			}
			now = next
			if open {
				of := o
				of.Secret = now
				r = mustOpen(t, of)
			}
		}
		if open {
			closed(t, r)
		}
	}
	plain := testOptions(t, false)
	closed(t, mustCreate(t, plain))
	if err := ChangeSecret(t.Context(), plain, Secret{Passphrase: "p"}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "create an encrypted one") {
		t.Error(err)
	}
}

func TestAChangeOfSecretThatIsKilledLeavesTheOldOrTheNew(t *testing.T) {
	next := Secret{Passphrase: "another"}
	old, changed := 0, 0
	for n := 0; ; n++ {
		o := testOptions(t, true)
		r := mustCreate(t, o)
		backUp(t, r, "one", 2)
		closed(t, r)
		broken := o
		broken.FS = &stoppingFS{left: n}
		err := ChangeSecret(t.Context(), broken, next)
		switch a, b := opens(t, o, o.Secret), opens(t, o, next); {
		case a && !b && err != nil:
			old++
		case b && !a:
			changed++
		default:
			t.Errorf("stopped at step %d (%v): the old secret opens %v, the new one %v", n, err, a, b)
		}
		if err == nil {
			break
		}
	}
	if old == 0 || changed < 2 {
		t.Errorf("%d times the old one, %d times the new one", old, changed)
	}
}

func TestALockedRepositorysSecretIsChangedByItsHolderAlone(t *testing.T) {
	o := testOptions(t, true)
	r := mustCreate(t, o)
	if err := ChangeSecret(t.Context(), o, Secret{Passphrase: "x"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v, want Conflict", err)
	}
	r.drop()
	if err := ChangeSecret(t.Context(), o, Secret{Passphrase: "x"}); err != nil {
		t.Fatal(err)
	}
	o.Secret.Passphrase = "x"
	r = mustOpen(t, o)
	if r.lock.Previous == nil || r.Clean() {
		t.Error("the crash before the change is forgotten")
	}
	closed(t, r)
}

func TestTheCopyOfTheDescriptorStandsInForIt(t *testing.T) {
	for _, how := range []string{"gone", "cut", "flipped", "copy gone", "copy cut"} {
		o := testOptions(t, true)
		r := mustCreate(t, o)
		backUp(t, r, "one", 2)
		closed(t, r)
		path := filepath.Join(o.Path, descriptorFile)
		if rest, ok := strings.CutPrefix(how, "copy "); ok {
			path, how = filepath.Join(o.Path, descriptorCopy), rest
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Clone(b)
		switch how {
		case "gone":
			err = os.Remove(path)
		case "cut":
			err = os.WriteFile(path, b[:len(b)/2], 0o600)
		default:
			b[len(b)/2] ^= 4
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if id, name, err := Identify(o.Path); err != nil || id != r.ID() || name != "test" {
			t.Errorf("%s: %q %q %v", path, id, name, err)
		}
		if err := Check(t.Context(), o.Path, 1); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "is a repository already") {
			t.Errorf("%s: %v", path, err)
		}
		r = mustOpen(t, o)
		if n := len(r.Problems()); (n == 1) != (filepath.Base(path) == descriptorFile) || n > 1 {
			t.Errorf("%s %s: %v", path, how, r.Problems())
		}
		closed(t, r)
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not mended: %v", path, err)
		}
	}
	o := testOptions(t, false)
	closed(t, mustCreate(t, o))
	for _, name := range []string{descriptorFile, descriptorCopy} {
		if err := os.WriteFile(filepath.Join(o.Path, name), []byte("junk\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(t.Context(), o); fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "copy of the repository") {
		t.Error(err)
	}
}

func TestTheLevelOfNewBlobsIsChangedForGood(t *testing.T) {
	o := testOptions(t, false)
	o.Level = None
	r := mustCreate(t, o)
	text := bytes.Repeat([]byte("a text that shrinks. "), 400)
	put := func(i int) {
		b := append([]byte{byte(i)}, text...)
		s := begin(t, r, "x")
		if err := s.Put(t.Context(), sha(b), b); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for level := None; level <= Best; level++ {
		if err := r.SetLevel(t.Context(), level); err != nil {
			t.Fatal(err)
		}
		put(int(level))
		if level == Fast {
			closed(t, r)
			r = mustOpen(t, o)
		}
		if r.Level() != level {
			t.Errorf("level %v, want %v", r.Level(), level)
		}
	}
	if err := r.SetLevel(t.Context(), 9); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	report, err := r.Verify(t.Context(), VerifyFull, nil)
	if err != nil || !report.Sound() || report.Blobs != 4 {
		t.Errorf("%+v, %v", report, err)
	}
	kinds := map[codec.Kind]int{}
	r.blobs.EachOpen(func(e *pack.Entry) { kinds[e.Codec]++ })
	if kinds[codec.Raw] != 1 || kinds[codec.Zstd] != 2 || kinds[codec.Snappy] != 1 {
		t.Errorf("%v", kinds)
	}
	closed(t, r)
	if err := r.SetLevel(t.Context(), Fast); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

func TestRepositoriesAreNotNested(t *testing.T) {
	o := testOptions(t, false)
	closed(t, mustCreate(t, o))
	for _, inside := range []string{"packs", "inner", "a/b/c"} {
		of := o
		of.Path = filepath.Join(o.Path, inside)
		if _, err := Create(t.Context(), of); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "lies inside the repository in "+o.Path) {
			t.Errorf("%s: %v", inside, err)
		}
	}
}

func TestACopyMadeWhileItWasOpenOpensAsAfterACrash(t *testing.T) {
	o := testOptions(t, true)
	r := mustCreate(t, o)
	p := backUp(t, r, "one", 3)
	copied := o
	copied.Path = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied.Path, os.DirFS(o.Path)); err != nil {
		t.Fatal(err)
	}
	c := mustOpen(t, copied)
	if c.Clean() || c.lock.Previous == nil {
		t.Error("the copy counts as one of a detached repository")
	}
	if _, err := c.Point(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
	closed(t, c)
	closed(t, r)
	// One made when it is closed is like the original.
	copied.Path = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied.Path, os.DirFS(o.Path)); err != nil {
		t.Fatal(err)
	}
	c = mustOpen(t, copied)
	if !c.Clean() || c.lock.Previous != nil || c.ID() != r.ID() {
		t.Error("the copy of a closed repository is not clean")
	}
	closed(t, c)
}

func TestAFolderThatAnotherMachineDidNotGiveBackIsLeftToIt(t *testing.T) {
	o := testOptions(t, false)
	closed(t, mustCreate(t, o))
	path := filepath.Join(o.Path, lockFile)
	leave := func(transporter, host string) {
		text := `{"transporter":"` + transporter + `","host":"` + host + `","pid":1,"since":"2026-01-02T03:04:05Z"}` + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leave("t7", "far.example")
	for what, err := range map[string]error{
		"open": fails(Open(t.Context(), o)), "delete": Delete(t.Context(), o), "recreate": fails(Recreate(t.Context(), o)),
	} {
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), `"t7"`) || !strings.Contains(err.Error(), "remove "+path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.Remove(path); err != nil { // the way that the sentence shows
		t.Fatal(err)
	}
	closed(t, mustOpen(t, o))
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range [][2]string{{"t1", "other host, the same Transporter"}, {"t7", host}} {
		leave(by[0], by[1])
		r := mustOpen(t, o)
		if r.lock.Previous == nil {
			t.Error("the crash is forgotten")
		}
		closed(t, r)
	}
}

func TestIDsOfRepositories(t *testing.T) {
	want := [16]byte{0x01, 0x98, 0xc0, 0xde, 15: 3}
	for _, s := range []string{"0198c0de-0000-0000-0000-000000000003", "0198C0DE000000000000000000000003"} {
		if got, err := ParseID(s); err != nil || got != want {
			t.Errorf("%s: %x, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "r1", "0198c0de-0000-0000-0000-00000000000", "zz98c0de000000000000000000000003", strings.Repeat("0", 32)} {
		if _, err := ParseID(s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestACancelledContextChangesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := testOptions(t, true)
	r := mustCreate(t, o)
	before, err := disk.ReadFile(disk.OS{}, filepath.Join(o.Path, descriptorFile), descriptorLimit)
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"level": r.SetLevel(ctx, None), "secret": r.ChangeSecret(ctx, o.Secret, Secret{Passphrase: "x"}),
		"delete": Delete(ctx, o), "closed secret": ChangeSecret(ctx, o, Secret{Passphrase: "x"}),
	} {
		if fault.KindOf(err) != fault.Canceled {
			t.Errorf("%s: %v", what, err)
		}
	}
	closed(t, r)
	if now, err := os.ReadFile(filepath.Join(o.Path, descriptorFile)); err != nil || !bytes.Equal(now, before) {
		t.Error("the descriptor changed", err)
	}
}
