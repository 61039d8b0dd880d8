package graphsim

import (
	"testing"

	"holdfast/test/graphsim/corpus"
)

func named(list []map[string]any, name string) map[string]any {
	for _, f := range list {
		if f["displayName"] == name {
			return f
		}
	}
	return nil
}

// Contract 14.2, 14.11.
func TestFoldersAreListedAsTheServiceDoes(t *testing.T) {
	w := start(t, Options{})
	w.add(corpus.Message{Folder: []string{"inbox", "Projects", "Deep"}, Subject: "x"})
	for _, name := range []string{"A", "B", "C", "D"} {
		if err := w.s.AddFolder(w.user.ID, []string{name}, name == "C", name == "B", false); err != nil {
			t.Fatal(err)
		}
	}
	a := w.get("mailFolders")
	if got := len(a.values()); got != 10 || a.str("@odata.nextLink") == "" {
		t.Fatalf("%d folders on the first page, want 10 and a link", got)
	}
	all := w.get("mailFolders?$top=100").values()
	if named(all, "Projects") != nil || named(all, "C") != nil {
		t.Error("nested or hidden folders are listed")
	}
	if named(all, "B")["@odata.type"] != "#microsoft.graph.mailSearchFolder" {
		t.Error("a search folder does not say so")
	}
	if named(w.get("mailFolders?$top=100&includeHiddenFolders=true").values(), "C") == nil {
		t.Error("the hidden folder is not listed when asked for")
	}
	inbox := w.get("mailFolders/inbox")
	if inbox.body["childFolderCount"] != 1.0 {
		t.Errorf("inbox has %v children, want 1", inbox.body["childFolderCount"])
	}
	if named(w.get("mailFolders/"+inbox.str("id")+"/childFolders").values(), "Projects") == nil {
		t.Error("no child by the inbox's id")
	}
	w.do("GET", "mailFolders/clutter", nil).code(404, "ErrorItemNotFound")
	w.do("GET", "mailFolders/nonsense", nil).code(400, "ErrorInvalidIdMalformed")
}

// Contract 14.11: names are localised, well-known names are not.
func TestLocalisedMailboxHasWellKnownNames(t *testing.T) {
	w := start(t, Options{})
	users, err := w.s.AddUsers(User{DisplayName: "Jörg", Mailbox: true, Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get("/users/" + users[0].ID + "/mailFolders/sentitems").str("displayName"); got != "Gesendete Elemente" {
		t.Errorf("sent items are %q", got)
	}
}

// Contract 14.12.
func TestFolderWrites(t *testing.T) {
	w := start(t, Options{})
	a := w.do("POST", "mailFolders", map[string]any{"displayName": "Neu"}).want(201)
	w.do("POST", "mailFolders", map[string]any{"displayName": "NEU"}).code(409, "ErrorFolderExists")
	set := Settings{FolderExists: 400}
	w.s.settings.Store(&set)
	w.do("POST", "mailFolders", map[string]any{"displayName": "neu"}).code(400, "ErrorFolderExists")
	id := a.str("id")
	w.do("PATCH", "mailFolders/"+id, map[string]any{"displayName": "Newer"}).want(200)
	moved := w.do("POST", "mailFolders/"+id+"/move", map[string]any{"destinationId": "inbox"}).want(201)
	if moved.str("id") != id {
		t.Error("a folder's id changed when it moved")
	}
	w.do("DELETE", "mailFolders/inbox", nil).code(400, "ErrorDeleteDistinguishedFolder")
	w.do("DELETE", "mailFolders/"+id, nil).want(204)
	w.do("DELETE", "mailFolders/"+id, nil).want(204) // from Deleted Items for good
	w.do("GET", "mailFolders/"+id, nil).code(404, "ErrorItemNotFound")
}

// Contract 3.4.
func TestFolderDeltaIsFlatAndTellsRemovals(t *testing.T) {
	w := start(t, Options{})
	made := w.do("POST", "mailFolders/inbox/childFolders", map[string]any{"displayName": "Sub"}).want(201)
	w.do("GET", "mailFolders/delta?$top=5", nil).want(400)
	all, link := w.round("mailFolders/delta")
	if named(all, "Sub") == nil || named(all, "Sync Issues") != nil || named(all, "Top of Information Store") != nil {
		t.Fatalf("the tree is not the visible one: %v", all)
	}
	w.do("POST", "mailFolders/"+made.str("id")+"/permanentDelete", nil).want(204)
	changes, _ := w.round(link)
	found := false
	for _, f := range changes {
		found = found || f["id"] == made.body["id"] && f["@removed"] != nil
	}
	if !found {
		t.Errorf("the removal is not told: %v", changes)
	}
}
