package corpus

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// makeFile makes a file of about size bytes, of a kind that offices send.
func makeFile(r *rand.Rand, lex *lexicon, size int) Attachment {
	name := fmt.Sprintf("%s %d", pick(r, lex.files), r.IntN(1000))
	switch n := r.IntN(100); {
	case n < 26:
		return office(r, lex, size, name+".docx", "wordprocessingml.document", "word/document.xml")
	case n < 38:
		return office(r, lex, size, name+".xlsx", "spreadsheetml.sheet", "xl/worksheets/sheet1.xml")
	case n < 44:
		return office(r, lex, size, name+".pptx", "presentationml.presentation", "ppt/slides/slide1.xml")
	case n < 66:
		return Attachment{Name: name + ".pdf", ContentType: "application/pdf", Content: pdf(r, lex, size)}
	case n < 84:
		return Attachment{Name: name + ".jpg", ContentType: "image/jpeg", Content: jpeg(r, size)}
	case n < 91:
		return Attachment{Name: name + ".csv", ContentType: "text/csv", Content: csv(r, lex, size)}
	case n < 96:
		return Attachment{Name: name + ".txt", ContentType: "text/plain", Content: plain(r, lex, size)}
	case n < 98:
		return Attachment{Name: name + ".zip", ContentType: "application/zip", Content: archive(r, lex, size, "data/"+name+".csv")}
	}
	name = strings.Repeat(name+" ", 6) + "¿" + `a "quoted" name` + "?"
	return Attachment{Name: cut(name, 250) + ".bin", ContentType: "application/octet-stream", Content: noise(r, size)}
}

// noise is incompressible.
func noise(r *rand.Rand, size int) []byte {
	b := make([]byte, size+8)
	for i := 0; i < size; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b[:size:size]
}

// plain is text whose lines have their ends as some program wrote them.
func plain(r *rand.Rand, lex *lexicon, size int) []byte {
	var b strings.Builder
	end := pick(r, []string{"\r\n", "\n", "\n\n"})
	for b.Len() < size {
		b.WriteString(lex.paragraph(r) + end)
	}
	return []byte(b.String())
}

func csv(r *rand.Rand, lex *lexicon, size int) []byte {
	b := []byte("id;name;count;price\r\n")
	for i := 1; len(b) < size; i++ {
		b = fmt.Appendf(b, "%d;%s;%d;%d,%02d\r\n", i, lex.word(r), r.IntN(500), r.IntN(9000), r.IntN(100))
	}
	return b
}

// pdf is the outside of a PDF: text objects, and streams that no compressor makes smaller.
func pdf(r *rand.Rand, lex *lexicon, size int) []byte {
	b := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i := 1; i == 1 || len(b) < size; i++ {
		n := min(2000+r.IntN(60_000), max(size-len(b), 200))
		b = fmt.Appendf(b, "%d 0 obj\n<</Type/Page/Title(%s)/Length %d/Filter/FlateDecode>>\nstream\n", i, lex.word(r), n)
		b = append(b, noise(r, n)...)
		b = append(b, "\nendstream\nendobj\n"...)
	}
	return append(b, "trailer\n<</Root 1 0 R>>\n%%EOF\n"...)
}

func jpeg(r *rand.Rand, size int) []byte {
	b := noise(r, max(size, 64))
	copy(b, "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00")
	copy(b[len(b)-2:], "\xff\xd9")
	return b
}

// office is a valid zip laid out as Office does: a large document has its size from pictures, which are stored.
func office(r *rand.Rand, lex *lexicon, size int, name, kind, main string) Attachment {
	var doc strings.Builder
	doc.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n<doc>")
	const mostText = 40_000
	for doc.Len() < min(size*3, mostText) {
		doc.WriteString("<w:p><w:r><w:t>" + lex.paragraph(r) + "</w:t></w:r></w:p>")
	}
	doc.WriteString("</doc>")
	z := newArchive()
	z.add("[Content_Types].xml", zip.Deflate, []byte(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`))
	z.add(main, zip.Deflate, []byte(doc.String()))
	for i := 1; z.size() < size-1500; i++ {
		z.add(fmt.Sprintf("media/image%d.jpeg", i), zip.Store, jpeg(r, min(size-z.size()-500, 300_000)))
	}
	return Attachment{Name: name, ContentType: "application/vnd.openxmlformats-officedocument." + kind, Content: z.close()}
}

// archive is a zip with a table and something incompressible.
func archive(r *rand.Rand, lex *lexicon, size int, name string) []byte {
	z := newArchive()
	z.add(name, zip.Deflate, csv(r, lex, min(size, 100_000)))
	if rest := size - z.size(); rest > 0 {
		z.add("data/picture.jpg", zip.Store, jpeg(r, rest))
	}
	return z.close()
}

// zipFile makes a zip in memory, where writing cannot fail.
type zipFile struct {
	b bytes.Buffer
	w *zip.Writer
}

func newArchive() *zipFile {
	z := &zipFile{}
	z.w = zip.NewWriter(&z.b)
	return z
}

func (z *zipFile) add(name string, method uint16, content []byte) {
	w, err := z.w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = z.w.Flush()
	}
	if err != nil {
		panic(fmt.Sprintf("write a zip in memory: %v", err))
	}
}

func (z *zipFile) size() int { return z.b.Len() }

func (z *zipFile) close() []byte {
	if err := z.w.Close(); err != nil {
		panic(fmt.Sprintf("close a zip in memory: %v", err))
	}
	return slices.Clip(z.b.Bytes())
}
