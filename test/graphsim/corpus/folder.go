package corpus

import (
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"strings"
)

// ImportFolder imports every file below dir that matches the pattern, in lexical order, as one message: .eml, .txt, no
// extension at all. Hidden files are passed over. A file that is no mail is reported and skipped. dir may be a single file.
func ImportFolder(dir string, o ImportOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		im := newImporter(o)
		if err := checkPattern(im.options.Pattern); err != nil {
			yield(Message{}, err)
			return
		}
		walkFiles(dir, im.options.Pattern, yield, func(file string) bool {
			m, err := im.readFile(file)
			if err != nil {
				return yield(Message{}, &SkippedError{Path: file, Err: err})
			}
			return yield(m, nil)
		})
	}
}

func checkPattern(pattern string) error {
	_, err := path.Match(pattern, "")
	return err
}

// walkFiles calls each for the regular files below dir whose base name matches, until it returns false. What cannot be
// listed is skipped, too, unless it is dir itself.
func walkFiles(dir, pattern string, yield func(Message, error) bool, each func(file string) bool) {
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(filepath.Base(file), ".") && file != dir
		switch {
		case err != nil && file == dir:
			return err
		case err != nil:
			if !yield(Message{}, &SkippedError{Path: file, Err: err}) {
				return filepath.SkipAll
			}
		case entry.IsDir() && hidden:
			return filepath.SkipDir
		case entry.Type().IsRegular() && !hidden:
			if ok, _ := path.Match(pattern, filepath.Base(file)); ok && !each(file) {
				return filepath.SkipAll
			}
		}
		return nil
	})
	if err != nil {
		yield(Message{}, err)
	}
}
