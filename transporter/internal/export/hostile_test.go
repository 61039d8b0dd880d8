package export_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/record"
)

// evil are values that break programs.
var evil = []string{
	"", "\r\nBcc: everybody@example.com", "a\nX-Injected: 1", "\r\n\r\nbody", "a\r\n.\r\n", "\x00\x01\x7f\x1b[31m", "=?utf-8?B?bm8=?=", "=?broken?",
	"\"quoted\\\" <x@y>, z@z", "<<>>", "a@b@c", "@", ";:,()[]", "\u202eevil\u2066", "\ufeffbom", "\xff\xfe", "日本語 📁 " + strings.Repeat("長", 300),
	strings.Repeat("x", 3000), strings.Repeat("y ", 2000), strings.Repeat(" ", 500) + "z", "../../etc/passwd", `C:\con\aux.txt`, "--=_", "From me",
	"\t tab", "ü@ü", "CON", "a\u2028b\u0085c",
}

// hostile makes a record out of evil values.
func hostile(s *shelf, rnd *rand.Rand, n, depth int) record.Message {
	pick := func() string { return evil[rnd.IntN(len(evil))] }
	address := func() mail.Address { return mail.Address{Name: pick(), Address: pick()} }
	from := address()
	m := record.Message{Message: mail.Message{
		ID: mail.MessageID(fmt.Sprint("hostile-", n, "-", depth)), Subject: pick(), From: &from, To: []mail.Address{address(), address()},
		Cc: []mail.Address{address()}, InternetMessageID: pick(), Categories: []string{pick(), pick()}, BodyType: mail.BodyType(rnd.IntN(2)),
		Received: time.Unix(int64(rnd.IntN(1<<31)), 0), Read: rnd.IntN(2) == 0, ConversationIndex: []byte(pick()),
	}, Body: s.put([]byte(strings.ToValidUTF8(pick()+"\r\n"+pick(), "?")))}
	for range rnd.IntN(5) {
		names := []string{"Subject", "From", "To", "Received", "X-A", "X:B", "X\r\nC", "Content-Type", "MIME-Version", "Status", "Keywords", "", "é"}
		m.Headers = append(m.Headers, mail.Header{Name: names[rnd.IntN(len(names))], Value: pick()})
	}
	for i := range rnd.IntN(4) {
		a := record.Attachment{
			Attachment: mail.Attachment{
				ID: mail.AttachmentID(fmt.Sprint(i)), Kind: mail.AttachmentKind(rnd.IntN(3)), Name: pick(), ContentType: pick(), ContentID: pick(),
				ContentLocation: pick(), Inline: rnd.IntN(2) == 0,
			}, Content: s.put([]byte(pick())),
		}
		if a.Kind == mail.AttachmentItem && depth < 3 {
			item := hostile(s, rnd, n, depth+1)
			a.Item = &item
		}
		m.Attachments = append(m.Attachments, a)
	}
	return m
}

func TestHostileMailIsReadAsWhatItIs(t *testing.T) {
	s := newShelf(t)
	rnd := rand.New(rand.NewPCG(seedOf(t), 1))
	s.folder([]string{"inbox"})
	const count = 120
	for n := range count {
		path := []string{evil[rnd.IntN(len(evil))]}
		if n < 4 {
			path = append([]string{"", ""}, slices.Repeat([]string{""}, n)...)
		}
		for len(path) < 5 && rnd.IntN(2) == 0 {
			path = append(path, evil[rnd.IntN(len(evil))])
		}
		s.keep(path, hostile(s, rnd, n, 0))
	}
	s.seal()
	for _, format := range []export.Format{export.EML, export.Mbox, export.Maildir} {
		above := t.TempDir()
		dir := filepath.Join(above, "out")
		report, err := export.ToFolder(t.Context(), dir, s.options(format))
		if err != nil {
			t.Fatal(format, err)
		}
		if list, err := os.ReadDir(above); err != nil || len(list) != 1 {
			t.Errorf("%s: %v lie beside the export (%v)", format, list, err)
		}
		if report.Messages != count {
			t.Errorf("%s: %d messages, want %d", format, report.Messages, count)
		}
		got := read(t, format, dir, "lenient")
		if len(got) != count {
			t.Errorf("%s: %d messages read, want %d", format, len(got), count)
		}
		for i := range got {
			for _, h := range got[i].Headers {
				if name := strings.ToLower(h[0]); name == "x-injected" || name == "bcc" || strings.ContainsAny(h[0], "\r\n: ") {
					t.Errorf("%s: header %q was injected", format, h)
				}
			}
		}
	}
}

func TestDamagedAttachmentsAreTold(t *testing.T) {
	s := newShelf(t)
	content := []byte("the bytes of the plan")
	s.add(corpus.Message{
		Folder: []string{"inbox"}, Subject: "Plan", MessageID: "<1@x>", Body: "text\r\n", Importance: "normal",
		Attachments: []corpus.Attachment{{Name: "plan.pdf", ContentType: "application/pdf", Content: content}, {Name: "ok.txt", ContentType: "text/plain", Content: []byte("ok")}},
	})
	s.seal()
	o := s.options(export.EML)
	o.Open = opened(s, map[record.Hash]error{record.Sum(content): errDamaged})
	dir := filepath.Join(t.TempDir(), "out")
	report, err := export.ToFolder(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Incomplete != 1 || len(report.Missing) != 1 || report.Missing[0].Part != `attachment "plan.pdf"` || report.Missing[0].Subject != "Plan" {
		t.Errorf("report %+v", report)
	}
	got := read(t, export.EML, dir)
	if len(got) != 1 || len(got[0].Parts) != 2 {
		t.Fatalf("%+v", got)
	}
	if !slices.ContainsFunc(got[0].Parts, func(p foundPart) bool {
		return p.Name == "Missing - plan.pdf.txt" && strings.Contains(p.Text, errDamaged.Error())
	}) {
		t.Errorf("no part tells what is missing: %+v", got[0].Parts)
	}
}
