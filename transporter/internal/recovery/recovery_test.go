package recovery_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
)

// german is a mailbox in another language than the point's.
func german() *mailbox {
	return newMailbox(
		mail.Folder{ID: "in", Name: "Posteingang", Role: "inbox"},
		mail.Folder{ID: "out", Name: "Gesendete Elemente", Role: "sentitems"},
		mail.Folder{ID: "proj", Parent: "in", Name: "Projekte"},
	)
}

func english() *point {
	return &point{
		folders: []mail.Folder{
			{ID: "f1", Name: "Inbox", Role: "inbox"},
			{ID: "f2", Parent: "f1", Name: "projekte"},
			{ID: "f3", Parent: "f2", Name: "New"},
			{ID: "f4", Name: "Sent Items", Role: "sentitems"},
			{ID: "f5", Name: "Empty"},
		},
		messages: map[mail.FolderID][]*record.Message{"f1": kept(1, 2), "f2": kept(3), "f3": kept(4, 5), "f4": kept(6)},
	}
}

// run does a recovery and returns what became of it. Fields that are not given are filled in.
func run(t *testing.T, o recovery.Options) (recovery.Report, []mail.Loss, error) {
	t.Helper()
	lost := &losses{}
	o.Observer = lost
	if o.Journal == "" {
		o.Journal = filepath.Join(t.TempDir(), "t.journal")
	}
	if o.Request.Task == "" {
		o.Request.Task = "t"
	}
	report, err := recovery.New(o).Run(t.Context(), nil)
	return report, lost.all, err
}

// counts are the numbers of a report.
func counts(r recovery.Report) recovery.Report {
	r.Notes = nil
	return r
}

func TestFoldersAreFoundByRoleAndByName(t *testing.T) {
	box := german()
	got, lost, err := run(t, recovery.Options{Point: english(), Target: box})
	if err != nil || len(lost) > 0 {
		t.Fatalf("got %v, losses %v", err, lost)
	}
	if diff := cmp.Diff(recovery.Report{Created: 6, FoldersCreated: 2}, counts(got)); diff != "" {
		t.Error(diff)
	}
	for _, tc := range []struct {
		folder mail.FolderID
		want   []string
	}{
		{"in", []string{"s1", "s2"}},
		{"proj", []string{"s3"}},
		{box.at("Posteingang", "Projekte", "New"), []string{"s4", "s5"}},
		{"out", []string{"s6"}},
		{box.at("Empty"), nil},
	} {
		if diff := cmp.Diff(tc.want, box.subjects(tc.folder)); diff != "" {
			t.Errorf("folder %s: %s", tc.folder, diff)
		}
	}
}

