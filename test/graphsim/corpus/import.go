package corpus

import (
	"fmt"
	"iter"
	"os"
)

// ImportOptions bounds what an importer accepts. Its zero value is ready to use.
type ImportOptions struct {
	// Pattern selects the files of a folder by base name, as path.Match has it. Default: every file.
	Pattern string
	// MaxMessage is the size of the largest message in bytes. Default: 160 MiB (Exchange Online takes 150 MB).
	MaxMessage int64
	// MaxHeaders is the largest number of header fields of one message. Default: 2000.
	MaxHeaders int
	// MaxHeaderBytes is the largest size of one header section. Default: 512 KiB.
	MaxHeaderBytes int
	// MaxParts is the largest number of MIME parts of one message, attached messages included. Default: 5000.
	MaxParts int
	// MaxDepth is how deep multiparts and attached messages may nest; what lies deeper is kept as a file. Default: 30.
	MaxDepth int
}

// SkippedError reports one message that was left out. The sequence goes on after it; any other error ends a sequence.
type SkippedError struct {
	Path   string // the file
	Offset int64  // where the message begins, in an mbox
	Err    error
}

func (e *SkippedError) Error() string {
	return fmt.Sprintf("skip the message at %s:%d: %v", e.Path, e.Offset, e.Err)
}

func (e *SkippedError) Unwrap() error { return e.Err }

// Import imports from whatever is at path: a Maildir (a folder that has cur or new), an mbox (a file that begins with a
// From_ line), one message, or a folder of messages.
func Import(path string, o ImportOptions) iter.Seq2[Message, error] {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return failed(err)
	case info.IsDir() && isMaildir(path):
		return ImportMaildir(path, o)
	case !info.IsDir() && isMbox(path):
		return ImportMbox(path, o)
	}
	return ImportFolder(path, o)
}

// failed is a sequence that only reports err.
func failed(err error) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) { yield(Message{}, err) }
}
