package graphsim

import (
	"encoding/base64"
	"strings"
	"testing"

	"holdfast/test/graphsim/corpus"
)

// Contract 14.2, 4.2.
func TestMessagesPageByTen(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(12)...)
	a := w.get("mailFolders/inbox/messages?$count=true")
	if got := len(a.values()); got != 10 || a.body["@odata.count"] != 12.0 {
		t.Fatalf("%d messages, count %v", got, a.body["@odata.count"])
	}
	if a.values()[0]["subject"] != "message 11" {
		t.Errorf("the first is %v, want the newest", a.values()[0]["subject"])
	}
	if b := w.get(a.str("@odata.nextLink")); len(b.values()) != 2 || b.str("@odata.nextLink") != "" {
		t.Error("the last page is not the rest without a link")
	}
	for _, top := range []string{"0", "1001", "x"} {
		w.do("GET", "messages?$top="+top, nil).want(400)
	}
}

// Contract 4.2, 4.9.
func TestFilters(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(5)...)
	w.do("POST", "mailFolders/archive/messages", map[string]any{
		"subject": "kept", "singleValueExtendedProperties": []any{
			map[string]string{"id": "String {00020329-0000-0000-C000-000000000046} Name BackupItemId", "value": "a (b) 'c'"},
		},
	}).want(201)
	for filter, want := range map[string]int{
		"internetMessageId eq '<message.3@example.org>'":                                        1,
		"receivedDateTime ge 2026-03-01T11:00:00Z and receivedDateTime lt 2026-03-02T00:00:00Z": 2,
		"isRead eq false": 5,
		"singleValueExtendedProperties/any(ep: ep/id eq 'String {00020329-0000-0000-c000-000000000046} Name BackupItemId' and ep/value eq 'a (b) ''c''')": 1,
	} {
		if got := len(w.get("messages?$filter=" + filter).values()); got != want {
			t.Errorf("%s: %d messages, want %d", filter, got, want)
		}
	}
	w.do("GET", "messages?$filter=isRead eq false&$orderby=receivedDateTime", nil).code(400, "InefficientFilter")
	w.do("GET", "messages?$filter=colour eq 'red'", nil).want(400)
}

// Contract 14.13.
func TestSelectIsStrict(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(1)...)
	m := w.get("messages").values()[0]
	if m["body"] == nil || m["internetMessageHeaders"] != nil || m["uniqueBody"] != nil {
		t.Errorf("default properties are wrong: %v", m)
	}
	m = w.get("messages?$select=internetMessageHeaders").values()[0]
	if m["internetMessageHeaders"] == nil || m["subject"] != nil {
		t.Errorf("selected properties are wrong: %v", m)
	}
	w.do("GET", "messages?$select=size", nil).want(400)
	w.do("GET", "messages/AAAA", nil).code(400, "ErrorInvalidIdMalformed")
}

// Contract 14.14.
func TestHTMLIsSanitisedUnlessPreferredOtherwise(t *testing.T) {
	w := start(t, Options{})
	m := aMail("evil")
	m.Body = `<p onclick="x()">a</p><script>alert(1)</script>`
	w.add(m)
	content := func(headers ...string) string {
		a := w.get("messages", headers...)
		return a.values()[0]["body"].(map[string]any)["content"].(string)
	}
	if got := content(); strings.Contains(got, "script") || strings.Contains(got, "onclick") {
		t.Errorf("not sanitised: %s", got)
	}
	if got := content("Prefer", "outlook.allow-unsafe-html", "Prefer", immutable); got != m.Body {
		t.Errorf("got %s, want it as sent", got)
	}
	if got := content("Prefer", `outlook.body-content-type="text"`); got != "a" {
		t.Errorf("got %q as text", got)
	}
}

// Contract 14.15.
func TestMIMEWorksByTheMailboxPathOnly(t *testing.T) {
	w := start(t, Options{})
	m := aMail("mime")
	m.Attachments = []corpus.Attachment{{Name: "a.bin", Content: []byte("some bytes")}}
	w.add(m)
	id := w.get("messages").values()[0]["id"].(string)
	one, two := w.get("messages/"+id+"/$value").str("raw"), w.get("messages/"+id+"/$value").str("raw")
	if one == "" || one == two {
		t.Error("two fetches are byte-identical, want different boundaries")
	}
	back, err := corpus.ParseEML([]byte(one), corpus.ImportOptions{})
	if err != nil || back.Subject != m.Subject || len(back.Attachments) != 1 || string(back.Attachments[0].Content) != "some bytes" {
		t.Errorf("the MIME does not say what the message does: %v %+v", err, back)
	}
	w.do("GET", "mailFolders/inbox/messages/"+id+"/$value", nil).want(405)
}

