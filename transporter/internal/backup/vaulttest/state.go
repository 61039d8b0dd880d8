package vaulttest

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

var stateSentences = []sentence{
	{"AFirstBackupStartsFromNothing", func(h *harness) {
		st := h.begin().State()
		if st.Base != "" || st.Resumed || len(st.Folders) != 0 || len(st.Losses) != 0 || st.Begun.IsZero() {
			h.t.Errorf("state of a first backup: %+v", st)
		}
	}},
	{"StateHasBaseCursorsAndLossesOfTheLastPoint", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Full: true, Done: true})
		s := summary("r", "inbox")
		s.Losses = []mail.Loss{{Message: "lost", Folder: "inbox", Subject: "S", What: "message", Reason: "Because.", RequestID: "q"}}
		p := h.sealSummary(v, s)
		st := h.begin().State()
		h.want("base", st.Base, p.Info.ID)
		h.want("folders", st.Folders, []backup.FolderState{{Folder: "inbox", Cursor: "c1"}})
		h.want("losses", st.Losses, s.Losses)
		h.want("resumed", st.Resumed, false)
	}},
	{"AnInterruptedSessionIsResumed", func(h *harness) {
		v := h.begin()
		begun := v.State().Begun
		loss := mail.Loss{Message: "lost", Folder: "inbox", What: "message", Reason: "Because."}
		h.commit(v, backup.Checkpoint{
			Folder: "inbox", Cursor: "c1", Full: true, Messages: []record.Message{h.message(v, "a", "inbox", "one")}, Losses: []mail.Loss{loss},
		})
		h.close(v)
		v = h.begin()
		st := v.State()
		h.want("resumed", st.Resumed, true)
		h.want("folders", st.Folders, []backup.FolderState{{Folder: "inbox", Cursor: "c1", Enumerating: true}})
		h.want("losses", st.Losses, []mail.Loss{loss})
		if d := st.Begun.Sub(begun); d > time.Second || d < -time.Second {
			h.t.Errorf("begun at %v, now says %v", begun, st.Begun)
		}
		h.want("lookup", h.lookup(v, "a"), []string{"one in inbox"})
		h.want("point", inPoint(h.seal(v, "inbox")), []string{"a: one in inbox"})
		h.want("resumed after a seal", h.begin().State().Resumed, false)
	}},
	{"ACrashLosesNothingCommitted", func(h *harness) {
		if h.store.Crash == nil {
			h.t.Skip("the store cannot crash")
		}
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		h.message(v, "b", "inbox", "put, not committed")
		h.store.Crash()
		v = h.begin()
		h.want("cursor", h.cursor(v, "inbox"), backup.FolderState{Folder: "inbox", Cursor: "c1"})
		h.want("lookup", h.lookup(v, "a", "b"), []string{"one in inbox", ""})
		p := h.seal(v, "inbox")
		h.store.Crash()
		h.want("point", inPoint(h.read(p.Info.ID)), []string{"a: one in inbox"})
		h.want("base", h.begin().State().Base, p.Info.ID)
	}},
	{"OneSessionAtATime", func(h *harness) {
		v := h.begin()
		_, err := h.store.Begin(h.ctx(), key, "other")
		h.wantKind("a second session", err, fault.Conflict)
		other := key
		other.Job = "another"
		w, err := h.store.Begin(h.ctx(), other, "other")
		if err != nil {
			h.t.Fatalf("a session for another backup: %v", err)
		}
		h.close(w)
		h.close(v)
		h.close(h.begin())
	}},
	{"BackupsDoNotSeeEachOther", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		h.seal(v, "inbox")
		other := key
		other.Mailbox = "another"
		w, err := h.store.Begin(h.ctx(), other, "other")
		if err != nil {
			h.t.Fatal(err)
		}
		h.want("state", len(w.State().Folders), 0)
		h.want("lookup", h.lookup(w, "a"), []string{""})
		h.close(w)
	}},
	{"LossesOfCheckpointsAreForgottenBySealing", func(h *harness) {
		v := h.begin()
		loss := mail.Loss{Message: "lost", Folder: "inbox", What: "message", Reason: "Because."}
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c1", Losses: []mail.Loss{loss, loss}})
		p := h.seal(v, "inbox")
		h.want("losses of the point", p.Losses, []mail.Loss(nil))
		h.want("losses of the next session", h.begin().State().Losses, []mail.Loss(nil))
	}},
}

