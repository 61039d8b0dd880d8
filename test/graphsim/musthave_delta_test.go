package graphsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const inboxDelta = "mailFolders/inbox/messages/delta"

// Contract 14.2, with 0.3, 2.1, 3.2, 4.2 and 4.4.
func TestMustHave02PagesAreTenOrAHundredAndLinksAbsolute(t *testing.T) {
	w := start(t, Options{Settings: Settings{LinkHost: "localhost:1"}})
	var users []User
	for i := range 120 {
		users = append(users, User{DisplayName: fmt.Sprintf("User %d", i)})
	}
	if _, err := w.s.AddUsers(users...); err != nil {
		t.Fatal(err)
	}
	w.add(mails(12)...)
	for range 4 {
		w.do("POST", "mailFolders", map[string]any{"displayName": newGUID()}).want(201)
	}
	for path, size := range map[string]int{"mailFolders": 10, "messages": 10, "mailFolders/inbox/messages": 10, inboxDelta: 10, "mailFolders/delta": 10, "/users": 100} {
		a := w.get(path)
		next := a.str("@odata.nextLink")
		if len(a.values()) != size || !strings.HasPrefix(next, "https://localhost:1/v1.0/users") {
			t.Errorf("%s: %d items, then %q", path, len(a.values()), next)
		}
		rest := w.get(strings.Replace(next, "https://localhost:1", w.s.GraphURL(), 1))
		if n := len(rest.values()); n == 0 || n >= size || rest.str("@odata.nextLink") != "" {
			t.Errorf("%s: %d items on the last page, then %q", path, n, rest.str("@odata.nextLink"))
		}
	}
	for path, most := range map[string]int{"messages": 1000, "/users": 999} {
		w.get(fmt.Sprintf("%s?$top=%d", path, most))
		w.do("GET", fmt.Sprintf("%s?$top=%d", path, most+1), nil).want(400)
		w.do("GET", path+"?$top=0", nil).want(400)
	}
}

// Contract 2.1: a page of the directory may be short of what was asked for.
func TestPagesOfUsersMayBeShort(t *testing.T) {
	w := start(t, Options{Settings: Settings{ShortPages: true}})
	if _, err := w.s.AddUsers(User{DisplayName: "B"}, User{DisplayName: "C"}, User{DisplayName: "D"}); err != nil {
		t.Fatal(err)
	}
	a := w.get("/users?$top=4")
	if b := w.get(a.str("@odata.nextLink")); len(a.values()) != 2 || len(b.values()) != 2 || b.str("@odata.nextLink") != "" {
		t.Errorf("pages of %d and %d", len(a.values()), len(b.values()))
	}
}

// Contract 14.3, with 4.4.
func TestMustHave03PageSizeIsAskedForOnEachRequest(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(40)...)
	a := w.get(inboxDelta, "Prefer", "odata.maxpagesize=15")
	b := w.get(a.str("@odata.nextLink"))
	c := w.get(b.str("@odata.nextLink"), "Prefer", "odata.maxpagesize=5")
	if len(a.values()) != 15 || len(b.values()) != 10 || len(c.values()) != 5 {
		t.Errorf("pages of %d, %d and %d", len(a.values()), len(b.values()), len(c.values()))
	}
	if a.header.Get("Preference-Applied") != "odata.maxpagesize=15" || b.header.Get("Preference-Applied") != "" {
		t.Errorf("applied %q and %q", a.header.Get("Preference-Applied"), b.header.Get("Preference-Applied"))
	}
	if all, _ := w.round(inboxDelta + "?$top=12"); len(all) != 12 {
		t.Errorf("%d records in a round with $top=12", len(all))
	}
}

