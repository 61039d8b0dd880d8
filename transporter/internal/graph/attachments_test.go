package graph_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/graph"
)

// noise is bytes that do not compress, so that a count of bytes on the wire means something.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// withAttachments is a message with attachments of all kinds and sizes.
func withAttachments() corpus.Message {
	big := noise(1 << 20)
	m := plain(1)[0]
	m.BodyHTML, m.Body = true, `<p>See <img src="cid:logo"></p>`
	inner := plain(2)[1]
	inner.Subject = "Attached"
	inner.Attachments = []corpus.Attachment{
		{Name: "inner.bin", ContentType: "application/octet-stream", Content: noise(6 << 20)},
		{Name: "inner.txt", ContentType: "text/plain", Content: []byte("inner")},
	}
	m.Attachments = []corpus.Attachment{
		{Name: "logo.png", ContentType: "image/png", Inline: true, ContentID: "logo", Content: []byte("png")},
		{Name: "empty.txt", ContentType: "text/plain", Content: nil},
		{Name: "big.bin", ContentType: "application/octet-stream", Content: big},
		{Name: "mail.eml", Item: &inner},
		{Name: "link", Reference: "https://files.example/x"},
		{Name: "last.txt", ContentType: "text/plain", Content: []byte("last")},
	}
	return m
}

func checkAttachments(t *testing.T, got []keptAttachment, m corpus.Message) {
	t.Helper()
	if len(got) != len(m.Attachments) {
		t.Fatalf("got %d attachments, want %d", len(got), len(m.Attachments))
	}
	for i, w := range m.Attachments {
		g := got[i]
		if g.Name != w.Name || g.err != nil || g.Inline != w.Inline || g.ContentID != w.ContentID || !bytes.Equal(g.content, w.Content) {
			t.Errorf("%s: got %q with %d bytes, %v; want %d bytes", w.Name, g.Name, len(g.content), g.err, len(w.Content))
		}
		if w.Item != nil {
			if g.item == nil || g.item.message.Subject != w.Item.Subject || g.item.body == "" {
				t.Fatalf("%s: the attached message is missing: %+v", w.Name, g.item)
			}
			checkAttachments(t, g.item.attachments, *w.Item)
		}
	}
}

// oneWithAttachments is a tenant whose mailbox has one message.
func oneWithAttachments(t *testing.T, m corpus.Message) (*graphsim.Server, *graph.Client, mail.MailboxID, mail.Message) {
	t.Helper()
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, m)
	changes, _, _ := round(t, c, id, folderOf(t, c, id, "inbox"), "")
	return s, c, id, changes[0].Message
}

func TestAttachmentsOfAllKindsTakeOneRequest(t *testing.T) {
	_, c, id, m := oneWithAttachments(t, withAttachments())
	before := c.Requests().ByKind[graph.KindAttachments]
	checkAttachments(t, readAttachments(t, c, id, m.ID), withAttachments())
	if n := c.Requests().ByKind[graph.KindAttachments] - before; n != 1 {
		t.Errorf("took %d requests, want 1", n)
	}
}

// nestedMail is a message with messages within messages, so many levels deep, and something beside them at each.
func nestedMail(levels int) corpus.Message {
	m := plain(1)[0]
	for i := range levels {
		outer := plain(1)[0]
		outer.Subject = fmt.Sprint("Level ", levels-i-1)
		inner := m
		outer.Attachments = []corpus.Attachment{
			{Name: "before.txt", ContentType: "text/plain", Content: []byte("before")},
			{Name: "inner.eml", Item: &inner},
			{Name: "after.txt", ContentType: "text/plain", Content: []byte("after")},
		}
		m = outer
	}
	return m
}

func TestMessagesAreFollowedToTheirDepth(t *testing.T) {
	want := nestedMail(9)
	for name, f := range map[string]*graphsim.Fault{
		"whole": nil, "one by one": {Kind: "attachments.list", Status: 500, Count: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, id, m := oneWithAttachments(t, want)
			if f != nil {
				addFault(t, s, *f)
			}
			checkAttachments(t, readAttachments(t, c, id, m.ID), want)
		})
	}
}

func TestMessagesTooDeepForGraphAreTold(t *testing.T) {
	_, c, id, m := oneWithAttachments(t, nestedMail(32))
	at := readAttachments(t, c, id, m.ID)
	depth := 0
	for at[1].item != nil {
		at = at[1].item.attachments
		depth++
	}
	if depth != 30 || !errors.Is(at[1].err, fault.Unsupported) || string(at[2].content) != "after" {
		t.Errorf("followed %d levels, then %v", depth, at[1].err)
	}
}

