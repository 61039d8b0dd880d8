package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

func TestRetryAfterIsReadInAllItsForms(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name, value, date string
		want              time.Duration
		ok                bool
	}{
		{"seconds", "17", "", 17 * time.Second, true},
		{"fraction", "2.128", "", 2128 * time.Millisecond, true},
		{"zero", "0", "", 0, true},
		{"date by our clock", "Fri, 02 Jan 2026 03:04:35 GMT", "", 30 * time.Second, true},
		{"date by the answer's clock", "Fri, 02 Jan 2026 03:04:35 GMT", "Fri, 02 Jan 2026 03:04:25 GMT", 10 * time.Second, true},
		{"date gone by", "Fri, 02 Jan 2026 03:00:00 GMT", "", 0, true},
		{"absurd", "1e300", "", maxRetryAfter, true},
		{"negative", "-1", "", 0, false},
		{"not a number", "NaN", "", 0, false},
		{"nothing", "", "", 0, false},
		{"words", "soon", "", 0, false},
	} {
		if got, ok := parseRetryAfter(tc.value, tc.date, now); got != tc.want || ok != tc.ok {
			t.Errorf("%s: got %v, %v; want %v, %v", tc.name, got, ok, tc.want, tc.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "2.128", "Fri, 02 Jan 2026 03:04:35 GMT", "1e309", "-0", "0x10p3", "Inf"} {
		f.Add(s, "Fri, 02 Jan 2026 03:04:25 GMT")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		if d, _ := parseRetryAfter(value, date, time.Unix(0, 0)); d < 0 || d > maxRetryAfter {
			t.Fatalf("got %v", d)
		}
	})
}

func TestErrorsAreReadTolerantly(t *testing.T) {
	for _, tc := range []struct {
		name     string
		status   int
		body     string
		code     string
		kind     fault.Kind
		sentinel error
	}{
		{"as documented", 404, `{"error":{"code":"ErrorItemNotFound","message":"m","innerError":{"request-id":"r"}}}`, "ErrorItemNotFound", fault.NotFound, nil},
		{"inner code is the known one", 400, `{"error":{"code":"BadRequest","innererror":{"code":"generalException","innerError":{"code":"ResyncRequired"}}}}`, "ResyncRequired", fault.Conflict, ErrResync},
		{"unknown inner code", 403, `{"error":{"code":"ErrorAccessDenied","innerError":{"code":"403"}}}`, "ErrorAccessDenied", fault.Denied, nil},
		{"quota is no matter of rights", 403, `{"error":{"code":"ErrorQuotaExceeded"}}`, "ErrorQuotaExceeded", fault.Exhausted, nil},
		{"odd casing", 410, `{"Error":{"Code":"syncstatenotfound"}}`, "syncstatenotfound", fault.Conflict, ErrResync},
		{"gone without a body", 410, ``, "", fault.Conflict, ErrResync},
		{"HTML from a front door", 503, `<html>Service Unavailable</html>`, "", fault.Unavailable, nil},
		{"empty", 504, ``, "", fault.Timeout, nil},
		{"code that is no string", 500, `{"error":{"code":7,"message":["x"]}}`, "", fault.Unavailable, nil},
		{"error that is a string", 401, `{"error":"invalid_token"}`, "", fault.Unauthorized, nil},
		{"no mailbox", 404, `{"error":{"code":"MailboxNotEnabledForRESTAPI"}}`, "MailboxNotEnabledForRESTAPI", fault.NotFound, ErrMailboxGone},
		{"locked", 423, `{}`, "", fault.Unavailable, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := parseAnswerError(tc.status, http.Header{"Request-Id": {"req-7"}}, []byte(tc.body), time.Now())
			err := finish(e)
			if e.code != tc.code || !errors.Is(err, tc.kind) {
				t.Errorf("got code %q, kind %v; want %q, %v", e.code, fault.KindOf(err), tc.code, tc.kind)
			}
			if tc.sentinel != nil && !errors.Is(err, tc.sentinel) {
				t.Errorf("%v is not %v", err, tc.sentinel)
			}
			var f *fault.Fault
			if !errors.As(err, &f) || f.RequestID != "req-7" {
				t.Errorf("lost the request-id: %+v", f)
			}
		})
	}
}

