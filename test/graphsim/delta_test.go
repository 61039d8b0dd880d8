package graphsim

import (
	"testing"
)

// Contract 4.5, 14.4: a first round has every message whole, and ends in a deltaLink whose round has nothing.
func TestFirstRoundHasEveryMessageWithItsBody(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(25)...)
	all, link := w.round("mailFolders/inbox/messages/delta", "Prefer", "odata.maxpagesize=7")
	if got, want := len(all), 25; got != want {
		t.Fatalf("%d records, want %d", got, want)
	}
	sorted := true
	for i, m := range all {
		if m["body"].(map[string]any)["content"] == "" {
			t.Fatalf("no body in %v", m)
		}
		sorted = sorted && (i == 0 || m["receivedDateTime"].(string) > all[i-1]["receivedDateTime"].(string))
	}
	if sorted {
		t.Error("the order is by date, want none")
	}
	again, next := w.round(link)
	if len(again) != 0 || next == link {
		t.Errorf("%d records and link changed %v, want none and a new link", len(again), next != link)
	}
}

const immutable = `IdType="ImmutableId"`

func byID(list []map[string]any, id string) map[string]any {
	for _, m := range list {
		if m["id"] == id {
			return m
		}
	}
	return nil
}

// Contract 14.2, 14.3: ten a page, and the preference is forgotten between pages.
func TestMaxPageSizeIsForgottenBetweenPages(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(40)...)
	a := w.get("mailFolders/inbox/messages/delta()", "Prefer", "odata.maxpagesize=20")
	if got := len(a.values()); got != 20 || a.header.Get("Preference-Applied") != "odata.maxpagesize=20" {
		t.Fatalf("%d records, applied %q", got, a.header.Get("Preference-Applied"))
	}
	if got := len(w.get(a.str("@odata.nextLink")).values()); got != 10 {
		t.Errorf("%d records without the preference, want 10", got)
	}
	all, _ := w.round("mailFolders/inbox/messages/delta?$top=5")
	if len(all) != 5 {
		t.Errorf("%d records in a round with $top=5, want 5", len(all))
	}
	w.set(Settings{RefuseDeltaTop: true})
	w.do("GET", "mailFolders/inbox/messages/delta?$top=5", nil).want(400)
}

// Contract 14.5.
func TestReadToggleIsReportedAsItsPartOnly(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(3)...)
	all, link := w.round("mailFolders/inbox/messages/delta")
	id := all[0]["id"].(string)
	w.do("PATCH", "messages/"+id, map[string]any{"isRead": true}).want(200)
	changes, _ := w.round(link)
	if len(changes) != 1 || changes[0]["isRead"] != true || changes[0]["parentFolderId"] == nil || changes[0]["subject"] != nil {
		t.Errorf("got %v, want id, isRead and parentFolderId", changes)
	}
}

// Contract 14.13: $select narrows what is reported.
func TestSelectNarrowsTracking(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(2)...)
	all, link := w.round("mailFolders/inbox/messages/delta?$select=subject")
	id := all[0]["id"].(string)
	w.do("PATCH", "messages/"+id, map[string]any{"isRead": true, "categories": []string{"Red"}}).want(200)
	changes, link := w.round(link)
	if len(changes) != 0 {
		t.Errorf("a change of what is not selected is reported: %v", changes)
	}
	w.do("PATCH", "messages/"+id, map[string]any{"subject": "new"}).want(200)
	if changes, _ = w.round(link); len(changes) != 1 || changes[0]["subject"] != "new" {
		t.Errorf("a change of what is selected is not: %v", changes)
	}
}