// Contract 14.4, with 4.5.
func TestMustHave04DeltaRounds(t *testing.T) {
	w := start(t, Options{Settings: Settings{EmptyPages: true, Replays: true}})
	w.add(mails(25)...)
	a := w.get(inboxDelta, "Prefer", immutable)
	twice := a.values()[3]["id"].(string)
	w.do("PATCH", "messages/"+twice, map[string]any{"subject": "again"}).want(200)
	var pages [][]map[string]any
	link := a.str("@odata.nextLink")
	for {
		p := w.get(link, "Prefer", immutable)
		pages = append(pages, p.values())
		if link = p.str("@odata.nextLink"); link == "" {
			link = p.str("@odata.deltaLink")
			break
		}
	}
	all := slices.Concat(append(pages, a.values())...)
	count, empty := map[any]int{}, false
	for _, p := range pages {
		empty = empty || len(p) == 0
	}
	for _, m := range all {
		count[m["id"]]++
		if m["body"].(map[string]any)["content"] == "" {
			t.Error("a record of the first round has no body")
		}
	}
	if len(count) != 25 || count[twice] != 2 || !empty {
		t.Errorf("%d messages, the changed one %d times, an empty page: %v", len(count), count[twice], empty)
	}
	if slices.IsSortedFunc(all, func(a, b map[string]any) int {
		return strings.Compare(a["receivedDateTime"].(string), b["receivedDateTime"].(string))
	}) {
		t.Error("the order is that of the dates")
	}
	w.set(Settings{})
	none := w.get(link, "Prefer", immutable)
	if len(none.values()) != 0 || none.str("@odata.deltaLink") == "" || none.str("@odata.deltaLink") == link {
		t.Errorf("%d changes where there are none, and the link %q", len(none.values()), none.str("@odata.deltaLink"))
	}
	w.set(Settings{Replays: true})
	if again := w.get(link, "Prefer", immutable).values(); len(again) != 1 || again[0]["id"] != twice {
		t.Errorf("the last change is not replayed: %v", again)
	}
}

// Contract 14.5, with 4.5.
func TestMustHave05ReadTogglesArePartialRecords(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(20)...)
	_, link := w.round(inboxDelta, "Prefer", immutable)
	ids := w.change(Change{Do: "toggle"})
	changes, link := w.round(link, "Prefer", immutable)
	if len(changes) != len(ids) {
		t.Fatalf("%d records, want %d", len(changes), len(ids))
	}
	for _, m := range changes {
		if m["isRead"] == nil || m["parentFolderId"] == nil || m["subject"] != nil || m["receivedDateTime"] != nil {
			t.Fatalf("record %v, want the changed part alone", m)
		}
	}
	w.change(Change{Do: "flag"})
	whole, parts := 0, 0
	changes, _ = w.round(link, "Prefer", immutable)
	for _, m := range changes {
		if m["subject"] != nil {
			whole++
		} else {
			parts++
		}
	}
	if whole == 0 || parts == 0 {
		t.Errorf("%d whole and %d partial records of other small changes, want some of each", whole, parts)
	}
}

// Contract 14.6, with 4.5.
func TestMustHave06RemovalsAreOfDeletesAndMovesOut(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(4)...)
	all, link := w.round(inboxDelta, "Prefer", immutable)
	id := func(i int) string { return all[i]["id"].(string) }
	w.do("DELETE", "messages/"+id(0), nil).want(204)
	w.do("POST", "messages/"+id(1)+"/move", map[string]any{"destinationId": "archive"}).want(201)
	w.do("PATCH", "messages/"+id(2), map[string]any{"importance": "high", "categories": []string{"x"}, "inferenceClassification": "other"}).want(200)
	changes, _ := w.round(link, "Prefer", immutable)
	if len(changes) != 3 {
		t.Fatalf("%d records, want 3: %v", len(changes), changes)
	}
	for i, removed := range []bool{true, true, false} {
		m := byID(changes, id(i))
		reason, _ := m["@removed"].(map[string]any)
		if removed && (reason["reason"] != "deleted" || len(m) != 3) || !removed && reason != nil {
			t.Errorf("record %d is %v", i, m)
		}
	}
}

