package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

func poison(kind fault.Kind) error {
	f := fault.New(kind, "Microsoft answered something bad")
	f.RequestID = "request-7"
	return f
}

func TestAFailingMessageCostsItselfAlone(t *testing.T) {
	for name, kind := range map[string]fault.Kind{
		"refused": fault.Denied, "corrupt": fault.Corrupt, "unreadable now": fault.Unavailable, "a part is not found": fault.NotFound,
		"throttled for ever": fault.Throttled, "anything": fault.Unknown,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A", "B")
			for i := range 9 {
				b.add("A", mail.MessageID(fmt.Sprint("m", i)), "body", file("a", fmt.Sprint(i)))
			}
			b.poison["m4"] = poison(kind)
			r := newMemRepository(t)
			p, result := run(t, r, b, backup.Options{})
			if len(result.Losses) != 1 || p.point.Complete || result.Progress.Lost != 1 {
				t.Fatalf("losses %+v", result.Losses)
			}
			l := result.Losses[0]
			if l.Message != "m4" || l.Folder != "A" || l.What == "folder" || l.RequestID != "request-7" || l.Subject != "subject of m4" {
				t.Errorf("loss %+v", l)
			}
			if len(p.messages) != 9 || len(p.messages["m4"].Lost) != 1 || string(r.read(p.messages["m4"].Body)) != "body" {
				t.Errorf("the rest of the message was not kept: %+v", p.messages["m4"])
			}

			// Still bad: still listed, though nothing changed.
			p, result = run(t, r, b, backup.Options{})
			if len(result.Losses) != 1 || p.point.Complete || len(p.messages) != 9 {
				t.Errorf("second run: %+v", result.Losses)
			}
			delete(b.poison, "m4")
			p, result = run(t, r, b, backup.Options{})
			if len(result.Losses) != 0 || !p.point.Complete || result.Progress.Lost != 0 {
				t.Errorf("third run: %+v", result.Losses)
			}
			compare(t, r, p, b)
		})
	}
}

func TestAMessageThatFailsForAMomentIsReadInTheSameRun(t *testing.T) {
	b := newBox(1, "A")
	b.add("A", "m1", "body", file("a", "x"))
	b.poison["m1"] = poison(fault.Timeout)
	b.hook = func(_ context.Context, call string) error {
		if call == "Locate" {
			delete(b.poison, "m1")
		}
		return nil
	}
	r := newMemRepository(t)
	p, result := run(t, r, b, backup.Options{})
	if len(result.Losses) != 0 {
		t.Errorf("losses %+v", result.Losses)
	}
	compare(t, r, p, b)
}

func TestAFailingAttachmentCostsItselfAlone(t *testing.T) {
	for name, spoil := range map[string]func(*boxAttachment){
		"cannot be opened": func(a *boxAttachment) { a.err = poison(fault.Corrupt) },
		"breaks off":       func(a *boxAttachment) { a.broken = poison(fault.Unavailable) },
		"inside an item": func(a *boxAttachment) {
			inner := file("i", "x")
			inner.err = poison(fault.Corrupt)
			*a = boxAttachment{Attachment: a.Attachment, item: &boxMessage{attachments: []boxAttachment{file("j", "y"), inner}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A")
			m := b.add("A", "m", "body", file("a1", "one"), file("a2", "two"), file("a3", "three"))
			good := m.attachments[1]
			spoil(&m.attachments[1])
			r := newMemRepository(t)
			p, result := run(t, r, b, backup.Options{})
			kept := p.messages["m"]
			if len(kept.Attachments) != 3 || string(r.read(kept.Attachments[2].Content)) != "three" || len(kept.Lost) != 1 {
				t.Errorf("kept %+v", kept)
			}
			if len(result.Losses) != 1 || result.Losses[0].RequestID != "request-7" {
				t.Errorf("losses %+v", result.Losses)
			}
			m.attachments[1] = good
			p, result = run(t, r, b, backup.Options{})
			if len(result.Losses) != 0 {
				t.Errorf("losses %+v", result.Losses)
			}
			compare(t, r, p, b)
		})
	}
}

func TestAPartialRecordThatCannotBeReadKeepsTheLastVersion(t *testing.T) {
	b := newBox(1, "A")
	b.add("A", "m", "body", file("a", "x"))
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.partial = true
	b.state("m", func(m *mail.Message) { m.Read = true })
	b.poison["m"] = poison(fault.Corrupt)
	p, result := run(t, r, b, backup.Options{})
	if m := p.messages["m"]; m == nil || len(m.Lost) != 1 || m.Read || len(m.Attachments) != 1 || len(result.Losses) != 1 {
		t.Errorf("kept %+v, losses %+v", m, result.Losses)
	}
	delete(b.poison, "m")
	p, _ = run(t, r, b, backup.Options{})
	compare(t, r, p, b)
}

func TestALossSurvivesACrash(t *testing.T) {
	b := newBox(1, "A", "B")
	b.add("A", "m1", "body", file("a", "x"))
	b.add("B", "m2", "body")
	b.poison["m1"] = poison(fault.Corrupt)
	r := newMemRepository(t)
	r.hook = func(call string) error {
		if call == "vault.Seal" {
			return fault.New(fault.Unavailable, "the peer is gone")
		}
		return nil
	}
	if _, err := backup.Run(t.Context(), b, r.begin(), backup.Options{}, nil); err == nil {
		t.Fatal("sealed")
	}
	r.hook = func(string) error { return nil }
	p, result := run(t, r, b, backup.Options{})
	if len(result.Losses) != 1 || p.point.Complete {
		t.Errorf("the crash made the loss vanish: %+v", result)
	}
	delete(b.poison, "m1")
	p, _ = run(t, r, b, backup.Options{})
	compare(t, r, p, b)
}

func TestAFolderThatFailsCostsItselfAlone(t *testing.T) {
	for name, kind := range map[string]fault.Kind{"refused": fault.Denied, "unreadable now": fault.Unavailable} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A", "B")
			b.add("A", "m1", "body")
			b.add("B", "m2", "body")
			r := newMemRepository(t)
			run(t, r, b, backup.Options{})
			b.add("A", "m3", "body")
			bad := true
			src := failingFolder{b, "A", func() error {
				if bad {
					return poison(kind)
				}
				return nil
			}}
			result, err := backup.Run(t.Context(), src, r.begin(), backup.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Losses) != 1 || result.Losses[0].What != "folder" || result.Losses[0].Folder != "A" || len(r.last().messages) != 2 {
				t.Errorf("losses %+v, messages %d", result.Losses, len(r.last().messages))
			}
			bad = false
			result, err = backup.Run(t.Context(), src, r.begin(), backup.Options{}, nil)
			if err != nil || len(result.Losses) != 0 {
				t.Errorf("%v, %+v", err, result.Losses)
			}
			compare(t, r, r.last(), b)
		})
	}
}

