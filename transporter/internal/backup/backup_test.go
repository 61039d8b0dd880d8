package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

func file(id mail.AttachmentID, content string) boxAttachment {
	return boxAttachment{Attachment: mail.Attachment{ID: id, Name: string(id) + ".bin"}, content: []byte(content)}
}

// run backs the box up and returns the point.
func run(t testing.TB, r *memRepository, b *box, o backup.Options) (*memPoint, backup.Result) {
	t.Helper()
	v := r.begin()
	defer v.Close()
	result, err := backup.Run(t.Context(), b, v, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.last(), result
}

// compare fails the test unless the point is what the box is.
func compare(t testing.TB, r *memRepository, p *memPoint, b *box) {
	t.Helper()
	want := slices.Sorted(maps.Keys(b.messages))
	got := slices.Sorted(maps.Keys(p.messages))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-mailbox +point):\n%s", diff)
		return
	}
	for _, id := range want {
		compareMessage(t, r, p.messages[id], b.messages[id])
	}
	var folders []mail.Folder
	for _, f := range b.folders {
		folders = append(folders, f.Folder)
	}
	total := cmpopts.IgnoreFields(mail.Folder{}, "Total")
	if diff := cmp.Diff(folders, p.summary.Folders, total); diff != "" {
		t.Errorf("folders (-mailbox +point):\n%s", diff)
	}
}

func compareMessage(t testing.TB, r *memRepository, got *record.Message, want *boxMessage) {
	t.Helper()
	id := want.m.ID
	if diff := cmp.Diff(want.m, got.Message, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("message %s (-mailbox +point):\n%s", id, diff)
	}
	if body := string(r.read(got.Body)); body != want.body {
		t.Errorf("message %s: body %q, want %q", id, body, want.body)
	}
	if len(got.Lost) > 0 {
		t.Errorf("message %s lost %q", id, got.Lost)
	}
	if len(got.Attachments) != len(want.attachments) {
		t.Errorf("message %s: %d attachments, want %d", id, len(got.Attachments), len(want.attachments))
		return
	}
	for i, w := range want.attachments {
		g := got.Attachments[i]
		if diff := cmp.Diff(w.Attachment, g.Attachment); diff != "" {
			t.Errorf("message %s (-mailbox +point):\n%s", id, diff)
		}
		if w.item != nil {
			compareMessage(t, r, g.Item, w.item)
		} else if content := r.read(g.Content); !bytes.Equal(content, w.content) {
			t.Errorf("message %s: attachment %d is %d bytes, want %d", id, i, len(content), len(w.content))
		}
	}
}

func TestAMailboxIsKeptWhole(t *testing.T) {
	b := newBox(1, "inbox", "sent", "empty")
	for _, id := range []mail.MessageID{"m1", "m2", "m3", "m4", "m5", "m6", "m7"} {
		b.add("inbox", id, "<p>body of "+string(id)+"</p>")
	}
	b.add("sent", "s1", "see attached", file("a1", "content"), file("a2", "content"), boxAttachment{
		Attachment: mail.Attachment{ID: "a3", Kind: mail.AttachmentReference, Name: "link"},
	})
	b.add("sent", "s2", `<img src="CID:x">`, boxAttachment{
		Attachment: mail.Attachment{ID: "a4", Name: "x.png", Inline: true, ContentID: "x"}, content: []byte("png"),
	})
	inner := &boxMessage{
		m: mail.Message{Subject: "inner"}, body: "inner body", attachments: []boxAttachment{file("i1", "deep")},
	}
	b.add("sent", "s3", "forwarded", boxAttachment{
		Attachment: mail.Attachment{ID: "a5", Kind: mail.AttachmentItem, Name: "inner"}, item: inner,
	})
	b.add("sent", "s4", "", file("a6", ""))
	r := newMemRepository(t)
	p, result := run(t, r, b, backup.Options{Run: "r1", Origin: record.Origin{MailboxName: "M"}})
	compare(t, r, p, b)
	if !p.point.Complete || len(result.Losses) > 0 || p.summary.Run != "r1" || p.summary.Origin.MailboxName != "M" {
		t.Errorf("got %+v, %+v", p.summary, result)
	}
	s := result.Progress
	if s.Changed != 11 || s.MessagesDone != 11 || s.MessagesTotal != 11 || s.FoldersDone != 3 || s.FoldersTotal != 3 || s.Attachments != 7 {
		t.Errorf("progress %+v", s)
	}
	if s.BytesRead <= s.BytesNew || s.BytesNew == 0 {
		t.Errorf("read %d bytes, %d new", s.BytesRead, s.BytesNew)
	}
}