// Contract 14.6, 14.7.
func TestMoveIsRemovalHereAndArrivalThere(t *testing.T) {
	for _, c := range []struct {
		name, prefer string
		same         bool
	}{{"regular ids", "IdType=regular", false}, {"immutable ids", immutable, true}} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, Options{})
			w.add(mails(2)...)
			all, from := w.round("mailFolders/inbox/messages/delta", "Prefer", c.prefer)
			_, to := w.round("mailFolders/archive/messages/delta", "Prefer", c.prefer)
			id := all[0]["id"].(string)
			moved := w.do("POST", "messages/"+id+"/move", map[string]any{"destinationId": "archive"}, "Prefer", c.prefer).want(201)
			if got := moved.str("id") == id; got != c.same {
				t.Fatalf("same id after the move: %v, want %v", got, c.same)
			}
			gone, _ := w.round(from, "Prefer", c.prefer)
			if m := byID(gone, id); m == nil || m["@removed"] == nil {
				t.Errorf("the old folder does not report the removal: %v", gone)
			}
			come, _ := w.round(to, "Prefer", c.prefer)
			if m := byID(come, moved.str("id")); m == nil || m["body"] == nil {
				t.Errorf("the new folder does not report the whole message: %v", come)
			}
			status := 404
			if c.same {
				status = 200
			}
			w.do("GET", "messages/"+id, nil).want(status)
		})
	}
}

// Contract 14.7, the quirk.
func TestMoveAwayAndBackCanBeLost(t *testing.T) {
	w := start(t, Options{Settings: Settings{MoveBackLost: true}})
	w.add(mails(1)...)
	all, link := w.round("mailFolders/inbox/messages/delta", "Prefer", immutable)
	id := all[0]["id"].(string)
	for _, to := range []string{"archive", "inbox"} {
		w.do("POST", "messages/"+id+"/move", map[string]any{"destinationId": to}).want(201)
	}
	changes, _ := w.round(link, "Prefer", immutable)
	if len(changes) != 1 || changes[0]["@removed"] == nil {
		t.Errorf("got %v, want a removal alone", changes)
	}
}

// Contract 14.8.
func TestExpiredAndStaleTokensAreGone(t *testing.T) {
	w := start(t, Options{Settings: Settings{StaleLinks: true}})
	w.add(mails(40)...)
	_, link := w.round("mailFolders/inbox/messages/delta")
	if err := w.s.ExpireDelta(w.user.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.do("GET", link, nil).code(410, "SyncStateNotFound")
	a := w.get("mailFolders/inbox/messages/delta")
	first := a.str("@odata.nextLink")
	b := w.get(first)
	w.get(first) // the current link may be retried
	w.get(b.str("@odata.nextLink"))
	w.do("GET", first, nil).code(410, "SyncStateNotFound")
	w.do("GET", link+"x", nil).want(400)
}

// Contract 14.4: changes during a round show in it, and pages may be empty.
func TestChangesDuringARoundAreReported(t *testing.T) {
	w := start(t, Options{Settings: Settings{EmptyPages: true}})
	w.add(mails(30)...)
	a := w.get("mailFolders/inbox/messages/delta", "Prefer", immutable)
	id := a.values()[0]["id"].(string)
	gone := a.values()[1]["id"].(string)
	w.do("PATCH", "messages/"+id, map[string]any{"subject": "changed"}).want(200)
	w.do("DELETE", "messages/"+gone, nil).want(204)
	rest, _ := w.round(a.str("@odata.nextLink"), "Prefer", immutable)
	if m := byID(rest, id); m == nil || m["subject"] != "changed" {
		t.Errorf("the change is not in the round")
	}
	if m := byID(rest, gone); m == nil || m["@removed"] == nil {
		t.Errorf("the removal is not in the round")
	}
}

// Contract 14.9, 14.10.
func TestDeltaRefusals(t *testing.T) {
	w := start(t, Options{})
	made := w.do("POST", "mailFolders", map[string]any{"displayName": "Brief"}).want(201)
	_, link := w.round("mailFolders/" + made.str("id") + "/messages/delta")
	w.do("POST", "mailFolders/"+made.str("id")+"/permanentDelete", nil).want(204)
	w.do("GET", link, nil).code(404, "ErrorSyncFolderNotFound")
	if _, err := w.s.UpdateUser(w.user.ID, func(u *User) error { u.DeltaQuota = true; return nil }); err != nil {
		t.Fatal(err)
	}
	w.do("GET", "mailFolders/inbox/messages/delta", nil).code(403, "ErrorQuotaExceeded")
	w.get("mailFolders/inbox/messages")
}

// Contract 14.16: extended properties in a delta are an error of the service.
func TestDeltaDoesNotExpandExtendedProperties(t *testing.T) {
	w := start(t, Options{})
	w.do("GET", "mailFolders/inbox/messages/delta?$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')", nil).
		code(500, "InternalServerError")
}