// Contract 14.7, with 4.10.
func TestMustHave07MovesWithAndWithoutImmutableIDs(t *testing.T) {
	for _, stable := range []bool{false, true} {
		w := start(t, Options{})
		var prefer []string
		if stable {
			prefer = []string{"Prefer", immutable}
		}
		w.add(mails(1)...)
		all, from := w.round(inboxDelta, prefer...)
		_, to := w.round("mailFolders/archive/messages/delta", prefer...)
		old := all[0]["id"].(string)
		moved := w.do("POST", "messages/"+old+"/move", map[string]any{"destinationId": "archive"}, prefer...).want(201).str("id")
		gone, _ := w.round(from, prefer...)
		come, _ := w.round(to, prefer...)
		if len(gone) != 1 || gone[0]["id"] != old || gone[0]["@removed"] == nil || len(come) != 1 || come[0]["id"] != moved || come[0]["subject"] == nil {
			t.Errorf("immutable %v: gone %v, come %v", stable, gone, come)
		}
		if (moved == old) != stable {
			t.Errorf("immutable %v: the id was %s and is %s", stable, old, moved)
		}
		status := map[bool]int{true: 200, false: 404}[stable]
		w.do("GET", "messages/"+old, nil).want(status)
	}
	w := start(t, Options{Settings: Settings{MoveBackLost: true}})
	w.add(mails(1)...)
	_, link := w.round(inboxDelta, "Prefer", immutable)
	w.change(Change{Do: "move", To: []string{"archive"}})
	w.change(Change{Do: "move", Folder: []string{"archive"}, To: []string{"inbox"}})
	if got, _ := w.round(link, "Prefer", immutable); len(got) != 1 || got[0]["@removed"] == nil {
		t.Errorf("away and back: %v, want a removal alone", got)
	}
}

// Contract 14.8, with 4.6.
func TestMustHave08DeltaTokensEnd(t *testing.T) {
	w := start(t, Options{Settings: Settings{StaleLinks: true}})
	w.add(mails(35)...)
	a := w.get(inboxDelta)
	first := a.str("@odata.nextLink")
	second := w.get(first).str("@odata.nextLink")
	w.get(first) // the current one may be asked again
	w.get(second)
	w.do("GET", first, nil).code(410, "SyncStateNotFound")
	_, link := w.round(inboxDelta)
	c := w.s.Control()
	for _, v := range []struct {
		status int
		code   string
	}{{0, ""}, {410, "resyncRequired"}, {410, "ResyncRequired"}, {404, "syncStateNotFound"}, {400, "ErrorInvalidSyncStateData"}} {
		if err := c.ExpireDeltaAs(t.Context(), w.user.ID, v.status, v.code); err != nil {
			t.Fatal(err)
		}
		got := w.do("GET", link, nil).code(cmp.Or(v.status, 410), orElse(v.code, "SyncStateNotFound"))
		if where := got.header.Get("Location"); (where != "") != (v.code != "") {
			t.Errorf("%v leads to %q", v, where)
		}
		w.get(inboxDelta) // a new round is always there
	}
	w.do("GET", inboxDelta+"?$deltatoken=nonsense", nil).want(400)
}

// Contract 14.9, with 4.7.
func TestMustHave09AFullMailboxHasListsButNoDelta(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(5)...)
	_, link := w.round(inboxDelta)
	for _, members := range []map[string]any{{"deltaQuota": true}, {"deltaQuota": false, "quota": 1000}} {
		if _, err := w.s.Control().UpdateUser(t.Context(), w.user.ID, members); err != nil {
			t.Fatal(err)
		}
		w.do("GET", inboxDelta, nil).code(403, "ErrorQuotaExceeded")
		w.do("GET", link, nil).code(403, "ErrorQuotaExceeded")
		if n := len(w.get("mailFolders/inbox/messages").values()); n != 5 {
			t.Errorf("%d messages listed", n)
		}
	}
	w.do("POST", "messages", map[string]any{"subject": "x"}).code(403, "ErrorQuotaExceeded")
}

// Contract 14.10, with 4.7.
func TestMustHave10AFolderGoneBeforeItsDelta(t *testing.T) {
	w := start(t, Options{})
	id := w.do("POST", "mailFolders", map[string]any{"displayName": "Brief"}).want(201).str("id")
	_, link := w.round("mailFolders/" + id + "/messages/delta")
	w.change(Change{Do: "deleteFolder", Folder: []string{"Brief"}})
	w.do("GET", "mailFolders/"+id+"/messages/delta", nil).code(404, "ErrorSyncFolderNotFound")
	w.do("GET", link, nil).code(404, "ErrorSyncFolderNotFound")
	w.do("GET", "mailFolders/"+id, nil).code(404, "ErrorItemNotFound")
}

