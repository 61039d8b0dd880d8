package cli

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func (d *director) GetMessage(_ context.Context, r *pb.GetMessageRequest) (*pb.GetMessageResponse, error) {
	m, err := byID("message", r.GetMessageId(), d.messages[r.GetPointId()+"/"+r.GetFolderId()])
	if err != nil {
		return nil, err
	}
	return &pb.GetMessageResponse{
		Message: &pb.MessageDetail{
			Summary: m, To: []*pb.Address{{Name: "Anna", Address: "anna@contoso.com"}}, Categories: []string{"Red"}, Lost: []string{"a header"},
			Attachments: []*pb.AttachmentDetail{
				{Number: 1, Kind: pb.AttachmentKind_ATTACHMENT_KIND_FILE, Name: "plan.pdf", Size: 4},
				{Number: 2, Kind: pb.AttachmentKind_ATTACHMENT_KIND_MESSAGE, Name: "Re: plan", Size: 900},
			},
		},
		Page: &pb.Page{Document: "<!doctype html>", Text: "Hello \x1b[31mAnna", Notes: []string{"Images are not loaded."}},
	}, nil
}

// download answers as the Director does: a file, or JSON with a code and a sentence.
func (d *director) download(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, sentence string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%q,"message":%q}`, code, sentence)
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+goodToken:
		refuse(http.StatusUnauthorized, "unauthenticated", "sign in first")
	case r.PathValue("what") == "attachment" && r.FormValue("attachment") != "1":
		refuse(http.StatusNotFound, "not_found", "the message has 1 attachments")
	case r.FormValue("format") == "broken":
		w.Header().Set("Content-Disposition", `attachment; filename="mail.zip"`)
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		w.Header().Set("Content-Disposition", `attachment; filename="../`+r.PathValue("what")+`.bin"`)
		fmt.Fprintf(w, "%s %s", r.PathValue("what"), strings.Join(r.Form["folder"], ","))
	}
}

// did runs a command line that must succeed and returns what it printed.
func (s *shell) did(line string) string {
	s.t.Helper()
	r := s.run(strings.Fields(line)...)
	if r.code != exitOK {
		s.t.Errorf("%s: exit %d: %s", line, r.code, r.errors)
	}
	return r.out
}

// failed runs a command line that must fail and returns what it said.
func (s *shell) failed(line string) string {
	s.t.Helper()
	r := s.run(strings.Fields(line)...)
	if r.code == exitOK {
		s.t.Errorf("%s worked: %s", line, r.out)
	}
	return r.errors
}

func TestAMessageIsShown(t *testing.T) {
	s := newShell(t)
	out := s.did("message show pt-anna-1 Inbox m1")
	for _, want := range []string{"anna@contoso.com", "plan.pdf", "--within 2", "a header", "Red", "Hello"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q lacks %q", out, want)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("%q steers the terminal", out)
	}
}

func TestFilesAreSavedWholeOrNotAtAll(t *testing.T) {
	s := newShell(t)
	dir := t.TempDir()
	s.did("message save pt-anna-1 Inbox m1 --to " + dir)
	if data, err := os.ReadFile(filepath.Join(dir, "message.bin")); err != nil || string(data) != "message f-inbox" {
		t.Errorf("saved %q: %v", data, err)
	}
	if err := s.failed("message save pt-anna-1 Inbox m1 --to " + dir); !strings.Contains(err, "exists") {
		t.Errorf("saving over a file: %s", err)
	}
	if out := s.did("message save pt-anna-1 Inbox m1 --attachment 1 --to -"); !strings.Contains(out, "attachment f-inbox") {
		t.Errorf("standard output got %q", out)
	}
	if err := s.failed("message save pt-anna-1 Inbox m1 --attachment 7 --to " + dir); !strings.Contains(err, "1 attachments") {
		t.Errorf("an attachment that is not there: %s", err)
	}
	if err := s.failed("export anna@contoso.com --format broken --to " + dir); !strings.Contains(err, "broke off") {
		t.Errorf("a download that breaks off: %s", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v: %v", left, err)
	}
	s.d.tokens = map[string]bool{}
	if err := s.failed("export anna@contoso.com --to " + dir); !strings.Contains(err, "session has ended") {
		t.Errorf("without a session: %s", err)
	}
}
