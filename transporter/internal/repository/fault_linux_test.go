//go:build linux

package repository

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// inMounts is set in the process that has a mount namespace of its own.
const inMounts = "HOLDFAST_TEST_MOUNTS"

// TestRealDisks fills, write-protects and takes away a real file system, in memory and seen by this test alone.
func TestRealDisks(t *testing.T) {
	if os.Getenv(inMounts) == "" {
		unshare, err := exec.LookPath("unshare")
		if err != nil {
			t.Skip("unshare(1) is not there")
		}
		if out, err := exec.Command(unshare, "-m", "true").CombinedOutput(); err != nil {
			t.Skipf("this account may not have mounts of its own: %v: %s", err, out)
		}
		again := exec.Command(unshare, "-m", os.Args[0], "-test.run=^TestRealDisks$", "-test.v")
		again.Env = append(os.Environ(), inMounts+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	for name, fn := range map[string]func(t *testing.T, m *mounted){"full": fillUp, "read-only": writeProtect, "gone": takeAway} {
		t.Run(name, func(t *testing.T) {
			m := &mounted{dir: t.TempDir()}
			if err := unix.Mount("tmpfs", m.dir, "tmpfs", 0, "size=1536k"); err != nil {
				t.Skipf("mount: %v", err)
			}
			defer func() { _ = unix.Unmount(m.dir, unix.MNT_DETACH) }()
			m.o = testOptions(t, true)
			m.o.Path = filepath.Join(m.dir, "repo")
			if err := os.Mkdir(m.o.Path, 0o700); err != nil {
				t.Fatal(err)
			}
			// Check wants more room than this disk has.
			if err := unix.Mount("tmpfs", m.dir, "tmpfs", unix.MS_REMOUNT, "size=1g"); err != nil {
				t.Skipf("remount: %v", err)
			}
			m.r = mustCreate(t, m.o)
			m.remount(t, 0, "size=1536k")
			fn(t, m)
		})
	}
}

type mounted struct {
	dir string
	o   Options
	r   *Repository
	n   int
}

func (m *mounted) remount(t *testing.T, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount("tmpfs", m.dir, "tmpfs", unix.MS_REMOUNT|flags, data); err != nil {
		t.Fatalf("remount: %v", err)
	}
}

// backUp makes a point of messages whose bodies do not compress.
func (m *mounted) backUp(ctx context.Context) (record.Point, error) {
	m.n++
	run := record.RunID(fmt.Sprint("run ", m.n))
	s, err := m.r.Begin(ctx, testKey, run)
	if err != nil {
		return record.Point{}, err
	}
	defer func() { _ = s.Close() }()
	c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(run)}
	for i := range 8 {
		body := crashBody((m.n*8 + i) % crashBodies)
		body = append([]byte(fmt.Sprint(m.n, i)), body...)
		if err := s.Put(ctx, record.Sum(body), body); err != nil {
			return record.Point{}, err
		}
		c.Messages = append(c.Messages, record.Message{
			Message: mail.Message{ID: mail.MessageID(fmt.Sprint(m.n, "-", i)), Folder: "inbox"},
			Body:    record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}},
		})
	}
	if err := s.Commit(ctx, c); err != nil {
		return record.Point{}, err
	}
	return s.Seal(ctx, summary(run, "inbox"))
}

// until backs up until that fails, with a fault of this kind that names the path, and returns the points made.
func (m *mounted) until(t *testing.T, kind fault.Kind) []record.Point {
	t.Helper()
	var points []record.Point
	for range 200 {
		p, err := m.backUp(t.Context())
		if err == nil {
			points = append(points, p)
			continue
		}
		t.Logf("after %d points: %v", len(points), err)
		if fault.KindOf(err) != kind {
			t.Errorf("%v is %s, want %s", err, fault.KindOf(err), kind)
		}
		return points
	}
	t.Fatal("it never failed")
	return nil
}

// sound makes sure that all points are there, in this process and after opening again.
func (m *mounted) sound(t *testing.T, points []record.Point) {
	t.Helper()
	p, err := m.backUp(t.Context())
	if err != nil {
		t.Fatalf("it does not go on: %v", err)
	}
	points = append(points, p)
	for range 2 {
		list, err := m.r.Points(t.Context(), testKey)
		if err != nil || len(list) < len(points) {
			t.Fatalf("%d points, want %d: %v", len(list), len(points), err)
		}
		report, err := m.r.Verify(t.Context(), VerifyFull, nil)
		if err != nil || len(report.Damage) > 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		if err := m.r.Close(); err != nil {
			t.Fatal(err)
		}
		m.r = mustOpen(t, m.o)
	}
	if err := m.r.Close(); err != nil {
		t.Fatal(err)
	}
}

func fillUp(t *testing.T, m *mounted) {
	points := m.until(t, fault.Exhausted)
	m.remount(t, 0, "size=64m")
	m.sound(t, points)
}

func writeProtect(t *testing.T, m *mounted) {
	m.remount(t, 0, "size=64m")
	p, err := m.backUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A file system with files open for writing is not made read-only: this is what opening meets.
	if err := m.r.Close(); err != nil {
		t.Fatal(err)
	}
	m.remount(t, unix.MS_RDONLY, "")
	if _, err := Open(t.Context(), m.o); fault.KindOf(err) != fault.Denied {
		t.Errorf("opened where nothing can be written: %v", err)
	}
	m.remount(t, 0, "size=64m")
	m.r = mustOpen(t, m.o)
	m.sound(t, []record.Point{p})
}

func takeAway(t *testing.T, m *mounted) {
	m.remount(t, 0, "size=64m")
	p, err := m.backUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	aside := t.TempDir()
	if err := unix.Mount(m.dir, aside, "", unix.MS_MOVE, ""); err != nil {
		t.Skipf("move: %v", err)
	}
	points := append([]record.Point{p}, m.until(t, fault.NotFound)...)
	if err := unix.Mount(aside, m.dir, "", unix.MS_MOVE, ""); err != nil {
		t.Fatal(err)
	}
	m.sound(t, points)
}
