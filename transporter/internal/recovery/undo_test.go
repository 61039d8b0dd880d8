package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/recovery/journal"
)

// undoable is a mailbox in memory in which a recovery can be undone. It has no Deleted Items.
type undoable struct{ *mailbox }

func (m undoable) Look(_ context.Context, ids []mail.MessageID) ([]recovery.Standing, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []recovery.Standing
	for _, id := range ids {
		s := recovery.Standing{Err: fault.New(fault.NotFound, "it is nowhere")}
		for folder, list := range m.messages {
			if slices.ContainsFunc(list, func(one item) bool { return one.ID == id }) {
				s = recovery.Standing{Folder: folder}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func (undoable) Move(context.Context, mail.MessageID, mail.FolderID) error {
	return errors.New("nothing is moved here")
}

func (m undoable) RemoveFolder(_ context.Context, id mail.FolderID) (bool, error) {
	leave, err := m.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	if len(m.messages[id]) > 0 || slices.ContainsFunc(m.folders, func(f mail.Folder) bool { return f.Parent == id }) {
		return false, nil
	}
	m.folders = slices.DeleteFunc(m.folders, func(f mail.Folder) bool { return f.ID == id })
	return true, nil
}

// TestWhatWasKilledAtAnyJournalWriteCanBeUndone kills a recovery at each write to the journal in turn, and takes back what is
// there then: messages and folders are as they were before, also what was made in the moment of death. The plan says how many.
func TestWhatWasKilledAtAnyJournalWriteCanBeUndone(t *testing.T) {
	_, untouched := world()
	for name, request := range map[string]recovery.Request{
		"skip": {Task: "t"}, "rename": {Task: "t", IfExists: recovery.Rename}, "into": {Task: "t", Into: "Recovered"},
	} {
		kills := 0
		for died := true; died; {
			kills++
			for _, where := range []tear{before, middle, after} {
				what := fmt.Sprintf("%s, killed at write %d (%v)", name, kills, where)
				p, box := world()
				options := recovery.Options{Point: p, Target: box, Journal: filepath.Join(t.TempDir(), "t.journal"), Request: request}
				file := &dying{at: kills, where: where, die: func() {
					box.mu.Lock()
					defer box.mu.Unlock()
					box.dead = true
				}}
				options.WrapJournal = func(f journal.File) journal.File {
					file.File = f
					return file
				}
				_, err := recovery.New(options).Run(t.Context(), nil)
				if died = box.dead; died && err == nil {
					t.Errorf("%s: it died without an error", what)
				}
				box.dead = false
				plan := undo(t, what, options.Journal, box, true)
				did := undo(t, what, options.Journal, box, false)
				if diff := cmp.Diff(plan, did); diff != "" || did.Left+did.FoldersLeft > 0 {
					t.Errorf("%s: planned %+v, did %+v", what, plan, did)
				}
				if diff := cmp.Diff(contents(untouched), contents(box)); diff != "" {
					t.Fatalf("%s: %s", what, diff)
				}
			}
		}
		if kills < 10 {
			t.Errorf("%s: died at %d writes only: the failpoint does not work", name, kills)
		}
	}
}

// TestAFolderWhoseAnswerWasLostIsUndone recovers while the answer to each making of a folder is lost: the folder is found by
// its name then, or not even that succeeds and the recovery goes on later. An undo leaves none of them, and none is made twice.
func TestAFolderWhoseAnswerWasLostIsUndone(t *testing.T) {
	_, untouched := world()
	for name, fails := range map[string]error{
		"found": nil, "looked for in vain": fault.New(fault.NotFound, "there is no folder of that name"),
		"never answered": fault.New(fault.Unavailable, "no answer"), "refused the second time": fault.New(fault.Denied, "no"),
	} {
		t.Run(name, func(t *testing.T) {
			p, box := world()
			options := recovery.Options{
				Point: p, Target: box, Journal: filepath.Join(t.TempDir(), "t.journal"), Request: recovery.Request{Task: "t", Into: "Recovered"},
			}
			left := 1
			box.lostFolder = func(mail.Folder) (mail.Making, error) {
				if left--; left < 0 {
					return mail.PerhapsMade, nil
				}
				return mail.PerhapsMade, fails
			}
			report, _, err := run(t, options)
			want := contents(box)
			if fails == nil && (err != nil || report.Created != 8 || report.FoldersCreated != 3) {
				t.Errorf("got %+v, %v; want 8 messages in 3 folders", report, err)
			}
			if fails != nil {
				if report, _, err = run(t, options); err != nil {
					t.Fatal(err)
				}
				if report.Created != 8 || report.Failed > 0 {
					t.Errorf("going on: %+v, want 8 messages and none that failed", report)
				}
				want = contents(box)
			}
			if len(want["Recovered"])+len(want["Inbox"])+len(want["Sub"]) != 8 {
				t.Errorf("recovered %v", want)
			}
			plan := undo(t, name, options.Journal, box, true)
			did := undo(t, name, options.Journal, box, false)
			if diff := cmp.Diff(plan, did); diff != "" || did.FoldersRemoved != 3 || did.FoldersLeft > 0 {
				t.Errorf("planned %+v, did %+v; want 3 folders removed", plan, did)
			}
			if diff := cmp.Diff(contents(untouched), contents(box)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func undo(t *testing.T, what, path string, box *mailbox, plan bool) recovery.UndoReport {
	t.Helper()
	report, err := recovery.NewUndo(recovery.UndoOptions{Journal: path, Target: undoable{box}, PlanOnly: plan}).Run(t.Context(), nil)
	if err != nil {
		t.Fatalf("%s: undo: %v", what, err)
	}
	return report
}
