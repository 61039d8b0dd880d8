package foreign_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
)

// install makes the client's folder under build/, once for each package-lock.json, and returns it.
func install(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: %v", tool, err)
		}
	}
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir, err := filepath.Abs(filepath.Join("../../../build/graphsim-foreign", hex.EncodeToString(sum[:8])))
	if err != nil {
		t.Fatal(err)
	}
	copyTo(t, dir, "client.mjs")
	stamp := filepath.Join(dir, "installed")
	if _, err := os.Stat(stamp); err == nil {
		return dir
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	copyTo(t, dir, "package.json")
	copyTo(t, dir, "package-lock.json")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ci := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	ci.Dir = dir
	if out, err := ci.CombinedOutput(); bytes.Contains(out, []byte("EUSAGE")) {
		t.Fatalf("package.json and package-lock.json do not fit each other:\n%s", out)
	} else if err != nil {
		t.Skipf("the client's packages cannot be had here: npm ci: %v\n%s", err, out)
	}
	if err := os.WriteFile(stamp, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyTo(t *testing.T, dir, name string) {
	t.Helper()
	p, err := os.ReadFile(name)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), p, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// seen is what the client prints.
type seen struct {
	Users      int
	Folders    []string
	Messages   []string
	Pages      int
	Attachment struct{ Name, Listed, Value string }
	MIME       bool
	Made       struct {
		Subject string
		IsDraft bool
	}
	UploadHost, Uploaded string
	Batch                map[string]int
	Later                int
	Error                struct {
		Status int
		Code   string
		ID     bool
	}
	Refused bool
}

// Contract 1, 2.1, 3.2, 4.3-4.5, 5, 6.1, 8 and 9, as a client sees them that was written by others.
func TestAClientThatIsNotOursWorksUnchanged(t *testing.T) {
	dir := install(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	s, err := graphsim.Start(graphsim.Options{ProxyListen: "127.0.0.1:0", CAFile: ca})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var users []graphsim.User
	for _, name := range []string{"Ada", "Bea", "Cem", "Dan", "Eva", "Fay", "Gus"} {
		users = append(users, graphsim.User{DisplayName: name, Mailbox: true})
	}
	if users, err = s.AddUsers(users...); err != nil {
		t.Fatal(err)
	}
	var mails []corpus.Message
	for _, subject := range []string{"one", "two", "three", "four", "five", "six"} {
		m := corpus.Message{Folder: []string{"inbox"}, Subject: subject, Body: "text", Received: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
		if subject == "three" {
			m.Attachments = []corpus.Attachment{{Name: "note.txt", ContentType: "text/plain", Content: []byte("written down")}}
		}
		mails = append(mails, m)
	}
	if err := s.AddMessages(users[0].ID, mails...); err != nil {
		t.Fatal(err)
	}
	got := run(t, dir, s, ca, users[0].ID)
	if got.Users != 7 || len(got.Folders) != 9 || !slices.Contains(got.Folders, "Inbox") {
		t.Errorf("%d users, folders %v", got.Users, got.Folders)
	}
	if diff := cmp.Diff([]string{"five", "four", "one", "six", "three", "two"}, got.Messages); diff != "" || got.Pages != 2 {
		t.Errorf("messages on %d pages: %s", got.Pages, diff)
	}
	if a := got.Attachment; a.Name != "note.txt" || a.Listed != "written down" || a.Value != "written down" || !got.MIME {
		t.Errorf("attachment %+v, MIME read: %v", a, got.MIME)
	}
	if got.Made.Subject != "made abroad" || got.Made.IsDraft || got.UploadHost != "outlook.office.com" || got.Uploaded != "outlook.office.com" {
		t.Errorf("made %+v, uploaded to %s and %s", got.Made, got.UploadHost, got.Uploaded)
	}
	if diff := cmp.Diff(map[string]int{"1": 200, "2": 404, "3": 200}, got.Batch); diff != "" || got.Later != 1 {
		t.Errorf("batch %s; %d changed messages, want the made one", diff, got.Later)
	}
	if got.Error.Status != 400 || got.Error.Code != "ErrorInvalidIdMalformed" || !got.Error.ID || !got.Refused {
		t.Errorf("error %+v, the wrong secret refused: %v", got.Error, got.Refused)
	}
	checkTruth(t, s, users[0].ID)
}

// checkTruth looks at what the client's message became.
func checkTruth(t *testing.T, s *graphsim.Server, mailbox string) {
	t.Helper()
	lines, err := s.Truth(mailbox, graphsim.TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(bytes.Repeat([]byte("abcdefgh"), 5<<20/8))
	for _, l := range lines {
		if l.Message == nil || l.Message.Subject != "made abroad" {
			continue
		}
		if a := l.Message.Attachments; len(a) != 1 || a[0].SHA256 != hex.EncodeToString(want[:]) || l.Message.Read {
			t.Errorf("the message is %+v", l.Message)
		}
		return
	}
	t.Error("the message that was made is not there")
}

func run(t *testing.T, dir string, s *graphsim.Server, ca, user string) seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "client.mjs", s.TenantID(), graphsim.DefaultApp, graphsim.DefaultSecret, user)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HTTPS_PROXY="+s.ProxyURL(), "https_proxy="+s.ProxyURL(), "NO_PROXY=", "no_proxy=", "NODE_EXTRA_CA_CERTS="+ca)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("the client failed: %v\n%s", err, &complaint)
	}
	var got seen
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("the client printed %q: %v", out.String(), err)
	}
	return got
}
