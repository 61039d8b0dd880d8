package recovery_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery"
)

const aside = "Posteingang (recovered 2026-11-22)"

// beside asks for the inbox and an empty folder, beside what is there.
func beside() recovery.Request {
	return recovery.Request{
		IfFolder: recovery.FolderRename, Day: "2026-11-22", Selection: recovery.Selection{Folders: []mail.FolderID{"f1", "f5"}},
	}
}

// filled is a mailbox whose inbox and projects hold something, the first message of the point among it.
func filled() *mailbox {
	box := german()
	box.put("in", msg(1))
	box.put("proj", msg(77))
	return box
}

// checkAside compares a mailbox into which the inbox was recovered beside, once.
func checkAside(t *testing.T, box *mailbox) {
	t.Helper()
	for _, tc := range []struct {
		folder mail.FolderID
		want   []string
	}{
		{"in", []string{"s1"}},
		{"proj", []string{"s77"}},
		{box.at(aside), []string{"s1", "s2"}},
		{box.at(aside, "projekte"), []string{"s3"}},
		{box.at(aside, "projekte", "New"), []string{"s4", "s5"}},
	} {
		if diff := cmp.Diff(tc.want, box.subjects(tc.folder)); diff != "" {
			t.Errorf("folder %s: %s", tc.folder, diff)
		}
	}
	if box.at("Empty") == "nowhere" || len(box.folders) != 7 {
		t.Errorf("there are %d folders, want 7: %v", len(box.folders), box.folders)
	}
}

func TestAFolderThatExistsIsRecoveredBeside(t *testing.T) {
	box, journal := filled(), filepath.Join(t.TempDir(), "j")
	o := recovery.Options{Point: english(), Target: box, Request: beside(), Journal: journal}
	for range 2 { // the second finds all done
		got, _, err := run(t, o)
		if err != nil || got.Created != 5 || got.FoldersCreated != 4 {
			t.Fatalf("got %+v, %v", got, err)
		}
		checkAside(t, box)
	}
	o.Journal, o.Request.Task = "", "another of the same day"
	if _, _, err := run(t, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"s1", "s2"}, box.subjects(box.at("Posteingang (recovered 2026-11-22 2)"))); diff != "" {
		t.Error(diff)
	}
}

// Whenever it dies, it goes on in the folder that it made, and brings nothing twice.
func TestWhatWasBegunBesideGoesOnThere(t *testing.T) {
	for dies := range 5 {
		t.Run(fmt.Sprint(dies), func(t *testing.T) {
			box, journal, n := filled(), filepath.Join(t.TempDir(), "j"), 0
			box.fault = func(recovery.Item) (before, after error) {
				if n++; n == dies+1 {
					box.dead = true
					return nil, fault.New(fault.Canceled, "the process died")
				}
				return nil, nil
			}
			o := recovery.Options{Point: english(), Target: box, Request: beside(), Journal: journal, Parallel: 1}
			if _, _, err := run(t, o); err == nil {
				t.Fatal("it did not die")
			}
			box.mu.Lock()
			box.dead = false
			for i := range box.messages { // what was made is whole
				for k := range box.messages[i] {
					box.messages[i][k].whole = true
				}
			}
			box.mu.Unlock()
			if _, _, err := run(t, o); err != nil {
				t.Fatal(err)
			}
			checkAside(t, box)
		})
	}
}

func TestFoldersHaveAChoiceOfTheirOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		folders recovery.IfFolder
		single  recovery.IfExists
		want    recovery.Report
	}{
		"merge":     {recovery.FolderMerge, recovery.Overwrite, recovery.Report{Overwritten: 2, Created: 1}},
		"skip":      {recovery.FolderSkip, recovery.Overwrite, recovery.Report{Skipped: 1, Overwritten: 1, Created: 1}},
		"overwrite": {recovery.FolderOverwrite, recovery.Skip, recovery.Report{Skipped: 1, Overwritten: 1, Created: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			box := german()
			box.put("in", msg(1))
			box.put("out", msg(6))
			point := english()
			point.messages["f1"], point.messages["f2"], point.messages["f3"] = kept(1, 2), nil, nil
			got, _, err := run(t, recovery.Options{Point: point, Target: box, Request: recovery.Request{
				IfExists: tc.single, IfFolder: tc.folders, Selection: recovery.Selection{
					Folders: []mail.FolderID{"f1"}, Messages: []recovery.Ref{{Folder: "f4", Message: "m6"}},
				},
			}})
			if err != nil {
				t.Fatal(err)
			}
			tc.want.FoldersCreated = got.FoldersCreated
			if diff := cmp.Diff(tc.want, counts(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPlanTellsWhatBecomesOfFolders(t *testing.T) {
	var got []recovery.PlannedFolder
	o := recovery.Options{Point: english(), Target: filled(), Request: beside(), Planned: func(recovery.Planned) {}}
	o.Request.PlanOnly = true
	o.Request.Selection.Messages = []recovery.Ref{{Folder: "f4", Message: "m6"}}
	o.PlannedFolder = func(f recovery.PlannedFolder) { got = append(got, f) }
	if _, _, err := run(t, o); err != nil {
		t.Fatal(err)
	}
	skip := recovery.Leave
	want := []recovery.PlannedFolder{
		{Verdict: recovery.FolderBeside, Folder: "f1", To: []string{aside}, Chosen: true, IfExists: skip, Create: 2},
		{Verdict: recovery.FolderCreate, Folder: "f2", To: []string{aside, "projekte"}, IfExists: skip, Create: 1},
		{Verdict: recovery.FolderCreate, Folder: "f3", To: []string{aside, "projekte", "New"}, IfExists: skip, Create: 2},
		{Verdict: recovery.FolderInto, Folder: "f4", To: []string{"Gesendete Elemente"}, IfExists: skip, Create: 1},
		{Verdict: recovery.FolderCreate, Folder: "f5", To: []string{"Empty"}, Chosen: true, IfExists: skip},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
