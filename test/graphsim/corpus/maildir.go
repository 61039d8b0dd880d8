package corpus

import "iter"

// ImportMaildir imports a Maildir with its subfolders (Maildir++ names, or plain nested Maildirs).
func ImportMaildir(dir string, o ImportOptions) iter.Seq2[Message, error] { return failed(nil) }

func isMaildir(dir string) bool { return false }
