package corpus

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// diffMail compares messages but for the headers that writing adds or changes.
func diffMail(want, got Message) string {
	return cmp.Diff(withoutEncoding(want), withoutEncoding(got), cmpEmpty())
}

func withoutEncoding(m Message) Message {
	var hs []Header
	for _, h := range m.Headers {
		switch strings.ToLower(h.Name) {
		case "content-type", "content-transfer-encoding", "content-disposition", "mime-version":
		case "message-id", "date": // written where they were missing; the fields are compared
		default:
			hs = append(hs, h)
		}
	}
	m.Headers = hs
	attachments := append([]Attachment(nil), m.Attachments...)
	for i, a := range attachments {
		if a.Item != nil {
			item := withoutEncoding(*a.Item)
			attachments[i].Item = &item
		}
	}
	m.Attachments = attachments
	return m
}

// writeAndParse sends m through RFC 5322.
func writeAndParse(t *testing.T, m Message) Message {
	t.Helper()
	var eml bytes.Buffer
	if err := WriteEML(&eml, m); err != nil {
		t.Fatalf("write: %v", err)
	}
	got, err := ParseEML(eml.Bytes(), ImportOptions{})
	if err != nil {
		t.Fatalf("parse what was written: %v\n%.2000s", err, eml.Bytes())
	}
	return got
}

// checkStrings finds strings that JSON or a database would change.
func checkStrings(t *testing.T, m Message) {
	t.Helper()
	check := func(what, s string) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s is not clean: %.60q", what, s)
		}
	}
	check("subject", m.Subject)
	check("body", m.Body)
	check("message id", m.MessageID)
	for _, list := range [][]Address{m.To, m.Cc, m.Bcc, m.ReplyTo} {
		for _, a := range list {
			check("name", a.Name)
			check("address", a.Address)
		}
	}
	for _, h := range m.Headers {
		check("header", h.Name+h.Value)
	}
	for _, a := range m.Attachments {
		check("attachment", a.Name+a.ContentType+a.ContentID+a.Reference)
		if a.Item != nil {
			checkStrings(t, *a.Item)
		}
	}
}

// cmpEmpty makes no difference between nil and empty lists, and compares files at once.
func cmpEmpty() cmp.Option {
	return cmp.Options{cmpopts.EquateEmpty(), cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) > 0 },
		cmp.Comparer(bytes.Equal))}
}
