package graph_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/graph"
)

func TestUsersBecomeMailboxesWithTheirKind(t *testing.T) {
	for _, tc := range []struct {
		name  string
		roles []string
		kinds bool
	}{
		{"with settings", nil, true},
		{"without the permission for settings", []string{"User.Read.All", "Mail.Read"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := sim(t, graphsim.Options{Apps: []graphsim.App{{ID: graphsim.DefaultApp, Secret: graphsim.DefaultSecret, Roles: tc.roles}}})
			addUsers(t, s,
				graphsim.User{DisplayName: "Ada", Mailbox: true, AccountEnabled: true, Purpose: "user"},
				graphsim.User{DisplayName: "Sales", Mailbox: true, Purpose: "shared"},
				graphsim.User{DisplayName: "Room 7", Mailbox: true, Purpose: "room"},
				graphsim.User{DisplayName: "Projector", Mailbox: true, Purpose: "equipment"},
				graphsim.User{DisplayName: "Nobody"},
				graphsim.User{DisplayName: "Old", NoMailbox: "ResourceNotFound"},
				graphsim.User{DisplayName: "Secret", Mailbox: true, Denied: true},
			)
			want := map[string]mail.Mailbox{
				"Ada": {Kind: mail.MailboxUser}, "Sales": {Kind: mail.MailboxShared}, "Room 7": {Kind: mail.MailboxRoom},
				"Projector": {Kind: mail.MailboxEquipment}, "Nobody": {Absent: graph.AbsentNoMailbox},
				"Old": {Absent: graph.AbsentNoMailbox}, "Secret": {Absent: graph.AbsentDenied},
			}
			n := 0
			for m, err := range c.Mailboxes(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				n++
				w := want[m.Name]
				if !tc.kinds {
					w.Kind = mail.MailboxUnknown
				}
				if m.Kind != w.Kind || m.Absent != w.Absent || m.ID == "" || m.Address == "" {
					t.Errorf("got %+v, want kind %v, absent %q", m, w.Kind, w.Absent)
				}
			}
			if n != len(want) {
				t.Errorf("got %d mailboxes, want %d", n, len(want))
			}
		})
	}
}

func TestManyUsersCostOneProbeEach(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	var users []graphsim.User
	for i := range 1200 {
		users = append(users, graphsim.User{DisplayName: fmt.Sprintf("User %04d", i), Mailbox: i%2 == 0, Purpose: "user"})
	}
	addUsers(t, s, users...)
	n, absent := 0, 0
	for m, err := range c.Mailboxes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if m.Absent != "" {
			absent++
		}
	}
	got := c.Requests()
	if n != 1200 || absent != 600 || got.ByKind[graph.KindUsers] != 2 || got.ByKind[graph.KindProbe] != 1200 || got.Calls > 2+63 {
		t.Fatalf("got %d mailboxes, %d absent with %+v", n, absent, got)
	}
}

func TestTheFolderTreeHasRolesInAnyLanguageAndNoSearchFolders(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true, Language: "de"})[0]
	for _, f := range []struct {
		path           []string
		hidden, search bool
	}{
		{[]string{"inbox", "Projekt", "2026", "Q1"}, false, false},
		{[]string{"Geheim", "Unter"}, true, false},
		{[]string{"Suche"}, false, true},
	} {
		if err := s.AddFolder(string(id), f.path, f.hidden, f.search, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 260 {
		if err := s.AddFolder(string(id), []string{"Viele", fmt.Sprintf("Ordner %03d", i)}, false, false, false); err != nil {
			t.Fatal(err)
		}
	}
	names := func(o graph.FolderOptions) map[string]mail.Folder {
		folders, err := c.Folders(t.Context(), id, o)
		if err != nil {
			t.Fatal(err)
		}
		all, seen := map[string]mail.Folder{}, map[mail.FolderID]bool{"": true}
		for _, f := range folders {
			if !seen[f.Parent] {
				t.Errorf("%s comes before its parent", f.Name)
			}
			seen[f.ID] = true
			all[f.Name] = f
		}
		return all
	}
	visible := names(graph.FolderOptions{})
	if visible["Posteingang"].Role != "inbox" || visible["Gesendete Elemente"].Role != "sentitems" || visible["Q1"].ID == "" || visible["Ordner 259"].ID == "" {
		t.Errorf("folders or roles are missing: %d folders", len(visible))
	}
	if visible["Suche"].ID != "" || visible["Unter"].ID != "" {
		t.Error("search folders or what is below hidden ones are there")
	}
	all := names(graph.FolderOptions{Hidden: true, RecoverableItems: true})
	if all["Unter"].ID == "" || all["Suche"].ID != "" {
		t.Error("hidden folders are missing or search folders are there")
	}
	if !slices.ContainsFunc(mapValues(all), func(f mail.Folder) bool { return f.Role == "recoverableitemsdeletions" && f.Hidden }) {
		t.Error("recoverable items are missing")
	}
}

func mapValues(m map[string]mail.Folder) []mail.Folder {
	var all []mail.Folder
	for _, f := range m {
		all = append(all, f)
	}
	return all
}

func TestAMailboxThatIsNotThereSaysSo(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "Nobody"})[0]
	for _, m := range []mail.MailboxID{id, "00000000-0000-0000-0000-000000000000"} {
		if _, err := c.Folders(t.Context(), m, graph.FolderOptions{}); !errors.Is(err, fault.NotFound) || !errors.Is(err, graph.ErrMailboxGone) {
			t.Errorf("got %v", err)
		}
		if _, err := c.Delta(t.Context(), m, "inbox", ""); !errors.Is(err, graph.ErrMailboxGone) || errors.Is(err, graph.ErrFolderGone) {
			t.Errorf("got %v", err)
		}
	}
	denied := addUsers(t, s, graphsim.User{DisplayName: "Secret", Mailbox: true, Denied: true})[0]
	if _, err := c.Folders(t.Context(), denied, graph.FolderOptions{}); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v, want Denied", err)
	}
}

