package graph_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
)

// wire is a transport without a network, for tests whose time is not real: sign-in works, the rest is the test's own.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1.0/"):
		return w(r)
	case strings.Contains(r.URL.Path, "openid"):
		const base = "https://login.example/" + tenantID
		return reply(r, 200, fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, base+"/v2.0", base+"/a", base+"/token")), nil
	}
	return reply(r, 200, `{"token_type":"Bearer","expires_in":86400,"access_token":"opaque"}`), nil
}

func reply(r *http.Request, status int, body string, headers ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
	for i := 0; i+1 < len(headers); i += 2 {
		resp.Header.Set(headers[i], headers[i+1])
	}
	return resp
}

func wired(t *testing.T, w wire) *graph.Client {
	t.Helper()
	c, err := graph.New(graph.Options{
		Tenant: tenantID, ClientID: appID, Secret: graph.NewSecret("s"), Cloud: graph.CloudCustom,
		Authority: "https://login.example", Root: "https://graph.example", HTTPTransport: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const emptyPage = `{"value":[],"@odata.deltaLink":"https://graph.example/v1.0/d"}`

func TestRetryAfterPausesTheMailboxVisiblyAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		c := wired(t, func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/users/m1/") && n.Add(1) == 1 {
				return reply(r, 429, `{"error":{"code":"ApplicationThrottled"}}`, "Retry-After", "40"), nil
			}
			return reply(r, 200, emptyPage), nil
		})
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Delta(t.Context(), "m1", "f", ""); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if w, ok := c.Waiting("m1"); !ok || w.Reason != governor.ReasonPaused || w.Until.Sub(start) != 40*time.Second {
			t.Errorf("got %+v, %v; want a visible wait of 40s", w, ok)
		}
		wg.Go(func() {
			if _, err := c.Delta(t.Context(), "m1", "other", ""); err != nil || time.Since(start) != 40*time.Second {
				t.Errorf("another request to the mailbox: %v after %v", err, time.Since(start))
			}
		})
		if _, err := c.Delta(t.Context(), "m2", "f", ""); err != nil || time.Since(start) != 0 {
			t.Errorf("another mailbox: %v after %v", err, time.Since(start))
		}
		wg.Wait()
		if got := time.Since(start); got != 40*time.Second {
			t.Errorf("took %v, want 40s", got)
		}
	})
}

func TestRetriesAreBoundedInNumberAndTime(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for _, tc := range []struct {
		name string
		wire wire
		kind fault.Kind
		most int32
	}{
		{"connection refused", func(*http.Request) (*http.Response, error) { return nil, refused }, fault.Unavailable, 6},
		{"server error", func(r *http.Request) (*http.Response, error) { return reply(r, 500, ``), nil }, fault.Unavailable, 6},
		{"gateway timeout", func(r *http.Request) (*http.Response, error) { return reply(r, 504, ``), nil }, fault.Timeout, 6},
		{"nonsense", func(r *http.Request) (*http.Response, error) { return reply(r, 200, `{"value":[{`), nil }, fault.Unavailable, 6},
		{"always throttled", func(r *http.Request) (*http.Response, error) {
			return reply(r, 429, ``, "Retry-After", "1"), nil
		}, fault.Throttled, 20},
		{"told to wait for hours", func(r *http.Request) (*http.Response, error) {
			return reply(r, 429, ``, "Retry-After", "7200"), nil
		}, fault.Throttled, 1},
		{"corrupt item", func(r *http.Request) (*http.Response, error) {
			return reply(r, 500, `{"error":{"code":"ErrorCorruptData"}}`), nil
		}, fault.Corrupt, 1},
		{"bad request", func(r *http.Request) (*http.Response, error) { return reply(r, 400, ``), nil }, fault.Invalid, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int32
				c := wired(t, func(r *http.Request) (*http.Response, error) {
					n.Add(1)
					return tc.wire(r)
				})
				start := time.Now()
				_, _, err := c.Message(t.Context(), "m", "x")
				if !errors.Is(err, tc.kind) || n.Load() != tc.most || time.Since(start) > 2*time.Minute {
					t.Errorf("got %v (%v) after %d requests and %v; want %v after %d", err, fault.KindOf(err), n.Load(), time.Since(start), tc.kind, tc.most)
				}
				if tc.name == "told to wait for hours" && fault.RetryAfter(err) != 2*time.Hour {
					t.Errorf("the fault says to wait %v", fault.RetryAfter(err))
				}
			})
		})
	}
}

