package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/content"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// shelf is a repository with one recovery point of a mailbox, and the truth about it.
type shelf struct {
	t       *testing.T
	repo    *repository.Repository
	session *repository.Session
	cutter  content.Cutter
	folders map[string]mail.Folder // by path
	order   []mail.Folder
	made    int
	kept    []record.Message
	truth   map[mail.MessageID]corpus.Message
	point   *repository.Point
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	r, err := repository.Create(t.Context(), repository.Options{Path: t.TempDir(), Name: "test", PackSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	s := &shelf{t: t, repo: r, folders: map[string]mail.Folder{}, truth: map[mail.MessageID]corpus.Message{}}
	if s.session, err = r.Begin(t.Context(), record.BackupKey{Account: "a", Mailbox: "m", Job: "j"}, "run"); err != nil {
		t.Fatal(err)
	}
	return s
}

// folder finds or makes the folder of a path.
func (s *shelf) folder(path []string) mail.FolderID {
	key := strings.Join(path, "\x00")
	if f, ok := s.folders[key]; ok {
		return f.ID
	}
	f := mail.Folder{ID: mail.FolderID(fmt.Sprint("f", len(s.folders))), Name: path[len(path)-1]}
	if len(path) > 1 {
		f.Parent = s.folder(path[:len(path)-1])
		f.ID = mail.FolderID(fmt.Sprint("f", len(s.folders)))
	} else if f.Name == "inbox" {
		f.Role = "inbox"
	}
	s.folders[key] = f
	s.order = append(s.order, f)
	return f.ID
}

// put keeps bytes.
func (s *shelf) put(data []byte) record.Content {
	s.t.Helper()
	c, err := s.cutter.Bytes(data, func(h record.Hash, piece []byte) error { return s.session.Put(s.t.Context(), h, piece) })
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func addressOf(a *corpus.Address) *mail.Address {
	if a == nil {
		return nil
	}
	return &mail.Address{Name: a.Name, Address: a.Address}
}

func addressesOf(list []corpus.Address) []mail.Address {
	var out []mail.Address
	for i := range list {
		out = append(out, *addressOf(&list[i]))
	}
	return out
}

// message makes a record of a message of the corpus, as a backup through Graph would.
func (s *shelf) message(m corpus.Message) record.Message {
	s.made++
	out := record.Message{Message: mail.Message{
		ID: mail.MessageID(fmt.Sprint("id-", s.made)), Type: m.Type, Subject: m.Subject, From: addressOf(m.From), Sender: addressOf(m.Sender),
		To: addressesOf(m.To), Cc: addressesOf(m.Cc), Bcc: addressesOf(m.Bcc), ReplyTo: addressesOf(m.ReplyTo), Received: m.Received,
		Sent: m.Sent, InternetMessageID: m.MessageID, Categories: m.Categories, Read: m.Read, Draft: m.Draft, ReadReceiptWanted: m.ReceiptWanted,
	}}
	switch m.Importance {
	case "low":
		out.Importance = mail.ImportanceLow
	case "high":
		out.Importance = mail.ImportanceHigh
	}
	if m.FlagStatus == "flagged" {
		out.Flag.Status = mail.FlagFlagged
	}
	for _, h := range m.Headers {
		out.Headers = append(out.Headers, mail.Header(h))
	}
	if m.BodyHTML {
		out.BodyType = mail.BodyHTML
	}
	out.Body = s.put([]byte(m.Body))
	for i, a := range m.Attachments {
		kept := record.Attachment{Attachment: mail.Attachment{
			ID: mail.AttachmentID(fmt.Sprint(out.ID, "/", i)), Name: a.Name, ContentType: a.ContentType, Inline: a.Inline, ContentID: a.ContentID,
		}}
		switch {
		case a.Item != nil:
			kept.Kind = mail.AttachmentItem
			item := s.message(*a.Item)
			kept.Item = &item
		case a.Reference != "":
			kept.Kind, kept.ContentLocation = mail.AttachmentReference, a.Reference
		default:
			kept.Content = s.put(a.Content)
		}
		out.Attachments = append(out.Attachments, kept)
	}
	return out
}

// add keeps a message of the corpus.
func (s *shelf) add(m corpus.Message) record.Message {
	r := s.message(m)
	s.keep(m.Folder, r)
	s.truth[r.ID] = m
	return r
}

// keep keeps a record.
func (s *shelf) keep(path []string, r record.Message) {
	r.Folder = s.folder(path)
	s.kept = append(s.kept, r)
}

// seal makes the recovery point.
func (s *shelf) seal() {
	s.t.Helper()
	if err := s.session.Commit(s.t.Context(), backup.Checkpoint{Messages: s.kept}); err != nil {
		s.t.Fatal(err)
	}
	info, err := s.session.Seal(s.t.Context(), backup.Summary{
		Run: "run", Time: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Folders: s.order,
		Origin: record.Origin{MailboxAddress: "anna@kestrel.example"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.point, err = s.repo.Point(s.t.Context(), info.ID); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) options(f export.Format) export.Options {
	return export.Options{Point: s.point, Open: s.repo.Content, Format: f}
}

// company fills a shelf with the mail of one mailbox of a generated company.
func company(t *testing.T, seed uint64, o corpus.Options) *shelf {
	t.Helper()
	o.Mailboxes = 1
	c, err := corpus.Generate(seed, o)
	if err != nil {
		t.Fatal(err)
	}
	s := newShelf(t)
	s.folder([]string{"inbox"})
	for _, path := range c.Folders(0) {
		s.folder(path)
	}
	for _, m := range c.Mail() {
		s.add(m)
	}
	s.seal()
	return s
}

// found is a message as the independent reader has it.
type found struct {
	Headers    [][2]string
	Subject    string
	From       [][2]string
	Sender     [][2]string
	To         [][2]string
	Cc         [][2]string
	Bcc        [][2]string
	ReplyTo    [][2]string
	MessageID  string
	Date       int64
	Keywords   string
	Importance string
	Type       string
	Charset    string
	Body       string
	Parts      []foundPart
	Defects    []string
	Where      string
	Flags      string
	Stamp      int64
	Raw        string
}

type foundPart struct {
	Name        string
	Type        string
	Disposition string
	ID          string
	Size        int64
	SHA256      string
	Text        string
	URL         string
	Message     *found
}

// read opens an export with Python's standard library.
func read(t *testing.T, format export.Format, dir string, how ...string) []found {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("the independent reader is Python's standard library, and there is no python3 on this machine")
	}
	cmd := exec.Command(python, append([]string{"testdata/read.py", string(format), dir}, how...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("read.py: %v\n%s", err, &complaint)
	}
	var list []found
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var f found
		if err := d.Decode(&f); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// opened returns an Open that fails for the given content.
func opened(s *shelf, broken map[record.Hash]error) func(context.Context, record.Content) io.ReadCloser {
	return func(ctx context.Context, c record.Content) io.ReadCloser {
		var good record.Content
		for _, p := range c.Pieces {
			if err := broken[p.Hash]; err != nil {
				return &breaking{s.repo.Content(ctx, good), err}
			}
			good.Pieces = append(good.Pieces, p)
			good.Size += p.Size
		}
		return s.repo.Content(ctx, c)
	}
}

// breaking is content that ends with an error.
type breaking struct {
	io.ReadCloser
	err error
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}
