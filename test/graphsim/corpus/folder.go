package corpus

import "iter"

// ImportFolder imports every file below dir, in lexical order, as one message: .eml, .txt, no extension at all. Hidden
// files are passed over. A file that is no mail is reported and skipped. dir may be a single file too.
func ImportFolder(dir string, o ImportOptions) iter.Seq2[Message, error] { return failed(nil) }