// Contract 14.18.
func TestCreateMakesADraftUnlessFlagsSayOtherwise(t *testing.T) {
	w := start(t, Options{})
	draft := w.do("POST", "mailFolders/inbox/messages", map[string]any{
		"subject": "d", "isDraft": false, "receivedDateTime": "2020-01-01T00:00:00Z",
	}).want(201)
	if draft.body["isDraft"] != true || draft.str("receivedDateTime") == "2020-01-01T00:00:00Z" {
		t.Errorf("got %v, want a draft of now", draft.body)
	}
	props := []any{
		map[string]string{"id": "Integer 0x0E07", "value": "1"},
		map[string]string{"id": "SystemTime 0x0E06", "value": "2020-01-02T03:04:05Z"},
		map[string]string{"id": "SystemTime 0x0039", "value": "2020-01-02T03:04:00Z"},
		map[string]string{"id": "String 0x007D", "value": "Received: from a\r\n by b\r\nX-Spam: no\r\n"},
	}
	m := w.do("POST", "mailFolders/inbox/messages", map[string]any{"subject": "r", "singleValueExtendedProperties": props}).want(201)
	if m.body["isDraft"] != false || m.body["isRead"] != true || m.str("receivedDateTime") != "2020-01-02T03:04:05Z" || m.str("sentDateTime") != "2020-01-02T03:04:00Z" {
		t.Errorf("got %v", m.body)
	}
	h := w.get("messages/" + m.str("id") + "?$select=internetMessageHeaders").body["internetMessageHeaders"].([]any)
	if len(h) != 2 || h[0].(map[string]any)["value"] != "from a by b" {
		t.Errorf("headers are %v", h)
	}
	x := w.get("messages/" + m.str("id") + "?$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E07' or id eq 'Integer 0x0e08')").body["singleValueExtendedProperties"].([]any)
	if len(x) != 2 || x[0].(map[string]any)["id"] != "Integer 0xe07" {
		t.Errorf("extended properties are %v", x)
	}
	w.do("PATCH", "messages/"+m.str("id"), map[string]any{"singleValueExtendedProperties": props[:1]}).code(400, "ErrorItemSavePropertyError")
}

// Contract 14.18, 6.5.
func TestCreateRefusesWhatTheServiceRefuses(t *testing.T) {
	w := start(t, Options{})
	for _, c := range []struct {
		name, code string
		body       map[string]any
	}{
		{"id", "UnableToDeserializePostBody", map[string]any{"id": "x"}},
		{"parentFolderId", "UnableToDeserializePostBody", map[string]any{"parentFolderId": "x"}},
		{"unknown member", "UnableToDeserializePostBody", map[string]any{"colour": "x"}},
		{"empty address", "ErrorInvalidRecipients", map[string]any{"toRecipients": []any{map[string]any{"emailAddress": map[string]string{"name": "a"}}}}},
		{"header without x-", "InvalidInternetMessageHeader", map[string]any{"internetMessageHeaders": []any{map[string]string{"name": "Received", "value": "a"}}}},
		{"no headers", "InvalidInternetMessageHeaderCollection", map[string]any{"internetMessageHeaders": []any{}}},
	} {
		t.Run(c.name, func(t *testing.T) { w.do("POST", "messages", c.body).code(400, c.code) })
	}
	w.do("POST", "messages", map[string]any{"subject": strings.Repeat("x", 4<<20)}).want(413)
}

// Contract 14.19.
func TestMIMECreateIsForDraftsOnly(t *testing.T) {
	w := start(t, Options{})
	mime := []byte(base64.StdEncoding.EncodeToString([]byte("From: a@b.example\r\nTo: c@d.example\r\nSubject: hi\r\nMessage-ID: <1@b.example>\r\n\r\ntext\r\n")))
	m := w.do("POST", "messages", mime).want(201)
	if m.body["isDraft"] != true || m.str("subject") != "hi" {
		t.Errorf("got %v", m.body)
	}
	w.do("POST", "mailFolders/inbox/messages", mime).code(400, "UnableToDeserializePostBody")
	w.do("POST", "messages", []byte("not base64!")).code(400, "ErrorMimeContentInvalidBase64String")
}

// Contract 6.8, 14.13.
func TestWritesChangeTheKeyAndHonourIfMatch(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(1)...)
	m := w.get("messages").values()[0]
	id := m["id"].(string)
	next := w.do("PATCH", "messages/"+id, map[string]any{"isRead": true}, "If-Match", m["@odata.etag"].(string)).want(200)
	if next.body["changeKey"] == m["changeKey"] {
		t.Error("the change key is the same after a write")
	}
	w.do("PATCH", "messages/"+id, map[string]any{"isRead": false}, "If-Match", m["@odata.etag"].(string)).code(412, "ErrorIrresolvableConflict")
}

// Contract 6.8.
func TestDeleteGoesToDeletedItemsThenToRecoverableItems(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(1)...)
	id := w.get("messages", "Prefer", immutable).values()[0]["id"].(string)
	w.do("DELETE", "messages/"+id, nil).want(204)
	if got := len(w.get("mailFolders/deleteditems/messages").values()); got != 1 {
		t.Fatalf("%d messages in deleted items", got)
	}
	w.do("DELETE", "messages/"+id, nil).want(204)
	w.do("DELETE", "messages/"+id, nil).code(400, "ErrorCannotDeleteObject")
	w.do("POST", "messages/"+id+"/permanentDelete", nil).want(204)
	if got := len(w.get("mailFolders/recoverableitemspurges/messages").values()); got != 1 {
		t.Errorf("%d messages in purges", got)
	}
}
