package corpus

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 decodes RFC 2152 text (shift '+') and, with shift '&', the mailbox names of RFC 3501, which Maildir++ uses.
// What is no valid sequence stays as it is.
func decodeUTF7(s string, shift byte) string {
	alphabet := base64.RawStdEncoding
	if shift == '&' {
		alphabet = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)
	}
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, shift)
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := 1
		for n < len(s) && isShifted(s[n], shift) {
			n++
		}
		end := n
		if end < len(s) && s[end] == '-' {
			end++
		}
		if n == 1 {
			b.WriteByte(shift) // "+-" is the shift character itself
		} else if raw, err := decodeShifted(alphabet, s[1:n]); err != nil || len(raw)%2 != 0 {
			b.WriteString(s[:end])
		} else {
			units := make([]uint16, len(raw)/2)
			for j := range units {
				units[j] = uint16(raw[2*j])<<8 | uint16(raw[2*j+1])
			}
			b.WriteString(string(utf16.Decode(units)))
		}
		s = s[end:]
	}
	b.WriteString(s)
	return b.String()
}

// decodeShifted decodes base64 whose last group may carry padding bits of a sixth of a byte.
func decodeShifted(alphabet *base64.Encoding, s string) ([]byte, error) {
	raw, err := alphabet.DecodeString(s)
	if err != nil {
		return nil, err
	}
	return raw[:len(raw)-len(raw)%2], nil
}

func isShifted(c, shift byte) bool {
	switch {
	case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+':
		return true
	}
	return shift == '&' && c == ',' || shift == '+' && c == '/'
}