func TestDeltaRoundsBringWhatChangedAndCostOneRequestWhenNothingDid(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(250)...)
	inbox := folderOf(t, c, id, "inbox")
	changes, at, pages := round(t, c, id, inbox, "")
	if len(changes) != 250 || len(pages) != 3 || !pages[0].Restart || pages[1].Restart || !pages[2].Full {
		t.Fatalf("got %d changes in %d pages", len(changes), len(pages))
	}
	if m := changes[0]; m.Body == "" || m.Message.Subject == "" || m.Message.Received.IsZero() || m.Message.ChangeKey == "" || m.Message.Folder != inbox {
		t.Fatalf("not a whole message: %+v", m)
	}
	before := c.Requests().Total
	changes, at, pages = round(t, c, id, inbox, at)
	if len(changes) != 0 || len(pages) != 1 || pages[0].Full || c.Requests().Total != before+1 {
		t.Fatalf("a quiet round brought %d changes in %d requests", len(changes), c.Requests().Total-before)
	}
	gone := change(t, s, id, graphsim.Change{Do: "permanent", Messages: []string{"<3@test.example>"}})
	toggled := change(t, s, id, graphsim.Change{Do: "toggle", Messages: []string{"<4@test.example>"}})
	edited := change(t, s, id, graphsim.Change{Do: "edit", Text: "New subject", Messages: []string{"<5@test.example>"}})
	moved := change(t, s, id, graphsim.Change{Do: "move", To: []string{"archive"}, Messages: []string{"<6@test.example>"}})
	changes, _, _ = round(t, c, id, inbox, at)
	what := map[mail.MessageID]mail.Change{}
	for _, ch := range changes {
		what[ch.Message.ID] = ch
	}
	if !what[gone[0]].Removed || !what[moved[0]].Removed {
		t.Errorf("removals are missing: %+v", what)
	}
	for _, id2 := range []mail.MessageID{toggled[0], edited[0]} {
		if ch, ok := what[id2]; !ok || ch.Removed {
			t.Errorf("a change is missing: %+v", ch)
		}
	}
	if ch := what[toggled[0]]; !ch.Partial {
		t.Errorf("a change of the read state alone came as %+v, want it marked partial", ch)
	}
	found, err := c.MessagesByID(t.Context(), id, []mail.MessageID{toggled[0], gone[0], edited[0]})
	if err != nil {
		t.Fatal(err)
	}
	if found[0].Err != nil || found[0].Body != "Body 4" || !errors.Is(found[1].Err, fault.NotFound) || found[2].Message.Subject != "New subject" {
		t.Errorf("got %+v", found)
	}
	exists, err := c.Exists(t.Context(), id, []mail.MessageID{moved[0], gone[0]})
	if err != nil || exists[0].Err != nil || exists[0].Message.Folder != folderOf(t, c, id, "archive") || !errors.Is(exists[1].Err, fault.NotFound) {
		t.Errorf("got %+v, %v", exists, err)
	}
	if _, _, err := c.Message(t.Context(), id, gone[0]); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestALostCursorAndALostFolderHaveTheirSignals(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(5)...)
	inbox := folderOf(t, c, id, "inbox")
	for _, code := range []string{"", "SyncStateNotFound", "resyncRequired", "syncstatenotfound"} {
		_, at, _ := round(t, c, id, inbox, "")
		if err := s.ExpireDelta(string(id), code); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Delta(t.Context(), id, inbox, at); !errors.Is(err, graph.ErrResync) || !errors.Is(err, fault.Conflict) {
			t.Errorf("%q: got %v, want ErrResync", code, err)
		}
	}
	if err := s.AddFolder(string(id), []string{"Brief"}, false, false, false); err != nil {
		t.Fatal(err)
	}
	f, err := c.ChildFolder(t.Context(), id, "", "brief")
	if err != nil {
		t.Fatal(err)
	}
	_, at, _ := round(t, c, id, f.ID, "")
	change(t, s, id, graphsim.Change{Do: "deleteFolder", Folder: []string{"Brief"}})
	for _, from := range []mail.Cursor{at, ""} {
		if _, err := c.Delta(t.Context(), id, f.ID, from); !errors.Is(err, graph.ErrFolderGone) || !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v, want ErrFolderGone", err)
		}
	}
}

