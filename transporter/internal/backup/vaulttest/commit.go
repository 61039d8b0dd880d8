package vaulttest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

var lookupSentences = []sentence{
	{"LookupReturnsTheNewestRecord", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Messages: []record.Message{
			h.message(v, "a", "inbox", "one"), h.message(v, "b", "inbox", "one"), h.message(v, "c", "inbox", "one"),
		}})
		h.seal(v, "inbox", "archive")
		v = h.begin()
		h.want("of the last point", h.lookup(v, "c", "x", "a"), []string{"one in inbox", "", "one in inbox"})
		h.commit(v, backup.Checkpoint{Folder: "archive", Cursor: "c2", Messages: []record.Message{h.message(v, "a", "archive", "two")}})
		h.commit(v, backup.Checkpoint{Deleted: []mail.MessageID{"b"}})
		h.want("of this session", h.lookup(v, "a", "b", "c"), []string{"two in archive", "", "one in inbox"})
		h.close(v)
		v = h.begin()
		h.want("of an interrupted session", h.lookup(v, "a", "b", "c"), []string{"two in archive", "", "one in inbox"})
		h.seal(v, "inbox", "archive")
		h.want("of the next point", h.lookup(h.begin(), "a", "b", "c"), []string{"two in archive", "", "one in inbox"})
	}},
	{"RecordsComeBackWhole", func(h *harness) {
		v := h.begin()
		m := h.message(v, "a", "inbox", "one")
		item, _ := message("item", "", "attached")
		item = h.message(v, "item", "f", "attached")
		mime := []byte("MIME-Version: 1.0\r\n\r\nbody")
		big := make([]byte, 100_000)
		for _, b := range [][]byte{mime, big, big[:10]} {
			if err := v.Put(h.ctx(), record.Sum(b), b); err != nil {
				h.t.Fatal(err)
			}
		}
		m.MIME = content(mime)
		m.Lost = []string{"An attachment could not be read."}
		two := content(big)
		two.Pieces, two.Size = append(two.Pieces, content(big[:10]).Pieces...), two.Size+10
		m.Attachments = []record.Attachment{
			{Attachment: mail.Attachment{ID: "1", Name: "a.bin", ContentType: "application/octet-stream", Size: 100_500, Inline: true, ContentID: "cid", ContentLocation: "loc", Modified: time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)}, Content: two},
			{Attachment: mail.Attachment{ID: "2", Kind: mail.AttachmentItem, Name: "item"}, Item: &item},
			{Attachment: mail.Attachment{ID: "3", Kind: mail.AttachmentReference, Name: "link"}, Lost: "Denied."},
		}
		plain, _ := message("plain", "inbox", "plain")
		plain = record.Message{Message: mail.Message{ID: plain.ID, Folder: plain.Folder}}
		odd := plain
		odd.ID, odd.Received = "odd", time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
		late := plain
		late.ID, late.Received = "late", time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
		want := map[mail.MessageID]record.Message{m.ID: m, plain.ID: plain, odd.ID: odd, late.ID: late}
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{m, plain, odd, late}})
		check := func(what string, v backup.Vault) {
			found, err := v.Lookup(h.ctx(), []mail.MessageID{m.ID, plain.ID, odd.ID, late.ID})
			if err != nil {
				h.t.Fatal(err)
			}
			for _, got := range found {
				if got == nil {
					h.t.Errorf("%s: a record is missing", what)
					continue
				}
				h.want(what, *got, want[got.ID])
			}
		}
		check("staged", v)
		p := h.seal(v, "inbox")
		if diff := cmp.Diff(want, p.Messages, cmpopts.EquateEmpty()); diff != "" {
			h.t.Errorf("in the point (-want +got):\n%s", diff)
		}
		check("sealed", h.begin())
		h.want("counts", p.Info.Counts, record.Counts{
			Folders: 1, Messages: 4, Attachments: 3, Lost: 1, Bytes: m.Body.Size + item.Body.Size + m.MIME.Size + two.Size,
		})
		h.want("complete", p.Info.Complete, false)
	}},
}