func TestAnEndedContextEndsEveryWait(t *testing.T) {
	for _, tc := range []struct {
		name string
		wire wire
	}{
		{"while paused", func(r *http.Request) (*http.Response, error) { return reply(r, 429, ``, "Retry-After", "500"), nil }},
		{"while backing off", func(r *http.Request) (*http.Response, error) { return reply(r, 500, ``), nil }},
		{"while Graph is silent", func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				start := time.Now()
				_, _, err := wired(t, tc.wire).Message(ctx, "m", "x")
				if fault.KindOf(err) != fault.Timeout || time.Since(start) > time.Second {
					t.Errorf("got %v (%v) after %v", err, fault.KindOf(err), time.Since(start))
				}
				gone, cancelGone := context.WithCancel(t.Context())
				cancelGone()
				if _, _, err := wired(t, tc.wire).Message(gone, "m", "x"); fault.KindOf(err) != fault.Canceled {
					t.Errorf("got %v (%v), want Canceled", err, fault.KindOf(err))
				}
			})
		})
	}
}

// silent is a body that begins and then says nothing more.
type silent struct {
	io.Reader
	done <-chan struct{}
}

func (s silent) Read(p []byte) (int, error) {
	if n, err := s.Reader.Read(p); err == nil {
		return n, nil
	}
	<-s.done
	return 0, context.Canceled
}

func (s silent) Close() error { return nil }

func TestAnAnswerThatStopsComingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		c := wired(t, func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 200, emptyPage)
			if n.Add(1) == 1 {
				resp.Body = silent{strings.NewReader(`{"value":[`), r.Context().Done()}
			}
			return resp, nil
		})
		start := time.Now()
		if _, err := c.Delta(t.Context(), "m", "f", ""); err != nil || n.Load() != 2 || time.Since(start) > 3*time.Minute {
			t.Fatalf("got %v after %d requests and %v", err, n.Load(), time.Since(start))
		}
	})
}

func TestLinksToForeignHostsAreNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hosts sync.Map
		c := wired(t, func(r *http.Request) (*http.Response, error) {
			hosts.Store(r.URL.Host, true)
			return reply(r, 200, `{"value":[],"@odata.nextLink":"https://evil.example/v1.0/x","id":"a"}`), nil
		})
		if page, err := c.Delta(t.Context(), "m", "f", ""); err == nil {
			t.Errorf("got %+v", page)
		}
		for _, err := range c.Mailboxes(t.Context()) {
			if err == nil {
				t.Error("followed a link of users")
			}
		}
		for _, err := range c.List(t.Context(), "m", "f") {
			if err == nil {
				t.Error("followed a link of messages")
			}
		}
		if _, err := c.ChildFolder(t.Context(), "m", "", "x"); err == nil {
			t.Error("followed a link of folders")
		}
		if _, ok := hosts.Load("evil.example"); ok {
			t.Error("sent a request to evil.example")
		}
	})
}

func TestARedirectIsNotFollowedWithTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := wired(t, func(r *http.Request) (*http.Response, error) {
			n++
			return reply(r, 302, ``, "Location", "https://evil.example/v1.0/x"), nil
		})
		if _, _, err := c.Message(t.Context(), "m", "x"); err == nil || n != 1 {
			t.Fatalf("got %v after %d requests", err, n)
		}
	})
}

func TestEveryRequestAsksForImmutableIDsAndNamesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := map[string]bool{}
		c := wired(t, func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.Header.Get("Prefer"), `IdType="ImmutableId"`) || r.Header.Get("Authorization") != "Bearer opaque" || r.Header.Get("User-Agent") == "" {
				t.Errorf("%s: %v", r.URL.Path, r.Header)
			}
			if id := r.Header.Get("client-request-id"); id == "" || ids[id] {
				t.Errorf("client-request-id %q", id)
			} else {
				ids[id] = true
			}
			if strings.HasSuffix(r.URL.Path, "/delta") && (!strings.Contains(r.Header.Get("Prefer"), "odata.maxpagesize=100") ||
				!strings.Contains(r.Header.Get("Prefer"), "outlook.allow-unsafe-html") || strings.Contains(r.URL.RawQuery, "top")) {
				t.Errorf("delta asks %v %s", r.Header["Prefer"], r.URL.RawQuery)
			}
			if strings.HasSuffix(r.URL.Path, "/$batch") {
				b, _ := io.ReadAll(r.Body)
				if strings.Count(string(b), `ImmutableId`) != strings.Count(string(b), `"id":`) {
					t.Errorf("a batch whose items do not ask: %s", b)
				}
			}
			return reply(r, 200, `{"value":[],"responses":[],"@odata.deltaLink":"https://graph.example/v1.0/d"}`), nil
		})
		_, _ = c.Delta(t.Context(), "m", "f", "")
		_, _, _ = c.Message(t.Context(), "m", "x=")
		_, _ = c.Exists(t.Context(), "m", []mail.MessageID{"a", "b"})
		_ = c.Attachments(t.Context(), "m", "x", func(graph.Attachment) error { return nil })
		_ = c.MoveMessage(t.Context(), "m", "x", "f")
	})
}