var bytesSentences = []sentence{
	{"HaveKnowsWhatWasPutAndWhatIsDurable", func(h *harness) {
		v := h.begin()
		m, body := message("a", "inbox", "one")
		hash := m.Body.Pieces[0].Hash
		absent := record.Sum([]byte("never put"))
		have := func(v backup.Vault) []bool {
			h.t.Helper()
			got, err := v.Have(h.ctx(), []record.Hash{absent, hash, absent})
			if err != nil {
				h.t.Fatal(err)
			}
			return got
		}
		h.want("before", have(v), []bool{false, false, false})
		if err := v.Put(h.ctx(), hash, body); err != nil {
			h.t.Fatal(err)
		}
		h.want("after put", have(v), []bool{false, true, false})
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{m}})
		h.close(v)
		h.want("in the next session", have(h.begin()), []bool{false, true, false})
		none, err := h.beginOther("x").Have(h.ctx(), nil)
		h.want("none asked", len(none), 0)
		h.want("no error", err, nil)
	}},
	{"PutAgainIsAllowed", func(h *harness) {
		v := h.begin()
		m := h.message(v, "a", "inbox", "one")
		h.message(v, "a", "inbox", "one")
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{m}})
		h.message(v, "a", "inbox", "one")
		h.want("point", inPoint(h.seal(v, "inbox")), []string{"a: one in inbox"})
	}},
	{"PutRefusesWhatDoesNotFit", func(h *harness) {
		v := h.begin()
		h.wantKind("wrong hash", v.Put(h.ctx(), record.Sum([]byte("a")), []byte("b")), fault.Invalid)
		h.wantKind("no bytes", v.Put(h.ctx(), record.Sum(nil), nil), fault.Invalid)
		long := make([]byte, record.MaxPiece+1)
		h.wantKind("too long", v.Put(h.ctx(), record.Sum(long), long), fault.Invalid)
		if err := v.Put(h.ctx(), record.Sum(long[1:]), long[1:]); err != nil {
			h.t.Errorf("the longest piece: %v", err)
		}
	}},
	{"SlicesMayBeReusedAfterReturn", func(h *harness) {
		v := h.begin()
		m, body := message("a", "inbox", "one")
		if err := v.Put(h.ctx(), m.Body.Pieces[0].Hash, body); err != nil {
			h.t.Fatal(err)
		}
		clear(body)
		list := []record.Message{m}
		gone := []mail.MessageID{"x"}
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: list, Gone: gone})
		list[0], gone[0] = record.Message{}, "y"
		found, err := v.Lookup(h.ctx(), []mail.MessageID{"a"})
		if err != nil || found[0] == nil {
			h.t.Fatal(found, err)
		}
		found[0].Subject, found[0].To[0].Name = "changed", "changed"
		h.want("point", inPoint(h.seal(v, "inbox")), []string{"a: one in inbox"})
	}},
	{"MethodsMayRunTogether", func(h *harness) {
		v := h.begin()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{h.message(v, "a", "inbox", "one")}})
		shared := bytes.Repeat([]byte("shared by all "), 5000)
		var all sync.WaitGroup
		messages := make([]record.Message, 8)
		for i := range messages {
			all.Go(func() {
				for range 20 {
					if err := v.Put(h.ctx(), record.Sum(shared), shared); err != nil {
						h.t.Error(err)
					}
					messages[i] = h.message(v, fmt.Sprint("m", i), "inbox", "text")
					if _, err := v.Have(h.ctx(), []record.Hash{record.Sum(shared)}); err != nil {
						h.t.Error(err)
					}
					if _, err := v.Lookup(h.ctx(), []mail.MessageID{"a", "b"}); err != nil {
						h.t.Error(err)
					}
					if _, err := v.Pending(h.ctx(), 10); err != nil {
						h.t.Error(err)
					}
					_ = v.State()
				}
			})
		}
		all.Wait()
		h.commit(v, backup.Checkpoint{Folder: "inbox", Cursor: "d", Messages: messages})
		h.want("messages", len(h.seal(v, "inbox").Messages), 9)
	}},
}

// beginOther starts a session for another mailbox.
func (h *harness) beginOther(mailbox mail.MailboxID) backup.Vault {
	h.t.Helper()
	other := key
	other.Mailbox = mailbox
	v, err := h.store.Begin(h.ctx(), other, h.nextRun())
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}
