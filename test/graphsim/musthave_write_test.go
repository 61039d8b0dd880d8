package graphsim

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"holdfast/test/graphsim/corpus"
)

func single(id, value string) []any { return []any{map[string]any{"id": id, "value": value}} }

// Contract 14.18, with 6.1, 6.3 and 6.5.
func TestMustHave18CreatedMessages(t *testing.T) {
	w := start(t, Options{})
	draft := w.do("POST", "mailFolders/archive/messages", map[string]any{
		"subject": "draft", "isDraft": false, "receivedDateTime": "2001-01-01T00:00:00Z", "sentDateTime": "2001-01-01T00:00:00Z",
	}).want(201)
	if draft.body["isDraft"] != true || strings.HasPrefix(draft.str("receivedDateTime"), "2001") || strings.HasPrefix(draft.str("sentDateTime"), "2001") {
		t.Errorf("made %v", draft.body)
	}
	whole := w.do("POST", "mailFolders/archive/messages", map[string]any{
		"subject": "received", "isRead": true, "from": map[string]any{"emailAddress": map[string]any{"address": "who@else.example"}},
		"singleValueExtendedProperties": []any{
			map[string]any{"id": "Integer 0x0E07", "value": "0"},
			map[string]any{"id": "SystemTime 0x0E06", "value": "2001-01-01T00:00:00Z"},
			map[string]any{"id": "SystemTime 0x0039", "value": "2000-12-31T23:59:00Z"},
			map[string]any{"id": "String 0x007D", "value": "Received: by a\r\nX-B: c\r\n\tfolded"},
		},
	}).want(201)
	if whole.body["isDraft"] != false || whole.body["isRead"] != true || whole.str("receivedDateTime") != "2001-01-01T00:00:00Z" || whole.str("sentDateTime") != "2000-12-31T23:59:00Z" {
		t.Errorf("made %v", whole.body)
	}
	id := whole.str("id")
	if h := w.get("messages/" + id + "?$select=internetMessageHeaders").body["internetMessageHeaders"].([]any); len(h) != 2 {
		t.Errorf("headers %v", h)
	}
	if again := w.do("POST", "mailFolders/archive/messages", map[string]any{"subject": "received"}).want(201); again.str("id") == id {
		t.Error("the same id twice")
	}
	for _, member := range []string{"id", "parentFolderId", "@odata.etag", "changeKey", "conversationId", "bodyPreview", "hasAttachments", "nonsense"} {
		w.do("POST", "messages", map[string]any{"subject": "x", member: "y"}).code(400, "UnableToDeserializePostBody")
	}
	header := func(names ...string) map[string]any {
		list := []any{}
		for _, n := range names {
			list = append(list, map[string]any{"name": n, "value": "v"})
		}
		return map[string]any{"internetMessageHeaders": list}
	}
	w.do("POST", "messages", header("x-1", "X-2", "x-3", "x-4", "x-5")).want(201)
	w.do("POST", "messages", header("x-1", "x-2", "x-3", "x-4", "x-5", "x-6")).code(400, "InvalidInternetMessageHeaderCollection")
	w.do("POST", "messages", header()).code(400, "InvalidInternetMessageHeaderCollection")
	w.do("POST", "messages", header("Received")).code(400, "InvalidInternetMessageHeader")
	w.do("POST", "messages", map[string]any{"toRecipients": []any{map[string]any{"emailAddress": map[string]any{"address": ""}}}}).code(400, "ErrorInvalidRecipients")
	w.do("PATCH", "messages/"+id, map[string]any{"singleValueExtendedProperties": single("Integer 0x0E07", "8")}).code(400, "ErrorItemSavePropertyError")
	if w.get("messages/" + id).body["isDraft"] != false {
		t.Error("the flags were changed")
	}
}

// Contract 6.7: from 2026-12-31 on, what was sent or received may be changed with another permission only.
func TestSensitivePropertiesNeedMailAdvanced(t *testing.T) {
	w := start(t, Options{Now: func() time.Time { return time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC) }})
	w.add(aMail("old"))
	id := w.only("old")["id"].(string)
	w.do("PATCH", "messages/"+id, map[string]any{"subject": "new"}).want(200)
	w.clock(48 * time.Hour)
	w.token = w.newToken(DefaultApp, DefaultSecret)
	w.do("PATCH", "messages/"+id, map[string]any{"subject": "newer"}).code(403, "ErrorAccessDenied")
	w.do("PATCH", "messages/"+id, map[string]any{"isRead": true}).want(200)
	if err := w.s.PutApp(App{ID: DefaultApp, Secret: DefaultSecret, Roles: append(DefaultRoles(), "Mail-Advanced.ReadWrite.All")}); err != nil {
		t.Fatal(err)
	}
	w.token = w.newToken(DefaultApp, DefaultSecret)
	w.do("PATCH", "messages/"+id, map[string]any{"subject": "newer"}).want(200)
}