func TestAnUnchangedMailboxCostsARequestPerFolder(t *testing.T) {
	b := newBox(1, "inbox", "sent")
	b.add("inbox", "m1", "body", file("a", "x"))
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	clear(b.calls)
	p, result := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	if diff := cmp.Diff(map[string]int{"Folders": 1, "Changes": 2}, b.calls); diff != "" {
		t.Error(diff)
	}
	if result.Progress.Changed != 0 || len(r.points) != 2 {
		t.Errorf("%+v", result.Progress)
	}
}

func TestAMoveOrToggleDoesNotReadAttachmentsAgain(t *testing.T) {
	for name, change := range map[string]func(*box){
		"move":       func(b *box) { b.move("m", "B") },
		"read":       func(b *box) { b.state("m", func(m *mail.Message) { m.Read = true }) },
		"partial":    func(b *box) { b.partial = true; b.state("m", func(m *mail.Message) { m.Read = true }) },
		"flag":       func(b *box) { b.state("m", func(m *mail.Message) { m.Flag.Status = mail.FlagComplete }) },
		"categories": func(b *box) { b.state("m", func(m *mail.Message) { m.Categories = []string{"Red"} }) },
		"quirk":      func(b *box) { b.silent = true; b.move("m", "B"); b.move("m", "A") },
		"move and read": func(b *box) {
			b.move("m", "B")
			b.state("m", func(m *mail.Message) { m.Read = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A", "B")
			b.add("A", "m", `<img src="cid:1">`, file("a", "large"))
			r := newMemRepository(t)
			run(t, r, b, backup.Options{})
			change(b)
			p, _ := run(t, r, b, backup.Options{})
			compare(t, r, p, b)
			if b.fetched["m"] != 1 {
				t.Errorf("attachments were read %d times", b.fetched["m"])
			}
			if len(p.pending) > 0 != (name == "quirk") {
				t.Errorf("to be watched: %v", p.pending)
			}
		})
	}
}

func TestAttachmentsAreReadAgainWhenInDoubt(t *testing.T) {
	for name, change := range map[string]func(*boxMessage){
		"attachment added":   func(m *boxMessage) { m.attachments = append(m.attachments, file("b", "new")) },
		"attachment removed": func(m *boxMessage) { m.attachments, m.m.HasAttachments = nil, false },
		"body edited":        func(m *boxMessage) { m.body = "other cid:1"; m.m.Read = true },
		"inline image no longer named": func(m *boxMessage) {
			m.attachments[0].Inline, m.m.HasAttachments, m.body = true, false, "plain"
		},
		"draft": func(m *boxMessage) {
			m.m.Draft, m.m.Read = true, true
			m.attachments = append(m.attachments, file("b", "n"))
		},
		"subject edited": func(m *boxMessage) { m.m.Subject, m.m.Read = "other", true; m.attachments[0].content = []byte("n") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A", "B")
			b.add("A", "m", "body cid:1", file("a", "large"))
			r := newMemRepository(t)
			run(t, r, b, backup.Options{})
			b.edit("m", change)
			p, _ := run(t, r, b, backup.Options{})
			compare(t, r, p, b)
		})
	}
}

