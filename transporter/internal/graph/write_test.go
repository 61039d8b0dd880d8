package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/graph"
)

// file is a new file attachment.
func file(name string, content []byte) graph.NewAttachment {
	return graph.NewAttachment{
		Attachment: mail.Attachment{Name: name, ContentType: "application/octet-stream"}, Length: int64(len(content)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

// two is a tenant with two mailboxes, the first of which holds one message.
func two(t *testing.T) (s *graphsim.Server, c *graph.Client, ids []mail.MailboxID, k kept, inbox mail.FolderID) {
	t.Helper()
	s, c = sim(t, graphsim.Options{})
	ids = addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true}, graphsim.User{DisplayName: "B", Mailbox: true})
	addMessages(t, s, ids[0], plain(1)...)
	changes, _, _ := round(t, c, ids[0], folderOf(t, c, ids[0], "inbox"), "")
	return s, c, ids, kept{message: changes[0].Message, body: changes[0].Body}, folderOf(t, c, ids[1], "inbox")
}

func countMessages(t *testing.T, s *graphsim.Server, mailbox mail.MailboxID) (n int, last *graphsim.TruthMessage) {
	t.Helper()
	for _, l := range truth(t, s, mailbox) {
		if l.Message != nil {
			n++
			last = l.Message
		}
	}
	return n, last
}

func TestALostAnswerMakesNoSecondMessage(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault graphsim.Fault
	}{
		{"the answer is lost", graphsim.Fault{LoseReply: true}},
		{"the request is lost", graphsim.Fault{Reset: true}},
		{"the answer is cut", graphsim.Fault{TruncateAt: 20}},
		{"gateway timeout", graphsim.Fault{Status: 504}},
		{"throttled", graphsim.Fault{Status: 429, RetryAfter: "0.02"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c, ids, k, inbox := two(t)
			f := tc.fault
			f.Kind, f.Count = "messages.create", 2
			addFault(t, s, f)
			n := k.again()
			n.RecoveryID = "0123456789abcdef0123456789abcdef"
			created, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
			if err != nil {
				t.Fatal(err)
			}
			found, err := c.FindRecovered(t.Context(), ids[1], inbox, n.RecoveryID)
			if err != nil || found.ID != created.ID || !found.Whole {
				t.Errorf("found %+v, %v; want %v whole", found, err, created.ID)
			}
			if n, _ := countMessages(t, s, ids[1]); n != 1 {
				t.Errorf("made %d messages", n)
			}
		})
	}
}