var commitSentences = []sentence{
	{"CommittingTwiceIsTheSameAsOnce", func(h *harness) {
		v := h.begin()
		c := backup.Checkpoint{
			Folder: "inbox", Cursor: "c1", Full: true, Restart: true,
			Messages: []record.Message{h.message(v, "a", "inbox", "one"), h.message(v, "b", "inbox", "one")}, Deleted: []mail.MessageID{"x"},
		}
		h.commit(v, c)
		h.commit(v, c)
		h.close(v)
		v = h.begin()
		c = backup.Checkpoint{Folder: "inbox", Cursor: "c2", Full: true, Done: true, Messages: []record.Message{h.message(v, "a", "inbox", "two")}}
		h.commit(v, c)
		h.commit(v, c)
		h.want("point", inPoint(h.seal(v, "inbox")), []string{"a: two in inbox", "b: one in inbox"})
	}},
	{"CommitRefusesAbsentPiecesAndKeepsNothing", func(h *harness) {
		v := h.begin()
		good := h.message(v, "good", "inbox", "one")
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1"})
		absent, _ := message("absent", "inbox", "never put")
		attached := h.message(v, "attached", "inbox", "one")
		attached.Attachments = []record.Attachment{{Item: &absent}}
		mime := h.message(v, "mime", "inbox", "one")
		mime.MIME = absent.Body
		for _, bad := range []record.Message{absent, attached, mime} {
			err := v.Commit(h.ctx(), backup.Checkpoint{Folder: "inbox", Cursor: "c2", Messages: []record.Message{good, bad}})
			h.wantKind(string(bad.ID), err, fault.Invalid)
		}
		h.want("lookup", h.lookup(v, "good", "absent"), []string{"", ""})
		h.close(v)
		v = h.begin()
		h.want("cursor", h.cursor(v, "inbox").Cursor, mail.Cursor("c1"))
		h.want("point", inPoint(h.seal(v, "inbox")), []string(nil))
	}},
	{"AnEmptyCursorLeavesTheStoredOne", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1"})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		h.close(v)
		v = h.begin()
		h.want("cursor", h.cursor(v, "inbox").Cursor, mail.Cursor("c1"))
		h.seal(v, "inbox")
		v = h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Done: true})
		h.seal(v, "inbox")
		h.want("cursor of the point", h.cursor(h.begin(), "inbox").Cursor, mail.Cursor("c1"))
	}},
	{"TheNewestRecordWinsWhateverItsFolder", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Messages: []record.Message{h.message(v, "a", "inbox", "one"), h.message(v, "b", "inbox", "one")}})
		h.commit(v, backup.Checkpoint{Folder: "archive", Cursor: "d1", Messages: []record.Message{h.message(v, "a", "archive", "two")}})
		h.commit(v, backup.Checkpoint{Messages: []record.Message{h.message(v, "b", "archive", "three")}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"a: two in archive", "b: three in archive"})
	}},
	{"AMessageCommittedAfterItsDeletionIsBack", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		h.commit(v, backup.Checkpoint{Deleted: []mail.MessageID{"a", "unknown"}})
		h.want("lookup", h.lookup(v, "a"), []string{""})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Messages: []record.Message{h.message(v, "a", "inbox", "two")}})
		h.want("point", inPoint(h.seal(v, "inbox")), []string{"a: two in inbox"})
	}},
	{"CommitRefusesWhatIsNoCheckpoint", func(h *harness) {
		v := h.begin()
		anonymous := h.message(v, "a", "inbox", "one")
		anonymous.ID = ""
		wrong := h.message(v, "a", "inbox", "one")
		wrong.Body.Size++
		for name, c := range map[string]backup.Checkpoint{
			"a message without id":      {Folder: "inbox", Messages: []record.Message{anonymous}},
			"content of a wrong length": {Folder: "inbox", Messages: []record.Message{wrong}},
			"a cursor without folder":   {Cursor: "c"},
			"gone from no folder":       {Gone: []mail.MessageID{"a"}},
		} {
			h.wantKind(name, v.Commit(h.ctx(), c), fault.Invalid)
		}
	}},
	{"ManyCheckpointsOfManyMessages", func(h *harness) {
		v := h.begin()
		var want []string
		for page := range 30 {
			c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(fmt.Sprint("c", page)), Full: true, Done: page == 29}
			for i := range 40 {
				id := fmt.Sprintf("m-%02d-%02d", page, i)
				c.Messages = append(c.Messages, h.message(v, id, "inbox", "one"))
				want = append(want, id+": one in inbox")
			}
			h.commit(v, c)
		}
		h.want("point", inPoint(h.seal(v, "inbox")), want)
		v = h.begin()
		h.want("lookup", h.lookup(v, "m-00-00", "m-15-20", "m-29-39"), []string{"one in inbox", "one in inbox", "one in inbox"})
	}},
}
