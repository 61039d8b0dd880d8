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
