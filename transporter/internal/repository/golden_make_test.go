package repository

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// newGolden makes sample repositories of this version, for every later one to open:
//
//	go test ./transporter/internal/repository -run TestMakeGolden -args -repository.golden=2
//
// writes testdata/golden/2/…, one folder for each sample with the repository in "vault", what it holds in "manifest.json" and
// its key in "vault.key". A folder that is there already is never written again: what is committed stays for ever. Make new
// ones whenever the format learns something.
var newGolden = flag.String("repository.golden", "", "make sample repositories in testdata/golden under this name")

// goldenDir holds the samples.
const goldenDir = "testdata/golden"

// goldenPassphrase opens those samples that have a passphrase.
const goldenPassphrase = "correct horse battery staple, not a secret"

// goldenOptions are the samples.
var goldenOptions = map[string]Options{
	"none":                {Level: None},
	"fast":                {Level: Fast},
	"balanced-dictionary": {Level: Balanced, learnAfter: 30 << 10},
	"best":                {Level: Best},
	"passphrase":          {Level: Balanced, learnAfter: 30 << 10, Secret: Secret{Passphrase: goldenPassphrase}},
	"key-file":            {Level: Fast, Secret: Secret{KeyFile: "vault.key"}},
	"killed":              {Level: None, Secret: Secret{Passphrase: goldenPassphrase}},
}

func TestMakeGolden(t *testing.T) {
	if *newGolden == "" {
		t.Skip("only with -repository.golden")
	}
	for name, o := range goldenOptions {
		dir := filepath.Join(goldenDir, *newGolden, name)
		if err := os.Mkdir(filepath.Dir(dir), 0o755); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		makeGolden(t, name, dir, o)
	}
}

