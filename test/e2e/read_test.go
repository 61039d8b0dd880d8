package e2e

import (
	"archive/zip"
	"bytes"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/graphsim/corpus"
)

// Kept mail is looked at, saved as a file, and exported as an archive, from the shell and through the Director.
func TestKeptMailIsReadAndSaved(t *testing.T) {
	s := newSite(t, 1)
	full, empty := seed(t, s, corpus.Options{Mailboxes: 1, PerMailbox: 40})
	setUp(t, s, "--exclude", empty[0].UserPrincipalName)
	cli(t, s, "job", "run", "Job")
	if r := waitRun(t, s); r.GetStatus() != pb.RunStatus_RUN_STATUS_SUCCEEDED {
		t.Fatalf("the run ended as %s: %s", r.GetStatus(), r.GetError())
	}
	who, dir := full[0].UserPrincipalName, t.TempDir()
	var list pb.ListMessagesResponse
	if err := s.CLI(t.Context(), &list, nil, "message", "list", who, "inbox"); err != nil {
		t.Fatal(err)
	}
	if len(list.GetMessages()) == 0 {
		t.Fatal("the inbox is empty")
	}
	attachments := 0
	for _, m := range list.GetMessages() {
		var got pb.GetMessageResponse
		if err := s.CLI(t.Context(), &got, nil, "message", "show", who, "inbox", m.GetId()); err != nil {
			t.Fatal(err)
		}
		detail := got.GetMessage()
		if detail.GetSummary().GetSubject() != m.GetSubject() || !strings.Contains(got.GetPage().GetDocument(), "<!doctype html>") ||
			!strings.Contains(got.GetPage().GetPolicy(), "default-src 'none'") {
			t.Errorf("%s shows %v with the policy %q", m.GetId(), detail.GetSummary(), got.GetPage().GetPolicy())
		}
		path := filepath.Join(dir, m.GetId()[len(m.GetId())-12:]+".eml")
		cli(t, s, "message", "save", who, "inbox", m.GetId(), "--to", path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(data))
		if err != nil || parsed.Header.Get("Message-Id") != m.GetInternetMessageId() {
			t.Errorf("%s was saved with the message id %q: %v", m.GetId(), parsed.Header.Get("Message-Id"), err)
		}
		for _, a := range detail.GetAttachments() {
			if a.GetKind() != pb.AttachmentKind_ATTACHMENT_KIND_FILE || attachments > 3 {
				continue
			}
			attachments++
			file := filepath.Join(dir, "attachment")
			cli(t, s, "message", "save", who, "inbox", m.GetId(), "--attachment", "1", "--to", file)
			if info, err := os.Stat(file); err != nil || detail.GetAttachments()[0].GetKind() == pb.AttachmentKind_ATTACHMENT_KIND_FILE &&
				info.Size() != detail.GetAttachments()[0].GetSize() {
				t.Errorf("%v was saved with %v bytes: %v", detail.GetAttachments()[0], info, err)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if attachments == 0 {
		t.Error("no message had an attachment")
	}
	refused(t, s, []string{"attachment"}, "message", "save", who, "inbox", list.GetMessages()[0].GetId(), "--attachment", "999", "--to", filepath.Join(dir, "none"))
	path := filepath.Join(dir, "inbox.zip")
	cli(t, s, "export", who, "--folder", "inbox", "--to", path)
	refused(t, s, []string{"exists", "--to"}, "export", who, "--to", path)
	refused(t, s, []string{"format", "maildir"}, "export", who, "--format", "pst", "--to", filepath.Join(dir, "pst.zip"))
	if n := messagesIn(t, path); n < int(list.GetTotal()) {
		t.Errorf("the archive has %d messages, the inbox %d", n, list.GetTotal())
	}
}

// messagesIn counts the messages of an archive, and reads them.
func messagesIn(t *testing.T, path string) int {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	n := 0
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".eml") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(r)
		if err == nil {
			_, err = io.Copy(io.Discard, m.Body)
		}
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		n++
		_ = r.Close()
	}
	return n
}
