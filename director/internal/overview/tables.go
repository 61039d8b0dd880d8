package overview

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// follower keeps what matters of a table in memory: it reads again what changed.
type follower[R any, P proto.Message] struct {
	table   store.Table[R, P]
	watch   *store.Watch
	pending []string
	loaded  bool
}

func follow[R any, P proto.Message](s *store.Store, t store.Table[R, P]) follower[R, P] {
	return follower[R, P]{table: t, watch: t.Watch(s, "")}
}

// take notes what changed. It must be called before the transaction begins that catches up: what changes in between is then
// read once more.
func (f *follower[R, P]) take() { f.pending = append(f.pending, f.watch.Changed()...) }

// catchUp reads what was noted, or all for the first time, and reports whether there was anything.
func (f *follower[R, P]) catchUp(tx *store.Tx, put func(R), drop func(key string)) (bool, error) {
	if !f.loaded {
		for r, err := range f.table.All(tx, "") {
			if err != nil {
				return false, err
			}
			put(r)
		}
		f.loaded, f.pending = true, nil
		return true, nil
	}
	for _, key := range f.pending {
		r, err := f.table.Get(tx, key)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			drop(key)
		case err != nil:
			return false, err
		default:
			put(r)
		}
	}
	changed := len(f.pending) > 0
	f.pending = nil
	return changed, nil
}

// tables are what is kept in memory.
type tables struct {
	mailboxes struct {
		follower[record.Mailbox, *statev1.Mailbox]
		m map[place]record.Mailbox
		// list is by account, then name; of tells where an account's begin and end; at where a mailbox is.
		list []record.Mailbox
		of   map[mail.AccountID][2]int
		at   map[place]int
	}
	pasts struct {
		follower[record.Past, *statev1.Past]
		// m is when the last point was made of a job's mailbox; newest, of a mailbox by any job, gone ones too.
		m      map[record.JobID]map[place]time.Time
		newest map[place]time.Time
	}
	jobs struct {
		follower[record.Job, *statev1.Job]
		m map[record.JobID]record.Job
	}
	deliveries struct {
		follower[record.Delivery, *statev1.Delivery]
		m map[record.DeliveryID]record.Delivery
	}
	runs runs
}

func openTables(s *store.Store) tables {
	t := tables{runs: newRuns(s)}
	t.mailboxes.follower, t.mailboxes.m = follow(s, store.Mailboxes), map[place]record.Mailbox{}
	t.pasts.follower, t.pasts.m, t.pasts.newest = follow(s, store.Pasts), map[record.JobID]map[place]time.Time{}, map[place]time.Time{}
	t.jobs.follower, t.jobs.m = follow(s, store.Jobs), map[record.JobID]record.Job{}
	t.deliveries.follower, t.deliveries.m = follow(s, store.Deliveries), map[record.DeliveryID]record.Delivery{}
	return t
}

func (t *tables) close() {
	t.mailboxes.watch.Close()
	t.pasts.watch.Close()
	t.jobs.watch.Close()
	t.deliveries.watch.Close()
	t.runs.watch.Close()
}

// take notes what changed, before a transaction.
func (t *tables) take() {
	t.mailboxes.take()
	t.pasts.take()
	t.jobs.take()
	t.deliveries.take()
	t.runs.take()
}

// follow reads what changed.
func (t *tables) follow(tx *store.Tx, now time.Time) error {
	changed, err := t.mailboxes.catchUp(tx, func(m record.Mailbox) { t.mailboxes.m[place{m.Account, m.ID}] = m }, func(key string) {
		account, id, _ := strings.Cut(key, "/")
		delete(t.mailboxes.m, place{mail.AccountID(account), mail.MailboxID(id)})
	})
	if err != nil {
		return err
	}
	if changed {
		t.order()
	}
	if _, err := t.pasts.catchUp(tx, t.past, t.noPast); err != nil {
		return err
	}
	if _, err := t.jobs.catchUp(tx, func(j record.Job) { t.jobs.m[j.ID] = j }, func(key string) { delete(t.jobs.m, record.JobID(key)) }); err != nil {
		return err
	}
	if _, err := t.deliveries.catchUp(tx, func(d record.Delivery) { t.deliveries.m[d.ID] = d }, func(key string) { delete(t.deliveries.m, record.DeliveryID(key)) }); err != nil {
		return err
	}
	return t.runs.catchUp(tx, now)
}

// order puts the mailboxes in the order in which they are listed.
func (t *tables) order() {
	b := &t.mailboxes
	names := make(map[place]string, len(b.m))
	for p, m := range b.m {
		names[p] = strings.ToLower(m.Name)
	}
	b.list = slices.SortedFunc(maps.Values(b.m), func(x, y record.Mailbox) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(names[place{x.Account, x.ID}], names[place{y.Account, y.ID}]), cmp.Compare(x.ID, y.ID))
	})
	b.of, b.at = map[mail.AccountID][2]int{}, make(map[place]int, len(b.list))
	for i, m := range b.list {
		b.at[place{m.Account, m.ID}] = i
		span, ok := b.of[m.Account]
		if !ok {
			span[0] = i
		}
		span[1] = i + 1
		b.of[m.Account] = span
	}
}

func (t *tables) past(p record.Past) {
	at := p.Full.Ended
	if p.Usual.Ended.After(at) {
		at = p.Usual.Ended
	}
	of := t.pasts.m[p.Job]
	if of == nil {
		of = map[place]time.Time{}
		t.pasts.m[p.Job] = of
	}
	k := place{p.Account, p.Mailbox}
	of[k] = at
	if at.After(t.pasts.newest[k]) {
		t.pasts.newest[k] = at
	}
}

func (t *tables) noPast(key string) {
	job, rest, _ := strings.Cut(key, "/")
	account, id, _ := strings.Cut(rest, "/")
	delete(t.pasts.m[record.JobID(job)], place{mail.AccountID(account), mail.MailboxID(id)})
}

// allJobs returns the jobs in the order in which they were made.
func (t *tables) allJobs() []record.Job {
	return slices.SortedFunc(maps.Values(t.jobs.m), func(a, b record.Job) int { return cmp.Compare(a.ID, b.ID) })
}
