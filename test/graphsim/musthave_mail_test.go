package graphsim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/test/graphsim/corpus"
)

func names(list []map[string]any) []string {
	var out []string
	for _, f := range list {
		out = append(out, f["displayName"].(string))
	}
	return out
}

// Contract 14.11, with 3.1 to 3.5.
func TestMustHave11FolderListings(t *testing.T) {
	w := start(t, Options{})
	users, err := w.s.AddUsers(User{DisplayName: "Bär", Mailbox: true, Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	w.user = users[0]
	c := w.s.Control()
	add := func(hidden, search, again bool, path ...string) {
		t.Helper()
		if err := c.AddFolder(t.Context(), w.user.ID, path, hidden, search, again); err != nil {
			t.Fatal(err)
		}
	}
	add(false, false, false, "Kunden", "Nord", "Kiel")
	add(true, false, false, "Versteckt")
	add(false, true, false, "Ungelesen")
	add(false, false, true, "Kunden")
	unread := aMail("unread")
	w.add(unread)
	all := w.get("mailFolders?$top=100").values()
	list := names(all)
	if !slices.Contains(list, "Posteingang") || slices.Contains(list, "Nord") || slices.Contains(list, "Versteckt") {
		t.Errorf("listed %v", list)
	}
	if slices.Sort(list); !strings.Contains(strings.Join(list, " "), "Kunden Kunden") {
		t.Errorf("no two siblings of one name in %v", list)
	}
	if hidden := names(w.get("mailFolders?$top=100&includeHiddenFolders=true").values()); !slices.Contains(hidden, "Versteckt") {
		t.Errorf("listed with hidden ones %v", hidden)
	}
	for _, f := range all {
		if search := f["displayName"] == "Ungelesen"; search != (f["@odata.type"] == "#microsoft.graph.mailSearchFolder") {
			t.Errorf("%v is of type %v", f["displayName"], f["@odata.type"])
		} else if search {
			m := w.get("mailFolders/" + f["id"].(string) + "/messages").values()
			if len(m) != 1 || m[0]["parentFolderId"] == f["id"] {
				t.Errorf("the search folder shows %v", m)
			}
		}
	}
	inbox := w.get("mailFolders/inbox")
	if inbox.str("displayName") != "Posteingang" {
		t.Errorf("the inbox is %q", inbox.str("displayName"))
	}
	w.do("GET", "mailFolders/clutter", nil).code(404, "ErrorItemNotFound")
	i := slices.IndexFunc(all, func(f map[string]any) bool { return f["displayName"] == "Kunden" && f["childFolderCount"] != 0.0 })
	top := all[i]["id"].(string)
	nord := w.get("mailFolders/" + top + "/childFolders").values()[0]["id"].(string)
	if got := w.get("mailFolders?$top=100&$expand=childFolders").values()[i]["childFolders"].([]any); len(got) != 1 || got[0].(map[string]any)["childFolders"] != nil {
		t.Errorf("expanded %v, want one level", got)
	}
	moved := w.do("POST", "mailFolders/"+top+"/move", map[string]any{"destinationId": "archive"}).want(201)
	if moved.str("id") != top || w.get("mailFolders/"+nord).str("parentFolderId") != top {
		t.Error("a folder's id changed with a move")
	}
	flat, link := w.round("mailFolders/delta", "Prefer", "odata.maxpagesize=200")
	if got := names(flat); !slices.Contains(got, "Kiel") || slices.Contains(got, "Versteckt") || slices.Contains(got, "Oberste Ebene des Informationsspeichers") {
		t.Errorf("the delta has %v", got)
	}
	w.change(Change{Do: "deleteFolder", Folder: []string{"archive", "Kunden", "Nord", "Kiel"}})
	gone, _ := w.round(link)
	if !slices.ContainsFunc(gone, func(f map[string]any) bool { return f["@removed"] != nil }) {
		t.Errorf("the delta tells %v, want a removal", gone)
	}
	w.do("GET", "mailFolders/delta?$top=5", nil).want(400)
}

// Contract 3.2: what is expanded is a page, with a link to the rest.
func TestExpandedChildrenAreAPage(t *testing.T) {
	w := start(t, Options{})
	for i := range 13 {
		if err := w.s.AddFolder(w.user.ID, []string{"Top", fmt.Sprintf("Child %d", i)}, false, false, false); err != nil {
			t.Fatal(err)
		}
	}
	all := w.get("mailFolders?$top=100&$expand=childFolders").values()
	top := all[len(all)-1]
	next, _ := top["childFolders@odata.nextLink"].(string)
	if n := len(top["childFolders"].([]any)); n != 10 || len(w.get(next).values()) != 3 {
		t.Errorf("%d children, then %q", n, next)
	}
}

// Contract 14.12, with 3.7.
func TestMustHave12ASecondFolderOfAName(t *testing.T) {
	for _, status := range []int{0, 400} {
		w := start(t, Options{Settings: Settings{FolderExists: status}})
		want := map[int]int{0: 409, 400: 400}[status]
		parent := w.do("POST", "mailFolders", map[string]any{"displayName": "Plans"}).want(201).str("id")
		for _, name := range []string{"Plans", "PLANS", "Inbox"} {
			w.do("POST", "mailFolders", map[string]any{"displayName": name}).code(want, "ErrorFolderExists")
		}
		child := w.do("POST", "mailFolders/"+parent+"/childFolders", map[string]any{"displayName": "Plans"}).want(201).str("id")
		w.do("POST", "mailFolders/"+child+"/move", map[string]any{"destinationId": "msgfolderroot"}).code(want, "ErrorFolderExists")
		w.do("POST", "mailFolders/nonsense/childFolders", map[string]any{"displayName": "x"}).code(400, "ErrorInvalidIdMalformed")
		w.do("POST", "mailFolders/clutter/childFolders", map[string]any{"displayName": "x"}).code(404, "ErrorItemNotFound")
	}
}

// Contract 14.13, with 4.1, 4.2 and 4.4.
func TestMustHave13MessagesAndWhatIsSelected(t *testing.T) {
	w := start(t, Options{Settings: Settings{OpenExtras: true}})
	w.add(mails(70)...)
	w.add(richMail())
	m := w.only("everything")
	if m["body"] == nil || m["uniqueBody"] != nil || m["internetMessageHeaders"] != nil || m["x_simulated"] == nil || m["@odata.type"] != "#microsoft.graph.eventMessageRequest" {
		t.Errorf("by default %v", m)
	}
	id := m["id"].(string)
	some := w.get("messages/" + id + "?$select=uniqueBody,internetMessageHeaders")
	if some.body["uniqueBody"] == nil || some.body["internetMessageHeaders"] == nil || some.body["body"] != nil {
		t.Errorf("selected %v", some.body)
	}
	w.do("GET", "messages?$select=size", nil).want(400)
	tag := m["@odata.etag"].(string)
	for _, change := range []map[string]any{{"isRead": true}, {"importance": "low"}} {
		next := w.do("PATCH", "messages/"+id, change).want(200)
		if next.str("@odata.etag") == tag || next.str("@odata.etag") != `W/"`+next.str("changeKey")+`"` {
			t.Errorf("etag %q after %q", next.str("@odata.etag"), tag)
		}
		tag = next.str("@odata.etag")
	}
	inline := aMail("inline")
	inline.Attachments = []corpus.Attachment{{Name: "i.png", Inline: true, ContentID: "i", Content: []byte("x")}}
	w.add(inline)
	if w.only("inline")["hasAttachments"] != false || w.only("everything")["hasAttachments"] != true {
		t.Error("hasAttachments counts inline ones, or no others")
	}
	folded := map[string]string{}
	same := 0
	for _, m := range w.get("messages?$top=100").values() {
		id := m["id"].(string)
		if other, ok := folded[strings.ToLower(id)]; ok && other != id {
			same++
			if w.get("messages/"+id).str("subject") == w.get("messages/"+other).str("subject") {
				t.Error("two ids that differ in case are one message")
			}
		}
		folded[strings.ToLower(id)] = id
	}
	if same == 0 {
		t.Error("no two ids differ in case alone")
	}
	_, narrow := w.round(inboxDelta+"?$select=subject", "Prefer", "odata.maxpagesize=100")
	_, wide := w.round(inboxDelta+"?$select=subject,isRead", "Prefer", "odata.maxpagesize=100")
	w.do("PATCH", "messages/"+id, map[string]any{"isRead": false}).want(200)
	if got, _ := w.round(narrow); len(got) != 0 {
		t.Errorf("a change of what is not selected is reported: %v", got)
	}
	if got, _ := w.round(wide); len(got) != 1 {
		t.Errorf("%d changes of what is selected", len(got))
	}
}

// Contract 14.14, with 4.2.
func TestMustHave14PreferencesAreEchoedAndBodiesConverted(t *testing.T) {
	w := start(t, Options{})
	m := aMail("active")
	m.Body = `<p onclick="x()">Hello <b>you</b></p><script>alert(1)</script><a href="javascript:x()">l</a>`
	plain := aMail("plain")
	plain.BodyHTML, plain.Body = false, "a < b"
	w.add(m, plain)
	body := func(subject string, prefer ...string) (kind, content string) {
		m := w.only(subject, prefer...)["body"].(map[string]any)
		return m["contentType"].(string), m["content"].(string)
	}
	if kind, text := body("active"); kind != "html" || strings.Contains(text, "script") || strings.Contains(text, "onclick") {
		t.Errorf("sanitised: %s %s", kind, text)
	}
	if _, text := body("active", "Prefer", "outlook.allow-unsafe-html"); text != m.Body {
		t.Errorf("untouched: %s", text)
	}
	if kind, text := body("active", "Prefer", `outlook.body-content-type="text"`); kind != "text" || !strings.HasPrefix(text, "Hello you") {
		t.Errorf("as text: %s %s", kind, text)
	}
	if kind, text := body("plain", "Prefer", `outlook.body-content-type="html"`); kind != "html" || !strings.Contains(text, "a &lt; b") {
		t.Errorf("as HTML: %s %s", kind, text)
	}
	a := w.get("messages", "Prefer", immutable+`, outlook.body-content-type="text"`, "Prefer", "outlook.allow-unsafe-html, something=else")
	if got := a.header.Get("Preference-Applied"); !strings.Contains(got, "ImmutableId") || !strings.Contains(got, `outlook.body-content-type="text"`) ||
		!strings.Contains(got, "outlook.allow-unsafe-html") || strings.Contains(got, "else") {
		t.Errorf("applied %q", got)
	}
}

// raw is an answer's body and content type.
func (w *world) raw(path string) (string, string) {
	w.t.Helper()
	resp, err := w.http.Do(w.request("GET", path, nil))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	p, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %v", path, resp.Status, err)
	}
	return string(p), resp.Header.Get("Content-Type")
}

// Contract 14.15, with 4.3.
func TestMustHave15MIME(t *testing.T) {
	w := start(t, Options{})
	w.add(richMail())
	id := w.only("everything")["id"].(string)
	one, kind := w.raw("messages/" + id + "/$value")
	two, _ := w.raw("messages/" + id + "/%24value")
	if kind != "text/plain" || one == two || !strings.Contains(one, "Subject: everything") || !strings.Contains(one, "BEGIN:VCALENDAR") {
		t.Errorf("%s, the same twice: %v: %.200s", kind, one == two, one)
	}
	w.do("GET", "mailFolders/inbox/messages/"+id+"/$value", nil).want(405)
	w.fault(Fault{Kind: "messages.mime", Item: "<everything@example.org>", Status: 500, Code: "ErrorMimeContentConversionFailed"})
	w.do("GET", "messages/"+id+"/$value", nil).code(500, "ErrorMimeContentConversionFailed")
	w.get("messages/" + id)
}

// Contract 14.16, with 4.9.
func TestMustHave16ExtendedProperties(t *testing.T) {
	w := start(t, Options{})
	w.add(mails(2)...)
	const filter = "$filter=id eq 'Integer 0x0E07' or id eq 'LONG 0x0e08' or id eq 'String 0x3001'"
	for _, m := range w.get("messages?$expand=singleValueExtendedProperties(" + filter + ")").values() {
		list := m["singleValueExtendedProperties"].([]any)
		if len(list) != 2 {
			t.Fatalf("properties %v, want the two that there are", list)
		}
		for i, want := range []string{"Integer 0xe07", "Long 0xe08"} {
			p := list[i].(map[string]any)
			if _, text := p["value"].(string); p["id"] != want || !text {
				t.Errorf("property %v, want %s as a string", p, want)
			}
		}
	}
	if m := w.get("messages").values()[0]; m["singleValueExtendedProperties"] != nil {
		t.Error("there without $expand")
	}
	w.do("GET", "messages?$expand=singleValueExtendedProperties", nil).want(400)
	w.do("GET", inboxDelta+"?$expand=singleValueExtendedProperties("+filter+")", nil).code(500, "InternalServerError")
	id := w.get("messages").values()[0]["id"].(string)
	const named = "String {00020329-0000-0000-C000-000000000046} Name Mine"
	w.do("PATCH", "messages/"+id, map[string]any{"singleValueExtendedProperties": []any{map[string]any{"id": named, "value": "yes"}}}).want(200)
	if got := w.get("messages?$filter=singleValueExtendedProperties/any(ep: ep/id eq '" + named + "' and ep/value eq 'yes')").values(); len(got) != 1 || got[0]["id"] != id {
		t.Errorf("found %v", got)
	}
}

// Contract 14.17, with 5.1 and 5.2.
func TestMustHave17Attachments(t *testing.T) {
	w := start(t, Options{})
	m := richMail()
	for i := range 20 {
		m.Attachments = append(m.Attachments, corpus.Attachment{Name: fmt.Sprint(i), Content: []byte{byte(i)}})
	}
	m.Attachments = append(m.Attachments, corpus.Attachment{Name: "large", Content: bytes.Repeat([]byte("x"), 1<<20)})
	w.add(m)
	path := "messages/" + w.only("everything")["id"].(string) + "/attachments"
	all := w.get(path + "?$top=2").values()
	if len(all) != 27 || all[0]["contentBytes"] == nil || all[2]["item"] != nil {
		t.Errorf("%d attachments, the first with bytes: %v", len(all), all[0]["contentBytes"] != nil)
	}
	light := w.get(path + "?$select=id,name,size,isInline").values()
	if light[0]["contentBytes"] != nil || light[0]["contentId"] != nil || light[0]["name"] != "file.txt" {
		t.Errorf("selected %v", light[0])
	}
	id := func(i int) string { return path + "/" + all[i]["id"].(string) }
	for i, want := range map[int][2]string{
		0: {"file", "text/plain"}, 2: {"Subject: inner", "text/plain"}, 3: {"BEGIN:VEVENT", "text/calendar"}, 4: {"BEGIN:VCARD", "text/vcard"},
	} {
		if text, kind := w.raw(id(i) + "/$value"); !strings.Contains(text, want[0]) || kind != want[1] {
			t.Errorf("attachment %d is %s: %.100s", i, kind, text)
		}
	}
	w.do("GET", id(5)+"/$value", nil).want(405)
	for i, want := range map[int]string{2: "message", 3: "event", 4: "contact"} {
		item := w.get(id(i) + "?$expand=microsoft.graph.itemattachment/item").body["item"].(map[string]any)
		if item["@odata.type"] != "#microsoft.graph."+want || item["id"] != "" {
			t.Errorf("item %v, want a %s", item, want)
		}
	}
	w.fault(Fault{Kind: "attachments.*", Item: all[1]["id"].(string), Status: 500, Code: "ErrorCannotOpenFileAttachment"})
	w.do("GET", id(1)+"/$value", nil).code(500, "ErrorCannotOpenFileAttachment")
	w.get(id(0))
	w.fault(Fault{Kind: "attachments.value", MinSize: 1 << 20, Status: 504})
	w.do("GET", id(26)+"/$value", nil).want(504)
	w.raw(id(0) + "/$value")
	if err := w.s.Control().ClearFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.fault(Fault{Kind: "attachments.value", MinSize: 1 << 20, TruncateAt: 500_000})
	resp, err := w.http.Do(w.request("GET", id(26)+"/$value", nil))
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err == nil || n > 500_000 {
		t.Errorf("%d bytes of a broken answer, %v", n, err)
	}
}

// Contract 4.2: a search finds words, in a property or in those that people mean.
func TestSearchFindsWords(t *testing.T) {
	w := start(t, Options{})
	one, two, three := aMail("quarterly report"), aMail("lunch"), aMail("report of lunch")
	two.Body, two.From = "<p>Shall we eat the quarterly cake?</p>", &corpus.Address{Name: "Zoe", Address: "zoe@example.org"}
	w.add(one, two, three)
	for query, want := range map[string]int{
		"quarterly": 2, "subject:quarterly": 1, "from:zoe": 1, "report AND lunch": 1, "report OR lunch": 3, "lunch NOT report": 1,
		`\"report of\"`: 1, "lun*": 2, "(subject:quarterly OR subject:lunch) from:bob": 2, "hasAttachments:true": 0, "participants:ada": 3,
	} {
		if got := len(w.get(`messages?$search="` + query + `"`).values()); got != want {
			t.Errorf("%s finds %d messages, want %d", query, got, want)
		}
	}
	w.set(Settings{SearchCap: 2})
	if got := len(w.get(`messages?$search="report OR lunch"`).values()); got != 2 {
		t.Errorf("%d messages beyond the cap", got)
	}
	w.do("GET", `messages?$search="x"&$filter=isRead eq true`, nil).code(400, "SearchWithFilter")
	w.do("GET", `messages?$search=x`, nil).want(400)
	w.do("GET", `messages?$search="nothing:x"`, nil).want(400)
	if n := len(w.get(`/users?$search="displayName:love"`, "ConsistencyLevel", "eventual").values()); n != 1 {
		t.Errorf("%d users found", n)
	}
	w.do("GET", `/users?$search="displayName:love"`, nil).code(400, "Request_UnsupportedQuery")
}
