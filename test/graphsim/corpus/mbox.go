package corpus

import "iter"

// ImportMbox imports an mbox file, or every one below a folder, each into a folder of its name.
func ImportMbox(path string, o ImportOptions) iter.Seq2[Message, error] { return failed(nil) }

func isMbox(path string) bool { return false }