func TestIntoAFolderEverythingGoesByName(t *testing.T) {
	box := german()
	got, _, err := run(t, recovery.Options{Point: english(), Target: box, Request: recovery.Request{Into: "Restored"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.FoldersCreated != 6 || got.Created != 6 {
		t.Errorf("got %+v, want 6 folders and 6 messages", got)
	}
	if diff := cmp.Diff([]string{"s1", "s2"}, box.subjects(box.at("Restored", "Inbox"))); diff != "" {
		t.Error(diff)
	}
	if len(box.messages["in"]) != 0 {
		t.Error("something went into the real inbox")
	}
}

func TestSelectionTakesFoldersWithAllBelowAndSingleMessages(t *testing.T) {
	box := german()
	got, _, err := run(t, recovery.Options{Point: english(), Target: box, Request: recovery.Request{
		Selection: recovery.Selection{
			Folders:  []mail.FolderID{"f2"},
			Messages: []recovery.Ref{{Folder: "f1", Message: "m2"}, {Folder: "f3", Message: "m4"}, {Folder: "f1", Message: "m2"}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Created != 4 {
		t.Errorf("got %d created, want 4", got.Created)
	}
	if diff := cmp.Diff([]string{"s2"}, box.subjects("in")); diff != "" {
		t.Error(diff)
	}
}

func TestASelectionOfWhatIsNotThereWritesNothing(t *testing.T) {
	box := german()
	_, _, err := run(t, recovery.Options{Point: english(), Target: box, Request: recovery.Request{
		Selection: recovery.Selection{Folders: []mail.FolderID{"f1", "no such"}},
	}})
	if !errors.Is(err, fault.Invalid) || len(box.messages) > 0 {
		t.Errorf("got %v and %d folders written to, want Invalid and none", err, len(box.messages))
	}
}

func TestWhatExists(t *testing.T) {
	beside := []string{"Posteingang (recovered)"}
	for _, tc := range []struct {
		name     string
		ifExists recovery.IfExists
		want     recovery.Report
		inbox    []string
		beside   []string
	}{
		{"skip", recovery.Skip, recovery.Report{Created: 1, Skipped: 1}, []string{"s1", "s2"}, nil},
		{"rename", recovery.Rename, recovery.Report{Created: 1, Renamed: 1, FoldersCreated: 1}, []string{"s1", "s2"}, []string{"s1"}},
		{"overwrite", recovery.Overwrite, recovery.Report{Created: 1, Overwritten: 1}, []string{"s1", "s2"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := english()
			request := recovery.Request{IfExists: tc.ifExists, Selection: recovery.Selection{
				Messages: []recovery.Ref{{Folder: "f1", Message: "m1"}, {Folder: "f1", Message: "m2"}},
			}}
			there := msg(1)
			there.ID = "elsewhere"
			box := german()
			box.put("in", there)

			plan := request
			plan.PlanOnly = true
			planned, _, err := run(t, recovery.Options{Point: p, Target: box, Request: plan})
			if err != nil {
				t.Fatal(err)
			}
			if len(box.folders) != 3 || len(box.messages["in"]) != 1 || box.next != 0 {
				t.Fatal("the plan wrote something")
			}
			done, _, err := run(t, recovery.Options{Point: p, Target: box, Request: request})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, counts(done)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(planned, done); diff != "" {
				t.Errorf("the plan and what was done differ: %s", diff)
			}
			if diff := cmp.Diff(tc.inbox, box.subjects("in")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.beside, box.subjects(box.at(beside...))); diff != "" {
				t.Error(diff)
			}
			wantOld := tc.ifExists != recovery.Overwrite
			gotOld := slices.ContainsFunc(box.messages["in"], func(i item) bool { return i.ID == "elsewhere" })
			if gotOld != wantOld {
				t.Errorf("the old message is there: %v, want %v", gotOld, wantOld)
			}
			if box.lists["in"] != 2 {
				t.Errorf("the folder was listed %d times by a plan and a run, want once each", box.lists["in"])
			}
		})
	}
}

func TestARenamedCopyIsMadeOnce(t *testing.T) {
	box := german()
	p := &point{folders: english().folders[:1], messages: map[mail.FolderID][]*record.Message{"f1": kept(1)}}
	box.put("in", msg(1))
	for i, want := range []recovery.Report{{Renamed: 1, FoldersCreated: 1}, {Skipped: 1}} {
		got, _, err := run(t, recovery.Options{Point: p, Target: box, Request: recovery.Request{IfExists: recovery.Rename}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, counts(got)); diff != "" {
			t.Errorf("time %d: %s", i+1, diff)
		}
	}
}

func TestEqualMessagesAnswerForOneEach(t *testing.T) {
	twin := msg(1)
	twin.ID = "twin"
	p := &point{
		folders:  english().folders[:1],
		messages: map[mail.FolderID][]*record.Message{"f1": {{Message: msg(1)}, {Message: twin}}},
	}
	t.Run("two kept, one there", func(t *testing.T) {
		box := german()
		there := msg(1)
		there.ID = "elsewhere"
		box.put("in", there)
		got, _, err := run(t, recovery.Options{Point: p, Target: box})
		if err != nil || got.Created != 1 || got.Skipped != 1 {
			t.Errorf("got %+v, %v, want one created and one skipped", got, err)
		}
	})
	t.Run("the deleted one of two, in its own mailbox", func(t *testing.T) {
		box := german()
		box.put("in", twin) // m1 was deleted
		got, _, err := run(t, recovery.Options{Point: p, Target: box, Request: recovery.Request{
			SameMailbox: true, Selection: recovery.Selection{Messages: []recovery.Ref{{Folder: "f1", Message: "m1"}}},
		}})
		if err != nil || got.Created != 1 {
			t.Errorf("got %+v, %v, want it created: what is there is another message of the point", got, err)
		}
	})
}

func TestMessagesWithoutAnIDAreKnownByContent(t *testing.T) {
	m := msg(1)
	m.InternetMessageID = ""
	m.From = &mail.Address{Address: "Ann@Example.com"}
	there := m
	there.ID = "elsewhere"
	there.From = &mail.Address{Address: "ann@example.com"}
	other := there
	other.ID, other.Subject = "other", "something else"
	p := &point{folders: english().folders[:1], messages: map[mail.FolderID][]*record.Message{"f1": {{Message: m}}}}
	box := german()
	box.put("in", other)
	box.put("in", there)
	got, _, err := run(t, recovery.Options{Point: p, Target: box})
	if err != nil || got.Skipped != 1 {
		t.Errorf("got %+v, %v, want it skipped", got, err)
	}
}

func TestSiblingsOfOneNameAreMergedAndNoted(t *testing.T) {
	p := &point{
		folders: []mail.Folder{{ID: "a", Name: "Clients"}, {ID: "b", Name: "CLIENTS"}, {ID: "c", Parent: "b", Name: "Deep"}},
		messages: map[mail.FolderID][]*record.Message{
			"a": kept(1), "b": kept(2), "c": kept(3),
		},
	}
	box := german()
	got, _, err := run(t, recovery.Options{Point: p, Target: box})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"s1", "s2"}, box.subjects(box.at("Clients"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"s3"}, box.subjects(box.at("Clients", "Deep"))); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(got.Notes, func(n string) bool { return strings.Contains(n, "merged") }) {
		t.Errorf("the merge is not noted: %q", got.Notes)
	}
}

func TestRecoverableItemsComeBackIntoOrdinaryFolders(t *testing.T) {
	p := &point{
		folders:  []mail.Folder{{ID: "d", Name: "Deletions", Role: "recoverableitemsdeletions", Hidden: true}},
		messages: map[mail.FolderID][]*record.Message{"d": kept(1)},
	}
	box := newMailbox(mail.Folder{ID: "real", Name: "Deletions", Role: "recoverableitemsdeletions", Hidden: true})
	box.folders[0].Name = "Loeschungen"
	if _, _, err := run(t, recovery.Options{Point: p, Target: box}); err != nil {
		t.Fatal(err)
	}
	if got := box.subjects(box.at("Deletions")); len(got) != 1 || len(box.messages["real"]) != 0 {
		t.Errorf("got %v, and %d in the dumpster", got, len(box.messages["real"]))
	}
}

func TestFourAreInFlightAndNoMore(t *testing.T) {
	box := german()
	box.meet = 4
	p := &point{folders: english().folders[:1], messages: map[mail.FolderID][]*record.Message{"f1": kept(1, 2, 3, 4, 5, 6, 7, 8, 9)}}
	got, _, err := run(t, recovery.Options{Point: p, Target: box})
	if err != nil || got.Created != 9 || box.most != 4 {
		t.Errorf("got %+v, %v with %d at once, want 9 created, 4 at once", got, err, box.most)
	}
}

func TestOneBrokenMessageIsALoss(t *testing.T) {
	box := german()
	box.fault = func(it recovery.Item) (error, error) {
		if it.Message.ID == "m2" {
			f := fault.New(fault.Invalid, "Microsoft does not like it")
			f.RequestID = "req-7"
			return f, nil
		}
		return nil, nil
	}
	got, lost, err := run(t, recovery.Options{Point: english(), Target: box})
	if err != nil || got.Created != 5 || got.Failed != 1 {
		t.Fatalf("got %+v, %v, want 5 created and 1 failed", got, err)
	}
	want := []mail.Loss{{
		Message: "m2", Folder: "f1", Subject: "s2", What: "message", Reason: "Microsoft does not like it", RequestID: "req-7",
	}}
	if diff := cmp.Diff(want, lost); diff != "" {
		t.Error(diff)
	}
}

func TestAFullMailboxEndsTheRecovery(t *testing.T) {
	box := german()
	box.fault = func(it recovery.Item) (error, error) {
		if it.Message.ID == "m3" {
			return fault.New(fault.Exhausted, "the mailbox is full"), nil
		}
		return nil, nil
	}
	got, _, err := run(t, recovery.Options{Point: english(), Target: box, Parallel: 1})
	if !errors.Is(err, fault.Exhausted) || got.Created != 2 {
		t.Errorf("got %+v, %v, want 2 created and Exhausted", got, err)
	}
}

func TestManyFailuresInARowEndTheRecovery(t *testing.T) {
	box := german()
	var n []int
	for i := range 100 {
		n = append(n, i)
	}
	p := &point{folders: english().folders[:1], messages: map[mail.FolderID][]*record.Message{"f1": kept(n...)}}
	box.fault = func(recovery.Item) (error, error) { return fault.New(fault.Unavailable, "out of reach"), nil }
	_, lost, err := run(t, recovery.Options{Point: p, Target: box})
	if !errors.Is(err, fault.Unavailable) || len(lost) > 20 {
		t.Errorf("got %v and %d losses, want Unavailable after a few", err, len(lost))
	}
}

func TestALostAnswerMakesNoDuplicate(t *testing.T) {
	box := german()
	box.fault = func(recovery.Item) (error, error) { return nil, fault.New(fault.Timeout, "no answer") }
	got, lost, err := run(t, recovery.Options{Point: english(), Target: box})
	if err != nil || len(lost) > 0 || got.Created != 6 {
		t.Fatalf("got %+v, %v, losses %v", got, err, lost)
	}
	if diff := cmp.Diff([]string{"s1", "s2"}, box.subjects("in")); diff != "" {
		t.Error(diff)
	}
}

func TestAHalfBuiltMessageIsThrownAwayAndMadeAgain(t *testing.T) {
	box := german()
	tries := 0
	box.fault = func(it recovery.Item) (error, error) {
		if tries++; tries == 1 {
			box.messages[it.Folder] = append(box.messages[it.Folder], item{Message: mail.Message{ID: "half", Subject: "half"}, id: it.ID})
			return fault.New(fault.Timeout, "no answer"), nil
		}
		return nil, nil
	}
	p := &point{folders: english().folders[:1], messages: map[mail.FolderID][]*record.Message{"f1": kept(1)}}
	if _, lost, err := run(t, recovery.Options{Point: p, Target: box}); err != nil || len(lost) > 0 {
		t.Fatalf("got %v, losses %v", err, lost)
	}
	if diff := cmp.Diff([]string{"s1"}, box.subjects("in")); diff != "" {
		t.Error(diff)
	}
}

func TestStoppingEndsAfterTheMessagesInFlight(t *testing.T) {
	box := german()
	stop := make(chan struct{})
	box.fault = func(recovery.Item) (error, error) {
		select {
		case <-stop:
		default:
			close(stop)
		}
		return nil, nil
	}
	report, err := recovery.New(recovery.Options{
		Point: english(), Target: box, Parallel: 1, Journal: filepath.Join(t.TempDir(), "j"), Request: recovery.Request{Task: "t"},
	}).Run(context.Background(), stop)
	if !errors.Is(err, fault.Canceled) || report.Created < 1 || report.Created > 2 {
		t.Errorf("got %+v, %v, want Canceled after a message or two", report, err)
	}
}