func makeGolden(t *testing.T, name, dir string, o Options) {
	t.Helper()
	o.Path, o.Name, o.Transporter, o.Cost = filepath.Join(dir, "vault"), "Golden "+name, "golden", cheap
	o.PackSize, o.smallest = 24<<10, 1<<10
	if o.Secret.KeyFile != "" {
		o.Secret.KeyFile = filepath.Join(dir, o.Secret.KeyFile)
	}
	clock := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { clock = clock.Add(time.Second); return clock }
	r := mustCreate(t, o)
	g := &golden{t: t, r: r, told: map[string]bool{}, rnd: rand.New(rand.NewPCG(7, 7)), shared: []byte(strings.Repeat("The minutes of the last meeting. ", 90))}
	want := g.fill()
	if name == "killed" { // as if the power had gone in the middle of a write
		r.drop()
		host := `{"transporter":"golden","host":"harbour.example","pid":77,"since":"2026-03-01T08:00:00Z"}` + "\n"
		if err := os.WriteFile(filepath.Join(o.Path, lockFile), []byte(host), 0o600); err != nil {
			t.Fatal(err)
		}
		open, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*.open"))
		if err != nil || len(open) == 0 {
			t.Fatal(open, err)
		}
		tear(t, open[0])
		journals, err := filepath.Glob(filepath.Join(o.Path, stagingFolder, "*.journal"))
		if err != nil || len(journals) == 0 {
			t.Fatal(journals, err)
		}
		tear(t, journals[0])
	} else {
		closed(t, r)
	}
	// A message a line.
	text := bytes.ReplaceAll(asJSON(t, want), []byte(`{"ID":"`), []byte("\n{\"ID\":\""))
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tear leaves the beginning of a write at the end of a file.
func tear(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(b, b[64:100]...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// golden fills a sample.
type golden struct {
	t      *testing.T
	r      *Repository
	rnd    *rand.Rand
	shared []byte
	told   map[string]bool
}

func (g *golden) content(s *Session, pieces ...[]byte) record.Content {
	g.t.Helper()
	var c record.Content
	for _, b := range pieces {
		if err := s.Put(g.t.Context(), sha(b), b); err != nil {
			g.t.Fatal(err)
		}
		c.Size += int64(len(b))
		c.Pieces = append(c.Pieces, record.Piece{Hash: sha(b), Size: int64(len(b))})
	}
	return c
}

// message makes one with everything that a record has.
func (g *golden) message(s *Session, id, folder string, n int) record.Message {
	at := time.Date(2026, 1, 2, 3, 4, n, n*1000, time.UTC)
	m := record.Message{Message: mail.Message{
		ID: mail.MessageID(id), ChangeKey: fmt.Sprintf("CQAAABYA%d", n), Folder: mail.FolderID(folder), Subject: "Entwurf № " + id, BodyPreview: "Kind regards",
		BodyType: mail.BodyHTML, From: &mail.Address{Name: "Änne", Address: "aenne@example.com"}, Sender: &mail.Address{Address: "office@example.com"},
		To: []mail.Address{{Name: "Bo", Address: "bo@example.com"}, {Name: "nobody"}}, Cc: []mail.Address{{Address: "c@example.com"}},
		Bcc: []mail.Address{{Address: "d@example.com"}}, ReplyTo: []mail.Address{{Address: "e@example.com"}},
		Received: at, Sent: at.Add(-time.Minute), Created: at, Modified: at.Add(time.Hour), InternetMessageID: "<" + id + "@example.com>",
		Headers:        []mail.Header{{Name: "Received", Value: "from a by b"}, {Name: "X-Empty"}},
		ConversationID: "AAQk", ConversationIndex: []byte{1, 2, byte(n)}, Importance: mail.Importance(n % 3), Categories: []string{"Blue", "Ö"},
		Flag: mail.Flag{Status: mail.FlagFlagged, Due: mail.FlagTime{DateTime: "2026-02-01T00:00:00.0000000", TimeZone: "UTC"}},
		Read: n%2 == 0, DeliveryReceiptWanted: n%5 == 0, ReadReceiptWanted: n%7 == 0, InferenceOther: n%3 == 0, Type: "eventMessageRequest",
	}}
	m.Body = g.content(s, letter(g.rnd, 12+n%9))
	switch n % 8 {
	case 1:
		m.Attachments = []record.Attachment{{Attachment: mail.Attachment{ID: "att1", Name: "minutes.txt", ContentType: "text/plain", Size: 3000, ContentID: "cid", Modified: at}, Content: g.content(s, g.shared)}}
		m.HasAttachments = true
	case 2: // nothing but what must be
		m.Message = mail.Message{ID: m.ID, Folder: m.Folder}
		m.Body = record.Content{}
	case 3:
		noise := make([]byte, 2000)
		for i := range noise {
			noise[i] = byte(g.rnd.Uint32())
		}
		item := g.message(s, id+"-inner", "", 4)
		m.Attachments = []record.Attachment{
			{Attachment: mail.Attachment{ID: "att2", Kind: mail.AttachmentItem, Name: "A message"}, Item: &item},
			{Attachment: mail.Attachment{ID: "att3", Name: "parts.bin", Inline: true}, Content: g.content(s, noise, g.shared, noise[:1])},
			{Attachment: mail.Attachment{ID: "att4", Kind: mail.AttachmentReference, Name: "link", ContentLocation: "there"}},
		}
	case 5:
		m.MIME = g.content(s, []byte("From: a@example.com\r\n\r\n"+id+"\r\n"))
		m.BodyType, m.Draft = mail.BodyText, true
	case 6:
		m.Attachments = []record.Attachment{{Attachment: mail.Attachment{ID: "att5", Name: "gone.zip"}, Lost: "it could not be read (503)"}}
		m.Lost = []string{"gone.zip could not be read (503)"}
	}
	return m
}

func (g *golden) page(s *Session, prefix, folder string, from, n int) []record.Message {
	var out []record.Message
	for i := from; i < from+n; i++ {
		out = append(out, g.message(s, fmt.Sprintf("%s-%d", prefix, i), folder, i))
	}
	return out
}

func (g *golden) commit(s *Session, c backup.Checkpoint) {
	g.t.Helper()
	if err := s.Commit(g.t.Context(), c); err != nil {
		g.t.Fatal(err)
	}
}

func (g *golden) seal(s *Session, run record.RunID, losses []mail.Loss, folders ...string) record.Point {
	g.t.Helper()
	sum := summary(run, folders...)
	sum.Losses = losses
	sum.Origin = record.Origin{AccountName: "Contoso", Tenant: "tenant", MailboxName: "Änne", MailboxAddress: "aenne@example.com", MailboxKind: mail.MailboxShared, JobName: "Nightly"}
	for i := range sum.Folders {
		sum.Folders[i].Hidden, sum.Folders[i].Total = i == 2, 10*i
		if i > 0 {
			sum.Folders[i].Parent = sum.Folders[0].ID
		}
	}
	p, err := s.Seal(g.t.Context(), sum)
	if err != nil {
		g.t.Fatal(err)
	}
	return p
}

var goldenKeys = []record.BackupKey{
	{Account: "a1", Mailbox: "m1", Job: "j1"}, {Account: "a1", Mailbox: "m2", Job: "j1"}, {Account: "a1", Mailbox: "m3", Job: "j2"},
}

func (g *golden) begin(k record.BackupKey, run record.RunID) *Session {
	g.t.Helper()
	s, err := g.r.Begin(g.t.Context(), k, run)
	if err != nil {
		g.t.Fatal(err)
	}
	return s
}

// fill makes three backups: one with three points, of which the first is deleted, and an interrupted fourth; one with losses
// whose enumeration is not at its end; one that never came to a point.
func (g *golden) fill() *goldenManifest {
	t := g.t
	want := &goldenManifest{}
	s := g.begin(goldenKeys[0], "r1")
	g.commit(s, backup.Checkpoint{Folder: "inbox", Cursor: "i1", Full: true, Messages: g.page(s, "in", "inbox", 0, 40)})
	g.commit(s, backup.Checkpoint{Folder: "inbox", Cursor: "i2", Full: true, Done: true, Messages: g.page(s, "in", "inbox", 40, 10)})
	g.commit(s, backup.Checkpoint{Folder: "sent", Cursor: "s1", Full: true, Done: true, Messages: g.page(s, "se", "sent", 0, 9)})
	first := g.seal(s, "r1", nil, "root", "inbox", "sent", "empty")

	s = g.begin(goldenKeys[0], "r2")
	moved := g.message(s, "in-8", "sent", 8)
	edited := g.message(s, "in-9", "inbox", 9)
	edited.Subject, edited.Read = "Edited", true
	g.commit(s, backup.Checkpoint{Folder: "inbox", Cursor: "i3", Gone: []mail.MessageID{"in-8", "in-10", "in-11"}, Messages: []record.Message{edited}})
	g.commit(s, backup.Checkpoint{Folder: "sent", Cursor: "s2", Messages: []record.Message{moved}})
	g.commit(s, backup.Checkpoint{Deleted: []mail.MessageID{"in-10"}})
	want.Points = append(want.Points, g.point(g.seal(s, "r2", nil, "root", "inbox", "sent", "empty")))

	s = g.begin(goldenKeys[0], "r3")
	g.commit(s, backup.Checkpoint{Folder: "inbox", Cursor: "i4", Messages: g.page(s, "new", "inbox", 200, 5)})
	want.Points = append(want.Points, g.point(g.seal(s, "r3", nil, "root", "inbox", "sent")))

	s = g.begin(goldenKeys[1], "r4")
	loss := mail.Loss{Message: "x-99", Folder: "inbox", Subject: "Lost", What: "message", Reason: "410", RequestID: "8a0c"}
	g.commit(s, backup.Checkpoint{Folder: "inbox", Cursor: "p1", Full: true, Messages: g.page(s, "x", "inbox", 0, 12), Losses: []mail.Loss{loss}})
	want.Points = append(want.Points, g.point(g.seal(s, "r4", []mail.Loss{loss}, "root", "inbox")))

	if err := g.r.DeletePoint(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	want.Deleted = append(want.Deleted, first.ID)
	for i, k := range []record.BackupKey{goldenKeys[0], goldenKeys[2]} {
		s := g.begin(k, "r5")
		g.commit(s, backup.Checkpoint{Folder: "inbox", Cursor: "half", Full: i == 1, Messages: g.page(s, fmt.Sprint("half", i), "inbox", 300, 4), Gone: []mail.MessageID{"in-0"}, Losses: []mail.Loss{loss}})
		staged := goldenStaged{Key: k, Folder: "inbox", Cursor: "half", Messages: map[mail.MessageID]json.RawMessage{}}
		for j := range 4 {
			id := mail.MessageID(fmt.Sprintf("half%d-%d", i, 300+j))
			staged.Messages[id] = looked(t, s, id)
		}
		want.Staged = append(want.Staged, staged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// point returns what a point holds; of records only those that no point before had, and not many of a kind.
func (g *golden) point(p record.Point) goldenPoint {
	out := manifestOf(g.t, g.r, p)
	for _, f := range out.Folders {
		for i := range f.Messages {
			m := &f.Messages[i]
			known := g.told[string(m.Record)]
			if g.told[string(m.Record)] = true; known || i >= 12 && i < 46 {
				m.Record = nil
			}
		}
	}
	return out
}

func looked(t *testing.T, s *Session, id mail.MessageID) json.RawMessage {
	t.Helper()
	list, err := s.Lookup(t.Context(), []mail.MessageID{id})
	if err != nil || list[0] == nil {
		t.Fatalf("%s is not staged: %v", id, err)
	}
	return asJSON(t, list[0])
}

func asJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}
