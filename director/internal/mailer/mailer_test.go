package mailer_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/mailer"
	"holdfast/director/internal/mailer/mailtest"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// settings are those for a test's server, which trust its CA.
func settings(s *mailtest.Server, change func(*record.MailServer)) *record.MailServer {
	m := &record.MailServer{
		Host: s.Host, Port: s.Port, Security: record.MailSTARTTLS, CAPEM: s.CA, From: "Holdfast in Köln <backup@example.com>",
		Hello: "director.test", TimeoutSeconds: 10,
	}
	if change != nil {
		change(m)
	}
	return m
}

var letter = mailer.Mail{
	ID: "019a-1", To: "ada@example.com", Date: time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC), Subject: "Failed: Täglich (2 of 30 mailboxes)",
	Text: "Zwei Postfächer\r\n.\r\nund ein Punkt\r\n" + strings.Repeat("lang ", 400), HTML: "<p>Zwei Postfächer €</p>",
}

func TestAMailArrivesAsItWasMeant(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{Security: "starttls"})
	if err := mailer.Send(t.Context(), settings(s, nil), letter); err != nil {
		t.Fatal(err)
	}
	all := s.Mails()
	if len(all) != 1 {
		t.Fatalf("%d mails", len(all))
	}
	m := all[0]
	for name, want := range map[string]string{
		"subject": letter.Subject, "to": "ada@example.com", "from": "Holdfast in Köln <backup@example.com>", "message-id": "<019a-1@example.com>",
		"auto-submitted": "auto-generated", "date": "Sun, 01 Mar 2026 22:00:00 +0000", "x-test-from": "backup@example.com",
		"x-test-to": "ada@example.com", "x-test-tls": "True", "x-test-hello": "director.test",
	} {
		if got := m.Headers[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	plain := strings.ReplaceAll(m.Text, "\r\n", "\n")
	if m.Type != "multipart/alternative" || strings.TrimRight(plain, "\n") != strings.ReplaceAll(letter.Text, "\r\n", "\n") || strings.TrimSpace(m.HTML) != letter.HTML {
		t.Errorf("got %s:\n%q\n%q", m.Type, m.Text, m.HTML)
	}
	if len(m.Defects) > 0 || m.Longest > 998 {
		t.Errorf("defects %v, a line of %d bytes", m.Defects, m.Longest)
	}
}

func TestEveryWayToSignIn(t *testing.T) {
	login := map[string]record.MailLogin{"PLAIN": record.MailLoginPlain, "LOGIN": record.MailLoginLogin, "CRAM-MD5": record.MailLoginCRAMMD5}
	for _, security := range []string{"starttls", "tls"} {
		for _, offered := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
			s := mailtest.Start(t, mailtest.Options{Security: security, User: "backup", Password: "pässword", Login: offered})
			for _, way := range []record.MailLogin{login[offered], 0} {
				err := mailer.Send(t.Context(), settings(s, func(m *record.MailServer) {
					m.User, m.Password, m.Login = "backup", "pässword", way
					if security == "tls" {
						m.Security = record.MailTLS
					}
				}), letter)
				if err != nil {
					t.Errorf("%s with %s (%d): %v", security, offered, way, err)
				}
			}
			if all := s.Mails(); len(all) != 2 || all[0].Headers["x-test-user"] != "backup" {
				t.Errorf("%s with %s: %d mails", security, offered, len(all))
			}
		}
	}
}

func TestWhyAMailIsNotTaken(t *testing.T) {
	for name, tc := range map[string]struct {
		server mailtest.Options
		change func(*record.MailServer)
		kind   fault.Kind
		says   string
	}{
		"no STARTTLS though required": {mailtest.Options{}, nil, fault.Unsupported, "does not offer STARTTLS"},
		"a certificate of nobody known": {
			mailtest.Options{Security: "starttls"}, func(m *record.MailServer) { m.CAPEM = nil }, fault.Unauthorized, "certificate",
		},
		"a certificate of nobody known, TLS": {
			mailtest.Options{Security: "tls"}, func(m *record.MailServer) { m.CAPEM, m.Security = nil, record.MailTLS }, fault.Unauthorized, "certificate",
		},
		"a certificate of another name": {
			mailtest.Options{Security: "starttls"}, func(m *record.MailServer) { m.Host = "localhost" }, fault.Unauthorized, "certificate",
		},
		"TLS on a port without": {
			mailtest.Options{}, func(m *record.MailServer) { m.Security = record.MailTLS }, fault.Unsupported, "STARTTLS",
		},
		"a wrong password": {
			mailtest.Options{Security: "starttls", User: "backup", Password: "right"},
			func(m *record.MailServer) { m.User, m.Password = "backup", "wrong" }, fault.Unauthorized, "user and password",
		},
		"a login that is not offered": {
			mailtest.Options{Security: "starttls", User: "backup", Password: "p", Login: "PLAIN"},
			func(m *record.MailServer) { m.User, m.Password, m.Login = "backup", "p", record.MailLoginCRAMMD5 }, fault.Unsupported, "sign in",
		},
		"a password without protection": {
			mailtest.Options{User: "backup", Password: "p", Login: "PLAIN"}, func(m *record.MailServer) {
				m.User, m.Password, m.Security = "backup", "p", record.MailUnprotected
			}, fault.Unsupported, "sign in",
		},
		"nobody signed in": {mailtest.Options{Security: "starttls", User: "backup", Password: "p"}, nil, fault.Denied, "530"},
		"greylisting":      {mailtest.Options{Security: "starttls", Greylist: 1}, nil, fault.Unavailable, "451"},
		"no such person":   {mailtest.Options{Security: "starttls", Refuse: []string{"ada@example.com"}}, nil, fault.Denied, "550"},
		"too big":          {mailtest.Options{Security: "starttls", Full: true}, nil, fault.Denied, "552"},
		"cut off in DATA":  {mailtest.Options{Security: "starttls", Cut: 1}, nil, fault.Unavailable, "broke"},
		"never answers": {
			mailtest.Options{Security: "starttls", Hang: true}, func(m *record.MailServer) { m.TimeoutSeconds = 1 }, fault.Timeout, "did not answer within 1s",
		},
		"no CA at all": {mailtest.Options{}, func(m *record.MailServer) { m.CAPEM = []byte("x") }, fault.Invalid, "CA"},
		"no server":    {mailtest.Options{}, func(m *record.MailServer) { m.Host = "" }, fault.Invalid, "no mail server"},
		"no sender":    {mailtest.Options{}, func(m *record.MailServer) { m.From = "" }, fault.Invalid, "sender"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, tc.server)
			err := mailer.Send(t.Context(), settings(s, tc.change), letter)
			if !errors.Is(err, tc.kind) || err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v (%v), want %v with %q", err, fault.KindOf(err), tc.kind, tc.says)
			}
			if err != nil && (strings.Contains(err.Error(), "wrong") || strings.Contains(err.Error(), letter.Subject)) {
				t.Errorf("the error tells what it should not: %v", err)
			}
			if got := len(s.Mails()); got != 0 {
				t.Errorf("%d mails arrived", got)
			}
		})
	}
}