func TestWithoutDeltaAFolderIsListed(t *testing.T) {
	for _, tc := range []struct {
		name     string
		user     graphsim.User
		settings graphsim.Settings
	}{
		{"a full mailbox", graphsim.User{DisplayName: "A", Mailbox: true, DeltaQuota: true}, graphsim.Settings{}},
		{"a cloud without it", graphsim.User{DisplayName: "A", Mailbox: true}, graphsim.Settings{CloseTracking: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := sim(t, graphsim.Options{Settings: tc.settings}, func(o *graph.Options) { o.Limits.PageSize = 40 })
			id := addUsers(t, s, tc.user)[0]
			all := plain(100)
			for i := range all {
				all[i].Received = time.Date(2026, 1, 2, 3, i/50, 0, 0, time.UTC) // more of one time than fit on a page
			}
			addMessages(t, s, id, all...)
			inbox := folderOf(t, c, id, "inbox")
			seen := map[mail.MessageID]bool{}
			var at mail.Cursor
			for n := 0; ; n++ {
				page, err := c.Delta(t.Context(), id, inbox, at)
				if err != nil {
					t.Fatal(err)
				}
				if !page.Full || page.Restart != (n == 0) {
					t.Errorf("page %d: full %v, restart %v", n, page.Full, page.Restart)
				}
				for _, ch := range page.Changes {
					seen[ch.Message.ID] = true
				}
				if n == 0 { // what a page has brought may be deleted before the next
					change(t, s, id, graphsim.Change{Do: "permanent", Messages: []string{string(page.Changes[0].Message.ID)}})
				}
				if at = page.Next; page.Done {
					break
				}
				if n > 20 {
					t.Fatal("the listing does not end")
				}
			}
			if len(seen) != 100 || at == "" {
				t.Errorf("got %d messages, want 100", len(seen))
			}
			page, err := c.Delta(t.Context(), id, inbox, at)
			if err != nil || !page.Full || !page.Restart || len(page.Changes) == 0 {
				t.Errorf("the next run got %+v, %v", page, err)
			}
		})
	}
}

func TestAFolderThatWasListedIsComparedByIDs(t *testing.T) {
	s, c := sim(t, graphsim.Options{Settings: graphsim.Settings{CloseTracking: true}}, func(o *graph.Options) { o.Limits.PageSize = 40 })
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(100)...)
	inbox := folderOf(t, c, id, "inbox")
	edit := func(at time.Duration, m mail.MessageID) {
		t.Helper()
		if err := s.SetClock(at); err != nil {
			t.Fatal(err)
		}
		change(t, s, id, graphsim.Change{Do: "edit", Messages: []string{string(m)}})
	}
	first, _, _ := round(t, c, id, inbox, "")
	edit(time.Hour, first[3].Message.ID)
	before, at, _ := round(t, c, id, inbox, "")
	known := map[mail.MessageID]string{}
	for _, ch := range before {
		known[ch.Message.ID] = ch.Message.ChangeKey
	}
	edit(2*time.Hour, first[5].Message.ID)
	change(t, s, id, graphsim.Change{Do: "permanent", Messages: []string{string(first[7].Message.ID)}})
	changes, _, pages := round(t, c, id, inbox, at)
	whole := map[mail.MessageID]bool{}
	standing := 0
	for _, ch := range changes {
		switch {
		case !ch.Partial:
			whole[ch.Message.ID] = true
		case ch.Message.ChangeKey == known[ch.Message.ID]:
			standing++
		}
	}
	// The newest of the listing before lies within the slack.
	if len(whole) != 2 || !whole[first[3].Message.ID] || !whole[first[5].Message.ID] || standing != 98 || len(changes) != 101 {
		t.Errorf("got %d changes, whole %v, standing %d", len(changes), whole, standing)
	}
	if len(pages) != 2 || !pages[0].Restart || pages[1].Restart || !pages[0].Full || !pages[1].Full || !pages[1].Done {
		t.Errorf("got %d pages: %+v", len(pages), pages)
	}
}

