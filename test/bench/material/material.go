// Package material makes the mail that benchmarks of the repository work on: a folder of .eml files, as a person would give
// them to any backup program, the same bytes every time.
//
//	DIR/mail/MAILBOX/FOLDER/NUMBER.eml     what the first backup reads
//	DIR/later/MAILBOX/FOLDER/NUMBER.eml    1% more, which arrives afterwards
//	DIR/decoded/                           both once more, as the measuring program decodes them
//	DIR/stamp.json                         what it was made with; written last, so that half-made mail is made anew
package material

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"holdfast/test/graphsim/corpus"
)

// The full size. Of the bytes a good half is in attachments that several messages share.
const (
	Mailboxes = 20
	messages  = 60_000
	plain     = 3_100_000_000 // bytes before the encodings of mail, which make 4.2 GB of them
	seed      = 20_260_101
	layout    = 1 // of the folder; a change makes all mail anew
)

// Stamp says what mail was made with, and how much it is.
type Stamp struct {
	Layout   int    `json:"layout"`
	Seed     uint64 `json:"seed"`
	Messages int    `json:"messages"` // of the first backup
	Later    int    `json:"later"`
	Plain    int64  `json:"plain"`
	Go       string `json:"go"` // whose archive and picture encoders the mail depends on
	Bytes    int64  `json:"bytes"`
}

// Plan returns the stamp of mail of the given share of the full size, without Bytes.
func Plan(scale float64) Stamp {
	n := max(int(messages*scale), 10*Mailboxes)
	return Stamp{
		Layout: layout, Seed: seed, Messages: n, Later: max(n/100, 1), Plain: int64(plain * float64(n) / messages),
		Go: runtime.Version(),
	}
}

// Mail returns the folder of what the first backup reads, and Later that of what comes afterwards.
func Mail(dir string) string { return filepath.Join(dir, "mail") }

// Later returns the folder of the mail that arrives after the first backup.
func Later(dir string) string { return filepath.Join(dir, "later") }

// Decoded returns the folder of both in decoded form.
func Decoded(dir string) string { return filepath.Join(dir, "decoded") }

// Load returns the stamp of the mail in dir, if it is what the plan asks for.
func Load(dir string, plan Stamp) (Stamp, bool) {
	var s Stamp
	data, err := os.ReadFile(filepath.Join(dir, "stamp.json"))
	if err != nil || json.Unmarshal(data, &s) != nil {
		return Stamp{}, false
	}
	plan.Bytes = s.Bytes
	return s, s == plan
}

// Make fills dir, which it empties first. Progress hears of every thousandth message.
func Make(dir string, plan Stamp, progress func(done int)) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	company, err := corpus.Generate(plan.Seed, corpus.Options{
		Mailboxes: Mailboxes, Messages: plan.Messages + plan.Later, TotalBytes: plan.Plain, OnlyCarried: true,
	})
	if err != nil {
		return err
	}
	w := writer{folders: map[string]string{}, numbers: map[string]int{}}
	for box, m := range company.Mail() {
		top := Mail(dir)
		if w.count >= plan.Messages {
			top = Later(dir)
		}
		if err := w.write(top, box, m); err != nil {
			return err
		}
		if w.count++; w.count%1000 == 0 {
			progress(w.count)
		}
	}
	plan.Bytes = w.bytes
	data, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "stamp.json"), data, 0o600)
}

// writer gives messages their files.
type writer struct {
	folders map[string]string // of a mailbox: how a folder is called on disk
	numbers map[string]int    // messages in a folder
	count   int
	bytes   int64
}

func (w *writer) write(top string, box int, m corpus.Message) error {
	path := fmt.Sprintf("%02d/%s", box, strings.Join(m.Folder, "\x00"))
	name, ok := w.folders[path]
	if !ok {
		// Names of folders may be anything; a number tells them apart.
		name = fmt.Sprintf("%02d/%03d %s", box, len(w.folders), plainName(m.Folder[len(m.Folder)-1]))
		w.folders[path] = name
	}
	folder := filepath.Join(top, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	w.numbers[name]++
	f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%06d.eml", w.numbers[name])))
	if err != nil {
		return err
	}
	err = corpus.WriteEML(f, m)
	if info, statErr := f.Stat(); statErr == nil {
		w.bytes += info.Size()
	}
	return errors.Join(err, f.Close())
}

// plainName is a name that any file system takes.
func plainName(s string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, s)
	return name[:min(len(name), 40)]
}

// Arrive links the later mail into the mail of the first backup, and Leave takes it out again.
func Arrive(dir string) error {
	return eachLater(dir, func(from, to string) error {
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.Link(from, to); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// Leave undoes Arrive.
func Leave(dir string) error {
	return eachLater(dir, func(_, to string) error {
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = os.Remove(filepath.Dir(to)) // a folder that came with the later mail is empty now; others stay
		return nil
	})
}

func eachLater(dir string, do func(from, to string) error) error {
	return filepath.WalkDir(Later(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(Later(dir), path)
		if err != nil {
			return err
		}
		return do(path, filepath.Join(Mail(dir), rel))
	})
}

// Touch reads all mail once, so that it is in the system's memory as far as that goes.
func Touch(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, f)
		return errors.Join(err, f.Close())
	})
}
