package corpus

import (
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// ImportMbox imports an mbox file into the inbox, or every file below a folder into a folder of its name (Thunderbird's
// .sbd folders hold subfolders). It takes mboxo and mboxrd, and Content-Length where it leads to a From_ line.
func ImportMbox(path string, o ImportOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		im := newImporter(o)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			yield(Message{}, err)
		case info.IsDir():
			walkFiles(path, im.options.Pattern, yield, func(file string) bool {
				return !isMbox(file) || im.mboxFile(file, mboxFolder(path, file), yield)
			})
		default:
			im.mboxFile(path, []string{"inbox"}, yield)
		}
	}
}

func mboxFolder(root, file string) []string {
	rel, err := filepath.Rel(root, file)
	if err != nil {
		rel = filepath.Base(file)
	}
	var names []string
	for name := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		name = strings.TrimSuffix(strings.TrimSuffix(name, ".sbd"), ".mbox")
		names = append(names, folderName(name))
	}
	return wellKnownFolder(names)
}

func isMbox(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := io.ReadFull(f, head)
	line, _ := nextLine(head[:n])
	return isFromLine(line)
}

func (im *importer) mboxFile(file string, folder []string, yield func(Message, error) bool) bool {
	f, err := os.Open(file)
	if err != nil {
		return yield(Message{}, &SkippedError{Path: file, Err: err})
	}
	defer f.Close()
	more := true
	err = (&mboxScan{r: f, options: im.options}).each(func(data []byte, offset int64, err error) bool {
		var m Message
		if err == nil {
			m, err = im.parse(data)
		}
		if err != nil {
			more = yield(Message{}, &SkippedError{Path: file, Offset: offset, Err: err})
			return more
		}
		m.Folder = folder
		setMboxStatus(&m)
		more = yield(m, nil)
		return more
	})
	if err != nil && more {
		return yield(Message{}, &SkippedError{Path: file, Err: err})
	}
	return more
}

// setMboxStatus reads the flags that mbox programs keep in headers of their own, and takes those headers away.
func setMboxStatus(m *Message) {
	status, xStatus := get(m.Headers, "Status"), get(m.Headers, "X-Status")
	m.Read = strings.Contains(status, "R")
	if strings.Contains(xStatus, "F") {
		m.FlagStatus = "flagged"
	}
	if strings.Contains(xStatus, "T") {
		m.Draft = true // mutt and Dovecot: D is deleted, T is a draft
	}
	if strings.Contains(xStatus, "D") {
		m.Folder = []string{"deleteditems"}
	}
	kept := m.Headers[:0]
	for _, h := range m.Headers {
		switch strings.ToLower(h.Name) {
		case "status", "x-status", "x-keywords", "content-length":
		default:
			kept = append(kept, h)
		}
	}
	m.Headers = kept
}
