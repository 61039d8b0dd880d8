package rfc822

import (
	"encoding/base64"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// field writes one header, folded at its blanks to lines of 76 characters where that can be, of 990 in any case. The value
// must be clean.
func (t *writer) field(name, value string) {
	const widest, most = 76, 990
	t.text(name, ": ")
	column := len(name) + 2
	value = narrow(strings.Trim(value, " \t"))
	for first := true; value != ""; first = false {
		n := 0 // the blanks before the next word, and the word
		for n < len(value) && isBlank(value[n]) {
			n++
		}
		for n < len(value) && !isBlank(value[n]) {
			n++
		}
		if !first && column+n > widest {
			t.text("\r\n")
			column = 0
			if !isBlank(value[0]) { // in the middle of a word: a line that begins with it would be another header
				t.text(" ")
				column = 1
			}
		}
		if n = min(n, most-column); n < len(value) {
			for n > 1 && value[n]&0xc0 == 0x80 { // not within a letter
				n--
			}
		}
		t.text(value[:n])
		column += n
		value = value[n:]
	}
	t.text("\r\n")
}

// narrow shortens runs of blanks, so that no line consists of blanks alone.
func narrow(value string) string {
	const most = 60
	if !strings.Contains(strings.ReplaceAll(value, "\t", " "), strings.Repeat(" ", most)) {
		return value
	}
	return strings.Join(strings.Fields(value), " ")
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// headers writes all headers but those of the body's form.
func (t *writer) headers(m *record.Message) {
	has := map[string]bool{}
	for _, h := range m.Headers {
		name := headerName(h.Name)
		lower := strings.ToLower(name)
		if name == "" || lower == "mime-version" || strings.HasPrefix(lower, "content-") {
			continue
		}
		has[lower] = true
		t.field(name, asReceived(lower, clean(unfold(h.Value))))
	}
	add := func(name, value string) {
		if value != "" && !has[strings.ToLower(name)] {
			t.field(name, value)
		}
	}
	for _, h := range t.made(m) {
		add(h.Name, h.Value)
	}
	if keywords := keywords(m.Categories); has["keywords"] {
		add("X-Keywords", keywords)
	} else {
		add("Keywords", keywords)
	}
	t.text("MIME-Version: 1.0\r\n")
}

// made are the headers that the properties give.
func (t *writer) made(m *record.Message) []mail.Header {
	list := []mail.Header{{Name: "Date", Value: date(m)}, {Name: "From", Value: one(m.From)}}
	if m.From == nil {
		list[1].Value = one(m.Sender)
	} else if m.Sender != nil && *m.Sender != *m.From {
		list = append(list, mail.Header{Name: "Sender", Value: one(m.Sender)})
	}
	list = append(list,
		mail.Header{Name: "Reply-To", Value: addresses(m.ReplyTo)},
		mail.Header{Name: "To", Value: addresses(m.To)},
		mail.Header{Name: "Cc", Value: addresses(m.Cc)},
		mail.Header{Name: "Bcc", Value: addresses(m.Bcc)},
		mail.Header{Name: "Subject", Value: unstructured(m.Subject)},
		mail.Header{Name: "Message-ID", Value: messageID(m.InternetMessageID)},
	)
	if n := len(m.ConversationIndex); n > 0 && n < 500 {
		list = append(list, mail.Header{Name: "Thread-Index", Value: base64.StdEncoding.EncodeToString(m.ConversationIndex)})
	}
	switch m.Importance {
	case mail.ImportanceLow:
		list = append(list, mail.Header{Name: "Importance", Value: "low"})
	case mail.ImportanceHigh:
		list = append(list, mail.Header{Name: "Importance", Value: "high"})
	case mail.ImportanceNormal:
	}
	if m.ReadReceiptWanted {
		list = append(list, mail.Header{Name: "Disposition-Notification-To", Value: one(m.From)})
	}
	if m.DeliveryReceiptWanted {
		list = append(list, mail.Header{Name: "Return-Receipt-To", Value: one(m.From)})
	}
	if m.Draft {
		list = append(list, mail.Header{Name: "X-Unsent", Value: "1"})
	}
	return list
}

// date is when the message was sent, or what comes nearest.
func date(m *record.Message) string {
	for _, at := range []time.Time{m.Sent, m.Received, m.Created} {
		if !at.IsZero() && at.Year() > 0 && at.Year() < 10_000 {
			return at.UTC().Format(time.RFC1123Z)
		}
	}
	return ""
}

func messageID(id string) string {
	id = strings.TrimSpace(clean(id))
	if len(id) > maxToken || !isPlain(id) || strings.ContainsAny(id, " \t") {
		return unstructured(id)
	}
	return id
}

// keywords lists categories. What is not plain words is encoded: a comma would part it, and not every reader knows quotes.
func keywords(categories []string) string {
	var list []string
	for _, c := range categories {
		c = strings.TrimSpace(clean(c))
		switch p := phrase(c); {
		case c == "":
		case p[0] == '"':
			list = append(list, encodeWords(c))
		default:
			list = append(list, p)
		}
	}
	return strings.Join(list, ", ")
}

// headerName is a name that can be written: printable ASCII without colon. Anything else gives the empty name.
func headerName(name string) string {
	if name == "" || len(name) > 200 {
		return ""
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':' {
			return ""
		}
	}
	return name
}

// unfold joins the lines of a value that came folded.
func unfold(value string) string {
	if !strings.ContainsAny(value, "\r\n") {
		return value
	}
	return strings.NewReplacer("\r\n ", " ", "\r\n\t", "\t", "\n ", " ", "\n\t", "\t").Replace(value)
}

// asReceived is a received value as it can be sent: unchanged when it is ASCII, else with encoded words where the header
// allows them, and as RFC 6532 has it where it does not.
func asReceived(lower, value string) string {
	if isPlain(value) || slices.Contains(trace, lower) {
		return value
	}
	if slices.Contains(addressed, lower) {
		list, err := netmail.ParseAddressList(value)
		if err != nil {
			return value
		}
		var all []mail.Address
		for _, a := range list {
			all = append(all, mail.Address{Name: a.Name, Address: a.Address})
		}
		return addresses(all)
	}
	return received(value)
}

// addressed headers hold addresses; trace headers have a grammar of their own, without encoded words.
var (
	addressed = []string{
		"from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc",
		"disposition-notification-to", "return-receipt-to", "errors-to", "delivered-to",
	}
	trace = []string{
		"received", "return-path", "message-id", "in-reply-to", "references", "resent-message-id", "date", "resent-date",
		"dkim-signature", "authentication-results", "arc-seal", "arc-message-signature", "arc-authentication-results", "received-spf",
		"list-id", "list-unsubscribe", "list-post", "list-help", "list-archive", "autocrypt",
	}
)