func TestRemovalsAreVerified(t *testing.T) {
	b := newBox(1, "A", "B")
	for _, id := range []mail.MessageID{"gone", "moved", "back", "kept", "dropped"} {
		b.add("A", id, "body of "+string(id))
	}
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.silent = true
	b.remove("gone")
	b.move("moved", "B")
	b.move("back", "B")
	b.move("back", "A")
	b.messages["dropped"].m.Folder = "recoverable items, not backed up"
	b.note("A", "dropped", false)
	p, result := run(t, r, b, backup.Options{})
	delete(b.messages, "dropped")
	compare(t, r, p, b)
	if result.Progress.Deleted != 2 {
		t.Errorf("deleted %d", result.Progress.Deleted)
	}
	// What is back unreported may go unreported: it is watched.
	if diff := cmp.Diff(map[mail.MessageID]mail.FolderID{"back": "A"}, p.pending); diff != "" {
		t.Error(diff)
	}
	delete(b.messages, "back")
	p, _ = run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	if len(p.pending) > 0 {
		t.Errorf("still watched: %v", p.pending)
	}
}

func TestAnExpiredCursorIsMendedWithoutReadingEverythingAgain(t *testing.T) {
	b := newBox(1, "A", "B")
	for _, id := range []mail.MessageID{"m1", "m2", "m3", "m4", "m5"} {
		b.add("A", id, "body", file("a", string(id)))
	}
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.expired["A"] = true
	b.remove("m2")
	b.folder("A").log = nil // nobody will tell
	b.add("A", "m6", "new", file("a", "m6"))
	p, _ := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	for id, n := range b.fetched {
		if n != 1 {
			t.Errorf("attachments of %s were read %d times", id, n)
		}
	}
}

func TestACursorThatExpiresHalfWayIsMended(t *testing.T) {
	b := newBox(1, "A")
	for _, id := range []mail.MessageID{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"} {
		b.add("A", id, "body", file("a", string(id)))
	}
	n := 0
	b.hook = func(_ context.Context, call string) error {
		if call == "Changes" {
			if n++; n == 3 {
				b.expired["A"] = true
				b.remove("m1") // committed already, and not reported again
				b.folder("A").log = nil
			}
		}
		return nil
	}
	r := newMemRepository(t)
	p, _ := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	for id, n := range b.fetched {
		if n != 1 {
			t.Errorf("attachments of %s were read %d times", id, n)
		}
	}
}

func TestFoldersWithoutChangeStreamAreListedAndCompared(t *testing.T) {
	b := newBox(1, "A", "B")
	b.full = true
	for _, id := range []mail.MessageID{"m1", "m2", "m3", "m4"} {
		b.add("A", id, "body", file("a", string(id)))
	}
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.remove("m1")
	b.move("m2", "B")
	b.add("B", "m5", "new")
	p, _ := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	if b.fetched["m2"] != 1 || b.fetched["m3"] != 1 {
		t.Errorf("attachments were read again: %v", b.fetched)
	}
}

func TestAFolderThatVanishesIsDropped(t *testing.T) {
	b := newBox(1, "A", "B")
	b.add("A", "m1", "body")
	b.add("B", "m2", "body")
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.hook = func(_ context.Context, call string) error {
		if call == "Changes" && b.folder("B") != nil {
			b.dropFolder("B")
		}
		return nil
	}
	p, result := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	if len(result.Losses) > 0 {
		t.Errorf("losses %v", result.Losses)
	}
}

func TestAFolderMadeMeanwhileIsInTheTree(t *testing.T) {
	b := newBox(1, "A")
	b.add("A", "m1", "body")
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.hook = func(_ context.Context, call string) error {
		if call == "Changes" && b.folder("new") == nil {
			b.addFolder("new")
			b.move("m1", "new")
		}
		return nil
	}
	p, _ := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
}