func TestWhatWasPutOffIsTakenLater(t *testing.T) {
	for name, o := range map[string]mailtest.Options{"greylisting": {Security: "starttls", Greylist: 1}, "cut": {Security: "starttls", Cut: 1}} {
		s := mailtest.Start(t, o)
		if err := mailer.Send(t.Context(), settings(s, nil), letter); !fault.Temporary(err) {
			t.Errorf("%s: %v is not temporary", name, err)
		}
		if err := mailer.Send(t.Context(), settings(s, nil), letter); err != nil || s.Received() != 1 {
			t.Errorf("%s: then %v, %d mails", name, err, s.Received())
		}
	}
}

func TestAServerThatIsDownIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	m := &record.MailServer{Host: "127.0.0.1", Port: int32(port), From: "a@example.com"}
	if err := mailer.Send(t.Context(), m, letter); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("got %v", err)
	}
}

func TestAMailThatIsBeingSentHearsItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // says nothing, not even hello
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
		}
		cancel()
		<-t.Context().Done()
	}()
	m := &record.MailServer{Host: "127.0.0.1", Port: int32(l.Addr().(*net.TCPAddr).Port), From: "a@example.com", TimeoutSeconds: 300}
	if err := mailer.Send(ctx, m, letter); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{Security: "starttls"})
	evil := letter
	evil.Subject = "Failed: x\r\nBcc: eve@example.com\r\n\r\n<script>\u2028y"
	evil.ID = "1"
	if err := mailer.Send(t.Context(), settings(s, nil), evil); err != nil {
		t.Fatal(err)
	}
	m := s.Mails()[0]
	if m.Headers["subject"] != "Failed: x Bcc: eve@example.com <script> y" || slices.ContainsFunc(m.Names, func(n string) bool { return strings.EqualFold(n, "bcc") }) {
		t.Errorf("got subject %q, headers %v", m.Headers["subject"], m.Names)
	}
	for _, address := range []string{
		"a@b.c\r\nRCPT TO:<eve@example.com>", "a@b.c>\nx", "a@b.c, d@e.f", "a@b.c;d@e.f", `"a b"@c.d`, "a", "a@", "@b", "a@b..c", "a@-b.c", "a@b c",
		"a\x00@b.c", strings.Repeat("a", 300) + "@b.c", "", "<>", "a@[127.0.0.1]",
	} {
		evil.To = address
		if err := mailer.Send(t.Context(), settings(s, nil), evil); !errors.Is(err, fault.Invalid) {
			t.Errorf("address %q: %v", address, err)
		}
	}
	if s.Received() != 1 {
		t.Errorf("%d mails arrived", s.Received())
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"a@example.com", "A B <a@example.com>", "a@b\r\nc", `"x"@y`, "ä@ö.de", "=?utf-8?q?=0A?= <a@b.c>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := mailer.Address(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.Address, "\r\n\x00 <>,;\"") || strings.Count(a.Address, "@") != 1 || len(a.Address) > 254 {
			t.Errorf("%q gives %q", s, a.Address)
		}
		if _, err := mailer.Address(a.Address); err != nil {
			t.Errorf("%q gives %q, which is none: %v", s, a.Address, err)
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add("a\r\nb")
	f.Add("a\u2028b\x7f")
	f.Fuzz(func(t *testing.T, s string) {
		got := mailer.Line(s)
		if strings.ContainsAny(got, "\r\n\x00\u2028\u2029\u0085") || len([]rune(got)) > 200 {
			t.Errorf("%q gives %q", s, got)
		}
	})
}