// Contract 14.19, with 6.2.
func TestMustHave19MIMECreatesDraftsOnly(t *testing.T) {
	w := start(t, Options{})
	var b bytes.Buffer
	if err := corpus.WriteEML(&b, aMail("by MIME")); err != nil {
		t.Fatal(err)
	}
	encoded := []byte(base64.StdEncoding.EncodeToString(b.Bytes()))
	m := w.do("POST", "messages", encoded).want(201)
	if m.body["isDraft"] != true || m.str("parentFolderId") != w.get("mailFolders/drafts").str("id") || m.str("subject") != "by MIME" {
		t.Errorf("made %v", m.body)
	}
	w.do("POST", "mailFolders/inbox/messages", encoded).code(400, "UnableToDeserializePostBody")
	w.do("POST", "messages", []byte("no base64!")).code(400, "ErrorMimeContentInvalidBase64String")
}

// Contract 14.20, with 5.3, 6.9 and 11.
func TestMustHave20Sizes(t *testing.T) {
	w := start(t, Options{Settings: Settings{MaxMessage: 5 << 20}})
	text := func(n int) map[string]any {
		return map[string]any{"subject": "x", "body": map[string]any{"contentType": "text", "content": strings.Repeat("x", n)}}
	}
	w.do("POST", "messages", text(4<<20)).want(413)
	w.set(Settings{MaxMessage: 5 << 20, TooLargeIs400: true})
	w.do("POST", "messages", text(4<<20)).code(400, "BadRequest")
	id := w.do("POST", "messages", text(3<<20)).want(201).str("id")
	file := func(n int) map[string]any {
		return map[string]any{"@odata.type": "#microsoft.graph.fileAttachment", "name": "f", "contentBytes": make([]byte, n)}
	}
	w.do("POST", "messages/"+id+"/attachments", file(maxAttachment+1)).want(413)
	w.do("POST", "messages/"+id+"/attachments", file(2<<20)).code(413, "ErrorMessageSizeExceeded")
	w.session(id, 40<<20).code(413, "ErrorMessageSizeExceeded")
	if _, err := w.s.Control().UpdateUser(t.Context(), w.user.ID, map[string]any{"full": true}); err != nil {
		t.Fatal(err)
	}
	w.do("POST", "messages", text(1)).code(403, "ErrorQuotaExceeded")
	w.do("POST", "messages/"+id+"/attachments", file(1)).code(403, "ErrorQuotaExceeded")
	w.do("POST", "messages/"+id+"/copy", map[string]any{"destinationId": "inbox"}).code(403, "ErrorQuotaExceeded")
	w.session(id, 3<<20).code(403, "ErrorQuotaExceeded")
}

