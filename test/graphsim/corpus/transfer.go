package corpus

import (
	"bytes"
	"strings"
)

// decodeTransfer undoes a content transfer encoding. Unknown ones leave the bytes as they are.
func decodeTransfer(b []byte, encoding string) []byte {
	encoding, _, _ = strings.Cut(encoding, ";")
	switch strings.ToLower(strings.Trim(encoding, " \t\"")) {
	case "base64":
		return decodeBase64(b)
	case "quoted-printable":
		return decodeQuotedPrintable(b)
	case "x-uuencode", "uuencode", "x-uue":
		return decodeUU(b)
	}
	return b
}

// decodeBase64 passes over whatever is not of the alphabet, and begins anew after padding.
func decodeBase64(b []byte) []byte {
	out := make([]byte, 0, len(b)/4*3+3)
	var bits uint32
	n := 0
	for _, c := range b {
		v := base64Value(c)
		if v >= 64 {
			if c == '=' {
				bits, n = 0, 0
			}
			continue
		}
		bits = bits<<6 | uint32(v)
		n++
		switch n {
		case 2:
			out = append(out, byte(bits>>4))
		case 3:
			out = append(out, byte(bits>>2))
		case 4:
			out = append(out, byte(bits))
			bits, n = 0, 0
		}
	}
	return out
}

func base64Value(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c - 'A'
	case c >= 'a' && c <= 'z':
		return c - 'a' + 26
	case c >= '0' && c <= '9':
		return c - '0' + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return 64
}

// decodeQuotedPrintable keeps what is no valid escape, and drops blanks at the ends of lines as RFC 2045 says.
func decodeQuotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		line, end := b, []byte(nil)
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, end = b[:i], b[i:i+1]
			if i > 0 && b[i-1] == '\r' {
				line, end = b[:i-1], b[i-1:i+1]
			}
		}
		b = b[len(line)+len(end):]
		if end != nil {
			line = bytes.TrimRight(line, " \t")
			if n := len(line); n > 0 && line[n-1] == '=' {
				line, end = line[:n-1], nil
			}
		}
		for i := 0; i < len(line); i++ {
			if line[i] == '=' && i+2 < len(line) {
				hi, lo := hexValue(line[i+1]), hexValue(line[i+2])
				if hi < 16 && lo < 16 {
					out = append(out, hi<<4|lo)
					i += 2
					continue
				}
			}
			if line[i] == '=' && i == len(line)-1 && end == nil {
				continue // a soft break at the end of everything
			}
			out = append(out, line[i])
		}
		out = append(out, end...)
	}
	return out
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// decodeUU reads the lines between begin and end.
func decodeUU(b []byte) []byte {
	var out []byte
	inside := false
	for len(b) > 0 {
		var line []byte
		line, b = nextLine(b)
		switch {
		case !inside:
			inside = bytes.HasPrefix(line, []byte("begin "))
		case bytes.Equal(line, []byte("end")):
			return out
		case len(line) > 0:
			want := int(line[0]-' ') & 63
			var group []byte
			for i := 1; i < len(line); i += 4 {
				var c [4]byte
				for j := range c {
					if i+j < len(line) {
						c[j] = (line[i+j] - ' ') & 63
					}
				}
				group = append(group, c[0]<<2|c[1]>>4, c[1]<<4|c[2]>>2, c[2]<<6|c[3])
			}
			out = append(out, group[:min(want, len(group))]...)
		}
	}
	return out
}
