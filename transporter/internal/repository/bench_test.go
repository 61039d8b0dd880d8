//go:build unix

package repository

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// corpus makes mail-like messages: text that compresses, some attachments that do not, shared by many.
type corpus struct {
	rnd    *rand.Rand
	words  []string
	shared [][]byte
}

func newCorpus() *corpus {
	c := &corpus{rnd: rand.New(rand.NewPCG(7, 7))}
	for range 20_000 {
		b := make([]byte, 2+c.rnd.IntN(9))
		for i := range b {
			b[i] = 'a' + byte(c.rnd.IntN(26))
		}
		c.words = append(c.words, string(b))
	}
	for range 40 {
		c.shared = append(c.shared, c.noise(20_000+c.rnd.IntN(600_000)))
	}
	return c
}

func (c *corpus) noise(n int) []byte {
	b := make([]byte, n)
	for i := 0; i+8 <= n; i += 8 {
		v := c.rnd.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return b
}

func (c *corpus) text(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(c.words[int(float64(len(c.words))*c.rnd.Float64()*c.rnd.Float64()*c.rnd.Float64())])
		b.WriteByte(' ')
	}
	return b.String()
}

type sample struct {
	m      record.Message
	pieces [][]byte
}

func (c *corpus) sample(id int) sample {
	body := []byte("<html><body><p>" + c.text(800+c.rnd.IntN(10_000)) + "</p></body></html>")
	s := sample{pieces: [][]byte{body}}
	s.m = record.Message{
		Message: mail.Message{
			ID: mail.MessageID(fmt.Sprintf("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A%032xAAA=", id)), Folder: "inbox", ChangeKey: fmt.Sprint("ck", id),
			Subject: c.text(40), BodyPreview: c.text(200), From: &mail.Address{Name: c.text(12), Address: "someone@example.com"},
			To: []mail.Address{{Name: c.text(10), Address: "to@example.com"}}, InternetMessageID: fmt.Sprintf("<%x@example.com>", c.rnd.Uint64()),
			Received: time.Unix(1_700_000_000+int64(id)*60, 0).UTC(), ConversationID: fmt.Sprintf("%x", c.rnd.Uint64()),
		},
		Body: record.Content{Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}}},
	}
	for range 12 {
		s.m.Headers = append(s.m.Headers, mail.Header{Name: "Received", Value: "from mail.example.com by mx.example.com with ESMTPS id " + fmt.Sprintf("%x", c.rnd.Uint64())})
	}
	if c.rnd.IntN(6) == 0 {
		a := c.shared[c.rnd.IntN(len(c.shared))]
		if c.rnd.IntN(2) == 0 {
			a = c.noise(10_000 + c.rnd.IntN(300_000))
		}
		s.pieces = append(s.pieces, a)
		s.m.Attachments = []record.Attachment{{Attachment: mail.Attachment{ID: "1", Name: "a.pdf", Size: int64(len(a))}, Content: record.Content{
			Size: int64(len(a)), Pieces: []record.Piece{{Hash: record.Sum(a), Size: int64(len(a))}},
		}}}
	}
	return s
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBackup tells what a first backup, a change of 1%, reading all back and a full verify cost in CPU time, encrypted.
func BenchmarkBackup(b *testing.B) {
	const messages = 6000
	c := newCorpus()
	samples := make([]sample, messages)
	var bytes int64
	for i := range samples {
		samples[i] = c.sample(i)
		for _, p := range samples[i].pieces {
			bytes += int64(len(p))
		}
	}
	for _, level := range []Level{Fast, Balanced} {
		b.Run(level.String(), func(b *testing.B) {
			for b.Loop() {
				benchmarkLife(b, level, c, samples, bytes)
			}
		})
	}
}

func benchmarkLife(b *testing.B, level Level, c *corpus, samples []sample, bytes int64) {
	ctx := b.Context()
	o := Options{Path: b.TempDir(), Name: "bench", Level: level, Cost: cheap, Secret: Secret{Passphrase: "x"}}
	r, err := Create(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	phase := func(name string, fn func() error) {
		at := cpu(b)
		if err := fn(); err != nil {
			b.Fatal(name, err)
		}
		d := cpu(b) - at
		b.ReportMetric(float64(d.Microseconds())/1e6, name+"-cpu-s")
	}
	run := func(name record.RunID, samples []sample) error {
		s, err := r.Begin(ctx, testKey, name)
		if err != nil {
			return err
		}
		for at := 0; at < len(samples); at += 100 {
			c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(fmt.Sprint(name, at))}
			for _, m := range samples[at:min(at+100, len(samples))] {
				for _, p := range m.pieces {
					if err := s.Put(ctx, record.Sum(p), p); err != nil {
						return err
					}
				}
				c.Messages = append(c.Messages, m.m)
			}
			if err := s.Commit(ctx, c); err != nil {
				return err
			}
		}
		_, err = s.Seal(ctx, summary(name, "inbox"))
		return err
	}
	phase("first", func() error { return run("first", samples) })
	changed := make([]sample, len(samples)/100)
	for i := range changed {
		changed[i] = samples[i*97]
		changed[i].m.Read = true
		changed[i].m.ChangeKey += "x"
	}
	phase("change", func() error { return run("second", changed) })
	phase("same", func() error { return run("third", nil) })
	phase("read", func() error {
		points, err := r.Points(ctx, testKey)
		if err != nil {
			return err
		}
		p, err := r.Point(ctx, points[len(points)-1].ID)
		if err != nil {
			return err
		}
		for m, err := range p.All(ctx, "inbox") {
			if err != nil {
				return err
			}
			contents := []record.Content{m.Body}
			for i := range m.Attachments {
				contents = append(contents, m.Attachments[i].Content)
			}
			for _, content := range contents {
				rc := r.Content(ctx, content)
				if _, err := io.Copy(io.Discard, rc); err != nil {
					return err
				}
				if err := rc.Close(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	phase("verify", func() error { _, err := r.Verify(ctx, VerifyFull, nil); return err })
	st, err := r.Statistics(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Used)/1e6, "used-MB")
	b.ReportMetric(float64(bytes)/1e6, "logical-MB")
	phase("close", r.Close)
	phase("open", func() error { r, err = Open(ctx, o); return err })
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}