func TestAFullMailboxIsRefusedOnce(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true, DeltaQuota: true})[0]
	addMessages(t, s, id, plain(3)...)
	for _, role := range []mail.Role{"inbox", "sentitems", "archive"} {
		round(t, c, id, folderOf(t, c, id, role), "")
	}
	if got := c.Requests().ByKind[graph.KindDelta]; got != 1 {
		t.Errorf("%d requests for a delta, want 1", got)
	}
}

func TestPagesShrinkUnderTimeoutsAndGrowAgain(t *testing.T) {
	s, c := sim(t, graphsim.Options{}, func(o *graph.Options) { o.Limits.PageSize = 80 })
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(400)...)
	inbox := folderOf(t, c, id, "inbox")
	addFault(t, s, graphsim.Fault{Kind: "messages.delta", Status: 504, After: 1, Count: 3})
	changes, _, pages := round(t, c, id, inbox, "")
	if len(changes) != 400 {
		t.Fatalf("got %d messages", len(changes))
	}
	var sizes []int
	for _, p := range pages {
		sizes = append(sizes, len(p.Changes))
	}
	if sizes[0] != 80 || sizes[1] != 10 || slices.Max(sizes[2:]) < 20 {
		t.Fatalf("pages had %v messages, want 80, then 10, then more again", sizes)
	}
}

func TestBrokenAnswersAreReadAgain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault graphsim.Fault
	}{
		{"reset", graphsim.Fault{Reset: true}},
		{"lost answer", graphsim.Fault{LoseReply: true}},
		{"truncated", graphsim.Fault{TruncateAt: 700}},
		{"bad gateway without a body", graphsim.Fault{Status: 502, Body: "empty"}},
		{"unavailable in HTML", graphsim.Fault{Status: 503, Body: "html"}},
		{"throttled", graphsim.Fault{Status: 429, RetryAfter: "0.05"}},
		{"throttled without a time", graphsim.Fault{Status: 429}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := sim(t, graphsim.Options{})
			id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
			addMessages(t, s, id, plain(20)...)
			inbox := folderOf(t, c, id, "inbox")
			f := tc.fault
			f.Kind, f.Count = "messages.delta", 2
			addFault(t, s, f)
			if changes, _, _ := round(t, c, id, inbox, ""); len(changes) != 20 {
				t.Fatalf("got %d messages, want 20", len(changes))
			}
		})
	}
}

func TestItemsOfABatchThatAreThrottledAreSentAgain(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(50)...)
	inbox := folderOf(t, c, id, "inbox")
	changes, _, _ := round(t, c, id, inbox, "")
	var ids []mail.MessageID
	for _, ch := range changes {
		ids = append(ids, ch.Message.ID)
	}
	addFault(t, s, graphsim.Fault{Kind: "messages.get", Status: 429, RetryAfter: "0.05", Count: 15, Code: "ApplicationThrottled"})
	addFault(t, s, graphsim.Fault{Kind: "messages.get", Status: 503, Count: 5})
	found, err := c.MessagesByID(t.Context(), id, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		if f.Err != nil || f.ID != ids[i] || f.Message.Subject != changes[i].Message.Subject {
			t.Fatalf("%d: got %+v", i, f)
		}
	}
	if got := c.Requests(); got.Throttled == 0 {
		t.Errorf("no throttling was counted: %+v", got)
	}
}

func TestAFailingItemOfABatchFailsAlone(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(30)...)
	changes, _, _ := round(t, c, id, folderOf(t, c, id, "inbox"), "")
	var ids []mail.MessageID
	for _, ch := range changes {
		ids = append(ids, ch.Message.ID)
	}
	addFault(t, s, graphsim.Fault{Kind: "messages.get", Item: string(ids[7]), Status: 500})
	addFault(t, s, graphsim.Fault{Kind: "messages.get", Item: string(ids[25]), Status: 403, Code: "ErrorAccessDenied"})
	found, err := c.MessagesByID(t.Context(), id, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		switch {
		case i == 7 && !errors.Is(f.Err, fault.Unavailable), i == 25 && !errors.Is(f.Err, fault.Denied), i != 7 && i != 25 && f.Err != nil:
			t.Errorf("%d: got %v", i, f.Err)
		}
	}
}
