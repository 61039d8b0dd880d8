package vaulttest

import (
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// sealed leaves a point with messages a, b and c in inbox.
func (h *harness) sealed() {
	h.t.Helper()
	v := h.begin()
	h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Full: true, Done: true, Messages: []record.Message{
		h.message(v, "a", "inbox", "one"), h.message(v, "b", "inbox", "one"), h.message(v, "c", "inbox", "one"),
	}})
	h.seal(v, "inbox", "archive")
}

// goneFromInbox returns what Pending says of messages gone from inbox.
func goneFromInbox(ids ...mail.MessageID) []backup.Gone {
	var list []backup.Gone
	for _, id := range ids {
		list = append(list, backup.Gone{Message: id, Folder: "inbox"})
	}
	return list
}

var pendingSentences = []sentence{
	{"AMessageGoneIsPendingUntilItIsDecided", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Gone: []mail.MessageID{"a", "b", "c", "unknown"}})
		h.want("all", h.pending(v), goneFromInbox("a", "b", "c"))
		some, err := v.Pending(h.ctx(), 2)
		if err != nil || len(some) != 2 {
			h.t.Errorf("limit of 2: %v, %v", some, err)
		}
		h.commit(v, backup.Checkpoint{Deleted: []mail.MessageID{"a"}})
		h.commit(v, backup.Checkpoint{Folder: "archive", Cursor: "d1", Messages: []record.Message{h.message(v, "b", "archive", "two")}})
		h.want("decided", h.pending(v), goneFromInbox("c"))
		h.commit(v, backup.Checkpoint{Messages: []record.Message{h.message(v, "c", "inbox", "one")}})
		h.want("a removal that proved to be none", h.pending(v), []backup.Gone(nil))
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"b: two in archive", "c: one in inbox"})
	}},
	{"AMessageFoundElsewhereBeforeItIsGoneIsNotPending", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "archive", Cursor: "d1", Messages: []record.Message{h.message(v, "a", "archive", "two")}})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Gone: []mail.MessageID{"a"}})
		h.want("pending", h.pending(v), []backup.Gone(nil))
	}},
	{"AMessageGoneAgainIsPendingAgain", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Gone: []mail.MessageID{"a"}})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c3", Messages: []record.Message{h.message(v, "a", "inbox", "two")}})
		h.want("back", h.pending(v), []backup.Gone(nil))
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c4", Gone: []mail.MessageID{"a"}})
		h.want("gone again", h.pending(v), goneFromInbox("a"))
		h.close(v)
		h.want("in the next session", h.pending(h.begin()), goneFromInbox("a"))
	}},
	{"AnUndecidedRemovalStaysInThePointAndPending", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Gone: []mail.MessageID{"a", "b"}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"a: one in inbox", "b: one in inbox", "c: one in inbox"})
		v = h.begin()
		h.want("pending", h.pending(v), goneFromInbox("a", "b"))
		h.commit(v, backup.Checkpoint{Deleted: []mail.MessageID{"a"}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"b: one in inbox", "c: one in inbox"})
		h.want("pending", h.pending(h.begin()), goneFromInbox("b"))
	}},
}

var enumerationSentences = []sentence{
	{"AFullEnumerationDropsWhatItDoesNotName", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Full: true, Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		h.want("lookup of what is not named", h.lookup(v, "b"), []string{"one in inbox"})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c3", Full: true, Done: true, Messages: []record.Message{h.message(v, "c", "inbox", "two")}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"a: one in inbox", "c: two in inbox"})
		v = h.begin()
		h.want("state", h.cursor(v, "inbox"), backup.FolderState{Folder: "inbox", Cursor: "c3"})
		h.want("lookup afterwards", h.lookup(v, "a", "b", "c"), []string{"one in inbox", "", "two in inbox"})
	}},
	{"AFullEnumerationConcernsItsFolderOnly", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "archive", Cursor: "d1", Full: true, Done: true, Messages: []record.Message{h.message(v, "b", "archive", "two")}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"a: one in inbox", "b: two in archive", "c: one in inbox"})
	}},
	{"BeforeAnEnumerationIsDoneNothingIsDropped", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Full: true, Messages: []record.Message{h.message(v, "a", "inbox", "two")}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"a: two in inbox", "b: one in inbox", "c: one in inbox"})
		v = h.begin()
		h.want("state", h.cursor(v, "inbox"), backup.FolderState{Folder: "inbox", Cursor: "c2", Enumerating: true})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c3", Full: true, Messages: []record.Message{h.message(v, "b", "inbox", "two")}})
		h.seal(v, "inbox", "archive")
		v = h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c4", Full: true, Done: true, Messages: []record.Message{h.message(v, "d", "inbox", "new")}})
		h.want("at its end, sessions later", inPoint(h.seal(v, "inbox", "archive")), []string{"a: two in inbox", "b: two in inbox", "d: new in inbox"})
		h.want("state", h.cursor(h.begin(), "inbox"), backup.FolderState{Folder: "inbox", Cursor: "c4"})
	}},
	{"AFirstEnumerationGoesOnInTheNextPoint", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Full: true, Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		h.seal(v, "inbox")
		v = h.begin()
		h.want("state", h.cursor(v, "inbox"), backup.FolderState{Folder: "inbox", Cursor: "c1", Enumerating: true})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Full: true, Done: true, Messages: []record.Message{h.message(v, "b", "inbox", "one")}})
		h.want("point", inPoint(h.seal(v, "inbox")), []string{"a: one in inbox", "b: one in inbox"})
		h.want("lookup", h.lookup(h.begin(), "a", "b"), []string{"one in inbox", "one in inbox"})
	}},
	{"RestartForgetsWhatWasCommittedForTheFolder", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Full: true, Messages: []record.Message{
			h.message(v, "a", "inbox", "two"), h.message(v, "d", "inbox", "new"),
		}})
		h.commit(v, backup.Checkpoint{Folder: "archive", Cursor: "d1", Messages: []record.Message{h.message(v, "b", "archive", "two")}})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Restart: true, Full: true, Messages: []record.Message{h.message(v, "c", "inbox", "three")}})
		h.want("lookup goes on finding it", h.lookup(v, "a", "b", "c", "d"), []string{"two in inbox", "two in archive", "three in inbox", "new in inbox"})
		h.close(v)
		v = h.begin()
		h.want("the cursor is forgotten too", h.cursor(v, "inbox"), backup.FolderState{Folder: "inbox", Enumerating: true})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c9", Full: true, Done: true})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"b: two in archive", "c: three in inbox"})
	}},
	{"RestartBeginsAnEnumerationOfThePointAnew", func(h *harness) {
		h.sealed()
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c2", Full: true, Messages: []record.Message{h.message(v, "a", "inbox", "two")}})
		h.seal(v, "inbox", "archive")
		v = h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c3", Full: true, Restart: true, Done: true, Messages: []record.Message{h.message(v, "b", "inbox", "two")}})
		h.want("point", inPoint(h.seal(v, "inbox", "archive")), []string{"b: two in inbox"})
	}},
}