type failingFolder struct {
	*box
	folder mail.FolderID
	fail   func() error
}

func (f failingFolder) Changes(ctx context.Context, id mail.FolderID, c mail.Cursor) (backup.Page, error) {
	if id == f.folder {
		if err := f.fail(); err != nil {
			return backup.Page{}, err
		}
	}
	return f.box.Changes(ctx, id, c)
}

func TestAnOutageEndsTheRunAndIsNoLoss(t *testing.T) {
	b := newBox(1, "A", "B")
	for i := range 9 {
		b.add("A", mail.MessageID(fmt.Sprint("m", i)), "body", file("a", fmt.Sprint(i)))
	}
	down := false
	b.hook = func(_ context.Context, call string) error {
		down = down || call == "Attachments" && b.calls[call] == 4
		if down {
			return poison(fault.Unavailable)
		}
		return nil
	}
	r := newMemRepository(t)
	result, err := backup.Run(t.Context(), b, r.begin(), backup.Options{Parallel: 1}, nil)
	if !fault.Temporary(err) || len(result.Losses) > 0 {
		t.Fatalf("got %v, %+v", err, result)
	}
	down = false
	b.hook = func(context.Context, string) error { return nil }
	p, _ := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	for i := range 3 {
		if id := mail.MessageID(fmt.Sprint("m", i)); b.fetched[id] != 1 {
			t.Errorf("%s was read %d times", id, b.fetched[id])
		}
	}
}

func TestUnverifiableRemovalIsListedAndDecidedLater(t *testing.T) {
	b := newBox(1, "A")
	b.add("A", "m", "body")
	b.add("A", "n", "body")
	r := newMemRepository(t)
	run(t, r, b, backup.Options{})
	b.remove("m")
	b.locating["m"] = poison(fault.Unavailable)
	p, result := run(t, r, b, backup.Options{})
	if len(result.Losses) != 1 || p.messages["m"] == nil {
		t.Errorf("losses %+v", result.Losses)
	}
	delete(b.locating, "m")
	p, result = run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	if len(result.Losses) != 0 {
		t.Errorf("losses %+v", result.Losses)
	}
}

func TestLargeContentIsCheckpointedWithinAPage(t *testing.T) {
	b := newBox(1, "A")
	for i := range 3 {
		b.add("A", mail.MessageID(fmt.Sprint("m", i)), "body", file("a", string(bytes.Repeat([]byte{byte(i), 1, 2}, 1<<20))))
	}
	commits := 0
	r := newMemRepository(t)
	r.hook = func(call string) error {
		if call == "vault.Commit" {
			commits++
		}
		return nil
	}
	p, _ := run(t, r, b, backup.Options{CommitBytes: 1 << 20, Parallel: 1})
	compare(t, r, p, b)
	if commits < 4 {
		t.Errorf("%d commits", commits)
	}
}

func TestAStoppedRunGoesOnWhereItWas(t *testing.T) {
	b := newBox(1, "A", "B")
	b.pageSize = 5
	for i := range 20 {
		b.add("A", mail.MessageID(fmt.Sprintf("m%02d", i)), "body", file("a", fmt.Sprint(i)))
	}
	stop := make(chan struct{})
	b.hook = func(_ context.Context, call string) error {
		if call == "Attachments" && b.calls[call] == 8 {
			close(stop)
		}
		return nil
	}
	r := newMemRepository(t)
	_, err := backup.Run(t.Context(), b, r.begin(), backup.Options{Stop: stop, Parallel: 2}, nil)
	if fault.KindOf(err) != fault.Canceled || len(r.points) > 0 {
		t.Fatalf("got %v", err)
	}
	p, _ := run(t, r, b, backup.Options{})
	compare(t, r, p, b)
	for id, n := range b.fetched {
		if n != 1 {
			t.Errorf("attachments of %s were read %d times", id, n)
		}
	}
}
