package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
	vocabulary "holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// twoPoints makes a repository with two points of one mailbox: the second has a message more, one moved and one read.
func twoPoints(t *testing.T, options repository.Options) (path string, points []record.Point) {
	t.Helper()
	options.Path, options.Name = filepath.Join(t.TempDir(), "vault"), "Vault"
	r, err := repository.Create(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	message := func(s *repository.Session, n int, folder string) record.Message {
		body := []byte(fmt.Sprintf("This is the body of message %d.\r\n", n))
		hash := record.Sum(body)
		if err := s.Put(t.Context(), hash, body); err != nil {
			t.Fatal(err)
		}
		return record.Message{
			Message: vocabulary.Message{
				ID: vocabulary.MessageID(fmt.Sprint("id-", n)), Folder: vocabulary.FolderID(folder), Subject: fmt.Sprint("Invoice ", n),
				From: &vocabulary.Address{Name: "Bo", Address: "bo@contoso.com"}, Received: time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC),
			},
			Body: record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: hash, Size: int64(len(body))}}},
		}
	}
	for run := range 2 {
		s, err := r.Begin(t.Context(), record.BackupKey{Account: "a", Mailbox: "m", Job: "j"}, record.RunID(fmt.Sprint(run)))
		if err != nil {
			t.Fatal(err)
		}
		var c backup.Checkpoint
		if run == 0 {
			for n := 1; n <= 3; n++ {
				c.Messages = append(c.Messages, message(s, n, "f1"))
			}
		} else {
			c.Messages = append(c.Messages, message(s, 4, "f1"), message(s, 2, "f2"), message(s, 3, "f1"))
			c.Messages[2].Read = true
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		p, err := s.Seal(t.Context(), backup.Summary{
			Run: record.RunID(fmt.Sprint(run)), Time: time.Date(2026, 2, 1+run, 0, 0, 0, 0, time.UTC),
			Origin:  record.Origin{MailboxAddress: "anna@contoso.com", JobName: "Everyone"},
			Folders: []vocabulary.Folder{{ID: "f1", Name: "Inbox", Role: "inbox"}, {ID: "f2", Name: "Trips / 2026", Parent: "f1"}},
			Losses:  []vocabulary.Loss{{Message: "id-9", Folder: "f1", What: "message", Reason: "Microsoft refused it"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, p)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return options.Path, points
}

// askJSON runs a command with -o json and returns its answer.
func askJSON(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out, err := run(t.Context(), append([]string{"repository"}, append(args, "-o", "json")...)...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%v: %v in %s", args, err, out)
	}
	return answer
}

func TestAMessageIsFoundAndBroughtOutOffline(t *testing.T) {
	path, points := twoPoints(t, repository.Options{})
	folders := askJSON(t, "folders", path, "--mailbox", "ANNA@contoso.com")
	if n := len(folders["folders"].([]any)); n != 2 || folders["notKeptCount"] != 1.0 {
		t.Errorf("folders: %v", folders)
	}
	found := askJSON(t, "messages", path, "--find", "INVOICE 2", "--folder", "inbox/trips / 2026")
	list := found["messages"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["id"] != "id-2" {
		t.Fatalf("messages: %v", found)
	}
	to := filepath.Join(t.TempDir(), "out")
	answer := askJSON(t, "export", path, "--message", "id-2", "--to", to)
	if answer["messages"] != 1.0 {
		t.Errorf("export: %v", answer)
	}
	f, err := os.Open(filepath.Join(to, "Inbox", "Trips _ 2026", "2026-01-02 120000 Invoice 2.eml"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := mail.ReadMessage(f)
	if err != nil || m.Header.Get("Subject") != "Invoice 2" {
		t.Errorf("%v, %v", m, err)
	}
	// Out of the older point it comes from another folder.
	to = filepath.Join(t.TempDir(), "old.zip")
	answer = askJSON(t, "export", path, "--point", string(points[0].ID[:12]), "--message", "id-2", "--zip", "--format", "mbox", "--to", to)
	if answer["messages"] != 1.0 || answer["folders"].([]any)[0].(map[string]any)["where"] != "Inbox.mbox" {
		t.Errorf("export: %v", answer)
	}
}

func TestMessagesAreListedPageByPage(t *testing.T) {
	path, _ := twoPoints(t, repository.Options{})
	var got []string
	for skip := range 4 {
		page := askJSON(t, "messages", path, "--limit", "1", "--skip", fmt.Sprint(skip))
		if page["matching"] != 4.0 {
			t.Errorf("%v match", page["matching"])
		}
		for _, m := range page["messages"].([]any) {
			got = append(got, m.(map[string]any)["id"].(string))
		}
	}
	if want := "id-4 id-3 id-2 id-1"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	out, err := run(t.Context(), "repository", "messages", path, "--since", "2026-01-02", "--until", "2026-01-03T13:00:00Z", "--no-subfolders", "--folder", "f1")
	if err != nil || !strings.Contains(out, "Invoice 3") || strings.Contains(out, "Invoice 2") || strings.Contains(out, "Invoice 4") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTwoPointsAreCompared(t *testing.T) {
	path, points := twoPoints(t, repository.Options{})
	old, newer := string(points[0].ID[:16]), string(points[1].ID[:16])
	answer := askJSON(t, "diff", path, old)
	for member, want := range map[string]float64{"added": 1, "removed": 0, "moved": 1, "changed": 1, "unreadable": 0} {
		if answer[member] != want {
			t.Errorf("%s: %v, want %v", member, answer[member], want)
		}
	}
	if n := len(answer["differences"].([]any)); n != 3 {
		t.Errorf("%d differences, want 3", n)
	}
	if n := len(askJSON(t, "diff", path, old, newer, "--summary")["differences"].([]any)); n != 0 {
		t.Errorf("a summary lists %d differences", n)
	}
	out, err := run(t.Context(), "repository", "diff", path, old, newer)
	for _, want := range []string{"+ 2026-01-04T12:00:00Z  Bo <bo@contoso.com>  Invoice 4  [Inbox]", "Invoice 2  [Inbox/Trips / 2026] from [Inbox]", "Invoice 3  [Inbox]: read"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: %q is not in\n%s", err, want, out)
		}
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	path, _ := twoPoints(t, repository.Options{})
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		args []string
		want fault.Kind
	}{
		{[]string{"export", path, "--mailbox", "nobody@contoso.com", "--to", out}, fault.NotFound},
		{[]string{"export", path, "--folder", "Outbox", "--to", out}, fault.Invalid},
		{[]string{"export", path, "--format", "pst", "--to", out}, fault.Invalid},
		{[]string{"export", path, "--message", "none", "--to", out}, fault.NotFound},
		{[]string{"export", path, "--to", filepath.Dir(path)}, fault.Conflict},
		{[]string{"export", path, "--to", filepath.Join(path, "out")}, fault.Invalid},
		{[]string{"diff", path, "ffffffffffff"}, fault.NotFound},
		{[]string{"folders", path, "--point", "zz"}, fault.NotFound},
	} {
		if _, err := run(t.Context(), append([]string{"repository"}, c.args...)...); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.args, err, c.want)
		}
	}
	for _, args := range [][]string{
		{"export", path}, {"diff", path}, {"messages", path, "--limit", "0"}, {"messages", path, "--since", "yesterday"}, {"folders", path, "--point", ""},
	} {
		if _, err := run(t.Context(), append([]string{"repository"}, args...)...); !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v is no error of usage", args, err)
		}
	}
}

func TestDamageIsToldByTheExitCode(t *testing.T) {
	path, _ := twoPoints(t, repository.Options{Level: repository.None})
	packs, err := filepath.Glob(filepath.Join(path, "packs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pack := range packs {
		data, err := os.ReadFile(pack)
		if err != nil {
			t.Fatal(err)
		}
		damaged := strings.Replace(string(data), "the body of message 3", "the bodY of message 3", 1)
		if err := os.WriteFile(pack, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(t.TempDir(), "out")
	out, err := run(t.Context(), "repository", "export", path, "--to", to)
	if !errors.Is(err, errDamaged) || !strings.Contains(out, "4 messages") || !strings.Contains(out, "missing: Invoice 3: text") {
		t.Errorf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(to, "Inbox", "2026-01-03 120000 Invoice 3.eml"))
	if err != nil || !strings.Contains(string(data), "cannot be read") {
		t.Errorf("%v\n%s", err, data)
	}
}
