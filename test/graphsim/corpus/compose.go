package corpus

import (
	"slices"
	"strings"
	"time"
)

// composeHeaders gives the headers to send m with: those that it was received with, corrected where they say something
// else than its fields do, or new ones. contentType and encoding are those of the body to come.
func composeHeaders(m Message, contentType, encoding string) []Header {
	hs := slices.Clone(m.Headers)
	has := readEnvelope(hs)
	if !m.Sent.IsZero() && !has.Sent.Equal(m.Sent) {
		hs = setHeader(hs, "Date", formatDate(m.Sent))
	}
	if !m.Received.IsZero() && !readEnvelope(hs).Received.Equal(m.Received) {
		hs = slices.Insert(hs, 0, Header{"Received", "from corpus.invalid by corpus.invalid; " + formatDate(m.Received)})
	}
	if !sameAddress(has.From, m.From) {
		hs = setHeader(hs, "From", formatOne(m.From))
	}
	if sender := orAddress(m.Sender, m.From); !sameAddress(readEnvelope(hs).Sender, sender) {
		hs = setHeader(hs, "Sender", formatOne(sender))
	}
	for _, list := range []struct {
		name      string
		has, want []Address
	}{{"To", has.To, m.To}, {"Cc", has.Cc, m.Cc}, {"Bcc", has.Bcc, m.Bcc}, {"Reply-To", has.ReplyTo, m.ReplyTo}} {
		if !slices.Equal(list.has, list.want) {
			hs = setHeader(hs, list.name, formatAddresses(list.want))
		}
	}
	if len(hs) == 0 || has.Subject != m.Subject {
		hs = setHeader(hs, "Subject", encodeWords(m.Subject))
		if m.Subject == "" {
			hs = append(hs, Header{Name: "Subject"})
		}
	}
	if has.MessageID != m.MessageID {
		hs = setHeader(hs, "Message-ID", m.MessageID)
	}
	hs = composeExtras(hs, has, m)
	if !hasHeader(hs, "MIME-Version") {
		hs = append(hs, Header{"MIME-Version", "1.0"})
	}
	hs = setHeader(hs, "Content-Disposition", "") // of a part that the message no longer is
	hs = setHeader(hs, "Content-Type", contentType)
	return setHeader(hs, "Content-Transfer-Encoding", encoding)
}

func composeExtras(hs []Header, has, m Message) []Header {
	if want := orNormal(m.Importance); has.Importance != want {
		for _, name := range []string{"X-Priority", "X-MSMail-Priority", "Priority"} {
			hs = setHeader(hs, name, "")
		}
		hs = setHeader(hs, "Importance", want)
	}
	if !slices.Equal(has.Categories, m.Categories) {
		words := make([]string, len(m.Categories))
		for i, c := range m.Categories {
			words[i] = encodePhrase(c)
		}
		hs = setHeader(hs, "Keywords", strings.Join(words, ", "))
	}
	if has.ReceiptWanted != m.ReceiptWanted {
		value := ""
		if m.ReceiptWanted {
			value = formatOne(orAddress(m.From, &Address{Address: "nobody@corpus.invalid"}))
		}
		hs = setHeader(hs, "Disposition-Notification-To", value)
	}
	if has.Draft != m.Draft {
		value := ""
		if m.Draft {
			value = "1"
		}
		hs = setHeader(hs, "X-Unsent", value)
	}
	return hs
}

// setHeader gives name the value where it first stands, or at the end, and removes others of that name; an empty value
// removes all.
func setHeader(hs []Header, name, value string) []Header {
	done := value == ""
	kept := hs[:0]
	for _, h := range hs {
		if strings.EqualFold(h.Name, name) {
			if done {
				continue
			}
			h.Value, done = value, true
		}
		kept = append(kept, h)
	}
	if !done {
		kept = append(kept, Header{name, value})
	}
	return kept
}

func formatDate(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000") }

func formatOne(a *Address) string {
	if a == nil {
		return ""
	}
	return formatAddresses([]Address{*a})
}

func orAddress(a, b *Address) *Address {
	if a != nil {
		return a
	}
	return b
}

func orNormal(importance string) string {
	if importance == "" {
		return "normal"
	}
	return importance
}

func sameAddress(a, b *Address) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// foldHeader appends a header in lines of at most 76 characters, as far as there are single blanks to fold at.
func foldHeader(b []byte, h Header) []byte {
	const widest = 76
	b = append(b, h.Name...)
	b = append(b, ':')
	width := len(h.Name) + 1
	first := true
	for rest := h.Value; rest != ""; {
		n := singleBlank(rest)
		word := rest[:n]
		rest = strings.TrimPrefix(rest[n:], " ")
		if !first && width+1+len(word) > widest {
			b = append(b, '\r', '\n')
			width = 0
		}
		b = append(b, ' ')
		b = append(b, word...)
		width += 1 + len(word)
		first = false
	}
	return append(b, '\r', '\n')
}

// singleBlank is the index of the first blank without another beside it, or the length of s.
func singleBlank(s string) int {
	for i := 1; i+1 < len(s); i++ {
		if s[i] == ' ' && s[i-1] != ' ' && s[i+1] != ' ' {
			return i
		}
	}
	return len(s)
}