// Contract 14.21, with 5.4.
func TestMustHave21UploadSessions(t *testing.T) {
	w := start(t, Options{Settings: Settings{SessionLifetime: time.Hour}})
	draft := func() string { return w.do("POST", "messages", map[string]any{"subject": "x"}).want(201).str("id") }
	const size = 5 << 20
	content := bytes.Repeat([]byte("holdfast"), size/8)
	m := draft()
	w.session(m, 1<<20).code(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")
	w.do("POST", "messages/"+m+"/attachments/createUploadSession", map[string]any{
		"AttachmentItem": map[string]any{"attachmentType": "item", "name": "x", "size": size},
	}).code(405, "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments")
	ses := w.session(m, size).want(201)
	u := ses.str("uploadUrl")
	if !strings.HasPrefix(u, w.s.UploadURL()) || ses.body["nextExpectedRanges"].([]any)[0] != "0-" {
		t.Errorf("session %v", ses.body)
	}
	w.put(u, content, 0, 1<<20, size, "Authorization", "Bearer "+w.token).want(401)
	w.put(u, content, 1<<20, 2<<20, size).want(416)
	w.put(u, content, 0, size, size).want(413) // each piece is a request of its own
	part := w.put(u, content, 0, 3<<20, size).want(200)
	if part.body["NextExpectedRanges"].([]any)[0] != "3145728" || part.body["ExpirationDateTime"] == nil || part.body["nextExpectedRanges"] != nil {
		t.Errorf("reply %v", part.body)
	}
	last := w.put(u, content, 3<<20, size, size).want(201)
	if !strings.HasPrefix(last.header.Get("Location"), w.s.UploadURL()+"/api/v2.0/") || len(last.body) != 0 {
		t.Errorf("last reply %v %v", last.header, last.body)
	}
	w.put(u, content, 0, 1<<20, size).want(404)
	m = draft()
	one := w.session(m, size).want(201).str("uploadUrl")
	two := w.session(m, size).want(201).str("uploadUrl")
	w.put(one, content, 0, 3<<20, size).code(412, "ErrorIrresolvableConflict")
	w.put(two, content, 0, 3<<20, size).want(200)
	w.clock(2 * time.Hour)
	w.put(two, content, 3<<20, size, size).want(404)
	w.token = w.newToken(DefaultApp, DefaultSecret)
	w.set(Settings{IgnoreUploadAuth: true})
	three := w.session(draft(), size).want(201).str("uploadUrl")
	w.put(three, content, 0, 3<<20, size, "Authorization", "Bearer x").want(200)
	w.do("DELETE", three, nil, "Authorization", "").want(204)
	w.put(three, content, 3<<20, size, size).want(404)
}

// Contract 5.1, 5.3 and 6.4: what items can be attached.
func TestItemsOfAllKindsAreAttached(t *testing.T) {
	w := start(t, Options{})
	m := w.do("POST", "messages", map[string]any{"subject": "x"}).want(201).str("id")
	attach := func(item map[string]any) *answer {
		return w.do("POST", "messages/"+m+"/attachments", map[string]any{"@odata.type": "#microsoft.graph.itemAttachment", "name": "i", "item": item})
	}
	at := func(h string) map[string]any {
		return map[string]any{"dateTime": "2026-03-01T" + h + ":00:00.0000000", "timeZone": "UTC"}
	}
	event := attach(map[string]any{"@odata.type": "#microsoft.graph.event", "subject": "Review, all", "start": at("08"), "end": at("09")}).want(201)
	contact := attach(map[string]any{
		"@odata.type": "#microsoft.graph.contact", "displayName": "Bob", "emailAddresses": []any{map[string]any{"name": "Bob", "address": "bob@example.org"}},
	}).want(201)
	for id, want := range map[string]string{event.str("id"): "DTSTART:20260301T080000Z\r\n", contact.str("id"): "EMAIL;TYPE=INTERNET:bob@example.org\r\n"} {
		if text, _ := w.raw("messages/" + m + "/attachments/" + id + "/$value"); !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	attach(map[string]any{"@odata.type": "#microsoft.graph.event", "subject": "no times"}).code(400, "UnableToDeserializePostBody")
	attach(map[string]any{"@odata.type": "#microsoft.graph.contact", "nonsense": 1}).code(400, "UnableToDeserializePostBody")
}

// Contract 4.10.
func TestIDsAreTranslatedBetweenAllForms(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(3)...)
	rest := w.get("messages").values()[0]["id"].(string)
	translate := func(id, from, to string) map[string]any {
		return w.do("POST", "translateExchangeIds", map[string]any{"inputIds": []string{id}, "sourceIdType": from, "targetIdType": to}).want(200).values()[0]
	}
	forms := map[string]string{"restId": rest}
	for _, to := range []string{"entryId", "ewsId", "immutableEntryId", "restImmutableEntryId"} {
		forms[to], _ = translate(rest, "restId", to)["targetId"].(string)
	}
	for from, id := range forms {
		for to, want := range forms {
			if got := translate(id, from, to)["targetId"]; got != want {
				t.Errorf("%s to %s: %v, want %s", from, to, got, want)
			}
		}
	}
	if got := w.get("messages/" + forms["restImmutableEntryId"]).str("id"); got != rest {
		t.Errorf("the immutable id leads to %s", got)
	}
	if bad := translate("nonsense", "restId", "ewsId"); bad["targetId"] != nil || bad["errorDetails"] == nil {
		t.Errorf("got %v", bad)
	}
	w.do("POST", "translateExchangeIds", map[string]any{"inputIds": make([]string, 1001), "sourceIdType": "restId", "targetIdType": "ewsId"}).want(400)
}