func TestHeadersThatADeltaCannotCarryAreDoneWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := wired(t, func(r *http.Request) (*http.Response, error) {
			n++
			if strings.Contains(r.URL.RawQuery, "internetMessageHeaders") {
				return reply(r, 400, `{"error":{"code":"BadRequest"}}`), nil
			}
			return reply(r, 200, emptyPage), nil
		})
		for range 3 {
			if page, err := c.Delta(t.Context(), "m", "f", ""); err != nil || !page.Full {
				t.Fatal(err)
			}
		}
		if n != 4 {
			t.Errorf("sent %d requests, want 4: it should learn", n)
		}
	})
}

func TestTokensAreRenewedInTheMiddleOfARun(t *testing.T) {
	s, c := sim(t, graphsim.Options{Settings: graphsim.Settings{TokenLifetime: 2 * time.Second}})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	inbox := folderOf(t, c, id, "inbox")
	for _, ahead := range []time.Duration{time.Hour, 2 * time.Hour} { // the tenant's clock runs ahead: our token is over
		if err := s.SetClock(ahead); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Delta(t.Context(), id, inbox, ""); err != nil {
			t.Fatal(err)
		}
	}
	before := c.Requests().ByKind[graph.KindToken]
	for range 5 {
		if _, err := c.Delta(t.Context(), id, inbox, ""); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Requests().ByKind[graph.KindToken] - before; n > 2 {
		t.Errorf("%d token requests for 5 requests", n)
	}
}

func TestAStormOfRefusalsIsWeathered(t *testing.T) {
	s, c := sim(t, graphsim.Options{})
	id := addUsers(t, s, graphsim.User{DisplayName: "A", Mailbox: true})[0]
	addMessages(t, s, id, plain(120)...)
	inbox := folderOf(t, c, id, "inbox")
	addFault(t, s, graphsim.Fault{Kind: "*.*", Status: 429, RetryAfter: "0.01", Probability: 0.4})
	addFault(t, s, graphsim.Fault{Kind: "*.*", Status: 503, Probability: 0.1})
	changes, _, _ := round(t, c, id, inbox, "")
	if len(changes) != 120 {
		t.Fatalf("got %d messages", len(changes))
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := i; j < len(changes); j += 8 {
				if _, _, err := c.Message(t.Context(), id, changes[j].Message.ID); err != nil {
					t.Errorf("%d: %v", j, err)
				}
			}
		})
	}
	wg.Wait()
}

// zeros is n zero bytes.
func zeros(n int64) io.ReadCloser { return io.NopCloser(io.LimitReader(zero{}, n)) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAnUploadOf100MBHoldsOnePieceInMemory(t *testing.T) {
	const size = 100 << 20
	var got atomic.Int64
	var s *tenant
	s = newTenant(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "createUploadSession"):
			answer(w, 201, map[string]any{"uploadUrl": s.URL + "/v1.0/upload", "nextExpectedRanges": []string{"0-"}})
		case r.Method == http.MethodPut:
			if r.Header.Get("Authorization") != "" || r.ContentLength >= 4<<20 {
				t.Errorf("a piece of %d bytes with authorization %q", r.ContentLength, r.Header.Get("Authorization"))
			}
			n, _ := io.Copy(io.Discard, r.Body)
			if total := got.Add(n); total == size {
				w.WriteHeader(http.StatusCreated)
			} else {
				answer(w, 200, map[string]any{"NextExpectedRanges": []string{fmt.Sprint(total)}})
			}
		default:
			answer(w, 201, map[string]any{"id": "new"})
		}
	})
	c := s.client(t)
	n := graph.NewMessage{RecoveryID: "id", Attachments: []graph.NewAttachment{{
		Attachment: mail.Attachment{Name: "big"}, Length: size,
		Open: func(context.Context) (io.ReadCloser, error) { return zeros(size), nil },
	}}}
	grown := peak(func() {
		if created, err := c.CreateMessage(t.Context(), "m", "f", n); err != nil || len(created.Losses) > 0 {
			t.Errorf("got %+v, %v", created, err)
		}
	})
	if got.Load() != size || grown > 24<<20 {
		t.Errorf("sent %d bytes, held %d MB", got.Load(), grown>>20)
	}
}
