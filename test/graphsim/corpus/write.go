package corpus

import "io"

// WriteEML writes m as an RFC 5322 message in canonical form (CRLF, 7 bit but for headers that were received otherwise).
// It keeps m.Headers where they agree with the fields and follows the fields where they do not. An import of what it
// wrote gives m again, but for what mail cannot say: folder, read state, flag, classification.
func WriteEML(w io.Writer, m Message) error { return nil }

// Size is the number of bytes in m: text and attachments, before any encoding.
func Size(m Message) int64 { return 0 }
