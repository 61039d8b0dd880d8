package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Filter chooses entries; what is zero chooses all.
type Filter struct {
	// User is compared whatever its case.
	User string
	// Area is a service ("JobService"), "Download", or one method ("JobService/DeleteJob").
	Area string
	// Since and Until bound the time: from then on, and before then.
	Since, Until time.Time
	// Failed chooses what did not succeed.
	Failed bool
	// Object is the id, or a part of the name, of something that it was about.
	Object string
}

// Downloads is the area of downloads and previews.
const Downloads = "Download"

// Area returns what a method is part of.
func Area(method string) string {
	if strings.HasPrefix(method, "/") {
		return Downloads
	}
	area, _, _ := strings.Cut(method, "/")
	return area
}

func (f *Filter) takes(e *record.AuditEntry) bool {
	switch {
	case f.User != "" && !strings.EqualFold(f.User, e.User),
		f.Area != "" && f.Area != e.Method && f.Area != Area(e.Method),
		f.Failed && e.Fault == "",
		!f.Until.IsZero() && !e.Time.Before(f.Until),
		!f.Since.IsZero() && e.Last.Before(f.Since):
		return false
	case f.Object == "":
		return true
	}
	part := strings.ToLower(f.Object)
	for _, o := range e.Objects {
		if o.ID == f.Object || strings.Contains(strings.ToLower(o.Name), part) {
			return true
		}
	}
	return false
}

// List returns at most limit entries before the one with an id, empty for the newest, newest first; and the id to go on
// from, empty when there is no more.
func (l *Log) List(ctx context.Context, f Filter, before string, limit int) (list []record.AuditEntry, next string, err error) {
	if err := l.Flush(ctx); err != nil {
		return nil, "", err
	}
	err = l.Store.View(func(tx *store.Tx) error {
		for e, err := range store.Audit.Before(tx, f.from(before)) {
			switch {
			case err != nil:
				return err
			case f.done(&e):
				return nil
			case !f.takes(&e):
				continue
			case len(list) == limit:
				next = list[limit-1].ID
				return nil
			case ctx.Err() != nil:
				return ctx.Err()
			}
			list = append(list, e)
		}
		return nil
	})
	return list, next, err
}

// from returns the key before which to look.
func (f *Filter) from(before string) string {
	last := "~" // behind all ids
	if !f.Until.IsZero() && f.Until.UnixNano() >= 0 {
		// Ids run ahead of the time only where the clock was set back: a day is looked through besides.
		last = fmt.Sprintf("%016x", uint64(f.Until.Add(24*time.Hour).UnixNano()))
	}
	if before != "" {
		last = min(last, before)
	}
	return last
}

// done reports whether no entry before this one can be wanted: each counts for a while only.
func (f *Filter) done(e *record.AuditEntry) bool {
	return !f.Since.IsZero() && e.Time.Before(f.Since.Add(-24*time.Hour))
}

// exportPage is how many entries are read at a time, so that a slow reader holds up nobody.
const exportPage = 1000

// Each calls fn with all entries, newest first.
func (l *Log) Each(ctx context.Context, f Filter, fn func(*record.AuditEntry) error) error {
	for before := ""; ; {
		list, next, err := l.List(ctx, f, before, exportPage)
		if err != nil {
			return err
		}
		for i := range list {
			if err := fn(&list[i]); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		before = next
	}
}

// Sweep removes entries that are older than the history is kept, and the oldest of too many.
func (l *Log) Sweep(ctx context.Context) error {
	if err := l.Flush(ctx); err != nil {
		return err
	}
	before, over, err := l.bounds()
	if err != nil {
		return err
	}
	for {
		left := false
		err := l.Store.Update(ctx, func(tx *store.Tx) error {
			var old []string
			left = false
			for e, err := range store.Audit.All(tx, "") {
				if err != nil {
					return err
				}
				if len(old) >= over && !e.Time.Before(before) {
					break
				}
				if left = len(old) == batch; left {
					break
				}
				old = append(old, e.ID)
			}
			for _, id := range old {
				if err := store.Audit.Delete(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		over = max(0, over-batch)
		if err != nil || !left {
			return err
		}
	}
}

// bounds returns before when entries are too old, and how many there are too many.
func (l *Log) bounds() (before time.Time, over int, err error) {
	days := record.DefaultHistoryDays
	err = l.Store.View(func(tx *store.Tx) error {
		over = max(0, store.Audit.Count(tx)-l.max)
		if !store.Histories.Has(tx, store.OnlyKey) {
			return nil
		}
		h, err := store.Histories.Get(tx, store.OnlyKey)
		days = h.Days
		return err
	})
	return l.Now().AddDate(0, 0, -days), over, err
}
