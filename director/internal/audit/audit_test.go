package audit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/audit"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// desk is a log on a fresh store, with a clock that a test sets.
type desk struct {
	*audit.Log
	t     *testing.T
	store *store.Store
	clock time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	var err error
	d.store, err = store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, store.KeySize), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.store.Close() })
	d.Log = audit.New(audit.Options{Store: d.store, Now: func() time.Time { return d.clock }, Logger: hclog.NewNullLogger()})
	return d
}

func (d *desk) all(f audit.Filter) []record.AuditEntry {
	d.t.Helper()
	list, next, err := d.List(d.t.Context(), f, "", 10_000)
	if err != nil || next != "" {
		d.t.Fatal(next, err)
	}
	return list
}

func (d *desk) stored() (n int) {
	_ = d.store.View(func(tx *store.Tx) error { n = store.Audit.Count(tx); return nil })
	return n
}

func methods(list []record.AuditEntry) string {
	var all []string
	for _, e := range list {
		all = append(all, e.Method)
	}
	return strings.Join(all, " ")
}

func TestEntriesAreListedNewestFirst(t *testing.T) {
	d := newDesk(t)
	for n := range 7 {
		// The clock stands, goes, and is set back.
		d.clock = d.clock.Add([]time.Duration{0, 0, time.Hour, -2 * time.Hour, 0, time.Second, 0}[n])
		d.Append(t.Context(), record.AuditEntry{User: "ada", Method: fmt.Sprint("S/", n)}, false)
	}
	want := "S/6 S/5 S/4 S/3 S/2 S/1 S/0"
	if got := methods(d.all(audit.Filter{})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var paged []record.AuditEntry
	for before := ""; ; {
		list, next, err := d.List(t.Context(), audit.Filter{}, before, 3)
		if err != nil || len(list) > 3 {
			t.Fatal(len(list), err)
		}
		paged = append(paged, list...)
		if before = next; next == "" {
			break
		}
	}
	if got := methods(paged); got != want {
		t.Errorf("in pages: got %s, want %s", got, want)
	}
}

func TestFiltersChoose(t *testing.T) {
	d := newDesk(t)
	start := d.clock
	for _, e := range []record.AuditEntry{
		{User: "ada", Method: "JobService/RunJob", Objects: []record.AuditObject{{Kind: "job", ID: "j1", Name: "Nightly"}}},
		{User: "Bo", Method: "JobService/DeleteJob", Fault: "denied"},
		{User: "ada", Method: "/preview"},
	} {
		d.Append(t.Context(), e, false)
		d.clock = d.clock.Add(time.Hour)
	}
	for name, tc := range map[string]struct {
		filter audit.Filter
		want   string
	}{
		"all":              {audit.Filter{}, "/preview JobService/DeleteJob JobService/RunJob"},
		"a user":           {audit.Filter{User: "BO"}, "JobService/DeleteJob"},
		"an area":          {audit.Filter{Area: "JobService"}, "JobService/DeleteJob JobService/RunJob"},
		"a method":         {audit.Filter{Area: "JobService/RunJob"}, "JobService/RunJob"},
		"downloads":        {audit.Filter{Area: audit.Downloads}, "/preview"},
		"failures":         {audit.Filter{Failed: true}, "JobService/DeleteJob"},
		"an object's id":   {audit.Filter{Object: "j1"}, "JobService/RunJob"},
		"an object's name": {audit.Filter{Object: "nightly"}, "JobService/RunJob"},
		"a part of it":     {audit.Filter{Object: "IGHT"}, "JobService/RunJob"},
		"a part of an id":  {audit.Filter{Object: "1"}, ""},
		"since":            {audit.Filter{Since: start.Add(time.Hour)}, "/preview JobService/DeleteJob"},
		"until":            {audit.Filter{Until: start.Add(time.Hour)}, "JobService/RunJob"},
		"nothing":          {audit.Filter{User: "ada", Failed: true}, ""},
	} {
		if got := methods(d.all(tc.filter)); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestWhatRepeatsIsCounted(t *testing.T) {
	d := newDesk(t)
	search := record.AuditEntry{User: "ada", Method: "SearchService/Search"}
	other := search
	other.Objects = []record.AuditObject{{Kind: "repository", ID: "r"}}
	for range 5 {
		d.Append(t.Context(), search, true)
		d.Append(t.Context(), other, true)
		d.clock = d.clock.Add(time.Minute)
	}
	if n := d.stored(); n != 2 {
		t.Errorf("%d entries are stored", n)
	}
	d.clock = d.clock.Add(10 * time.Minute)
	d.Append(t.Context(), search, true)
	list := d.all(audit.Filter{})
	if len(list) != 3 || list[0].Count != 1 || list[1].Count != 5 || list[2].Count != 5 || list[2].Last.Sub(list[2].Time) != 4*time.Minute {
		t.Errorf("%+v", list)
	}
	job := record.AuditEntry{User: "ada", Method: "JobService/RunJob"}
	d.Append(t.Context(), job, false)
	d.Append(t.Context(), job, false)
	if got := d.all(audit.Filter{Area: "JobService"}); len(got) != 2 {
		t.Errorf("what changes something is in %d entries, want 2", len(got))
	}
}

func TestStrangersDoNotFillTheLog(t *testing.T) {
	d := newDesk(t)
	for n := range 2000 {
		d.Append(t.Context(), record.AuditEntry{Method: "SystemService/SignIn", Fault: "unauthorized", Remote: fmt.Sprint("host ", n)}, true)
	}
	list := d.all(audit.Filter{})
	if len(list) != 501 || list[0].Remote != audit.ManyHosts || list[0].Count != 1500 {
		t.Errorf("%d entries, the last: %+v", len(list), list[0])
	}
}

func TestEntriesAreShort(t *testing.T) {
	d := newDesk(t)
	e := record.AuditEntry{User: strings.Repeat("ä", 500), Method: "S/M", More: 1}
	for n := range 100 {
		e.Objects = append(e.Objects, record.AuditObject{Kind: "message", ID: fmt.Sprint(n) + strings.Repeat("x", 1000) + "\xff"})
	}
	for n := range audit.MaxMailboxes + 7 {
		e.Objects = append(e.Objects, record.AuditObject{Kind: "mailbox", ID: fmt.Sprint("m", n)})
	}
	d.Append(t.Context(), e, false)
	got := d.all(audit.Filter{Object: fmt.Sprint("m", audit.MaxMailboxes-1)})[0]
	if len([]rune(got.User)) != 201 || len(got.Objects) != audit.MaxObjects+audit.MaxMailboxes || got.More != 88 || len([]rune(got.Objects[0].ID)) != 201 {
		t.Errorf("%d, %d, %d, %d", len([]rune(got.User)), len(got.Objects), got.More, len(got.Objects[0].ID))
	}
}

func TestOldEntriesGo(t *testing.T) {
	d := newDesk(t)
	for range 1200 {
		d.Append(t.Context(), record.AuditEntry{User: "ada", Method: "S/Old"}, false)
	}
	d.clock = d.clock.AddDate(0, 0, record.DefaultHistoryDays)
	d.Append(t.Context(), record.AuditEntry{User: "ada", Method: "S/New"}, false)
	if err := d.Sweep(t.Context()); err != nil || d.stored() != 1201 {
		t.Errorf("on the last day %d are left, %v", d.stored(), err)
	}
	d.clock = d.clock.Add(time.Second)
	if err := d.Sweep(t.Context()); err != nil || methods(d.all(audit.Filter{})) != "S/New" {
		t.Errorf("after it %d are left, %v", d.stored(), err)
	}
}

func TestTooManyEntriesGo(t *testing.T) {
	d := newDesk(t)
	d.SetMax(700)
	for n := range 2000 {
		d.Append(t.Context(), record.AuditEntry{User: "ada", Method: fmt.Sprint("S/", n)}, false)
	}
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list := d.all(audit.Filter{}); len(list) != 700 || list[0].Method != "S/1999" || list[699].Method != "S/1300" {
		t.Errorf("%d are left", len(list))
	}
}

func TestManyAtOnceAreAllThere(t *testing.T) {
	d := newDesk(t)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			for m := range 20 {
				d.Append(t.Context(), record.AuditEntry{User: "ada", Method: fmt.Sprint("S/", n, ".", m)}, false)
				d.Append(t.Context(), record.AuditEntry{User: "ada", Method: "S/Same"}, true)
			}
		})
	}
	wg.Wait()
	list := d.all(audit.Filter{})
	seen := map[string]int{}
	for _, e := range list {
		seen[e.Method] += e.Count
	}
	if len(list) != 401 || len(seen) != 401 || seen["S/Same"] != 400 {
		t.Errorf("%d entries, %d methods, %d repeats", len(list), len(seen), seen["S/Same"])
	}
}

func TestEntryWaitsForADiskThatTakesNoWrites(t *testing.T) {
	d := newDesk(t)
	full := true
	d.store.SetFailpoint(func(point string) error {
		if full && point == "commit" {
			return errors.New("disk full")
		}
		return nil
	})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	d.Append(gone, record.AuditEntry{User: "ada", Method: "S/1"}, false)
	if d.stored() != 0 {
		t.Fatal("the disk took it")
	}
	full = false
	d.Append(gone, record.AuditEntry{User: "ada", Method: "S/2"}, false)
	if got := methods(d.all(audit.Filter{})); got != "S/2 S/1" {
		t.Errorf("got %s", got)
	}
}
