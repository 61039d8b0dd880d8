package corpus

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// importer makes messages of one import and keeps their ids apart. It remembers 16 bytes of each.
type importer struct {
	options ImportOptions
	seen    map[[16]byte]bool
}

func newImporter(o ImportOptions) *importer {
	return &importer{options: o.withDefaults(), seen: map[[16]byte]bool{}}
}

// parse reads one message. One whose id was seen before gets another, made from its content.
func (im *importer) parse(data []byte) (Message, error) {
	m, err := ParseEML(data, im.options)
	if err != nil {
		return Message{}, err
	}
	for n := 0; !im.first(m.MessageID); n++ {
		m.MessageID = contentID(data, n)
	}
	return m, nil
}

func (im *importer) first(id string) bool {
	sum := sha256.Sum256([]byte(id))
	key := [16]byte(sum[:16])
	if im.seen[key] {
		return false
	}
	im.seen[key] = true
	return true
}

// readFile reads one message file, refusing it before it is read if it is too large.
func (im *importer) readFile(path string) (Message, error) {
	f, err := os.Open(path)
	if err != nil {
		return Message{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, im.options.MaxMessage+1))
	if err != nil {
		return Message{}, err
	}
	if int64(len(data)) > im.options.MaxMessage {
		return Message{}, fmt.Errorf("%w: more than %d bytes", errTooLarge, im.options.MaxMessage)
	}
	if len(data) == 0 {
		return Message{}, errors.New("it is empty")
	}
	return im.parse(data)
}

// cutFromLine takes off the From_ line of an mbox that a message was left with, and gives its date.
func cutFromLine(data []byte) (rest []byte, stamp string) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !bytes.HasPrefix(data, []byte("From ")) && !bytes.HasPrefix(data, []byte(">From ")) {
		return data, ""
	}
	line, rest := nextLine(data)
	line = line[bytes.IndexByte(line, ' ')+1:]
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		stamp = string(line[i:])
	}
	return rest, stamp
}