func TestInlineAttachmentsAreFoundAlthoughGraphSaysThereAreNone(t *testing.T) {
	m := withAttachments()
	m.Attachments = m.Attachments[:1]
	_, _, _, got := oneWithAttachments(t, m)
	if got.HasAttachments || !graph.HasAttachments(got, m.Body) || graph.HasAttachments(got, "plain") {
		t.Errorf("hasAttachments is %v", got.HasAttachments)
	}
}

func TestAttachmentsSurviveFailuresOfTheirList(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault graphsim.Fault
	}{
		{"gateway timeout", graphsim.Fault{Status: 504}},
		{"server error", graphsim.Fault{Status: 500}},
		{"reset", graphsim.Fault{Reset: true}},
		{"broken off in the first content", graphsim.Fault{TruncateAt: 700}},
		{"broken off in a large content", graphsim.Fault{TruncateAt: 500_000}},
		{"broken off in the attached message", graphsim.Fault{TruncateAt: 3_000_000}},
		{"one attachment spoils it", graphsim.Fault{Status: 400, Code: "ErrorInvalidRecipients"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c, id, m := oneWithAttachments(t, withAttachments())
			f := tc.fault
			f.Kind = "attachments.list"
			f.Count = 2
			addFault(t, s, f)
			checkAttachments(t, readAttachments(t, c, id, m.ID), withAttachments())
		})
	}
}

func TestAContentGoesOnWhereItBrokeOff(t *testing.T) {
	s, c, id, m := oneWithAttachments(t, withAttachments())
	addFault(t, s, graphsim.Fault{Kind: "attachments.list", TruncateAt: 500_000, Count: 1})
	addFault(t, s, graphsim.Fault{Kind: "attachments.value", TruncateAt: 900_000, MinSize: 1 << 20, Count: 2})
	checkAttachments(t, readAttachments(t, c, id, m.ID), withAttachments())
}

func TestOneAttachmentThatCannotBeReadIsReportedAndTheOthersAreRead(t *testing.T) {
	s, c, id, m := oneWithAttachments(t, withAttachments())
	all := readAttachments(t, c, id, m.ID)
	bad := all[2]
	addFault(t, s, graphsim.Fault{Kind: "attachments.list", Status: 500, Count: 2})
	addFault(t, s, graphsim.Fault{Kind: "attachments.value", Item: string(bad.ID), Status: 500, Code: "ErrorCannotOpenFileAttachment"})
	addFault(t, s, graphsim.Fault{Kind: "attachments.get", Item: string(bad.ID), Status: 500, Code: "ErrorCannotOpenFileAttachment"})
	for i, a := range readAttachments(t, c, id, m.ID) {
		switch {
		case i == 2:
			var f *fault.Fault
			if !errors.As(a.err, &f) || f.Kind != fault.Corrupt || f.RequestID == "" || a.content != nil {
				t.Errorf("got %v", a.err)
			}
		case a.err != nil || !bytes.Equal(a.content, all[i].content):
			t.Errorf("%s: %v", a.Name, a.err)
		}
	}
}

func TestBytesAndJSONStandInForEachOther(t *testing.T) {
	s, c, id, m := oneWithAttachments(t, withAttachments())
	addFault(t, s, graphsim.Fault{Kind: "attachments.list", Status: 504, Count: 2})
	addFault(t, s, graphsim.Fault{Kind: "attachments.value", Status: 500})
	checkAttachments(t, readAttachments(t, c, id, m.ID), withAttachments())
}

func TestTheErrorOfAVisitComesBackAsItIs(t *testing.T) {
	_, c, id, m := oneWithAttachments(t, withAttachments())
	stop := errors.New("disk full")
	n := 0
	err := c.Attachments(t.Context(), id, m.ID, func(graph.Attachment) error {
		n++
		return stop
	})
	if err != stop || n != 1 { //nolint:errorlint // it must be the very error
		t.Fatalf("got %v after %d visits", err, n)
	}
	if err := c.Attachments(t.Context(), id, "AAMkgone=", func(graph.Attachment) error { return nil }); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Invalid {
		t.Errorf("attachments of no message: %v", err)
	}
}

func TestAVisitNeedNotReadTheContent(t *testing.T) {
	_, c, id, m := oneWithAttachments(t, withAttachments())
	var names []string
	if err := c.Attachments(t.Context(), id, m.ID, func(a graph.Attachment) error {
		names = append(names, a.Name)
		return nil
	}); err != nil || len(names) != 6 {
		t.Fatalf("got %v, %v", names, err)
	}
}

