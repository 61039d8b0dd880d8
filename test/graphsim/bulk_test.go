package graphsim

import (
	"runtime"
	"testing"
)

// heap is the live heap in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// grows fails when fn leaves more on the heap than it may.
func grows(t *testing.T, what string, limit int64, fn func()) {
	t.Helper()
	before := heap()
	fn()
	got := heap() - before
	t.Logf("%s: %.1f MB of live heap", what, float64(got)/(1<<20))
	if got > limit {
		t.Errorf("%s leaves %d bytes on the heap, want at most %d", what, got, limit)
	}
}

// The sizes: a mailbox of a million messages is walked by delta in part, listed at its far end, changed, and read to
// the byte, and is never held in memory.
func TestAMillionMessagesAreNotHeldInMemory(t *testing.T) {
	const million = 1_000_000
	w := start(t, Options{})
	var box string
	grows(t, "a million messages", 8<<20, func() {
		users, err := w.s.AddUsers(User{DisplayName: "Archive", Mailbox: true, Bulk: &Bulk{Messages: million, Seed: 7, Folders: 3}})
		if err != nil {
			t.Fatal(err)
		}
		box = "/users/" + users[0].ID + "/"
		w.get(box + "mailFolders/inbox")
		path := box + "mailFolders/inbox/messages/delta?$select=subject,receivedDateTime"
		seen := map[string]bool{}
		for range 10 {
			a := w.get(path, "Prefer", "odata.maxpagesize=500")
			for _, m := range a.values() {
				seen[m["id"].(string)] = true
			}
			path = a.str("@odata.nextLink")
		}
		if len(seen) != 5000 {
			t.Errorf("%d messages in ten pages of 500", len(seen))
		}
		a := w.get(box + "messages?$skip=999990&$top=100&$count=true")
		if len(a.values()) != 10 || a.body["@odata.count"] != float64(million) {
			t.Errorf("%d messages at the end of %v", len(a.values()), a.body["@odata.count"])
		}
		old := a.values()[0]
		filter := "/messages?$filter=internetMessageId eq '" + old["internetMessageId"].(string) + "'"
		if n := len(w.get(box + "mailFolders/" + old["parentFolderId"].(string) + filter).values()); n != 1 {
			t.Errorf("%d messages of that id", n)
		}
		for _, m := range a.values() {
			w.do("POST", box+"messages/"+m["id"].(string)+"/move", map[string]any{"destinationId": "drafts"}).want(201)
		}
	})
	total := 0.0
	for _, f := range w.get(box + "mailFolders?$top=50").values() {
		total += f["totalItemCount"].(float64)
	}
	if total != million {
		t.Errorf("the folders hold %v messages, want a million", total)
	}
}

// The other size.
func TestFiftyThousandMailboxesAreNotHeldInMemory(t *testing.T) {
	const n = 50_000
	w := start(t, Options{Throttle: Limits{Off: true}})
	grows(t, "fifty thousand mailboxes", 110<<20, func() {
		res, err := w.s.Seed(SeedOptions{Bulk: &Bulk{Messages: 40}, Mailboxes: n})
		if err != nil || len(res.Mailboxes) != n || res.Messages != 40*n {
			t.Fatalf("%d mailboxes, %d messages: %v", len(res.Mailboxes), res.Messages, err)
		}
		for i := 0; i < n; i += 100 {
			if got := len(w.get("/users/" + res.Mailboxes[i] + "/mailFolders").values()); got != 8 {
				t.Fatalf("%d folders in mailbox %d", got, i)
			}
		}
	})
}