func TestSMIMEAndEvidenceKeepMIME(t *testing.T) {
	signed := boxAttachment{Attachment: mail.Attachment{ID: "s", Name: "smime.p7m", ContentType: "application/pkcs7-mime"}, content: []byte("p7")}
	for name, tc := range map[string]struct {
		change   func(*boxMessage)
		evidence bool
		want     bool
	}{
		"plain":    {func(*boxMessage) {}, false, false},
		"evidence": {func(*boxMessage) {}, true, true},
		"smime":    {func(m *boxMessage) { m.attachments, m.m.HasAttachments = []boxAttachment{signed}, true }, false, true},
		"signed": {func(m *boxMessage) {
			m.m.Headers = []mail.Header{{Name: "content-type", Value: "Multipart/Signed; protocol=x"}}
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A")
			b.add("A", "m", "body")
			b.edit("m", tc.change)
			r := newMemRepository(t)
			p, _ := run(t, r, b, backup.Options{EvidenceCopy: tc.evidence})
			got := string(r.read(p.messages["m"].MIME))
			if (got == "MIME of m") != tc.want {
				t.Errorf("MIME %q", got)
			}
			b.state("m", func(m *mail.Message) { m.Read = true })
			b.calls["MIME"] = 0
			p, _ = run(t, r, b, backup.Options{EvidenceCopy: tc.evidence})
			if p.messages["m"].MIME.Size > 0 != tc.want || b.calls["MIME"] > 0 {
				t.Errorf("after a toggle: MIME of %d bytes, read %d times", p.messages["m"].MIME.Size, b.calls["MIME"])
			}
		})
	}
}

func TestTheRightFaultEndsARun(t *testing.T) {
	for name, tc := range map[string]struct {
		call string
		kind fault.Kind
		want fault.Kind
	}{
		"no mailbox":           {"Folders", fault.NotFound, fault.NotFound},
		"secret expired":       {"Attachments", fault.Unauthorized, fault.Unauthorized},
		"every folder refused": {"Changes", fault.Denied, fault.Denied},
		"vault out of reach":   {"vault.Have", fault.Unavailable, fault.Unavailable},
		"disk full":            {"vault.Commit", fault.Exhausted, fault.Exhausted},
		"vault is corrupt":     {"vault.Lookup", fault.Corrupt, fault.Corrupt},
		"seal fails":           {"vault.Seal", fault.Conflict, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A", "B")
			b.add("A", "m1", "body", file("a", "x"))
			r := newMemRepository(t)
			fail := func(call string) error {
				if call == tc.call {
					return fault.New(tc.kind, "no %s", call)
				}
				return nil
			}
			r.hook = fail
			b.hook = func(_ context.Context, call string) error { return fail(call) }
			_, err := backup.Run(t.Context(), b, r.begin(), backup.Options{}, nil)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v (%v), want %v", err, fault.KindOf(err), tc.want)
			}
			if len(r.points) > 0 {
				t.Error("a point was made")
			}
		})
	}
}

func TestTextThatIsNoTextIsKeptAsWellAsItCanBe(t *testing.T) {
	b := newBox(1, "A")
	m := b.add("A", "m", "body \xff", file("a", "x"))
	m.m.Subject, m.m.Categories, m.attachments[0].Name = "a\xffb", []string{"ok", "\xfe"}, "\xff.txt"
	m.m.To[0].Name = "\xff"
	r := newMemRepository(t)
	p, _ := run(t, r, b, backup.Options{})
	got := p.messages["m"]
	if got.Subject != "a\uFFFDb" || got.Categories[1] != "\uFFFD" || got.Attachments[0].Name != "\uFFFD.txt" || got.To[0].Name != "\uFFFD" {
		t.Errorf("got %+v", got)
	}
	if string(r.read(got.Body)) != "body \xff" {
		t.Error("the body is not what it was")
	}
	if _, result := run(t, r, b, backup.Options{}); result.Progress.Changed != 0 {
		t.Error("it changed")
	}
}

func TestProgressIsSeenWhileItIsMade(t *testing.T) {
	b := newBox(1, "A")
	for i := range 12 {
		b.add("A", mail.MessageID(fmt.Sprintf("m%02d", i)), "body")
	}
	var seen []int64
	p := new(backup.Progress)
	b.hook = func(_ context.Context, call string) error {
		if call == "Changes" {
			seen = append(seen, p.Snapshot().MessagesDone)
		}
		return nil
	}
	if _, err := backup.Run(t.Context(), b, newMemRepository(t).begin(), backup.Options{Parallel: 1}, p); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{0, 3, 6, 9}, seen); diff != "" {
		t.Error(diff)
	}
	if s := p.Snapshot(); s.MessagesDone != 12 || s.MessagesTotal != 12 || s.Phase != backup.PhaseSealing {
		t.Errorf("at the end: %+v", s)
	}
}