func TestTemporaryFilesAreGoneAfterwards(t *testing.T) {
	folder := t.TempDir()
	s, c := sim(t, graphsim.Options{}, func(o *graph.Options) { o.Spool = folder })
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, withAttachments())
	changes, _, _ := round(t, c, id, folderOf(t, c, id, "inbox"), "")
	spooled := false
	if err := c.Attachments(t.Context(), id, changes[0].Message.ID, func(a graph.Attachment) error {
		files, err := os.ReadDir(folder)
		spooled = spooled || len(files) > 0
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(folder); len(files) != 0 || !spooled {
		t.Fatalf("%d files stayed behind; spooled %v", len(files), spooled)
	}
}

func TestItemsThatAreNoMessagesComeAsTheirRendering(t *testing.T) {
	item := func(id, name, kind string) map[string]any {
		return map[string]any{
			"@odata.type": "#microsoft.graph.itemAttachment", "id": id, "name": name, "size": 10, "isInline": false, "contentType": nil,
			"item": map[string]any{"@odata.type": "#microsoft.graph." + kind, "id": "", "subject": name},
		}
	}
	file := func(id string) map[string]any {
		return map[string]any{
			"@odata.type": "#microsoft.graph.fileAttachment", "id": id, "name": id, "contentType": "text/plain", "size": 3, "isInline": false,
			"contentId": nil, "contentLocation": nil, "lastModifiedDateTime": "2026-01-02T03:04:05Z", "contentBytes": base64.StdEncoding.EncodeToString([]byte(id)),
		}
	}
	all := []map[string]any{file("a1"), item("e1", "Meeting", "event"), file("a2")}
	s := newTenant(t, func(w http.ResponseWriter, r *http.Request) {
		_, rest, _ := strings.Cut(r.URL.Path, "/attachments")
		switch rest {
		case "":
			answer(w, 200, map[string]any{"value": all})
		case "/e1":
			answer(w, 200, all[1])
		case "/e1/$value":
			_, _ = io.WriteString(w, "BEGIN:VCALENDAR")
		case "/a2/$value":
			_, _ = io.WriteString(w, "a2")
		default:
			http.NotFound(w, r)
		}
	})
	got := readAttachments(t, s.client(t), "m", "x")
	if len(got) != 3 || string(got[0].content) != "a1" || string(got[1].content) != "BEGIN:VCALENDAR" || got[1].Kind != mail.AttachmentItem || string(got[2].content) != "a2" {
		t.Fatalf("got %+v", got)
	}
}

func TestContentBeforeItsDescriptionIsKeptUntilThen(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 100_000)
	s := newTenant(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"value":[{"contentBytes":%q,"@odata.type":"#microsoft.graph.fileAttachment","id":"a","name":"n","isInline":true,"contentId":"c","size":7}]}`,
			base64.StdEncoding.EncodeToString(content))
	})
	got := readAttachments(t, s.client(t), "m", "x")
	if len(got) != 1 || !bytes.Equal(got[0].content, content) || got[0].ContentID != "c" || got[0].Name != "n" || !got[0].Inline {
		t.Fatalf("got %+v", got)
	}
}

// peak watches the heap while f runs, and returns by how much it grew at most.
func peak(f func()) uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	var most atomic.Uint64
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			case <-done:
				return
			}
		}
	}()
	f()
	close(done)
	<-gone
	if most.Load() < before {
		return 0
	}
	return most.Load() - before
}

func TestAnAttachmentOf100MBNeverLiesInMemory(t *testing.T) {
	const size = 100 << 20
	line := bytes.Repeat([]byte("holdfast"), 48<<10/8) // a multiple of three, so that base64 needs no padding within
	encoded := base64.StdEncoding.AppendEncode(nil, line)
	want := sha256.New()
	for n := 0; n < size; n += len(line) {
		want.Write(line)
	}
	s := newTenant(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"value":[{"@odata.type":"#microsoft.graph.fileAttachment","id":"a","lastModifiedDateTime":"2026-01-02T03:04:05Z","name":"n","contentType":null,"size":7,"isInline":false,"contentId":null,"contentLocation":null,"contentBytes":"`)
		for n := 0; n < size; n += len(line) {
			_, _ = w.Write(encoded)
		}
		_, _ = io.WriteString(w, `"}]}`)
	})
	c := s.client(t)
	got := sha256.New()
	grown := peak(func() {
		if err := c.Attachments(t.Context(), "m", "x", func(a graph.Attachment) error {
			_, err := io.Copy(hashOnly{got}, a.Content)
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("the content changed")
	}
	if grown > 16<<20 {
		t.Errorf("held %d MB", grown>>20)
	}
}

type hashOnly struct{ hash.Hash }

func TestMIMEIsAStream(t *testing.T) {
	_, c, id, m := oneWithAttachments(t, withAttachments())
	r, err := c.MIME(t.Context(), id, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	text := readAll(t, r)
	if err := r.Close(); err != nil || !strings.Contains(text, "Message-") {
		t.Fatalf("got %d bytes, %v", len(text), err)
	}
	if _, err := c.MIME(t.Context(), id, "AAMkgone="); err == nil {
		t.Error("MIME of no message")
	}
}