// Contract 14.26: bulk mail is mail like any other: deltas, moves and edits end in the same truth, and a journal brings it back.
func TestBulkMailIsMailLikeAnyOther(t *testing.T) {
	dir := t.TempDir()
	w := start(t, Options{StateDir: dir})
	users, err := w.s.AddUsers(User{DisplayName: "Many", Mailbox: true, Bulk: &Bulk{Messages: 300, Seed: 3, Folders: 2}})
	if err != nil {
		t.Fatal(err)
	}
	w.user = users[0]
	const inbox = "mailFolders/inbox/messages/delta"
	all, link := w.round(inbox, "Prefer", immutable+", odata.maxpagesize=37")
	folder := w.get("mailFolders/inbox")
	if float64(len(all)) != folder.body["totalItemCount"] {
		t.Fatalf("%d records, the folder has %v", len(all), folder.body["totalItemCount"])
	}
	unread := 0.0
	for _, m := range all {
		if m["isRead"] == false {
			unread++
		}
	}
	if unread == 0 || folder.body["unreadItemCount"] != unread {
		t.Errorf("%v messages are unread, the folder says %v", unread, folder.body["unreadItemCount"])
	}
	ids, inOrder := map[any]bool{}, true
	for i, m := range all {
		ids[m["id"]] = true
		inOrder = inOrder && (i == 0 || m["receivedDateTime"].(string) > all[i-1]["receivedDateTime"].(string))
	}
	if len(ids) != len(all) || inOrder {
		t.Errorf("%d ids for %d messages, in order of date: %v", len(ids), len(all), inOrder)
	}
	c := w.s.Control()
	for _, ch := range []Change{
		{Do: "edit", Random: 4},
		{Do: "move", Random: 5, To: []string{"Moved"}},
		{Do: "permanent", Random: 3},
		{Do: "toggle", Random: 6},
		{Do: "copy", Random: 2, To: []string{"inbox"}},
	} {
		ch.Folder, ch.Seed = []string{"inbox"}, 9
		if _, err := c.Change(t.Context(), w.user.ID, ch); err != nil {
			t.Fatal(err)
		}
	}
	changes, _ := w.round(link, "Prefer", immutable)
	for _, m := range changes {
		delete(ids, m["id"])
		if m["@removed"] == nil {
			ids[m["id"]] = true
		}
	}
	if got := w.get("mailFolders/inbox").body["totalItemCount"]; got != float64(len(ids)) {
		t.Errorf("the changes leave %d messages, the folder has %v", len(ids), got)
	}
	again, _ := w.round(inbox, "Prefer", immutable+", odata.maxpagesize=50")
	for _, m := range again {
		delete(ids, m["id"])
	}
	if len(ids) != 0 {
		t.Errorf("a new round lacks %d messages", len(ids))
	}
	before, err := w.s.Truth(w.user.ID, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	after, err := s.Truth(w.user.ID, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d := Compare(before, after, CompareOptions{}); len(d) != 0 || HashOf(before) != HashOf(after) {
		t.Errorf("the journal brings back something else: %v", d)
	}
}

// What is said of sizes is true of the bytes.
func TestBulkContentsAreAsLongAsTheySay(t *testing.T) {
	w := start(t, Options{})
	users, err := w.s.AddUsers(User{DisplayName: "Many", Mailbox: true, Bulk: &Bulk{Messages: 60, AttachmentEvery: 2, AttachmentBytes: 500, BodyBytes: 1500}})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := w.s.Truth(users[0].ID, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.user = users[0]
	byID := map[string]*TruthMessage{}
	for _, l := range lines {
		if l.Message != nil {
			byID[l.Message.ID] = l.Message
		}
	}
	files := 0
	for _, m := range w.get("messages?$top=60&$expand=attachments", "Prefer", immutable+", outlook.allow-unsafe-html").values() {
		truth := byID[m["id"].(string)]
		if n := len(m["body"].(map[string]any)["content"].(string)); int64(n) != truth.BodySize {
			t.Errorf("a body of %d bytes, truth says %d", n, truth.BodySize)
		}
		for i, a := range m["attachments"].([]any) {
			files++
			if n := len(a.(map[string]any)["contentBytes"].(string)) / 4 * 3; int64(n) < truth.Attachments[i].Size || int64(n) > truth.Attachments[i].Size+2 {
				t.Errorf("a file of about %d bytes, truth says %d", n, truth.Attachments[i].Size)
			}
		}
	}
	if files != 30 {
		t.Errorf("%d files, want 30", files)
	}
}