func TestALostAnswerWithoutARecoveryIDIsUncertain(t *testing.T) {
	s, c, ids, k, inbox := two(t)
	addFault(t, s, graphsim.Fault{Kind: "messages.create", LoseReply: true})
	_, err := c.CreateMessage(t.Context(), ids[1], inbox, k.again())
	if !errors.Is(err, graph.ErrUncertain) || !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	if _, err := c.FindRecovered(t.Context(), ids[1], inbox, "none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestLargeMessagesAreBuiltInPieces(t *testing.T) {
	contents := [][]byte{noise(100), noise(2 << 20), noise(3_050_000), noise(9 << 20), noise(1 << 20), nil}
	for _, tc := range []struct {
		name   string
		faults []graphsim.Fault
	}{
		{"undisturbed", nil},
		{"answers lost", []graphsim.Fault{
			{Kind: "attachments.create", LoseReply: true, Count: 1},
			{Kind: "upload*", Method: "PUT", LoseReply: true, Count: 1, After: 1},
			{Kind: "attachments.createSession", LoseReply: true, Count: 1},
		}},
		{"server errors", []graphsim.Fault{
			{Kind: "attachments.create", Status: 503, Count: 1},
			{Kind: "upload*", Method: "PUT", Status: 500, Count: 2, After: 1},
		}},
		{"the last piece's answer lost", []graphsim.Fault{{Kind: "upload*", Method: "PUT", LoseReply: true, Count: 1, After: 2}}},
		{"the session is gone", []graphsim.Fault{{Kind: "upload*", Method: "PUT", Status: 404, Count: 1, After: 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c, ids, k, inbox := two(t)
			for _, f := range tc.faults {
				addFault(t, s, f)
			}
			n := k.again()
			n.RecoveryID = "id"
			for i, content := range contents {
				n.Attachments = append(n.Attachments, file(fmt.Sprintf("same name %d", i/3), content))
			}
			created, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
			if err != nil || len(created.Losses) > 0 {
				t.Fatalf("got %v, %+v", err, created)
			}
			got := readAttachments(t, c, ids[1], created.ID)
			if len(got) != len(contents) {
				t.Fatalf("got %d attachments, want %d", len(got), len(contents))
			}
			for _, want := range contents {
				found := 0
				for _, a := range got {
					if bytes.Equal(a.content, want) {
						found++
					}
				}
				if found != 1 {
					t.Errorf("%d attachments have the %d bytes", found, len(want))
				}
			}
			if found, err := c.FindRecovered(t.Context(), ids[1], inbox, "id"); err != nil || !found.Whole {
				t.Errorf("got %+v, %v; want it whole", found, err)
			}
			if count, m := countMessages(t, s, ids[1]); count != 1 || m.Draft {
				t.Errorf("made %d messages, draft %v", count, m.Draft)
			}
		})
	}
}

func TestAMessageThatCannotBeFinishedIsRemovedAgain(t *testing.T) {
	s, c, ids, k, inbox := two(t)
	n := k.again()
	n.RecoveryID = "id"
	diskGone := errors.New("the repository is gone")
	bad := file("x", noise(5<<20))
	bad.Open = func(context.Context) (io.ReadCloser, error) { return nil, diskGone }
	n.Attachments = []graph.NewAttachment{file("ok", []byte("ok")), bad}
	if _, err := c.CreateMessage(t.Context(), ids[1], inbox, n); !errors.Is(err, diskGone) {
		t.Fatalf("got %v, want the repository's error", err)
	}
	n.Attachments = []graph.NewAttachment{file("x", noise(5<<20))}
	addFault(t, s, graphsim.Fault{Kind: "upload*", Method: "PUT", Status: 503})
	if _, err := c.CreateMessage(t.Context(), ids[1], inbox, n); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want Unavailable", err)
	}
	if count, _ := countMessages(t, s, ids[1]); count != 0 {
		t.Errorf("%d messages stayed behind", count)
	}
}

func TestAnUnfinishedMessageIsFoundAsSuch(t *testing.T) {
	s, c, ids, k, inbox := two(t)
	n := k.again()
	n.RecoveryID = "id"
	n.Attachments = []graph.NewAttachment{file("x", noise(5<<20))}
	addFault(t, s, graphsim.Fault{Kind: "upload*", Method: "PUT", Status: 503})
	addFault(t, s, graphsim.Fault{Kind: "messages.permanentDelete", Status: 503})
	if _, err := c.CreateMessage(t.Context(), ids[1], inbox, n); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want Unavailable", err)
	}
	found, err := c.FindRecovered(t.Context(), ids[1], inbox, "id")
	if err != nil || found.Whole {
		t.Errorf("got %+v, %v; want it unfinished", found, err)
	}
}

func TestAnAttachmentThatIsRefusedIsALossAndTheMessageIsNot(t *testing.T) {
	s, c, ids, k, inbox := two(t)
	n := k.again()
	n.RecoveryID = "id"
	n.Attachments = []graph.NewAttachment{
		file("ok", []byte("ok")), file("x", noise(5<<20)),
		{Attachment: mail.Attachment{Kind: mail.AttachmentReference, Name: "link"}},
	}
	addFault(t, s, graphsim.Fault{Kind: "attachments.createSession", Status: 400, Code: "ErrorMessageSizeExceeded"})
	created, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
	if err != nil || len(created.Losses) == 0 || created.Losses[0].RequestID == "" {
		t.Fatalf("got %+v, %v", created, err)
	}
	for _, l := range created.Losses {
		t.Log(l.Reason)
	}
	if count, m := countMessages(t, s, ids[1]); count != 1 || len(m.Attachments) == 0 || m.Attachments[0].Name != "ok" {
		t.Errorf("got %d messages", count)
	}
}

