package recovery_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/recovery/journal"
)

// world is a mailbox in which half of what is recovered is there already, with twins.
func world() (*point, *mailbox) {
	p := &point{
		folders:  []mail.Folder{{ID: "f1", Name: "Inbox", Role: "inbox"}, {ID: "f2", Parent: "f1", Name: "Sub"}},
		messages: map[mail.FolderID][]*record.Message{"f1": kept(1, 2, 3, 4, 5), "f2": kept(6, 7)},
	}
	twin := msg(3)
	twin.ID = "m3twin"
	p.messages["f1"] = append(p.messages["f1"], &record.Message{Message: twin})
	box := newMailbox(mail.Folder{ID: "in", Name: "Posteingang", Role: "inbox"})
	for _, n := range []int{1, 3, 9} {
		there := msg(n)
		there.ID = mail.MessageID(fmt.Sprintf("old%d", n))
		box.put("in", there)
	}
	return p, box
}

// truth is the mailbox after a recovery that nobody disturbed.
func truth(t *testing.T, ifExists recovery.IfExists) (map[string][]string, recovery.Report) {
	t.Helper()
	p, box := world()
	report, lost, err := run(t, recovery.Options{Point: p, Target: box, Request: recovery.Request{IfExists: ifExists}})
	if err != nil || len(lost) > 0 {
		t.Fatalf("undisturbed: %v, losses %v", err, lost)
	}
	return contents(box), report
}

func contents(box *mailbox) map[string][]string {
	out := map[string][]string{}
	for _, f := range box.folders {
		out[f.Name] = box.subjects(f.ID)
	}
	return out
}

// TestKilledAtAnyJournalWriteARecoveryGoesOnWithoutDuplicates kills the process at each write to the journal in turn:
// before the line, in the middle of it, and after it. What was not flushed is lost from a random point on.
func TestKilledAtAnyJournalWriteARecoveryGoesOnWithoutDuplicates(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for name, ifExists := range map[string]recovery.IfExists{
		"skip": recovery.Skip, "rename": recovery.Rename, "overwrite": recovery.Overwrite,
	} {
		want, wantReport := truth(t, ifExists)
		kills := 0
		for at := 1; ; at++ {
			died := false
			for _, where := range []tear{before, middle, after} {
				for _, lostReply := range []bool{false, true} {
					what := fmt.Sprintf("%s, killed at write %d (%v, reply lost: %v), seed %d", name, at, where, lostReply, seed)
					died = kill(t, what, ifExists, at, where, lostReply, random, want, wantReport) || died
				}
			}
			if !died {
				break
			}
			kills++
		}
		if kills < 10 {
			t.Errorf("%s: died at %d writes only: the failpoint does not work", name, kills)
		}
	}
}

// kill does one recovery that dies once, and the one that goes on after it. It reports whether it died.
func kill(t *testing.T, what string, ifExists recovery.IfExists, at int, where tear, lostReply bool, random *rand.Rand,
	want map[string][]string, wantReport recovery.Report,
) bool {
	t.Helper()
	p, box := world()
	path := filepath.Join(t.TempDir(), "t.journal")
	options := recovery.Options{
		Point: p, Target: box, Journal: path, PointID: "p", TargetID: "m",
		Request: recovery.Request{Task: "t", IfExists: ifExists},
	}
	died := false
	if lostReply {
		// The message is made, and the process dies before it hears of it.
		n := 0
		box.fault = func(recovery.Item) (error, error) {
			if n++; n == at && !died {
				died = true
				box.dead = true
				return nil, fault.New(fault.Timeout, "no answer")
			}
			return nil, nil
		}
	}
	file := &dying{at: at, where: where}
	if lostReply {
		file.at = -1
	}
	file.die = func() {
		died = true
		box.mu.Lock()
		box.dead = true
		box.mu.Unlock()
	}
	first := options
	first.WrapJournal = func(f journal.File) journal.File {
		file.File = f
		return file
	}
	_, err := recovery.New(first).Run(t.Context(), nil)
	unsynced := file.size - file.synced
	if !died {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return false
	}
	if err == nil && !lostReply {
		t.Errorf("%s: it died without an error", what)
	}
	if unsynced > 0 { // a power failure loses any part of what was not flushed
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()-random.Int64N(unsynced+1)); err != nil {
			t.Fatal(err)
		}
	}
	box.dead = false
	report, err := recovery.New(options).Run(t.Context(), nil)
	if err != nil {
		t.Fatalf("%s: going on: %v", what, err)
	}
	if diff := cmp.Diff(want, contents(box)); diff != "" {
		t.Fatalf("%s: %s", what, diff)
	}
	if diff := cmp.Diff(counts(wantReport), counts(report)); diff != "" {
		t.Fatalf("%s: report: %s", what, diff)
	}
	return true
}

func TestAFinishedRecoveryStartedAgainDoesNothing(t *testing.T) {
	p, box := world()
	options := recovery.Options{
		Point: p, Target: box, Journal: filepath.Join(t.TempDir(), "j"), Request: recovery.Request{Task: "t", IfExists: recovery.Overwrite},
	}
	first, err := recovery.New(options).Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	made := box.next
	again, err := recovery.New(options).Run(t.Context(), nil)
	if err != nil || box.next != made {
		t.Errorf("made %d things more, %v", box.next-made, err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
}

func TestAJournalIsNotTakenForAnotherRecovery(t *testing.T) {
	p, box := world()
	options := recovery.Options{Point: p, Target: box, Journal: filepath.Join(t.TempDir(), "j"), PointID: "p1"}
	if _, err := recovery.New(options).Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	options.PointID = "p2"
	if _, err := recovery.New(options).Run(t.Context(), nil); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want Conflict", err)
	}
}

// tear is where in a write the process dies.
type tear uint8

const (
	before tear = iota
	middle
	after
)

var errDead = errors.New("the process died here")

// dying is a journal's file under which the process dies at the nth write.
type dying struct {
	journal.File
	mu           sync.Mutex
	at           int
	where        tear
	die          func()
	writes       int
	dead         bool
	size, synced int64
}

func (d *dying) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return 0, errDead
	}
	d.writes++
	keep := len(b)
	if d.writes == d.at {
		d.dead = true
		keep = map[tear]int{before: 0, middle: len(b) / 2, after: len(b)}[d.where]
		d.die()
	}
	n, err := d.File.Write(b[:keep])
	d.size += int64(n)
	if err == nil && d.dead {
		err = errDead
	}
	return n, err
}

func (d *dying) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDead
	}
	size := d.size
	err := d.File.Sync()
	d.synced = size
	return err
}
