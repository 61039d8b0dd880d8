package graphsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"holdfast/test/graphsim/corpus"
)

// Control is a client of a tenant's control endpoint, for tests and demonstrations that run the tenant as a program.
type Control struct {
	// URL is the endpoint's root: "http://127.0.0.1:1234".
	URL string
	// HTTP is the client to use. Default: http.DefaultClient.
	HTTP *http.Client
}

func (c *Control) do(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func (c *Control) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case io.Reader:
		body = in
	default:
		p, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(p)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+"/_control/"+path, body)
	if err != nil {
		return nil, err
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("control %s %s: %w", method, path, err)
	}
	if resp.StatusCode >= 300 {
		p, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		_ = resp.Body.Close()
		return nil, fmt.Errorf("control %s %s: %s: %s", method, path, resp.Status, bytes.TrimSpace(p))
	}
	return resp, nil
}

func box(mailbox, what string) string { return "mailboxes/" + url.PathEscape(mailbox) + "/" + what }

// Health of the tenant.
func (c *Control) Health(ctx context.Context) (h Health, err error) {
	return h, c.do(ctx, http.MethodGet, "health", nil, &h)
}

// AddUsers adds users and returns them with their ids.
func (c *Control) AddUsers(ctx context.Context, users ...User) (out []User, err error) {
	return out, c.do(ctx, http.MethodPost, "users", users, &out)
}

// Users that are in the directory.
func (c *Control) Users(ctx context.Context) (out []User, err error) {
	return out, c.do(ctx, http.MethodGet, "users", nil, &out)
}

// UpdateUser changes members of a user by their JSON names: {"denied": true}.
func (c *Control) UpdateUser(ctx context.Context, user string, members map[string]any) (u User, err error) {
	return u, c.do(ctx, http.MethodPatch, "users/"+url.PathEscape(user), members, &u)
}

// AddMessages adds mail to a mailbox, making folders as needed.
func (c *Control) AddMessages(ctx context.Context, mailbox string, messages ...corpus.Message) error {
	r, w := io.Pipe()
	go func() { // ends with the request: a closed reader fails the encoder
		enc := json.NewEncoder(w)
		for i := range messages {
			if err := enc.Encode(&messages[i]); err != nil {
				_ = w.CloseWithError(err)
				return
			}
		}
		_ = w.Close()
	}()
	err := c.do(ctx, http.MethodPost, box(mailbox, "messages"), r, nil)
	_ = r.Close()
	return err
}

// AddLarge adds a message with one attachment of any size.
func (c *Control) AddLarge(ctx context.Context, mailbox string, l Large) error {
	return c.do(ctx, http.MethodPost, box(mailbox, "large"), l, nil)
}

// AddFolder makes a folder; see Server.AddFolder.
func (c *Control) AddFolder(ctx context.Context, mailbox string, path []string, hidden, search, again bool) error {
	return c.do(ctx, http.MethodPost, box(mailbox, "folders"), folderRequest{path, hidden, search, again}, nil)
}

// Change makes a change and returns the immutable ids of the messages concerned.
func (c *Control) Change(ctx context.Context, mailbox string, ch Change) ([]string, error) {
	var out struct {
		Messages []string `json:"messages"`
	}
	err := c.do(ctx, http.MethodPost, box(mailbox, "change"), ch, &out)
	return out.Messages, err
}

// ExpireDelta makes the service forget the delta tokens of a mailbox.
func (c *Control) ExpireDelta(ctx context.Context, mailbox, code string) error {
	return c.do(ctx, http.MethodPost, box(mailbox, "expire-delta"), map[string]string{"code": code}, nil)
}

// Seed adds generated or imported mail.
func (c *Control) Seed(ctx context.Context, o SeedOptions) (out SeedResult, err error) {
	return out, c.do(ctx, http.MethodPost, "seed", o, &out)
}

// Truth of a mailbox.
func (c *Control) Truth(ctx context.Context, mailbox string, o TruthOptions) ([]TruthLine, error) {
	resp, err := c.send(ctx, http.MethodGet, box(mailbox, "truth")+fmt.Sprintf("?recoverable=%t", o.Recoverable), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return ReadTruth(resp.Body)
}

// Hash of a mailbox: equal for a mailbox and its faithful copy.
func (c *Control) Hash(ctx context.Context, mailbox string) (out MailboxHash, err error) {
	return out, c.do(ctx, http.MethodGet, box(mailbox, "hash"), nil, &out)
}

// Counters since the start or the last reset.
func (c *Control) Counters(ctx context.Context) (out Counts, err error) {
	return out, c.do(ctx, http.MethodGet, "counters", nil, &out)
}

// ResetCounters returns the counters and begins anew, in one step.
func (c *Control) ResetCounters(ctx context.Context) (out Counts, err error) {
	return out, c.do(ctx, http.MethodGet, "counters?reset=true", nil, &out)
}

// AddFault adds a rule and returns its id.
func (c *Control) AddFault(ctx context.Context, f Fault) (int, error) {
	var out struct {
		ID int `json:"id"`
	}
	err := c.do(ctx, http.MethodPost, "faults", f, &out)
	return out.ID, err
}

// Faults with what they did: a test that injects one should see that it fired.
func (c *Control) Faults(ctx context.Context) (out []Fault, err error) {
	return out, c.do(ctx, http.MethodGet, "faults", nil, &out)
}

// ClearFaults removes all rules.
func (c *Control) ClearFaults(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "faults", nil, nil)
}

// Settings in force.
func (c *Control) Settings(ctx context.Context) (out Settings, err error) {
	return out, c.do(ctx, http.MethodGet, "settings", nil, &out)
}

// SetSettings replaces the settings.
func (c *Control) SetSettings(ctx context.Context, set Settings) error {
	return c.do(ctx, http.MethodPut, "settings", set, nil)
}

// SetThrottle replaces the limits; zero fields are the documented numbers.
func (c *Control) SetThrottle(ctx context.Context, l Limits) error {
	return c.do(ctx, http.MethodPut, "throttle", l, nil)
}

// SetClock moves the tenant's clock against the real one.
func (c *Control) SetClock(ctx context.Context, offset time.Duration) error {
	return c.do(ctx, http.MethodPut, "clock", map[string]time.Duration{"offset": offset}, nil)
}
