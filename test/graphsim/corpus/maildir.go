package corpus

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// ImportMaildir imports a Maildir and its subfolders, be they Maildir++ names (".Archive.2024") or Maildirs in Maildirs.
// Flags become read state (S), flag (F), draft (D) and the deleted items (T); mail in new is unread.
func ImportMaildir(dir string, o ImportOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		im := newImporter(o)
		err := filepath.WalkDir(dir, func(sub string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil && sub == dir:
				return err
			case err != nil:
				if !yield(Message{}, &SkippedError{Path: sub, Err: err}) {
					return filepath.SkipAll
				}
				return nil
			case !entry.IsDir():
				return nil
			}
			switch entry.Name() {
			case "cur", "new", "tmp":
				if sub != dir {
					return filepath.SkipDir
				}
			}
			if !isMaildir(sub) {
				return nil
			}
			folder := maildirFolder(dir, sub)
			for _, state := range []string{"cur", "new"} {
				if !im.maildirState(filepath.Join(sub, state), folder, state == "new", yield) {
					return filepath.SkipAll
				}
			}
			return nil
		})
		if err != nil {
			yield(Message{}, err)
		}
	}
}

// maildirState imports one of the folders cur and new; false means that nobody wants more.
func (im *importer) maildirState(dir string, folder []string, isNew bool, yield func(Message, error) bool) bool {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return yield(Message{}, &SkippedError{Path: dir, Err: err})
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		file := filepath.Join(dir, entry.Name())
		m, err := im.readFile(file)
		if err != nil {
			if !yield(Message{}, &SkippedError{Path: file, Err: err}) {
				return false
			}
			continue
		}
		m.Folder = folder
		_, flags, _ := strings.Cut(entry.Name(), ":2,")
		setMaildirFlags(&m, flags, isNew)
		if !yield(m, nil) {
			return false
		}
	}
	return true
}

func setMaildirFlags(m *Message, flags string, isNew bool) {
	m.Read = strings.Contains(flags, "S") && !isNew
	if strings.Contains(flags, "F") {
		m.FlagStatus = "flagged"
	}
	if strings.Contains(flags, "D") {
		m.Draft = true
	}
	if strings.Contains(flags, "T") {
		m.Folder = []string{"deleteditems"}
	}
}

// maildirFolder is the folder that the Maildir sub below root stands for.
func maildirFolder(root, sub string) []string {
	rel, err := filepath.Rel(root, sub)
	if err != nil || rel == "." {
		return []string{"inbox"}
	}
	var names []string
	for dir := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if !strings.HasPrefix(dir, ".") {
			names = append(names, folderName(dir))
			continue
		}
		for name := range strings.SplitSeq(dir[1:], ".") {
			if name != "" {
				names = append(names, folderName(decodeUTF7(name, '&')))
			}
		}
	}
	return wellKnownFolder(names)
}

func folderName(s string) string {
	if s = cut(cleanLine(s), 255); s == "" {
		return "_"
	}
	return s
}

// wellKnownFolder gives the first name the well-known one that it stands for in other programs.
func wellKnownFolder(names []string) []string {
	if len(names) == 0 {
		return []string{"inbox"}
	}
	switch strings.ToLower(names[0]) {
	case "inbox":
		names[0] = "inbox"
	case "sent", "sent items", "sent messages", "sent-mail":
		names[0] = "sentitems"
	case "drafts":
		names[0] = "drafts"
	case "archive", "archives":
		names[0] = "archive"
	case "trash", "deleted items", "deleted messages":
		names[0] = "deleteditems"
	case "junk", "spam", "junk email", "junk e-mail":
		names[0] = "junkemail"
	}
	return names
}

func isMaildir(dir string) bool {
	for _, state := range []string{"cur", "new"} {
		if info, err := os.Stat(filepath.Join(dir, state)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}