func TestAMessageTooLargeForTheMailboxIsRefusedAlone(t *testing.T) {
	s, c, ids, k, inbox := two(t)
	set(t, s, graphsim.Settings{MaxMessage: 1 << 20})
	n := k.again()
	n.Body = strings.Repeat("x", 2<<20)
	_, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("got %v, want Invalid", err)
	}
	if count, _ := countMessages(t, s, ids[1]); count != 0 {
		t.Errorf("got %d messages", count)
	}
	if _, err := c.CreateMessage(t.Context(), ids[1], inbox, k.again()); err != nil {
		t.Errorf("the next one got %v", err)
	}
}

func TestATextTooLongForMicrosoftComesBackAsAnAttachment(t *testing.T) {
	for _, size := range []int{3_995_000, 9 << 20} {
		s, c, ids, k, inbox := two(t)
		text := strings.Repeat("0123456789abcdef", size/16)
		n := k.again()
		n.Body, n.Message.BodyType = text, mail.BodyHTML
		n.Attachments = append(n.Attachments, file("a.bin", []byte("small")))
		created, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(created.Losses) != 1 || !strings.Contains(created.Losses[0].Reason, "came back as an attachment") {
			t.Errorf("losses are %+v", created.Losses)
		}
		got := readAttachments(t, c, ids[1], created.ID)
		whole := map[string]string{}
		for _, a := range got {
			whole[a.Name] = string(a.content)
		}
		if len(got) != 2 || whole["message.html"] != text || whole["a.bin"] != "small" {
			t.Errorf("got %d attachments, the text with %d of %d bytes", len(got), len(whole["message.html"]), len(text))
		}
		if _, last := countMessages(t, s, ids[1]); last.Draft || last.Subject != k.message.Subject || last.BodySize > 1000 {
			t.Errorf("got %+v", last)
		}
	}
}

func TestAnAttachedMessageTooLargeForMicrosoftComesBackAsAFile(t *testing.T) {
	_, c, ids, k, inbox := two(t)
	n := k.again()
	inner := k.again()
	inner.Attachments = []graph.NewAttachment{file("big.bin", noise(4<<20))}
	rendered := append([]byte("Subject: inner\r\n\r\n"), noise(6<<20)...)
	n.Attachments = []graph.NewAttachment{
		file("a.bin", []byte("small")),
		{Attachment: mail.Attachment{Kind: mail.AttachmentItem, Name: "Minutes"}, Item: &inner, Render: func(_ context.Context, w io.Writer) error {
			_, err := w.Write(rendered)
			return err
		}},
	}
	created, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
	if err != nil {
		t.Fatal(err)
	}
	if len(created.Losses) != 0 || !strings.Contains(strings.Join(created.Notes, " "), ".eml") {
		t.Errorf("losses %+v, notes %q", created.Losses, created.Notes)
	}
	got := readAttachments(t, c, ids[1], created.ID)
	if len(got) != 2 || got[1].Name != "Minutes.eml" || !bytes.Equal(got[1].content, rendered) {
		t.Errorf("got %d attachments", len(got))
	}
}

