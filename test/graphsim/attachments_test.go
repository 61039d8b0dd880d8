package graphsim

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"holdfast/test/graphsim/corpus"
)

// Contract 14.17, 14.13.
func TestAttachmentsAreListedReadAndExpanded(t *testing.T) {
	w := start(t, Options{})
	inner := aMail("inner")
	inner.Attachments = []corpus.Attachment{{Name: "deep.txt", Content: []byte("deep")}}
	m := aMail("outer")
	m.Attachments = []corpus.Attachment{
		{Name: "a.txt", ContentType: "text/plain", Content: []byte("hello")},
		{Name: "mail", Item: &inner},
		{Name: "link", Reference: "https://x.example/f"},
	}
	only := aMail("inline only")
	only.Attachments = []corpus.Attachment{{Name: "i.png", Inline: true, ContentID: "i@x", Content: []byte("png")}}
	w.add(m, only)
	id := w.get("messages?$filter=subject eq 'outer'").values()[0]["id"].(string)
	if got := w.get("messages?$filter=subject eq 'inline only'").values()[0]["hasAttachments"]; got != false {
		t.Errorf("hasAttachments is %v with only inline ones", got)
	}
	path := "messages/" + id + "/attachments"
	all := w.get(path).values()
	if len(all) != 3 || all[0]["contentBytes"] != base64.StdEncoding.EncodeToString([]byte("hello")) || all[1]["item"] != nil {
		t.Fatalf("got %v", all)
	}
	if a := w.get(path + "?$select=id,name,microsoft.graph.fileAttachment/contentId").values()[0]; a["contentBytes"] != nil || a["name"] != "a.txt" {
		t.Errorf("selected: %v", a)
	}
	w.do("GET", path+"?$select=contentId", nil).want(400)
	if got := w.get(path + "/" + all[0]["id"].(string) + "/$value").str("raw"); got != "hello" {
		t.Errorf("raw content %q", got)
	}
	w.do("GET", path+"/"+all[2]["id"].(string)+"/$value", nil).want(405)
	item := w.get(path + "/" + all[1]["id"].(string) + "?$expand=microsoft.graph.itemattachment/item").body["item"].(map[string]any)
	if item["id"] != "" || item["subject"] != "inner" || item["hasAttachments"] != true || item["attachments"] != nil {
		t.Errorf("item is %v", item)
	}
}

// Contract 5.2: what lies deeper is there as far as it is asked for.
func TestNestedAttachmentsAreExpandedAsFarAsAsked(t *testing.T) {
	w := start(t, Options{})
	m := aMail("bottom")
	m.Attachments = []corpus.Attachment{{Name: "deep.txt", Content: []byte("deep")}}
	for _, subject := range []string{"middle", "top"} {
		inner := m
		m = aMail(subject)
		m.Attachments = []corpus.Attachment{{Name: "mail", Item: &inner}}
	}
	w.add(m)
	id := w.get("messages?$filter=subject eq 'top'").values()[0]["id"].(string)
	const item, list = "microsoft.graph.itemattachment/item", "microsoft.graph.message/attachments"
	for depth, option := range []string{
		item, item + "($expand=" + list + ")", item + "($expand=" + list + "($expand=" + item + "))",
		item + "($expand=" + list + "($expand=" + item + "($expand=" + list + ")))",
	} {
		got := w.get("messages/" + id + "/attachments?$expand=" + option).values()
		var seen []string
		for len(got) > 0 {
			in, _ := got[0]["item"].(map[string]any)
			seen = append(seen, fmt.Sprintf("%v %v %v", got[0]["name"], in["subject"], in["attachments"] != nil))
			inner, _ := in["attachments"].([]any)
			got = nil
			for _, a := range inner {
				got = append(got, a.(map[string]any))
			}
		}
		want := [][]string{
			{"mail middle false"},
			{"mail middle true", "mail <nil> false"},
			{"mail middle true", "mail bottom false"},
			{"mail middle true", "mail bottom true", "deep.txt <nil> false"},
		}[depth]
		if fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("%s: got %q, want %q", option, seen, want)
		}
	}
	w.do("GET", "messages/"+id+"/attachments?$expand="+item+"($expand=attachments)", nil).want(400)
}

// Contract 14.20.
func TestAttachmentPostIsLimited(t *testing.T) {
	w := start(t, Options{})
	m := w.do("POST", "messages", map[string]any{"subject": "x"}).want(201)
	post := func(n int) *answer {
		return w.do("POST", "messages/"+m.str("id")+"/attachments", map[string]any{
			"@odata.type": "#microsoft.graph.fileAttachment", "name": "f", "contentBytes": base64.StdEncoding.EncodeToString(make([]byte, n)),
		})
	}
	post(maxAttachment + 1).want(413)
	post(maxAttachment).want(201)
	if got := w.get("messages/" + m.str("id")).body["hasAttachments"]; got != true {
		t.Errorf("hasAttachments is %v", got)
	}
}

func (w *world) session(message string, size int) *answer {
	return w.do("POST", "messages/"+message+"/attachments/createUploadSession", map[string]any{
		"AttachmentItem": map[string]any{"attachmentType": "file", "name": "big", "size": size},
	})
}

func (w *world) put(u string, content []byte, start, end, total int, headers ...string) *answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "PUT", u, bytes.NewReader(content[start:end]))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end-1, total))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return &answer{w.t, resp.StatusCode, resp.Header, readBody(w.t, resp)}
}

// Contract 14.21.
func TestUploadSessionTakesChunksInOrder(t *testing.T) {
	w := start(t, Options{})
	m := w.do("POST", "messages", map[string]any{"subject": "x"}).want(201).str("id")
	w.session(m, 1000).code(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")
	const size = 5 << 20
	content := bytes.Repeat([]byte("holdfast"), size/8)
	u := w.session(m, size).want(201).str("uploadUrl")
	w.put(u, content, 0, 3<<20, size, "Authorization", "Bearer "+w.token).want(401)
	a := w.put(u, content, 0, 3<<20, size).want(200)
	if next := a.body["NextExpectedRanges"].([]any)[0]; next != "3145728" {
		t.Errorf("next is %v", next)
	}
	w.put(u, content, 0, 3<<20, size).want(416)
	b := w.put(u, content, 3<<20, size, size).want(201)
	if b.header.Get("Location") == "" || len(b.body) != 0 {
		t.Error("the last answer needs a Location and no body")
	}
	att := w.get("messages/" + m + "/attachments?$select=id,size").values()[0]
	if got := w.get("messages/" + m + "/attachments/" + att["id"].(string) + "/$value").str("raw"); got != string(content) {
		t.Error("the content is not what was uploaded")
	}
	one, two := w.session(m, size).str("uploadUrl"), w.session(m, size).str("uploadUrl")
	w.put(one, content, 0, 3<<20, size).code(412, "ErrorIrresolvableConflict")
	w.put(two, content, 0, 3<<20, size).want(200)
}
