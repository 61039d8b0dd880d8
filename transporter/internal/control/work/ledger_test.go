package work_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
)

// totals returns what the tenant says that each folder holds, by path from the top.
func (w *ward) totals(mailbox string) map[string]int64 {
	w.t.Helper()
	lines, err := w.sim.Truth(mailbox, graphsim.TruthOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]int64{}
	for _, l := range lines {
		if l.Folder != nil && !l.Folder.Search {
			all["/"+strings.ReplaceAll(l.Folder.Path, graphsim.PathSeparator, "/")] = int64(l.Folder.Total)
		}
	}
	return all
}

func (w *ward) do(mailbox string, ch graphsim.Change) {
	if _, err := w.sim.Change(mailbox, ch); err != nil {
		w.t.Errorf("%s: %v", ch.Do, err)
	}
}

// ledgerOf backs the mailbox up without its hidden folders, and returns the ledger of the point.
func (w *ward) ledgerOf(mailbox string, run record.RunID) (map[string]balance.Folder, balance.Sum, record.Point) {
	w.t.Helper()
	session, err := w.repo.Begin(w.t.Context(), record.BackupKey{Account: "acc", Mailbox: mail.MailboxID(mailbox), Job: "job"}, run)
	if err != nil {
		w.t.Fatal(err)
	}
	defer session.Close()
	src := work.NewSource(w.client, mail.MailboxID(mailbox), graph.FolderOptions{})
	result, err := backup.Run(w.t.Context(), src, session, backup.Options{Run: run}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.repo.Point(w.t.Context(), result.Point.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	list, sum, old, err := p.Ledger(w.t.Context())
	if err != nil || old {
		w.t.Fatalf("the ledger of a new point: old is %v, %v", old, err)
	}
	folders := map[string]balance.Folder{}
	for _, f := range list {
		folders[f.Path] = f
	}
	return folders, sum, result.Point
}

// The ledger is compared with what the tenant says of itself, while mail comes and goes, folders are made, and a message
// cannot be read, at different moments of the run.
func TestTheLedgerIsRightWhateverHappensMeanwhile(t *testing.T) {
	for _, moment := range []int64{2, 4, 7, 12} {
		t.Run(fmt.Sprintf("at request %d", moment), func(t *testing.T) {
			w := newWard(t, 1, 60)
			mailbox := w.mailboxes[0]
			for _, f := range []struct {
				path   []string
				hidden bool
			}{{[]string{"Secret"}, true}, {[]string{"Shrinking"}, false}} {
				if err := w.sim.AddFolder(mailbox, f.path, f.hidden, false, false); err != nil {
					t.Fatal(err)
				}
			}
			w.do(mailbox, graphsim.Change{Do: "copy", Random: 4, Seed: 1, To: []string{"Secret"}})
			w.do(mailbox, graphsim.Change{Do: "copy", Random: 9, Seed: 2, To: []string{"Shrinking"}})
			w.poison(mailbox)
			var requests atomic.Int64
			w.sees = func(*http.Request) {
				if requests.Add(1) != moment {
					return
				}
				w.do(mailbox, graphsim.Change{Do: "copy", Random: 3, Seed: 3, To: []string{"inbox"}})
				w.do(mailbox, graphsim.Change{Do: "permanent", Random: 2, Seed: 4, Folder: []string{"Shrinking"}})
				if err := w.sim.AddFolder(mailbox, []string{"Young"}, false, false, false); err != nil {
					t.Error(err)
				}
				w.do(mailbox, graphsim.Change{Do: "copy", Random: 5, Seed: 5, To: []string{"Young"}})
			}
			first, sum, point := w.ledgerOf(mailbox, "run1")
			w.sees = func(*http.Request) {}
			w.check(mailbox, first, sum, point)
			if f := first["/Young"]; f.Tenant != f.Kept && (len(f.Reasons) != 1 || f.Reasons[0].Cause != balance.FolderChanged) {
				t.Errorf("a folder that was made meanwhile is told as %+v", f)
			}
			// What was missed comes with the next run, and then nothing but the hidden folder differs, which a run that meets
			// no change does not ask for again.
			second, sum, point := w.ledgerOf(mailbox, "run2")
			w.check(mailbox, second, sum, point)
			second, sum, point = w.ledgerOf(mailbox, "run3")
			w.check(mailbox, second, sum, point)
			for path, f := range second {
				if f.Differs() != (path == "/Secret") {
					t.Errorf("after a quiet run %s holds %d, the point %d: %+v", path, f.Tenant, f.Kept, f.Reasons)
				}
			}
			if f := second["/Secret"]; f.Tenant != 4 || f.Kept != 0 || len(f.Reasons) != 1 || f.Reasons[0].Cause != balance.Excluded {
				t.Errorf("the hidden folder is told as %+v", f)
			}
			if sum.Folders != 1 || sum.Tenant != sum.Kept {
				t.Errorf("after a quiet run the sum is %+v", sum)
			}
		})
	}
}

// check compares a ledger with the tenant and the point.
func (w *ward) check(mailbox string, folders map[string]balance.Folder, sum balance.Sum, point record.Point) {
	w.t.Helper()
	truth := w.totals(mailbox)
	for path, total := range truth {
		f, ok := folders[path]
		if !ok || f.Tenant != total {
			w.t.Errorf("%s holds %d, the ledger says %d (listed: %v)", path, total, f.Tenant, ok)
		}
	}
	for path := range folders {
		if _, ok := truth[path]; !ok {
			w.t.Errorf("the ledger has %s, which is not in the mailbox", path)
		}
	}
	p, err := w.repo.Point(w.t.Context(), point.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range p.Folders() {
		for _, l := range folders {
			if l.ID == f.ID && l.Kept != f.Counts.Messages {
				w.t.Errorf("the point has %d messages in %s, the ledger says %d", f.Counts.Messages, l.Path, l.Kept)
			}
		}
	}
	if sum.Kept != point.Counts.Messages || sum.Unexplained != 0 {
		w.t.Errorf("the sum is %+v of %d messages in the point: %+v", sum, point.Counts.Messages, folders)
	}
	if want := (record.Balance{Tenant: sum.Tenant, Kept: sum.Kept, Folders: sum.Folders}); point.Balance == nil || *point.Balance != want {
		w.t.Errorf("the point says %+v, want %+v", point.Balance, want)
	}
}