func TestDraftsStayDraftsAndMailDoesNotBecomeOne(t *testing.T) {
	s, c, ids, k, inbox := two(t)
	for _, draft := range []bool{true, false} {
		for _, read := range []bool{true, false} {
			n := k.again()
			n.Message.Draft, n.Message.Read = draft, read
			created, err := c.CreateMessage(t.Context(), ids[1], inbox, n)
			if err != nil {
				t.Fatal(err)
			}
			_, m := countMessages(t, s, ids[1])
			if m.Draft != draft || m.Read != read || !m.Received.Equal(n.Message.Received) {
				t.Errorf("draft %v, read %v became %v, %v of %v", draft, read, m.Draft, m.Read, m.Received)
			}
			if err := c.DiscardMessage(t.Context(), ids[1], created.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFoldersAreMadeOnce(t *testing.T) {
	for _, status := range []int{409, 400} {
		s, c := sim(t, graphsim.Options{Settings: graphsim.Settings{FolderExists: status}})
		id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
		f, making, err := c.CreateFolder(t.Context(), id, "", "Läden", false)
		if err != nil || making != mail.Made || f.ID == "" {
			t.Fatalf("got %+v, %v, %v", f, making, err)
		}
		again, making, err := c.CreateFolder(t.Context(), id, "", "läden", false)
		if err != nil || making != mail.WasThere || again.ID != f.ID {
			t.Errorf("got %+v, %v, %v; want the same", again, making, err)
		}
		addFault(t, s, graphsim.Fault{Kind: "folders.create", LoseReply: true, Count: 1})
		child, making, err := c.CreateFolder(t.Context(), id, f.ID, "Kind", true)
		if err != nil || making != mail.PerhapsMade || child.Name != "Kind" || child.Parent != f.ID {
			t.Errorf("got %+v, %v, %v", child, making, err)
		}
		// Who was asked to wait has made nothing.
		addFault(t, s, graphsim.Fault{Kind: "folders.create", Status: 429, Count: 1})
		if again, making, err = c.CreateFolder(t.Context(), id, "", "LÄDEN", false); err != nil || making != mail.WasThere || again.ID != f.ID {
			t.Errorf("got %+v, %v, %v; want the same", again, making, err)
		}
		if _, err := c.ChildFolder(t.Context(), id, f.ID, "nobody"); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v, want NotFound", err)
		}
	}
}

func TestMessagesAreChangedMovedFoundAndDeleted(t *testing.T) {
	s, c, ids, k, _ := two(t)
	id := k.message.ID
	read, importance, categories, other := false, mail.ImportanceHigh, []string{"Red"}, true
	flag := mail.Flag{Status: mail.FlagFlagged}
	if err := c.UpdateMessage(t.Context(), ids[0], id, graph.Update{
		Read: &read, Importance: &importance, Categories: &categories, Flag: &flag, InferenceOther: &other,
	}); err != nil {
		t.Fatal(err)
	}
	m, _, err := c.Message(t.Context(), ids[0], id)
	if err != nil || m.Read || m.Importance != importance || len(m.Categories) != 1 || m.Flag.Status != mail.FlagFlagged || !m.InferenceOther {
		t.Fatalf("got %+v, %v", m, err)
	}
	archive := folderOf(t, c, ids[0], "archive")
	if err := c.MoveMessage(t.Context(), ids[0], id, archive); err != nil {
		t.Fatal(err)
	}
	if all, err := c.FindByInternetMessageID(t.Context(), ids[0], m.InternetMessageID); err != nil || len(all) != 1 || all[0].ID != id || all[0].Folder != archive {
		t.Fatalf("got %+v, %v", all, err)
	}
	listed := 0
	for m, err := range c.List(t.Context(), ids[0], archive) {
		if err != nil || m.ID != id || m.InternetMessageID == "" || m.Received.IsZero() || m.From == nil {
			t.Fatalf("got %+v, %v", m, err)
		}
		listed++
	}
	if listed != 1 {
		t.Fatalf("listed %d", listed)
	}
	for range 2 { // the second time it is not there any more
		if err := c.DiscardMessage(t.Context(), ids[0], id); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.DeleteMessage(t.Context(), ids[0], id); err != nil {
		t.Fatal(err)
	}
	if n, _ := countMessages(t, s, ids[0]); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestTheTenantNeverSeesMoreThanItsLimits(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(60)...)
	set(t, s, graphsim.Settings{Latency: 2_000_000})
	inbox := folderOf(t, c, id, "inbox")
	changes, _, _ := round(t, c, id, inbox, "")
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			for j := i; j < len(changes); j += 12 {
				if _, _, err := c.Message(t.Context(), id, changes[j].Message.ID); err != nil {
					t.Error(err)
				}
				if _, err := c.Exists(t.Context(), id, []mail.MessageID{changes[0].Message.ID, changes[1].Message.ID, changes[2].Message.ID}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	counts, err := s.Control().Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := counts.MaxInFlight[string(id)]; n > 4 || counts.ByStatus[429] > 0 || c.Requests().Throttled > 0 {
		t.Errorf("%d in flight, %d refused", n, counts.ByStatus[429])
	}
}
