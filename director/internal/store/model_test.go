package store_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("HOLDFAST_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestStoreEqualsAModel plays random operations on a store and on a map, and compares everything that can be asked.
func TestStoreEqualsAModel(t *testing.T) {
	type entry struct {
		role     record.Role
		revision uint64
	}
	random := seeded(t)
	s := newStore(t)
	model := map[string]entry{}
	var revision uint64
	name := func() string { return fmt.Sprintf("%c/%d", 'a'+random.IntN(3), random.IntN(8)) }
	for range 2000 {
		id, role := name(), record.Role(1+random.IntN(3))
		have, there := model[id]
		user := record.User{Name: id, Role: role}
		var want fault.Kind
		wrote := true
		var op func(tx *store.Tx) error
		switch random.IntN(5) {
		case 0:
			op = func(tx *store.Tx) error { return store.Users.Put(tx, user) }
		case 1:
			op = func(tx *store.Tx) error { return store.Users.Insert(tx, user) }
			if there {
				want = fault.Conflict
			}
		case 2:
			at := have.revision
			if random.IntN(3) == 0 {
				at += uint64(1 + random.IntN(3))
				want = fault.Conflict
			}
			op = func(tx *store.Tx) error { return store.Users.PutAt(tx, user, at) }
		case 3:
			op = func(tx *store.Tx) error { return store.Users.Delete(tx, id) }
			wrote, role = there, 0
		case 4:
			op = func(tx *store.Tx) error {
				if err := store.Users.Put(tx, user); err != nil {
					return err
				}
				return fault.New(fault.Canceled, "thought better of it")
			}
			want = fault.Canceled
		}
		err := s.Update(t.Context(), op)
		if fault.KindOf(err) != want {
			t.Fatalf("got %v, want kind %v", err, want)
		}
		if err == nil && wrote {
			revision++
			if role == 0 {
				delete(model, id)
			} else {
				model[id] = entry{role, revision}
			}
		}
		prefix := string('a' + rune(random.IntN(4)))
		from := name()
		_ = s.View(func(tx *store.Tx) error {
			if tx.Revision() != revision {
				t.Fatalf("revision %d, want %d", tx.Revision(), revision)
			}
			var up, down, later, all []string
			for u, err := range store.Users.All(tx, prefix) {
				if err != nil {
					t.Fatal(err)
				}
				if got := (entry{u.Role, store.Users.Revision(tx, u.Name)}); got != model[u.Name] {
					t.Fatalf("%s is %v, want %v", u.Name, got, model[u.Name])
				}
				up = append(up, u.Name)
			}
			for u := range store.Users.Backward(tx, prefix) {
				down = append(down, u.Name)
			}
			for u := range store.Users.From(tx, "", from) {
				later = append(later, u.Name)
			}
			sorted := slices.Sorted(maps.Keys(model))
			all = slices.DeleteFunc(slices.Clone(sorted), func(s string) bool { return !strings.HasPrefix(s, prefix) })
			if !slices.Equal(up, all) {
				t.Fatal(cmp.Diff(all, up))
			}
			slices.Reverse(down)
			if !slices.Equal(down, all) {
				t.Fatal(cmp.Diff(all, down))
			}
			behind := slices.DeleteFunc(sorted, func(s string) bool { return s < from })
			if !slices.Equal(later, behind) {
				t.Fatal(cmp.Diff(behind, later))
			}
			return nil
		})
	}
}

// TestWatchMissesNothing lets writers and a watcher race: what the watcher read after it was told must in the end be what
// is there.
func TestWatchMissesNothing(t *testing.T) {
	s := newStore(t)
	w := store.Users.Watch(s, "w/")
	defer w.Close()
	const writers, writes = 4, 50
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			for i := range writes {
				err := s.Update(t.Context(), func(tx *store.Tx) error {
					if err := store.Users.Put(tx, record.User{Name: "other"}); err != nil {
						return err
					}
					return store.Users.Put(tx, record.User{Name: fmt.Sprintf("w/%d", n), PasswordHash: strconv.Itoa(i)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := map[string]string{}
	done := func() bool {
		for n := range writers {
			if seen[fmt.Sprintf("w/%d", n)] != strconv.Itoa(writes-1) {
				return false
			}
		}
		return true
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !done() {
		keys, err := w.Next(ctx)
		if err != nil {
			t.Fatalf("%v; seen %v", err, seen)
		}
		_ = s.View(func(tx *store.Tx) error {
			for _, key := range keys {
				if !strings.HasPrefix(key, "w/") {
					t.Errorf("told of %s, which is not watched", key)
				}
				u, err := store.Users.Get(tx, key)
				if err != nil {
					t.Error(err)
				}
				seen[key] = u.PasswordHash
			}
			return nil
		})
	}
	wg.Wait()
}

func TestWatchEndsWithItsContextAndItsStore(t *testing.T) {
	s := newStore(t)
	w := store.Users.Watch(s, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Next(ctx); fault.KindOf(err) != fault.Canceled {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Next(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	w.Close()
	if _, err := store.Users.Watch(s, "").Next(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a watch of a closed store: %v", err)
	}
}