func FuzzAnswerError(f *testing.F) {
	f.Add(404, `{"error":{"code":"ErrorItemNotFound","message":"m","innerError":{"request-id":"r","code":"x"}}}`)
	f.Add(503, `<html>`)
	f.Add(400, `{"error":{"error":{"innererror":{"innererror":null}}}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		e := parseAnswerError(status, http.Header{}, []byte(body), time.Now())
		if len(e.Error()) > 1000 || strings.ContainsAny(e.Error(), "\n\r") {
			t.Fatalf("not one bounded line: %q", e.Error())
		}
		_ = finish(e)
	})
}

func testClient() *Client {
	root, _ := url.Parse("https://graph.example")
	return &Client{core: &core{root: root, base: "https://graph.example/v1.0"}}
}

func TestCursorsReturnAsTheyWent(t *testing.T) {
	for _, k := range []cursor{
		{Link: "https://graph.example/v1.0/users/x/mailFolders('y')/messages/delta?$deltatoken=a%3D"},
		{Link: "https://GRAPH.example/z", Full: true, Plain: true},
		{List: true, After: "2026-01-02T03:04:05Z"},
		{},
	} {
		s, err := k.encode()
		if err != nil || s == "" {
			t.Fatalf("%+v: %q, %v", k, s, err)
		}
		if got, err := testClient().decodeCursor(s); err != nil || got != k {
			t.Errorf("got %+v, %v; want %+v", got, err, k)
		}
	}
}

func TestForeignCursorsLeadToAResyncAndNeverToAForeignHost(t *testing.T) {
	for _, link := range []string{
		"https://evil.example/v1.0/users", "http://graph.example/v1.0", "https://graph.example.evil/", "https://graph.example@evil.example/",
		"https://graph.example:444/", "//evil.example/", "/relative", "https://u:p@graph.example/",
	} {
		s, _ := cursor{Link: link}.encode()
		if k, err := testClient().decodeCursor(s); !errors.Is(err, ErrResync) || !errors.Is(err, fault.Conflict) {
			t.Errorf("%s: got %+v, %v", link, k, err)
		}
	}
	for _, s := range []mail.Cursor{"x", "1.", "1.!!", "0.e30", mail.Cursor("1." + strings.Repeat("A", 1<<20))} {
		if _, err := testClient().decodeCursor(s); !errors.Is(err, ErrResync) {
			t.Errorf("%.20s: got %v", s, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, k := range []cursor{{Link: "https://graph.example/a"}, {List: true, After: "x"}} {
		s, _ := k.encode()
		f.Add(string(s))
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := testClient()
		k, err := c.decodeCursor(mail.Cursor(s))
		if err != nil {
			return
		}
		if u, parseErr := url.Parse(k.Link); k.Link != "" && (parseErr != nil || !strings.EqualFold(u.Host, "graph.example")) {
			t.Fatalf("accepted a link to %q", k.Link)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"@odata.context":"c","value":[{"id":"a","subject":null,"body":{"contentType":"html","content":"x"}},{"id":"b","@removed":{"reason":"deleted"}}],"@odata.nextLink":"n","@odata.deltaLink":"d"}`))
	f.Add([]byte(`{"value":[],"x":{"value":[1]}}`))
	f.Add([]byte(`{"value":[{"receivedDateTime":"2026-01-02T03:04:05.1234567Z","conversationIndex":"AQI="}]`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = readPage(bytes.NewReader(b), func(dec *json.Decoder) error {
			var w wireMessage
			if err := dec.Decode(&w); err != nil {
				return err
			}
			w.change()
			return nil
		})
	})
}

// rewrite passes a document through the scanner: objects and arrays walked, strings read, the rest copied.
func rewrite(s *scanner, depth int) (any, error) {
	b, err := s.peek()
	if err != nil {
		return nil, err
	}
	switch {
	case b == '{' && depth < 50:
		all := map[string]any{}
		return all, s.object(func(name string) error {
			v, err := rewrite(s, depth+1)
			all[name] = v
			return err
		})
	case b == '[' && depth < 50:
		all := []any{}
		return all, s.array(func() error {
			v, err := rewrite(s, depth+1)
			all = append(all, v)
			return err
		})
	case b == '"':
		return s.text(1 << 20)
	}
	w := limited{left: 1 << 20}
	if err := s.copy(&w); err != nil {
		return nil, err
	}
	var v any
	return v, json.Unmarshal(w.Bytes(), &v)
}

func FuzzScannerReadsWhatEncodingJSONReads(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5e3,true,false,null,"x\n\u00e9\ud83d\ude00\ud83d\\ \/"],"b":{"c":{}},"d":[]}`, `"\ud83d"`, `[{"a":"\ud800\u0041"}]`, ` [ ] `, `""`, `{"a":nul}`, `{"":[[[]]]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var want any
		if json.Unmarshal(doc, &want) != nil {
			_, _ = rewrite(newScanner(bytes.NewReader(doc)), 0)
			return
		}
		if !json.Valid(doc) || bytes.ContainsRune(doc, '\uFFFD') || !bytes.Equal(bytes.ToValidUTF8(doc, nil), doc) {
			return // encoding/json mends broken UTF-8, which the scanner leaves to whoever decodes the text
		}
		got, err := rewrite(newScanner(iotest.OneByteReader(bytes.NewReader(doc))), 0)
		if err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		// duplicate names: the last wins in both
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			t.Fatalf("%q: got %s, want %s", doc, a, b)
		}
		s := newScanner(bytes.NewReader(doc))
		if err := s.skip(); err != nil {
			t.Fatalf("skip %q: %v", doc, err)
		}
		if b, err := s.peek(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("skip of %q left %q: %v", doc, b, err)
		}
	})
}

func TestTheScannerStreamsBase64WithoutHoldingIt(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MB
	text := strings.ReplaceAll(base64.StdEncoding.EncodeToString(content), "/", `\/`)
	s := newScanner(strings.NewReader(`{"x":"` + text + `","y":"end"}`))
	err := s.object(func(name string) error {
		if name == "y" {
			return s.skip()
		}
		r, err := s.open()
		if err != nil {
			return err
		}
		got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, r))
		if err == nil && !bytes.Equal(got, content) {
			t.Error("the content changed")
		}
		_, _ = io.Copy(io.Discard, r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
