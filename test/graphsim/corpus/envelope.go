package corpus

import (
	"strings"
	"time"
)

// readEnvelope makes what headers say of a message; what they do not say has the value that a mail server gives it.
func readEnvelope(headers []Header) Message {
	m := Message{Importance: "normal", FlagStatus: "notFlagged", Classification: "focused"}
	m.Subject = parseSubject(get(headers, "Subject"))
	m.MessageID = parseMessageID(get(headers, "Message-ID"))
	m.To = addressesOf(headers, "To")
	m.Cc = addressesOf(headers, "Cc")
	m.Bcc = addressesOf(headers, "Bcc")
	m.ReplyTo = addressesOf(headers, "Reply-To")
	m.From = firstAddress(headers, "From")
	m.Sender = firstAddress(headers, "Sender")
	if m.From == nil {
		m.From = m.Sender
	}
	if m.Sender == nil {
		m.Sender = m.From
	}
	if t, ok := parseDate(get(headers, "Date")); ok {
		m.Sent = t
	}
	m.Received = readReceived(headers)
	if m.Received.IsZero() {
		m.Received = m.Sent
	}
	if m.Sent.IsZero() {
		m.Sent = m.Received
	}
	m.Importance = readImportance(headers)
	m.Categories = readKeywords(headers)
	m.ReceiptWanted = get(headers, "Disposition-Notification-To") != ""
	m.Draft = get(headers, "X-Unsent") == "1"
	return m
}

// parseSubject cuts at 255 characters, as Exchange does.
func parseSubject(value string) string {
	return strings.TrimSpace(cut(cleanLine(decodeWords(value)), 255))
}

func parseMessageID(value string) string {
	if !strings.Contains(value, "<") {
		value = dropComments(value)
	}
	if i := strings.IndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		if j := strings.IndexByte(value, '>'); j >= 0 {
			value = value[:j]
		}
	}
	value = strings.Join(strings.Fields(value), "")
	value = strings.Trim(value, "<>")
	if value == "" {
		return ""
	}
	const longest = 900 // Exchange's column; a line of mail has 998
	return "<" + cut(value, longest) + ">"
}

// addressesOf joins all headers of that name, since broken senders write one for each recipient.
func addressesOf(headers []Header, name string) []Address {
	var list []Address
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			list = append(list, parseAddresses(h.Value)...)
		}
	}
	return list
}

func firstAddress(headers []Header, name string) *Address {
	if list := addressesOf(headers, name); len(list) > 0 {
		return &list[0]
	}
	return nil
}

// readReceived is the time of the last hop, which writes its header on top. The date follows the last semicolon.
func readReceived(headers []Header) time.Time {
	value := get(headers, "Received")
	i := strings.LastIndexByte(value, ';')
	if i < 0 {
		return time.Time{}
	}
	t, _ := parseDate(value[i+1:])
	return t
}

func readImportance(headers []Header) string {
	for _, name := range []string{"Importance", "X-Priority", "X-MSMail-Priority", "Priority"} {
		value := strings.ToLower(get(headers, name))
		switch {
		case value == "":
		case strings.HasPrefix(value, "high"), strings.HasPrefix(value, "urgent"), value[0] == '1', value[0] == '2':
			return "high"
		case strings.HasPrefix(value, "low"), strings.HasPrefix(value, "non-urgent"), value[0] == '4', value[0] == '5':
			return "low"
		default:
			return "normal"
		}
	}
	return "normal"
}

// readKeywords reads RFC 5322's Keywords, which Exchange shows as categories.
func readKeywords(headers []Header) []string {
	var list []string
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Keywords") {
			continue
		}
		for word := range strings.SplitSeq(h.Value, ",") {
			if word = cut(cleanLine(decodeWords(strings.TrimSpace(word))), 255); word != "" {
				list = append(list, word)
			}
		}
	}
	return list
}