// Contract 4.4: what a delta takes besides.
func TestDeltaOptions(t *testing.T) {
	w := start(t, Options{Settings: Settings{DeltaFilterCap: 7}})
	w.add(mails(30)...)
	since := epoch.Add(20 * time.Hour).Format(time.RFC3339)
	if all, _ := w.round(inboxDelta + "?$filter=receivedDateTime ge " + since); len(all) != 7 {
		t.Errorf("%d records of a filtered round, want the 7 that are tracked", len(all))
	}
	w.set(Settings{})
	if all, _ := w.round(inboxDelta + "?$filter=receivedDateTime ge " + since); len(all) != 10 {
		t.Errorf("%d records since the 20th hour, want 10", len(all))
	}
	all, _ := w.round(inboxDelta+"?$orderBy=receivedDateTime desc", "Prefer", "odata.maxpagesize=4")
	if len(all) != 30 || !slices.IsSortedFunc(all, func(a, b map[string]any) int {
		return strings.Compare(b["receivedDateTime"].(string), a["receivedDateTime"].(string))
	}) {
		t.Errorf("%d records, or not newest first", len(all))
	}
	if got := w.get(inboxDelta + "?$deltaToken=latest"); len(got.values()) != 0 || got.str("@odata.deltaLink") == "" {
		t.Errorf("a round from now on has %d records", len(got.values()))
	}
	for _, q := range []string{"$search=\"x\"", "$skip=1", "$orderby=subject", "$filter=isRead eq true", "$count=true"} {
		w.do("GET", inboxDelta+"?"+q, nil).want(400)
	}
}

// Contract 2.3.
func TestUsersDeltaTellsChangesOfTheDirectory(t *testing.T) {
	w := start(t, Options{})
	var users []User
	for i := range 5 {
		users = append(users, User{DisplayName: fmt.Sprintf("User %d", i), Mailbox: true})
	}
	users, err := w.s.AddUsers(users...)
	if err != nil {
		t.Fatal(err)
	}
	all, link := w.round("/users/delta?$select=displayName,mail", "Prefer", "odata.maxpagesize=4")
	if len(all) != 6 || all[0]["displayName"] == nil || all[0]["userPrincipalName"] != nil || all[0]["id"] == nil {
		t.Fatalf("%d users, the first %v", len(all), all[0])
	}
	for i, members := range []map[string]any{{"displayName": "New name"}, {"jobTitle": "not asked for"}, {"deleted": true}, {"deleted": true, "purged": true}} {
		if _, err := w.s.Control().UpdateUser(t.Context(), users[i].ID, members); err != nil {
			t.Fatal(err)
		}
	}
	changes, next := w.round(link, "Prefer", "return=minimal")
	if len(changes) != 3 || changes[0]["displayName"] != "New name" || changes[0]["mail"] != nil {
		t.Fatalf("changes %v", changes)
	}
	for i, want := range []string{"changed", "deleted"} {
		if reason, _ := changes[i+1]["@removed"].(map[string]any); reason["reason"] != want {
			t.Errorf("%v, want %s", changes[i+1], want)
		}
	}
	if again, _ := w.round(next); len(again) != 0 {
		t.Errorf("%d changes where there are none", len(again))
	}
	if one, _ := w.round("/users/delta?$filter=id eq '" + users[4].ID + "'"); len(one) != 1 {
		t.Errorf("%d users by id", len(one))
	}
	if none, _ := w.round("/users/delta?$deltaToken=latest"); len(none) != 0 {
		t.Errorf("%d users from now on", len(none))
	}
	w.do("GET", "/users/delta?$top=5", nil).code(400, "Request_UnsupportedQuery")
	w.clock(8 * 24 * time.Hour)
	w.token = w.newToken(DefaultApp, DefaultSecret)
	if a := w.do("GET", next, nil).want(410); !strings.Contains(a.header.Get("Location"), "/users/delta?$deltatoken=") {
		t.Errorf("an old token leads to %q", a.header.Get("Location"))
	}
}
