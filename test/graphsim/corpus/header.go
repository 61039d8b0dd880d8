package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var (
	errNoMail   = errors.New("it has no header of a mail")
	errTooLarge = errors.New("it is beyond a limit")
)

// rawHeader is a field as it was sent: unfolded, with the bytes of whatever charset.
type rawHeader struct{ name, value string }

// splitHeaders separates the header section from the body. A line that is no field continues the one before it if another
// field follows; otherwise the body begins there.
func splitHeaders(data []byte, o ImportOptions) (fields []rawHeader, body []byte, err error) {
	rest := data
	for len(rest) > 0 {
		line, next := nextLine(rest)
		if len(data)-len(rest) > o.MaxHeaderBytes {
			return nil, nil, fmt.Errorf("%w: the header section is larger than %d bytes", errTooLarge, o.MaxHeaderBytes)
		}
		if len(line) == 0 {
			return fields, next, nil
		}
		name, value, ok := splitField(line)
		last := len(fields) - 1
		switch {
		case line[0] == ' ' || line[0] == '\t':
			folded := strings.TrimSpace(string(line))
			if folded == "" && isBodyNext(next) {
				return fields, next, nil // a blank line with spaces in it
			}
			if last >= 0 {
				fields[last].value = strings.TrimSpace(fields[last].value + " " + folded)
			}
		case ok:
			if len(fields) == o.MaxHeaders {
				return nil, nil, fmt.Errorf("%w: more than %d header fields", errTooLarge, o.MaxHeaders)
			}
			fields = append(fields, rawHeader{name, value})
		case last < 0 || isBodyNext(next):
			return fields, rest, nil
		default:
			fields[last].value = strings.TrimSpace(fields[last].value + " " + strings.TrimSpace(string(line)))
		}
		rest = next
	}
	return fields, nil, nil
}

// isBodyNext says that no header field begins at rest.
func isBodyNext(rest []byte) bool {
	line, _ := nextLine(rest)
	_, _, ok := splitField(line)
	return !ok
}

// nextLine cuts the first line off, without its end.
func nextLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return bytes.TrimSuffix(b, []byte{'\r'}), nil
	}
	return bytes.TrimSuffix(b[:i], []byte{'\r'}), b[i+1:]
}

func splitField(line []byte) (name, value string, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return "", "", false
	}
	n := bytes.TrimRight(line[:i], " \t")
	if len(n) == 0 {
		return "", "", false
	}
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	return string(n), strings.TrimSpace(string(line[i+1:])), true
}

// decodeHeaders makes clean strings of fields. Eight-bit values that are not UTF-8 are taken to be in the charset of the
// message's own text.
func decodeHeaders(fields []rawHeader) []Header {
	charset := ""
	headers := make([]Header, 0, len(fields))
	for _, f := range fields {
		value := f.value
		if !utf8.ValidString(value) {
			if charset == "" {
				charset = textCharset(fields)
			}
			value = decodeText([]byte(value), charset)
		}
		headers = append(headers, Header{Name: f.name, Value: cleanLine(value)})
	}
	return headers
}

func textCharset(fields []rawHeader) string {
	for _, f := range fields {
		if strings.EqualFold(f.name, "Content-Type") {
			if c := parseMediaType(clean(f.value)).params["charset"]; c != "" {
				return c
			}
		}
	}
	return "utf-8"
}

// looksLikeMail keeps JSON, scripts and notes that have colons too from being taken for mail.
func looksLikeMail(headers []Header) bool {
	for _, h := range headers {
		switch strings.ToLower(h.Name) {
		case "from", "to", "cc", "bcc", "sender", "subject", "date", "received", "message-id", "return-path",
			"reply-to", "delivered-to", "mime-version", "content-type":
			return true
		}
	}
	return false
}

// get is the value of the first header of that name.
func get(headers []Header, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

func hasHeader(headers []Header, name string) bool {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}
